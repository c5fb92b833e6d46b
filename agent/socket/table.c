/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fields.def becomes sf_fields[]: what each word of its columns stands for. A place expands to
 * part, offset, size and the source in words; WHEN to classes and a condition; the last columns are
 * taken as they are.
 */
#include "socket/when.h"
#include "socket/words.h"

/* Places. */
#define PLACE(part_, offset_, size_, text_) \
	.part = SF_PART_##part_, .offset = offset_, .size = size_, .source = text_
#define MEMBER(part_, type_, member_, text_) \
	PLACE(part_, offsetof(type_, member_), sizeof(((type_ *)0)->member_), text_)
#define HEADER(m)       MEMBER(HEADER, struct sf_inet_msg, m, "inet_diag_msg." #m)
#define QUEUES(m)       MEMBER(QUEUES, struct sf_queues, m, "inet_diag_msg." #m)
#define UID_PLACE       PLACE(UID, 0, 4, "inet_diag_msg.uid")
#define TCP(m)          ENDS(MEMBER(INFO, struct sf_tcp_info, m, "tcp_info." #m))
#define VEGAS(m)        MEMBER(VEGAS, struct sf_vegas_info, m, "tcpvegas_info." #m)
#define DCTCP(m)        MEMBER(DCTCP, struct sf_dctcp_info, m, "tcp_dctcp_info." #m)
#define BBR(m)          MEMBER(BBR, struct sf_bbr_info, m, "tcp_bbr_info." #m)
#define MPTCP(m)        MEMBER(INFO, struct sf_mptcp_info, m, "mptcp_info." #m)
#define SCTP(m)         MEMBER(INFO, struct sf_sctp_info, m, "sctp_info." #m)
#define SKMEM(i)        PLACE(SKMEM, 4 * (i), 4, "SKMEMINFO[" #i "]")
#define ATTR(a, size_)  PLACE(a, 0, size_, "attribute " #a)
#define TLS(n, size_)   PLACE(TLS_BASE + n, 0, size_, "ULP_INFO TLS, attribute " #n)
#define SUBFLOW(n, size_) PLACE(SUBFLOW_BASE + n, 0, size_, "ULP_INFO MPTCP, attribute " #n)
#define ENDS(place)     place, .ends = true
#define SOCKET_TYPE     PLACE(OWN, offsetof(struct sf_unix_msg, type), 1, \
			      "unix_diag_msg.udiag_type, and so on")
#define NETLINK(m)      MEMBER(OWN, struct sf_netlink_msg, m, "netlink_diag_msg.ndiag_" #m)
#define PACKET(m)       MEMBER(PACKET_INFO, struct sf_packet_info, m, "packet_diag_info.pdi_" #m)
#define RING(a, m)      MEMBER(PACKET_##a, struct sf_packet_ring, m, #a " pdr_" #m)
#define VSOCK(m)        MEMBER(OWN, struct sf_vsock_msg, m, "vsock_diag_msg.vdiag_" #m)
#define XDP(m)          MEMBER(XDP_INFO, struct sf_xdp_info, m, "xdp_diag_info." #m)
#define XDP_RING(a)     PLACE(XDP_##a, 0, 4, "xdp_diag_ring.entries of XDP_DIAG_" #a)
#define UMEM(m)         MEMBER(XDP_UMEM, struct sf_xdp_umem, m, "xdp_diag_umem." #m)
#define XDP_STATS(m)    MEMBER(XDP_STATS, struct sf_xdp_stats, m, "xdp_diag_stats." #m)
#define TIPC(a, size_, text_) PLACE(TIPC_##a, 0, size_, "TIPC_NLA_" text_)
#define TIPC_IN(base, n, size_, text_) PLACE(TIPC_##base##_BASE + (n), 0, size_, "TIPC_NLA_" text_)
#define ARRAY(place, stride_) place, .list = SF_LIST_ARRAY, .stride = stride_
#define MEMBERSHIP(m) \
	MEMBER(PACKET_MCLIST, struct sf_packet_mclist, m, "packet_diag_mclist.pdmc_" #m)
#define MCLIST(m)       ARRAY(MEMBERSHIP(m), sizeof(struct sf_packet_mclist))
#define NUMBERS_OF_BITS(place) place, .list = SF_LIST_BITS
#define AS_LONG_AS(place, type_, member_) \
	place, .set = {offsetof(type_, member_), sizeof(((type_ *)0)->member_), 0}
#define READ(place, function)  place, .read = read_##function
#define SAME(place, tables_)   place, .same = tables_
#define RARE(place)            place, .rare = true
#define SCALED(place, scale_)  place, .scale = scale_
#define BITS(place, shift_, bits_) place, .shift = shift_, .bits = bits_
#define WORDED(place, table)   place, .words = &sf_words_##table

/* Tables. */
#define OF(table) (1u << SF_TABLE_##table)
#define OF_ALL    SF_TABLES_ALL
#define OF_OTHER  (OF(UNIX) | OF(NETLINK) | OF(PACKET) | OF(VSOCK) | OF(XDP) | OF(TIPC))
#define OF_INET   (OF(TCP) | OF(UDP) | OF(UDPLITE) | OF(RAW) | OF(SCTP) | OF(MPTCP))

/* When it means something. UNCONNECTED is full, too, but for its peer. */
#define ANY_CLASS        ((1 << SF_CLASS_ENDED) - 1)
#define FULL_CLASS       (1 << SF_CLASS_FULL | 1 << SF_CLASS_UNCONNECTED)
#define FULL_OR_LISTENER (FULL_CLASS | 1 << SF_CLASS_LISTENER)
#define IDLE             (1 << SF_CLASS_LISTENER | 1 << SF_CLASS_UNCONNECTED)
#define CLASSES(mask, text) .classes = mask, .when_text = text
#define IF(mask, condition, text) .classes = mask, .when = when_##condition, .when_text = text
#define SET(mask, type_, member_, bits_, text)                                                \
	CLASSES(mask, text), .set = {offsetof(type_, member_), sizeof(((type_ *)0)->member_), bits_}
#define SET_HEADER(mask, m, text) SET(mask, struct sf_inet_msg, m, UINT64_MAX, text)
#define SET_QUEUES(mask, m, text) SET(mask, struct sf_queues, m, UINT64_MAX, text)
#define SET_TCP(m, bits_, text) SET(1 << SF_CLASS_FULL, struct sf_tcp_info, m, bits_, text)
#define SET_DCTCP(m, text) SET(1 << SF_CLASS_FULL, struct sf_dctcp_info, m, UINT64_MAX, text)
#define ANY           CLASSES(ANY_CLASS, "any")
#define SENT(text)    CLASSES(ANY_CLASS, text)
#define FULL          CLASSES(FULL_CLASS, "full")
#define LISTENER      CLASSES(1 << SF_CLASS_LISTENER, "listeners")
#define FULL_LISTENER CLASSES(FULL_OR_LISTENER, "full, listeners")
#define WITH_SKMEM    CLASSES(FULL_OR_LISTENER | 1 << SF_CLASS_BOUND, \
	"full, listeners, bound-inactive")
#define PEERED(m)     IF(1 << SF_CLASS_FULL | 1 << SF_CLASS_SMALL, peer_##m, \
	"not on listeners, unconnected and bound-inactive"), \
	.holds = 1 << SF_CLASS_FULL | 1 << SF_CLASS_SMALL
#define CC            CLASSES(1 << SF_CLASS_FULL, \
	"established, syn-sent, fin-wait-1, fin-wait-2 (full)")
#define FULL_RELEASE  CLASSES(1 << SF_CLASS_FULL, "full, and the kernel's release is known")

#define CONNECTION    CLASSES(1 << SF_CLASS_FULL, "full")
#define SETTING       IF(1 << SF_CLASS_FULL | 1 << SF_CLASS_LISTENER, mptcp_setting, \
	"full, listeners before 6.5")
#define STATISTICS    IF(1 << SF_CLASS_FULL, mptcp_statistics, "full")
#define LAST          IF(1 << SF_CLASS_FULL, mptcp_last, "full")
#define LAMINAR       IF(1 << SF_CLASS_FULL, mptcp_laminar, \
	"full, and the kernel's release is known")
#define ASSOCIATION   IF(ANY_CLASS, association, "associations")

/* Which value is null. */
#define NO_NULL .null_text = ""
#define NULL_IF(a, b, text) .nullable = true, .nulls = {a, b}, .null_text = text

#define FIELD(id, name_, type_, place, tables_, when_, null_, unit_, since_, help_)            \
	[SF_FIELD_##id] = {.name = name_, .type = SF_TYPE_##type_, place, .tables = tables_,    \
			   when_, null_, .unit = SF_UNIT_##unit_, .since = since_,              \
			   .help = help_},

const struct sf_field sf_fields[SF_FIELD_COUNT] = {
#include <sockfeed/fields.def>
};
