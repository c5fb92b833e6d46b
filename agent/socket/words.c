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

WORDS(table, SF_TABLE_TCP, "tcp");

WORDS(family, 0, [1] = "unix", [2] = "inet", [10] = "inet6", [16] = "netlink", [17] = "packet",
      [30] = "tipc", [40] = "vsock", [44] = "xdp");

WORDS(protocol, 0, [1] = "icmp", [2] = "igmp", [6] = "tcp", [17] = "udp", [33] = "dccp",
      [58] = "ipv6-icmp", [132] = "sctp", [136] = "udplite");

/*
 * TCP 7 is bound-inactive: the kernel shows no other closed TCP socket. Bits 12 and 13 are asked
 * for, never answered.
 */
WORDS(state, 0, [SF_ESTABLISHED] = "established", [SF_SYN_SENT] = "syn-sent",
      [SF_SYN_RECV] = "syn-recv", [SF_FIN_WAIT_1] = "fin-wait-1", [SF_FIN_WAIT_2] = "fin-wait-2",
      [SF_TIME_WAIT] = "time-wait", [SF_CLOSE] = "bound-inactive", [SF_CLOSE_WAIT] = "close-wait",
      [SF_LAST_ACK] = "last-ack", [SF_LISTEN] = "listening", [SF_CLOSING] = "closing");

WORDS(timer, 0, "off", "on", "keepalive", "timewait", "persist", "delack");
WORDS(shutdown, 0, "none", "recv", "send", "both");
WORDS(sockopt, 0, "recverr", "is_icsk", "freebind", "hdrincl", "mc_loop", "transparent", "mc_all",
      "nodefrag", "bind_address_no_port", "recverr_rfc4884", "defer_connect");
WORDS(ca_state, 0, "open", "disorder", "cwr", "recovery", "loss");
WORDS(tcp_options, 0, "timestamps", "sack", "wscale", "ecn", "ecn_seen", "syn_data", "usec_ts",
      "tfo_child");
WORDS(fastopen_fail, 0, "unspec", "cookie-unavailable", "data-not-acked", "syn-retransmitted");
WORDS(ecn_mode, 0, "disabled", "rfc3168", "accecn", "pending");
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

const char *sf_table_name(enum sf_table table)
{
	return sf_word(&sf_words_table, table);
}

int sf_table_find(const char *name, size_t length)
{
	return sf_word_find(&sf_words_table, name, length);
}
