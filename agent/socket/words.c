/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The words for numbers and bits that the kernel sends; fields.tsv fixes them. Sources:
 * linux/inet_diag.h, linux/tcp.h, linux/tls.h, linux/in.h, linux/socket.h, linux/net.h,
 * linux/netlink_diag.h, linux/packet_diag.h, linux/if_packet.h, linux/net_tstamp.h; ss's names for
 * the states.
 */
#include "socket/words.h"

#define WORDS(name, first_, ...)                                               \
	static const char *const name##_names[] = {__VA_ARGS__};               \
	const struct sf_words sf_words_##name = {                              \
		.first = first_, .count = SF_COUNT(name##_names), .names = name##_names}

/* Runs of one table of words: each names the next one. */
#define RUN_OF(name, linkage, first_, more_, ...)                              \
	static const char *const name##_names[] = {__VA_ARGS__};               \
	linkage const struct sf_words sf_words_##name = {                      \
		.first = first_, .count = SF_COUNT(name##_names), .names = name##_names,       \
		.more = more_}
#define LAST(name, first_, ...)       RUN_OF(name, static, first_, NULL, __VA_ARGS__)
#define RUN(name, first_, next, ...)  RUN_OF(name, static, first_, &sf_words_##next, __VA_ARGS__)
#define FIRST(name, next, ...)        RUN_OF(name, , 0, &sf_words_##next, __VA_ARGS__)

WORDS(family, 0, [1] = "unix", [2] = "inet", [10] = "inet6", [16] = "netlink", [17] = "packet",
      [30] = "tipc", [40] = "vsock", [44] = "xdp");

/*
 * EtherTypes, ETH_P_* of linux/if_ether.h by the kernel's own names: far apart, so in runs, the
 * last one first.
 */
LAST(ether_892f, 2 * SF_WORDS_SPACE + 0x892f, "hsr");
RUN(ether_8914, 2 * SF_WORDS_SPACE + 0x8914, ether_892f, "fip", "iboe");
RUN(ether_8906, 2 * SF_WORDS_SPACE + 0x8906, ether_8914, "fcoe");
RUN(ether_88f7, 2 * SF_WORDS_SPACE + 0x88f7, ether_8906, "1588");
RUN(ether_88e5, 2 * SF_WORDS_SPACE + 0x88e5, ether_88f7, "macsec");
RUN(ether_88e3, 2 * SF_WORDS_SPACE + 0x88e3, ether_88e5, "mrp");
RUN(ether_88cc, 2 * SF_WORDS_SPACE + 0x88cc, ether_88e3, "lldp");
RUN(ether_88a8, 2 * SF_WORDS_SPACE + 0x88a8, ether_88cc, "8021ad");
RUN(ether_88a4, 2 * SF_WORDS_SPACE + 0x88a4, ether_88a8, "ethercat");
RUN(ether_88a2, 2 * SF_WORDS_SPACE + 0x88a2, ether_88a4, "aoe");
RUN(ether_8892, 2 * SF_WORDS_SPACE + 0x8892, ether_88a2, "profinet");
RUN(ether_888e, 2 * SF_WORDS_SPACE + 0x888e, ether_8892, "pae");
RUN(ether_8863, 2 * SF_WORDS_SPACE + 0x8863, ether_888e, "ppp_disc", "ppp_ses");
RUN(ether_8847, 2 * SF_WORDS_SPACE + 0x8847, ether_8863, "mpls_uc", "mpls_mc");
RUN(ether_8808, 2 * SF_WORDS_SPACE + 0x8808, ether_8847, "pause", "slow");
RUN(ether_86dd, 2 * SF_WORDS_SPACE + 0x86dd, ether_8808, "ipv6");
RUN(ether_8137, 2 * SF_WORDS_SPACE + 0x8137, ether_86dd, "ipx");
RUN(ether_8100, 2 * SF_WORDS_SPACE + 0x8100, ether_8137, "8021q");
RUN(ether_80f3, 2 * SF_WORDS_SPACE + 0x80f3, ether_8100, "aarp");
RUN(ether_809b, 2 * SF_WORDS_SPACE + 0x809b, ether_80f3, "atalk");
RUN(ether_8035, 2 * SF_WORDS_SPACE + 0x8035, ether_809b, "rarp");
RUN(ether_4305, 2 * SF_WORDS_SPACE + 0x4305, ether_8035, "batman");
RUN(ether_22f0, 2 * SF_WORDS_SPACE + 0x22f0, ether_4305, "tsn");
RUN(ether_0806, 2 * SF_WORDS_SPACE + 0x0806, ether_22f0, "arp");
RUN(ether_0800, 2 * SF_WORDS_SPACE + 0x0800, ether_0806, "ip");
RUN(ether_0060, 2 * SF_WORDS_SPACE + 0x0060, ether_0800, "loop");
RUN(ether_000c, 2 * SF_WORDS_SPACE + 0x000c, ether_0060, "can", "canfd", "canxl");
RUN(ether_0000, 2 * SF_WORDS_SPACE + 0x0000, ether_000c, "none", "802_3", "ax25", "all", "802_2");

/* NETLINK_* of linux/netlink.h */
RUN(netlink_protocol, SF_WORDS_SPACE, ether_0000, "route", "unused", "usersock", "firewall",
    "sock_diag", "nflog", "xfrm", "selinux", "iscsi", "audit", "fib_lookup", "connector",
    "netfilter", "ip6_fw", "dnrtmsg", "kobject_uevent", "generic", [18] = "scsitransport",
    "ecryptfs", "rdma", "crypto", "smc");

/* Numbers of IP, and of SOCK_RAW what any of them may be: linux/in.h, /etc/protocols */
FIRST(protocol, netlink_protocol, [0] = "ip", [1] = "icmp", [2] = "igmp", [4] = "ipip",
      [6] = "tcp", [8] = "egp",
      [17] = "udp", [33] = "dccp", [41] = "ipv6", [46] = "rsvp", [47] = "gre", [50] = "esp",
      [51] = "ah", [58] = "ipv6-icmp", [89] = "ospf", [94] = "ipencap", [103] = "pim",
      [108] = "comp", [112] = "vrrp", [115] = "l2tp", [132] = "sctp", [136] = "udplite",
      [137] = "mpls", [143] = "ethernet", [255] = "raw", [262] = "mptcp");

/* NEW_SYN_RECV is asked for, never answered; bound-inactive comes as 7 (view.c). */
WORDS(state, 0, [SF_ESTABLISHED] = "established", [SF_SYN_SENT] = "syn-sent",
      [SF_SYN_RECV] = "syn-recv", [SF_FIN_WAIT_1] = "fin-wait-1", [SF_FIN_WAIT_2] = "fin-wait-2",
      [SF_TIME_WAIT] = "time-wait", [SF_CLOSE] = "unconnected", [SF_CLOSE_WAIT] = "close-wait",
      [SF_LAST_ACK] = "last-ack", [SF_LISTEN] = "listening", [SF_CLOSING] = "closing",
      [SF_BOUND_INACTIVE] = "bound-inactive", [SF_COOKIE_WAIT] = "cookie-wait",
      [SF_COOKIE_ECHOED] = "cookie-echoed", [SF_SHUTDOWN_PENDING] = "shutdown-pending",
      [SF_SHUTDOWN_SENT] = "shutdown-sent", [SF_SHUTDOWN_RECEIVED] = "shutdown-received",
      [SF_SHUTDOWN_ACK_SENT] = "shutdown-ack-sent",
      [SF_IDLE] = "unconnected");

WORDS(timer, 0, "off", "on", "keepalive", "timewait", "persist", "delack");
WORDS(shutdown, 0, "none", "recv", "send", "both");
WORDS(sockopt, 0, "recverr", "is_icsk", "freebind", "hdrincl", "mc_loop", "transparent", "mc_all",
      "nodefrag", "bind_address_no_port", "recverr_rfc4884", "defer_connect");
WORDS(ca_state, 0, "open", "disorder", "cwr", "recovery", "loss");
WORDS(tcp_options, 0, "timestamps", "sack", "wscale", "ecn", "ecn_seen", "syn_data", "usec_ts",
      "tfo_child");
WORDS(fastopen_fail, 0, "unspec", "cookie-unavailable", "data-not-acked", "syn-retransmitted");
WORDS(ecn_mode, 0, "disabled", "rfc3168", "accecn", "pending");
WORDS(mptcp_flags, 0, "fallback", "remote_key_received");
WORDS(sctp_state, 0, "closed", "cookie-wait", "cookie-echoed", "established", "shutdown-pending",
      "shutdown-sent", "shutdown-received", "shutdown-ack-sent");
WORDS(sctp_p_state, 0, "inactive", "pf", "active", "unconfirmed");
WORDS(sctp_s_type, 0, "udp", "udp-high-bandwidth", "tcp");
WORDS(tls_version, 0x0303, "1.2", "1.3");
WORDS(tls_cipher, 51, "aes-gcm-128", "aes-gcm-256", "aes-ccm-128", "chacha20-poly1305", "sm4-gcm",
      "sm4-ccm", "aria-gcm-128", "aria-gcm-256");
WORDS(tls_conf, 0, "none", "base", "sw", "hw", "hw-record");

WORDS(socket_type, 1, "stream", "dgram", "raw", "rdm", "seqpacket", "dccp", [9] = "packet");
/* NETLINK_*CONNECTED of net/netlink/af_netlink.c; a new one has TCP_CLOSE, 7 */
WORDS(netlink_state, 0, "unconnected", "connected", [7] = "unconnected");
WORDS(netlink_flags, 0, "cb_running", "pktinfo", "broadcast_error", "no_enobufs", "listen_all_nsid",
      "cap_ack");
WORDS(packet_flags, 0, "running", "auxdata", "origdev", "vnethdr", "loss");
WORDS(timestamping, 0, "tx_hardware", "tx_software", "rx_hardware", "rx_software", "software",
      "sys_hardware", "raw_hardware", "opt_id", "tx_sched", "tx_ack", "opt_cmsg", "opt_tsonly",
      "opt_stats", "opt_pktinfo", "opt_tx_swhw", "bind_phc", "opt_id_tcp", "opt_rx_filter",
      "tx_completion");
WORDS(fanout_type, 0, "hash", "lb", "cpu", "rollover", "rnd", "qm", "cbpf", "ebpf");
WORDS(mclist_type, 0, "multicast", "promisc", "allmulti", "unicast");
WORDS(umem_flags, 0, "zerocopy");

int sf_word_find(const struct sf_words *words, const char *word, size_t length)
{
	for (; words; words = words->more) {
		for (unsigned i = 0; i < words->count; i++) {
			const char *name = words->names[i];

			if (name && strlen(name) == length && !memcmp(name, word, length))
				return (int)(words->first + i);
		}
	}
	return -ENOENT;
}
