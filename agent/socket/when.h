/* SPDX-License-Identifier: Apache-2.0 */
/*
 * WHEN a field means something, beyond its class, and the values that are no plain bytes: bit
 * fields, constants, derived. The table's functions; a field's own part, offset and size are there
 * when they are called, others are checked here.
 */
#pragma once

#include "socket/load.h"

#define WHEN(name, condition)                                         \
	static bool when_##name(const struct sf_view *view)            \
	{                                                              \
		return condition;                                      \
	}

/* on 1, keepalive 2, persist 4: linux/inet_diag.h; syn-recv counts its SYN-ACKs there */
WHEN(timer_counts, (1u << (LOAD_HEADER(view, timer) & 31) & (1u << 1 | 1u << 2 | 1u << 4)) ||
			   sf_view_state(view) == SF_SYN_RECV)
/* A small socket and an orphan before 6.17 have uid 0 whoever owned them. */
WHEN(uid_known, LOAD_HEADER(view, inode) != 0 ||
			(view->class == SF_CLASS_FULL && load(view, SF_PART_UID, 0, 4) != 0))
/* Of a socket that has ended the kernel has forgotten the peer, or it never had one: zeros. */
WHEN(peer_port, view->class != SF_CLASS_ENDED || LOAD_HEADER(view, dport) != 0)
WHEN(peer_address, view->class != SF_CLASS_ENDED ||
			   (load(view, SF_PART_HEADER, offsetof(struct sf_inet_msg, dst), 8) |
			    load(view, SF_PART_HEADER, offsetof(struct sf_inet_msg, dst) + 8, 8)))
WHEN(family_inet6, LOAD_HEADER(view, family) == 10)
/* What came with later kernels begins in the padding at the end of earlier ones' structs. */
WHEN(mptcp_statistics, view->length[SF_PART_INFO] > 48)
/* The kernel that brought the statistics leaves zeros on a listener where its namespace's were. */
WHEN(mptcp_setting, view->class == SF_CLASS_FULL || !when_mptcp_statistics(view))
WHEN(mptcp_last, view->length[SF_PART_INFO] > 88)
WHEN(mptcp_laminar, view->release >= 0x061200)
WHEN(association, view->length[SF_PART_PEERS] != 0)
WHEN(tls_came, view->length[SF_PART_TLS] != 0)

#define NUMBER(name, expression)                                                       \
	static enum sf_presence read_##name(const struct sf_view *view, struct sf_value *value) \
	{                                                                               \
		value->number = expression;                                             \
		return SF_PRESENT;                                                      \
	}

NUMBER(table, view->table)
/* Each kind of protocol has its own space of numbers (words.c). */
static enum sf_presence read_protocol(const struct sf_view *view, struct sf_value *value)
{
	if (view->table == SF_TABLE_NETLINK)
		value->number = SF_WORDS_SPACE + load(view, SF_PART_OWN,
						      offsetof(struct sf_netlink_msg, protocol), 1);
	else if (view->table == SF_TABLE_PACKET)
		value->number = 2 * SF_WORDS_SPACE +
				load(view, SF_PART_OWN, offsetof(struct sf_packet_msg, num), 2);
	else if (view->table == SF_TABLE_RAW && view->length[SF_PART_PROTOCOL])
		value->number = load(view, SF_PART_PROTOCOL, 0, 1);
	else
		value->number = sf_tables[view->table].protocol;
	return SF_PRESENT;
}
NUMBER(packet_filter_length, view->length[SF_PART_PACKET_FILTER] / 8u) /* struct sock_filter */
#define FLAG(name, part) NUMBER(name, view->length[part] != 0)
FLAG(tipc_has_publ, SF_PART_TIPC_HAS_PUBL)
FLAG(tipc_con_flag, SF_PART_TIPC_CON_BASE + 1)
FLAG(tipc_stat_link_cong, SF_PART_TIPC_STAT_BASE + 2)
FLAG(tipc_stat_conn_cong, SF_PART_TIPC_STAT_BASE + 3)
FLAG(tipc_group_open, SF_PART_TIPC_GROUP_BASE + 1)
FLAG(tipc_group_node_scope, SF_PART_TIPC_GROUP_BASE + 2)
FLAG(tipc_group_cluster_scope, SF_PART_TIPC_GROUP_BASE + 3)
NUMBER(dctcp_enabled, load(view, SF_PART_DCTCP, offsetof(struct sf_dctcp_info, enabled), 2) != 0)
NUMBER(vegas_enabled, load(view, SF_PART_VEGAS, offsetof(struct sf_vegas_info, enabled), 4) != 0)
NUMBER(tls_zc_ro_tx, view->length[SF_PART_TLS_BASE + 5] != 0)
NUMBER(tls_rx_no_pad, view->length[SF_PART_TLS_BASE + 6] != 0)

/* Of struct sockaddr_storage: the address of sockaddr_in lies at 4, that of sockaddr_in6 at 8. */
static enum sf_presence read_p_address(const struct sf_view *view, struct sf_value *value)
{
	const uint8_t *address =
		view->part[SF_PART_INFO] + offsetof(struct sf_sctp_info, p_address);
	bool v4 = address[0] == 2 && !address[1], v6 = address[0] == 10 && !address[1];

	value->bytes = address + (v4 ? 4 : 8);
	value->length = v4 ? 4 : 16;
	return v4 || v6 ? SF_PRESENT : SF_ABSENT;
}

/* Offset 276 has two layouts of one size: two u16 in 6.18 and 6.19, a bit field from 7.0 on. */
#define KERNEL_7_0 0x070000u
#define ACCECN(name, before, bits)                                                     \
	static enum sf_presence read_##name(const struct sf_view *view, struct sf_value *value) \
	{                                                                               \
		value->number = view->release >= KERNEL_7_0                             \
					? LOAD_TCP(view, accecn_fail_mode) bits         \
					: before;                                       \
		return view->release ? SF_PRESENT : SF_ABSENT;                          \
	}
ACCECN(accecn_fail_mode, LOAD_TCP(view, accecn_fail_mode), >> 4 & 15)
ACCECN(accecn_opt_seen, LOAD_TCP(view, accecn_opt_seen), >> 2 & 3)
static enum sf_presence read_ecn_mode(const struct sf_view *view, struct sf_value *value)
{
	value->number = LOAD_TCP(view, accecn_fail_mode) & 3;
	return view->release >= KERNEL_7_0 ? SF_PRESENT : SF_ABSENT;
}

static enum sf_presence read_send_rate(const struct sf_view *view, struct sf_value *value)
{
	uint64_t window = LOAD_TCP(view, snd_cwnd) * LOAD_TCP(view, snd_mss), scaled;
	uint64_t rtt = LOAD_TCP(view, rtt);
	unsigned __int128 rate;

	if (!rtt)
		return SF_ABSENT;
	if (!__builtin_mul_overflow(window, 1000000, &scaled)) {
		value->number = scaled / rtt;
		return SF_PRESENT;
	}
	rate = (unsigned __int128)window * 1000000 / rtt;
	value->number = rate > UINT64_MAX ? UINT64_MAX : (uint64_t)rate;
	return SF_PRESENT;
}
