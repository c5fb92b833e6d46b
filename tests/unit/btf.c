/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Our structs of the kernel's answers against the running kernel's own type information (BTF): every offset, width and bit,
 * and the numbers of attributes, states and words. An older kernel has shorter structs: what it has must agree.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include <bpf/btf.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <sockfeed/socket.h>

struct row { /* a member of a kernel's struct, where we say that it lies */
	const char *name;
	unsigned offset, size; /* bytes, in our struct; of a bit field: of what holds it */
	unsigned bit, bits;    /* bit fields alone */
	bool other_release;    /* not in every kernel whose struct is long enough */
};

#define MEMBER(type, prefix, member) {prefix #member, offsetof(type, member), sizeof(((type *)0)->member), 0, 0, false}
#define NAMED(type, name, member) {name, offsetof(type, member), sizeof(((type *)0)->member), 0, 0, false}
#define BITS(type, name, member, bit, bits) {name, offsetof(type, member), sizeof(((type *)0)->member), bit, bits, false}
#define MSG(member) MEMBER(struct sf_inet_msg, "idiag_", member)
#define TCP(member) MEMBER(struct sf_tcp_info, "tcpi_", member)
#define TCP_BITS(name, member, bit, bits) BITS(struct sf_tcp_info, "tcpi_" name, member, bit, bits)
/* The last 4 bytes have one layout in 6.18 and 6.19, another from 7.0 on. */
#define TCP_LAST(name, member, size, bit, bits) \
	{"tcpi_" name, offsetof(struct sf_tcp_info, member), size, bit, bits, true}

static const struct row msg_rows[] = {
	MSG(family), MSG(state), MSG(timer), MSG(retrans), MSG(sport), MSG(dport), MSG(src), MSG(dst),
	NAMED(struct sf_inet_msg, "idiag_if", interface), MSG(cookie), MSG(expires), MSG(rqueue), MSG(wqueue), MSG(uid),
	MSG(inode), {NULL}};

static const struct row tcp_rows[] = {
	TCP(state), TCP(ca_state), TCP(retransmits), TCP(probes), TCP(backoff), TCP(options),
	TCP_BITS("snd_wscale", wscale, 0, 4), TCP_BITS("rcv_wscale", wscale, 4, 4),
	TCP_BITS("delivery_rate_app_limited", rate_flags, 0, 1), TCP_BITS("fastopen_client_fail", rate_flags, 1, 2),
	TCP(rto), TCP(ato), TCP(snd_mss), TCP(rcv_mss), TCP(unacked), TCP(sacked), TCP(lost), TCP(retrans), TCP(fackets),
	TCP(last_data_sent), TCP(last_ack_sent), TCP(last_data_recv), TCP(last_ack_recv), TCP(pmtu), TCP(rcv_ssthresh),
	TCP(rtt), TCP(rttvar), TCP(snd_ssthresh), TCP(snd_cwnd), TCP(advmss), TCP(reordering), TCP(rcv_rtt), TCP(rcv_space),
	TCP(total_retrans), TCP(pacing_rate), TCP(max_pacing_rate), TCP(bytes_acked), TCP(bytes_received), TCP(segs_out),
	TCP(segs_in), TCP(notsent_bytes), TCP(min_rtt), TCP(data_segs_in), TCP(data_segs_out), TCP(delivery_rate),
	TCP(busy_time), TCP(rwnd_limited), TCP(sndbuf_limited), TCP(delivered), TCP(delivered_ce), TCP(bytes_sent),
	TCP(bytes_retrans), TCP(dsack_dups), TCP(reord_seen), TCP(rcv_ooopack), TCP(snd_wnd), TCP(rcv_wnd), TCP(rehash),
	TCP(total_rto), TCP(total_rto_recoveries), TCP(total_rto_time), TCP(received_ce), TCP(delivered_e1_bytes),
	TCP(delivered_e0_bytes), TCP(delivered_ce_bytes), TCP(received_e1_bytes), TCP(received_e0_bytes),
	TCP(received_ce_bytes), TCP_LAST("accecn_fail_mode", accecn_fail_mode, 2, 0, 0),
	TCP_LAST("accecn_opt_seen", accecn_opt_seen, 2, 0, 0), TCP_LAST("ecn_mode", accecn_fail_mode, 4, 0, 2),
	TCP_LAST("accecn_opt_seen", accecn_fail_mode, 4, 2, 2), TCP_LAST("accecn_fail_mode", accecn_fail_mode, 4, 4, 4),
	TCP_LAST("options2", accecn_fail_mode, 4, 8, 24), {NULL}};

static const struct row vegas_rows[] = {
	MEMBER(struct sf_vegas_info, "tcpv_", enabled), MEMBER(struct sf_vegas_info, "tcpv_", rttcnt),
	MEMBER(struct sf_vegas_info, "tcpv_", rtt), NAMED(struct sf_vegas_info, "tcpv_minrtt", min_rtt), {NULL}};

static const struct row dctcp_rows[] = {
	MEMBER(struct sf_dctcp_info, "dctcp_", enabled), MEMBER(struct sf_dctcp_info, "dctcp_", ce_state),
	MEMBER(struct sf_dctcp_info, "dctcp_", alpha), MEMBER(struct sf_dctcp_info, "dctcp_", ab_ecn),
	MEMBER(struct sf_dctcp_info, "dctcp_", ab_tot), {NULL}};

static const struct row bbr_rows[] = {
	{"bbr_bw_lo", offsetof(struct sf_bbr_info, bw), 4}, {"bbr_bw_hi", offsetof(struct sf_bbr_info, bw) + 4, 4},
	MEMBER(struct sf_bbr_info, "bbr_", min_rtt), MEMBER(struct sf_bbr_info, "bbr_", pacing_gain),
	MEMBER(struct sf_bbr_info, "bbr_", cwnd_gain), {NULL}};

#define MPTCP(member) MEMBER(struct sf_mptcp_info, "mptcpi_", member)
/* What no kernel has a member for, or not all: {name, where, how many}. */
#define HOLE(name, offset, size) {name, offset, size, 0, 0, true}

static const struct row mptcp_rows[] = {
	MPTCP(subflows), MPTCP(add_addr_signal), MPTCP(add_addr_accepted), MPTCP(subflows_max), MPTCP(add_addr_signal_max),
	MPTCP(add_addr_accepted_max), HOLE("", 6, 2), MPTCP(flags), MPTCP(token), MPTCP(write_seq), MPTCP(snd_una),
	MPTCP(rcv_nxt), MPTCP(local_addr_used), MPTCP(local_addr_max), MPTCP(csum_enabled), HOLE("", 43, 1),
	MPTCP(retransmits), MPTCP(bytes_retrans), MPTCP(bytes_sent), MPTCP(bytes_received), MPTCP(bytes_acked),
	MPTCP(subflows_total), HOLE("mptcpi_endp_laminar_max", 81, 1), HOLE("mptcpi_endp_fullmesh_max", 82, 1),
	HOLE("reserved", 81, 3), HOLE("reserved", 82, 2), HOLE("reserved", 83, 1), MPTCP(last_data_sent),
	MPTCP(last_data_recv), MPTCP(last_ack_recv), {NULL}};

#define SCTP(member) MEMBER(struct sf_sctp_info, "sctpi_", member)

static const struct row sctp_rows[] = {
	SCTP(tag), SCTP(state), SCTP(rwnd), SCTP(unackdata), SCTP(penddata), SCTP(instrms), SCTP(outstrms),
	SCTP(fragmentation_point), SCTP(inqueue), SCTP(outqueue), SCTP(overall_error), SCTP(max_burst), SCTP(maxseg),
	SCTP(peer_rwnd), SCTP(peer_tag), SCTP(peer_capable), SCTP(peer_sack),
	NAMED(struct sf_sctp_info, "__reserved1", reserved1), SCTP(isacks), SCTP(osacks), SCTP(opackets), SCTP(ipackets),
	SCTP(rtxchunks), SCTP(outofseqtsns), SCTP(idupchunks), SCTP(gapcnt), SCTP(ouodchunks), SCTP(iuodchunks),
	SCTP(oodchunks), SCTP(iodchunks), SCTP(octrlchunks), SCTP(ictrlchunks), SCTP(p_address), SCTP(p_state), SCTP(p_cwnd),
	SCTP(p_srtt), SCTP(p_rto), SCTP(p_hbinterval), SCTP(p_pathmaxrxt), SCTP(p_sackdelay), SCTP(p_sackfreq),
	SCTP(p_ssthresh), SCTP(p_partial_bytes_acked), SCTP(p_flight_size), SCTP(p_error),
	NAMED(struct sf_sctp_info, "__reserved2", reserved2), SCTP(s_autoclose), SCTP(s_adaptation_ind), SCTP(s_pd_point),
	SCTP(s_nodelay), SCTP(s_disable_fragments), SCTP(s_v4mapped), SCTP(s_frag_interleave), SCTP(s_type),
	NAMED(struct sf_sctp_info, "__reserved3", reserved3), {NULL}};

#define OF(table) (1u << SF_TABLE_##table)

#define UNIX(member) MEMBER(struct sf_unix_msg, "udiag_", member)
#define NETLINK(member) MEMBER(struct sf_netlink_msg, "ndiag_", member)
#define PACKET(member) MEMBER(struct sf_packet_msg, "pdiag_", member)
#define PACKET_INFO(member) MEMBER(struct sf_packet_info, "pdi_", member)
#define MCLIST(member) MEMBER(struct sf_packet_mclist, "pdmc_", member)
#define RING(member) MEMBER(struct sf_packet_ring, "pdr_", member)
#define VSOCK(member) MEMBER(struct sf_vsock_msg, "vdiag_", member)
#define XDP(member) MEMBER(struct sf_xdp_msg, "xdiag_", member)
#define UMEM(member) MEMBER(struct sf_xdp_umem, "", member)
#define STATS(member) MEMBER(struct sf_xdp_stats, "", member)

static const struct row unix_rows[] = {UNIX(family), UNIX(type), UNIX(state), NAMED(struct sf_unix_msg, "pad", pad), UNIX(ino),
				       UNIX(cookie), {NULL}};
static const struct row vfs_rows[] = {MEMBER(struct sf_unix_vfs, "udiag_vfs_", ino), MEMBER(struct sf_unix_vfs, "udiag_vfs_", dev),
				      {NULL}};
static const struct row rqlen_rows[] = {MEMBER(struct sf_queues, "udiag_", rqueue), MEMBER(struct sf_queues, "udiag_", wqueue),
					{NULL}};
static const struct row netlink_rows[] = {NETLINK(family), NETLINK(type), NETLINK(protocol), NETLINK(state), NETLINK(portid),
					  NETLINK(dst_portid), NETLINK(dst_group), NETLINK(ino), NETLINK(cookie), {NULL}};
static const struct row packet_rows[] = {PACKET(family), PACKET(type), PACKET(num), PACKET(ino), PACKET(cookie), {NULL}};
static const struct row packet_info_rows[] = {PACKET_INFO(index), PACKET_INFO(version), PACKET_INFO(reserve),
					      PACKET_INFO(copy_thresh), PACKET_INFO(tstamp), PACKET_INFO(flags), {NULL}};
static const struct row mclist_rows[] = {MCLIST(index), MCLIST(count), MCLIST(type), MCLIST(alen), MCLIST(addr), {NULL}};
static const struct row ring_rows[] = {RING(block_size), RING(block_nr), RING(frame_size), RING(frame_nr), RING(retire_tmo),
				       RING(sizeof_priv), RING(features), {NULL}};
static const struct row vsock_rows[] = {VSOCK(family), VSOCK(type), VSOCK(state), VSOCK(shutdown), VSOCK(src_cid),
					VSOCK(src_port), VSOCK(dst_cid), VSOCK(dst_port), VSOCK(ino), VSOCK(cookie), {NULL}};
static const struct row xdp_rows[] = {XDP(family), XDP(type), NAMED(struct sf_xdp_msg, "pad", pad), XDP(ino), XDP(cookie), {NULL}};
static const struct row xdp_info_rows[] = {MEMBER(struct sf_xdp_info, "", ifindex), MEMBER(struct sf_xdp_info, "", queue_id),
					   {NULL}};
static const struct row umem_rows[] = {UMEM(size), UMEM(id), UMEM(num_pages), UMEM(chunk_size), UMEM(headroom), UMEM(ifindex),
				       UMEM(queue_id), UMEM(flags), UMEM(refs), {NULL}};
static const struct row stats_rows[] = {STATS(n_rx_dropped), STATS(n_rx_invalid), STATS(n_rx_full), STATS(n_fill_ring_empty),
					STATS(n_tx_invalid), STATS(n_tx_ring_empty), {NULL}};

static const struct shape {
	const char *name; /* in the kernel */
	unsigned size, part;
	const struct row *rows;
	uint32_t tables; /* whose answers have it at that part */
} shapes[] = {
	{"inet_diag_msg", sizeof(struct sf_inet_msg), SF_PART_HEADER, msg_rows, SF_TABLES_ALL},
	{"tcp_info", sizeof(struct sf_tcp_info), SF_PART_INFO, tcp_rows, OF(TCP)},
	{"tcpvegas_info", sizeof(struct sf_vegas_info), SF_PART_VEGAS, vegas_rows, OF(TCP)},
	{"tcp_dctcp_info", sizeof(struct sf_dctcp_info), SF_PART_DCTCP, dctcp_rows, OF(TCP)},
	{"tcp_bbr_info", sizeof(struct sf_bbr_info), SF_PART_BBR, bbr_rows, OF(TCP)},
	{"mptcp_info", sizeof(struct sf_mptcp_info), SF_PART_INFO, mptcp_rows, OF(MPTCP)},
	{"sctp_info", sizeof(struct sf_sctp_info), SF_PART_INFO, sctp_rows, OF(SCTP)},
	{"unix_diag_msg", sizeof(struct sf_unix_msg), SF_PART_OWN, unix_rows, OF(UNIX)},
	{"unix_diag_vfs", sizeof(struct sf_unix_vfs), SF_PART_UNIX_VFS, vfs_rows, OF(UNIX)},
	{"unix_diag_rqlen", sizeof(struct sf_queues), SF_PART_QUEUES, rqlen_rows, OF(UNIX)},
	{"netlink_diag_msg", sizeof(struct sf_netlink_msg), SF_PART_OWN, netlink_rows, OF(NETLINK)},
	{"packet_diag_msg", sizeof(struct sf_packet_msg), SF_PART_OWN, packet_rows, OF(PACKET)},
	{"packet_diag_info", sizeof(struct sf_packet_info), SF_PART_PACKET_INFO, packet_info_rows, OF(PACKET)},
	{"packet_diag_mclist", sizeof(struct sf_packet_mclist), SF_PART_PACKET_MCLIST, mclist_rows, OF(PACKET)},
	{"packet_diag_ring", sizeof(struct sf_packet_ring), SF_PART_PACKET_RX_RING, ring_rows, OF(PACKET)},
	{"packet_diag_ring", sizeof(struct sf_packet_ring), SF_PART_PACKET_TX_RING, ring_rows, OF(PACKET)},
	{"vsock_diag_msg", sizeof(struct sf_vsock_msg), SF_PART_OWN, vsock_rows, OF(VSOCK)},
	{"xdp_diag_msg", sizeof(struct sf_xdp_msg), SF_PART_OWN, xdp_rows, OF(XDP)},
	{"xdp_diag_info", sizeof(struct sf_xdp_info), SF_PART_XDP_INFO, xdp_info_rows, OF(XDP)},
	{"xdp_diag_umem", sizeof(struct sf_xdp_umem), SF_PART_XDP_UMEM, umem_rows, OF(XDP)},
	{"xdp_diag_stats", sizeof(struct sf_xdp_stats), SF_PART_XDP_STATS, stats_rows, OF(XDP)},
};

struct member { /* as the kernel says */
	const char *name;
	unsigned bit, bits; /* from the struct's begin; how many */
	bool field;         /* a bit field */
};

static struct btf *vmlinux, *module, *btf; /* the last is one of the others; a module's knows all of vmlinux too */

static int begin(void **state)
{
	(void)state;
	vmlinux = btf__load_vmlinux_btf();
	if (vmlinux && access("/sys/kernel/btf/inet_diag", R_OK) == 0)
		module = btf__load_module_btf("inet_diag", vmlinux);
	btf = module ? module : vmlinux;
	return 0;
}

static int end(void **state)
{
	(void)state;
	btf__free(module);
	btf__free(vmlinux);
	return 0;
}

static void need_btf(void)
{
	if (!btf) {
		print_message("this kernel has no type information (/sys/kernel/btf/vmlinux)\n");
		skip();
	}
}

/* Members of a struct, those of a struct inside it (inet_diag_msg.id) in its place. */
static size_t members_of(int32_t id, unsigned base, struct member *members, size_t most)
{
	const struct btf_type *type = btf__type_by_id(btf, (uint32_t)id);
	const struct btf_member *member = btf_members(type);
	size_t count = 0;

	for (unsigned i = 0; i < btf_vlen(type); i++) {
		unsigned bits = btf_member_bitfield_size(type, i), at = base + btf_member_bit_offset(type, i);

		if (btf_is_struct(btf__type_by_id(btf, member[i].type))) {
			count += members_of((int32_t)member[i].type, at, members + count, most - count);
			continue;
		}
		assert_true(count < most);
		members[count++] = (struct member){
			.name = btf__name_by_offset(btf, member[i].name_off),
			.bit = at,
			.bits = bits ? bits : 8 * (unsigned)btf__resolve_size(btf, member[i].type),
			.field = bits != 0,
		};
	}
	return count;
}

static bool agrees(const struct row *row, const struct member *member)
{
	return !strcmp(row->name, member->name) && member->field == (row->bits != 0) &&
	       member->bit == 8 * row->offset + row->bit && member->bits == (row->bits ? row->bits : 8 * row->size);
}

static bool row_has_a_member(const struct row *row, const struct member *members, size_t count)
{
	for (size_t i = 0; i < count; i++)
		if (agrees(row, &members[i]))
			return true;
	return false;
}

static bool member_has_a_row(const struct member *member, const struct row *rows)
{
	for (; rows->name; rows++)
		if (agrees(rows, member))
			return true;
	return false;
}

static void every_member_lies_where_the_kernel_has_it(void **state)
{
	(void)state;

	need_btf();
	for (size_t i = 0; i < SF_COUNT(shapes); i++) {
		int32_t id = btf__find_by_name_kind(btf, shapes[i].name, BTF_KIND_STRUCT);
		unsigned size;
		struct member members[128];
		size_t count;

		if (id < 0 && strcmp(shapes[i].name, "tcp_info")) {
			print_message("%s is of a module that is not loaded\n", shapes[i].name);
			continue;
		}
		assert_true(id > 0);
		size = btf__type_by_id(btf, (uint32_t)id)->size;
		count = members_of(id, 0, members, SF_COUNT(members));
		for (const struct row *row = shapes[i].rows; row->name; row++)
			if (row->offset + row->size <= size && !row->other_release &&
			    !row_has_a_member(row, members, count))
				fail_msg("%s: %s is not where we look for it", shapes[i].name, row->name);
		for (size_t m = 0; m < count; m++) /* what lies behind our struct came with a newer kernel */
			if (members[m].bit < 8 * shapes[i].size && !member_has_a_row(&members[m], shapes[i].rows))
				fail_msg("%s: we do not know %s", shapes[i].name, members[m].name);
	}
}

static void our_rows_cover_our_structs(void **state)
{
	(void)state;

	for (size_t i = 0; i < SF_COUNT(shapes); i++) {
		uint8_t covered[512] = {0};

		for (const struct row *row = shapes[i].rows; row->name; row++)
			memset(covered + row->offset, 1, row->size);
		for (unsigned byte = 0; byte < shapes[i].size; byte++)
			if (!covered[byte])
				fail_msg("%s: no member is checked at %u", shapes[i].name, byte);
		assert_int_equal(covered[shapes[i].size], 0);
	}
}

static void the_layout_of_accecn_goes_by_the_release_as_we_say(void **state)
{
	struct member members[128];
	struct utsname name;
	size_t count;
	(void)state;

	need_btf();
	count = members_of(btf__find_by_name_kind(btf, "tcp_info", BTF_KIND_STRUCT), 0, members, SF_COUNT(members));
	assert_int_equal(uname(&name), 0);
	for (size_t m = 0; m < count; m++)
		if (!strcmp(members[m].name, "tcpi_accecn_fail_mode"))
			assert_int_equal(members[m].field, atoi(name.release) >= 7);
}

/* From where it is read, a field reads a member (or what holds the bit field): the widths of the table are the kernel's. */
static void every_field_reads_whole_members(void **state)
{
	(void)state;

	for (int id = 0; id < SF_FIELD_COUNT; id++) {
		const struct sf_field *field = &sf_fields[id];

		for (size_t i = 0; i < SF_COUNT(shapes); i++) {
			const struct row *row = shapes[i].rows;
			unsigned size = 0;

			if (field->part != shapes[i].part || !(field->tables & shapes[i].tables))
				continue;
			for (; row->name && size < field->size; row++) /* bw is two members */
				if (row->offset == field->offset + size)
					size += row->size;
			if (size != field->size)
				fail_msg("%s reads %u bytes where the kernel has %u", field->name, field->size, size);
		}
	}
}

/* The number of an enumerator, in whatever enum it is. */
static long number_of(const char *name)
{
	for (uint32_t id = 1; id < btf__type_cnt(btf); id++) {
		const struct btf_type *type = btf__type_by_id(btf, id);
		const struct btf_enum *values = btf_is_enum(type) ? btf_enum(type) : NULL;

		for (unsigned i = 0; values && i < btf_vlen(type); i++)
			if (!strcmp(btf__name_by_offset(btf, values[i].name_off), name))
				return values[i].val;
	}
	return -1;
}

static void parts_and_states_have_the_kernels_numbers(void **state)
{
	static const struct {
		const char *name;
		int number;
	} ours[] = {
		{"INET_DIAG_MEMINFO", SF_PART_MEMINFO}, {"INET_DIAG_INFO", SF_PART_INFO},
		{"INET_DIAG_VEGASINFO", SF_PART_VEGAS}, {"INET_DIAG_CONG", SF_PART_CONG}, {"INET_DIAG_TOS", SF_PART_TOS},
		{"INET_DIAG_TCLASS", SF_PART_TCLASS}, {"INET_DIAG_SKMEMINFO", SF_PART_SKMEM},
		{"INET_DIAG_SHUTDOWN", SF_PART_SHUTDOWN}, {"INET_DIAG_DCTCPINFO", SF_PART_DCTCP},
		{"INET_DIAG_PROTOCOL", SF_PART_PROTOCOL}, {"INET_DIAG_SKV6ONLY", SF_PART_V6ONLY},
		{"INET_DIAG_MARK", SF_PART_MARK}, {"INET_DIAG_BBRINFO", SF_PART_BBR},
		{"INET_DIAG_CLASS_ID", SF_PART_CLASS_ID}, {"INET_DIAG_MD5SIG", SF_PART_MD5SIG},
		{"INET_DIAG_ULP_INFO", SF_PART_ULP}, {"INET_DIAG_CGROUP_ID", SF_PART_CGROUP},
		{"INET_DIAG_SOCKOPT", SF_PART_SOCKOPT}, {"TCP_ESTABLISHED", SF_ESTABLISHED},
		{"TCP_SYN_SENT", SF_SYN_SENT}, {"TCP_SYN_RECV", SF_SYN_RECV}, {"TCP_FIN_WAIT1", SF_FIN_WAIT_1},
		{"TCP_FIN_WAIT2", SF_FIN_WAIT_2}, {"TCP_TIME_WAIT", SF_TIME_WAIT}, {"TCP_CLOSE", SF_CLOSE},
		{"TCP_CLOSE_WAIT", SF_CLOSE_WAIT}, {"TCP_LAST_ACK", SF_LAST_ACK}, {"TCP_LISTEN", SF_LISTEN},
		{"TCP_CLOSING", SF_CLOSING}, {"TCP_NEW_SYN_RECV", SF_NEW_SYN_RECV},
		{"TCP_BOUND_INACTIVE", SF_BOUND_INACTIVE}};
	(void)state;

	need_btf();
	for (size_t i = 0; i < SF_COUNT(ours); i++) {
		long number = number_of(ours[i].name);

		if (number >= 0) /* an older kernel does not have all */
			assert_int_equal(number, ours[i].number);
	}
	assert_int_equal(number_of("TCP_ESTABLISHED"), 1);
}

static void the_words_stand_at_the_kernels_numbers(void **state)
{
	static const struct {
		const char *name, *word;
		int field;
	} ours[] = {
		{"TCP_CA_Open", "open", SF_FIELD_TCP_CA_STATE}, {"TCP_CA_Disorder", "disorder", SF_FIELD_TCP_CA_STATE},
		{"TCP_CA_CWR", "cwr", SF_FIELD_TCP_CA_STATE}, {"TCP_CA_Recovery", "recovery", SF_FIELD_TCP_CA_STATE},
		{"TCP_CA_Loss", "loss", SF_FIELD_TCP_CA_STATE}, {"TFO_STATUS_UNSPEC", "unspec", SF_FIELD_TCP_FASTOPEN_FAIL},
		{"TFO_COOKIE_UNAVAILABLE", "cookie-unavailable", SF_FIELD_TCP_FASTOPEN_FAIL},
		{"TFO_DATA_NOT_ACKED", "data-not-acked", SF_FIELD_TCP_FASTOPEN_FAIL},
		{"TFO_SYN_RETRANSMITTED", "syn-retransmitted", SF_FIELD_TCP_FASTOPEN_FAIL}};
	(void)state;

	need_btf();
	for (size_t i = 0; i < SF_COUNT(ours); i++) {
		long number = number_of(ours[i].name);

		if (number >= 0)
			assert_string_equal(sf_word(sf_fields[ours[i].field].words, (unsigned)number), ours[i].word);
	}
}

/* An option that is newer than we are may follow; `unused` fills the rest. */
static void the_words_of_sockopt_are_the_kernels_bits(void **state)
{
	const struct sf_words *words = sf_fields[SF_FIELD_SOCKOPT].words;
	struct member members[32];
	int32_t id;
	size_t count;
	(void)state;

	need_btf();
	id = btf__find_by_name_kind(btf, "inet_diag_sockopt", BTF_KIND_STRUCT);
	if (id < 0)
		skip(); /* before 5.10, or of a module that is not loaded */
	count = members_of(id, 0, members, SF_COUNT(members));
	for (size_t m = 0; m < count && m < words->count && strcmp(members[m].name, "unused"); m++) {
		assert_int_equal(members[m].bit, m);
		assert_string_equal(members[m].name, words->names[m]);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_member_lies_where_the_kernel_has_it),
		cmocka_unit_test(our_rows_cover_our_structs),
		cmocka_unit_test(the_layout_of_accecn_goes_by_the_release_as_we_say),
		cmocka_unit_test(every_field_reads_whole_members),
		cmocka_unit_test(parts_and_states_have_the_kernels_numbers),
		cmocka_unit_test(the_words_stand_at_the_kernels_numbers),
		cmocka_unit_test(the_words_of_sockopt_are_the_kernels_bits),
	};

	return cmocka_run_group_tests(tests, begin, end);
}
