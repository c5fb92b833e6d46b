/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The words for numbers and bits that the kernel sends; fields.tsv fixes them. Sources:
 * linux/inet_diag.h, linux/tcp.h, linux/tls.h, linux/in.h, linux/socket.h; ss's names for the
 * states.
 */
#include "socket/words.h"

#define WORDS(name, first_, ...)                                               \
	static const char *const name##_names[] = {__VA_ARGS__};               \
	const struct sf_words sf_words_##name = {                              \
		.first = first_, .count = SF_COUNT(name##_names), .names = name##_names}

WORDS(family, 0, [1] = "unix", [2] = "inet", [10] = "inet6", [16] = "netlink", [17] = "packet",
      [30] = "tipc", [40] = "vsock", [44] = "xdp");

/* Numbers of IP, and of SOCK_RAW what any of them may be: linux/in.h, /etc/protocols */
WORDS(protocol, 0, [0] = "ip", [1] = "icmp", [2] = "igmp", [4] = "ipip", [6] = "tcp", [8] = "egp",
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
      [SF_SHUTDOWN_ACK_SENT] = "shutdown-ack-sent");

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

int sf_word_find(const struct sf_words *words, const char *word, size_t length)
{
	for (unsigned i = 0; i < words->count; i++) {
		const char *name = words->names[i];

		if (name && strlen(name) == length && !memcmp(name, word, length))
			return words->first + (int)i;
	}
	return -ENOENT;
}
