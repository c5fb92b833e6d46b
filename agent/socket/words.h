/* SPDX-License-Identifier: Apache-2.0 */
/* The tables of words (words.c), for the table of fields. */
#pragma once

#include <sockfeed/socket.h>

extern const struct sf_words sf_words_table, sf_words_family, sf_words_protocol, sf_words_state,
	sf_words_timer, sf_words_shutdown, sf_words_sockopt, sf_words_ca_state,
	sf_words_tcp_options, sf_words_fastopen_fail, sf_words_ecn_mode, sf_words_mptcp_flags,
	sf_words_sctp_state, sf_words_sctp_p_state, sf_words_sctp_s_type, sf_words_tls_version,
	sf_words_tls_cipher, sf_words_tls_conf, sf_words_socket_type, sf_words_netlink_state,
	sf_words_netlink_flags, sf_words_packet_flags, sf_words_timestamping, sf_words_fanout_type,
	sf_words_mclist_type, sf_words_umem_flags;
