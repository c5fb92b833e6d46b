/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers of the tables that are not of inet_diag: unix, netlink, packet, vsock, xdp, tipc. What each says of a socket,
 * and what of it is absent.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "shapes.h"

static bool has(const struct sf_view *view, enum sf_field_id id)
{
	struct sf_value value;

	return sf_field_read(&sf_fields[id], view, &value) != SF_ABSENT;
}

static uint64_t number(const struct sf_view *view, enum sf_field_id id)
{
	struct sf_value value;

	assert_int_equal(sf_field_read(&sf_fields[id], view, &value), SF_PRESENT);
	return value.number;
}

static const char *word(const struct sf_view *view, enum sf_field_id id)
{
	return sf_word(sf_fields[id].words, number(view, id));
}

static void assert_bytes(const struct sf_view *view, enum sf_field_id id, const char *bytes, size_t length)
{
	struct sf_value value;

	assert_int_equal(sf_field_read(&sf_fields[id], view, &value), SF_PRESENT);
	assert_int_equal(value.length, length);
	assert_memory_equal(value.bytes, bytes, length);
}

/* The numbers of a list; ends with 0. */
static void assert_list(const struct sf_view *view, enum sf_field_id id, const uint64_t *expected)
{
	struct sf_value list, element;
	uint32_t at = 0;

	assert_int_equal(sf_field_read(&sf_fields[id], view, &list), SF_PRESENT);
	for (; sf_list_next(&sf_fields[id], &list, &at, &element); expected++)
		assert_int_equal(element.number, *expected);
	assert_int_equal(*expected, 0);
}

/* ---- unix ---- */

static void name_unix(struct reply *reply, struct sf_view *view, const char *name, size_t length)
{
	const struct sf_unix_msg msg = {.family = AF_UNIX, .type = SOCK_STREAM, .state = SF_ESTABLISHED};

	begin(reply, &msg, sizeof(msg));
	reply_add(reply, 0, name, length);
	index_as(view, SF_TABLE_UNIX, reply);
}

static void a_name_is_a_path_or_begins_with_nul(void **state)
{
	struct reply reply;
	struct sf_view view;
	(void)state;

	name_unix(&reply, &view, "/run/x", 7); /* the kernel counts the NUL behind a path */
	assert_bytes(&view, SF_FIELD_UNIX_PATH, "/run/x", 6);
	assert_false(has(&view, SF_FIELD_UNIX_ABSTRACT));
	name_unix(&reply, &view, "/run/x", 6); /* but for one that fills its room */
	assert_bytes(&view, SF_FIELD_UNIX_PATH, "/run/x", 6);
	name_unix(&reply, &view, "\0a\0b\0", 5);
	assert_bytes(&view, SF_FIELD_UNIX_ABSTRACT, "a\0b\0", 4);
	assert_false(has(&view, SF_FIELD_UNIX_PATH));
	name_unix(&reply, &view, "\0", 1);
	assert_bytes(&view, SF_FIELD_UNIX_ABSTRACT, "", 0);
	name_unix(&reply, &view, "", 0);
	assert_false(has(&view, SF_FIELD_UNIX_ABSTRACT));
	assert_false(has(&view, SF_FIELD_UNIX_PATH));
}

static void unconnected_datagrams_are_idle_and_streams_are_not(void **state)
{
	static const struct {
		uint8_t type, state, becomes, class;
	} cases[] = {{SOCK_DGRAM, SF_CLOSE, SF_IDLE, SF_CLASS_UNCONNECTED},
		     {SOCK_STREAM, SF_CLOSE, SF_CLOSE, SF_CLASS_UNCONNECTED},
		     {SOCK_SEQPACKET, SF_CLOSE, SF_CLOSE, SF_CLASS_UNCONNECTED},
		     {SOCK_DGRAM, SF_ESTABLISHED, SF_ESTABLISHED, SF_CLASS_FULL},
		     {SOCK_STREAM, SF_LISTEN, SF_LISTEN, SF_CLASS_LISTENER},
		     {SOCK_STREAM, SF_IDLE, 0, SF_CLASS_FULL}, /* numbers of our own, which no kernel sends */
		     {SOCK_STREAM, SF_STATE_OWN, 0, SF_CLASS_FULL}};
	(void)state;

	for (size_t i = 0; i < SF_COUNT(cases); i++) {
		const struct sf_unix_msg msg = {
			.family = AF_UNIX, .type = cases[i].type, .state = cases[i].state, .ino = 7, .cookie = {8, 9}};
		struct reply reply;
		struct sf_view view;

		begin(&reply, &msg, sizeof(msg));
		index_as(&view, SF_TABLE_UNIX, &reply);
		assert_int_equal(sf_view_state(&view), cases[i].becomes);
		assert_int_equal(view.class, cases[i].class);
		assert_int_equal(number(&view, SF_FIELD_SOCKET_TYPE), cases[i].type);
		assert_int_equal(number(&view, SF_FIELD_INODE), 7);
		assert_int_equal(sf_view_cookie(&view), 8 | 9ull << 32);
		if (cases[i].becomes == SF_IDLE)
			assert_string_equal(word(&view, SF_FIELD_STATE), "unconnected");
	}
}

static void a_listener_says_who_waits(void **state)
{
	static const struct sf_unix_msg msg = {.family = AF_UNIX, .type = SOCK_STREAM, .state = SF_LISTEN, .ino = 5};
	static const uint32_t waiting[] = {11, 12, 13}, queues[] = {3, 128}, uid = 33;
	struct reply reply;
	struct sf_view view;
	(void)state;

	begin(&reply, &msg, sizeof(msg));
	reply_add(&reply, 3, waiting, sizeof(waiting));
	reply_add(&reply, 4, queues, sizeof(queues));
	reply_add(&reply, 7, &uid, sizeof(uid));
	reply_add(&reply, 8, &uid, sizeof(uid)); /* of a newer kernel */
	index_as(&view, SF_TABLE_UNIX, &reply);
	assert_list(&view, SF_FIELD_UNIX_PENDING_INODES, (const uint64_t[]){11, 12, 13, 0});
	assert_int_equal(number(&view, SF_FIELD_BACKLOG), 3);
	assert_int_equal(number(&view, SF_FIELD_BACKLOG_LIMIT), 128);
	assert_int_equal(number(&view, SF_FIELD_UID), 33);
	assert_false(has(&view, SF_FIELD_RECV_Q));

	begin(&reply, &msg, sizeof(msg));
	reply_add(&reply, 3, NULL, 0);
	index_as(&view, SF_TABLE_UNIX, &reply);
	assert_list(&view, SF_FIELD_UNIX_PENDING_INODES, (const uint64_t[]){0});
}

/* ---- netlink ---- */

static void groups_are_numbers_from_1(void **state)
{
	static const struct sf_netlink_msg msg = {
		.family = AF_NETLINK, .type = SOCK_RAW, .protocol = 16, .state = 1, .portid = 77, .ino = 5};
	static const uint8_t groups[16] = {0x01, 0x80, [8] = 0x02, [15] = 0x80};
	static const uint32_t flags = 1 << 1 | 1 << 5 | 1 << 6;
	struct reply reply;
	struct sf_view view;
	(void)state;

	begin(&reply, &msg, sizeof(msg));
	reply_add(&reply, 1, groups, sizeof(groups));
	reply_add(&reply, 4, &flags, sizeof(flags));
	index_as(&view, SF_TABLE_NETLINK, &reply);
	assert_list(&view, SF_FIELD_NETLINK_GROUPS, (const uint64_t[]){1, 16, 66, 128, 0});
	assert_int_equal(number(&view, SF_FIELD_NETLINK_FLAGS), flags);
	assert_string_equal(word(&view, SF_FIELD_PROTOCOL), "generic");
	assert_string_equal(word(&view, SF_FIELD_NETLINK_STATE), "connected");
	assert_int_equal(number(&view, SF_FIELD_NETLINK_PORTID), 77);
	assert_int_equal(sf_view_state(&view), SF_IDLE);
	assert_false(has(&view, SF_FIELD_STATE));
	assert_false(has(&view, SF_FIELD_UID));
}

static void protocols_of_each_table_have_their_own_words(void **state)
{
	const struct sf_words *words = sf_fields[SF_FIELD_PROTOCOL].words;
	struct sf_netlink_msg netlink = {.protocol = 4};
	struct sf_packet_msg packet = {.num = 0x800};
	struct reply reply;
	struct sf_view view;
	(void)state;

	begin(&reply, &netlink, sizeof(netlink));
	index_as(&view, SF_TABLE_NETLINK, &reply);
	assert_string_equal(word(&view, SF_FIELD_PROTOCOL), "sock_diag");
	begin(&reply, &packet, sizeof(packet));
	index_as(&view, SF_TABLE_PACKET, &reply);
	assert_string_equal(word(&view, SF_FIELD_PROTOCOL), "ip");
	packet.num = 0x1234;
	begin(&reply, &packet, sizeof(packet));
	index_as(&view, SF_TABLE_PACKET, &reply);
	assert_null(word(&view, SF_FIELD_PROTOCOL));
	assert_int_equal(sf_word_unknown(words, number(&view, SF_FIELD_PROTOCOL)), 0x1234);
}

/* ---- packet ---- */

static void memberships_are_lists_side_by_side(void **state)
{
	static const struct sf_packet_msg msg = {.family = AF_PACKET, .type = SOCK_DGRAM, .num = 3, .ino = 5};
	static const struct sf_packet_info info = {.index = 2, .reserve = 16, .flags = 1 | 1 << 4, .tstamp = 1 << 6};
	static const struct sf_packet_mclist members[] = {
		{.index = 2, .count = 1, .type = 0, .alen = 6, .addr = {1, 0, 0x5e}},
		{.index = 3, .count = 2, .type = 1},
		{.index = 4, .count = 3, .type = 9, .alen = 99}};
	static const uint32_t fanout = 77 | 3 << 16;
	struct sf_value list, element;
	struct reply reply;
	struct sf_view view;
	uint32_t at = 0;
	(void)state;

	begin(&reply, &msg, sizeof(msg));
	reply_add(&reply, 0, &info, sizeof(info));
	reply_add(&reply, 1, members, sizeof(members));
	reply_add(&reply, 4, &fanout, sizeof(fanout));
	reply_add(&reply, 7, "\1\2\3\4\5\6\7\10\1\2\3\4\5\6\7\10", 16);
	index_as(&view, SF_TABLE_PACKET, &reply);
	assert_list(&view, SF_FIELD_PACKET_MCLIST_INDEX, (const uint64_t[]){2, 3, 4, 0});
	assert_list(&view, SF_FIELD_PACKET_MCLIST_COUNT, (const uint64_t[]){1, 2, 3, 0});
	assert_int_equal(sf_field_read(&sf_fields[SF_FIELD_PACKET_MCLIST_ADDR], &view, &list), SF_PRESENT);
	for (unsigned i = 0; i < 3; i++) {
		static const unsigned lengths[] = {6, 0, 32};

		assert_true(sf_list_next(&sf_fields[SF_FIELD_PACKET_MCLIST_ADDR], &list, &at, &element));
		assert_int_equal(element.length, lengths[i]);
	}
	assert_false(sf_list_next(&sf_fields[SF_FIELD_PACKET_MCLIST_ADDR], &list, &at, &element));
	assert_int_equal(number(&view, SF_FIELD_INTERFACE_INDEX), 2);
	assert_int_equal(number(&view, SF_FIELD_PACKET_FANOUT_ID), 77);
	assert_string_equal(word(&view, SF_FIELD_PACKET_FANOUT_TYPE), "rollover");
	assert_int_equal(number(&view, SF_FIELD_PACKET_FILTER_LENGTH), 2);
	assert_int_equal(number(&view, SF_FIELD_PACKET_RESERVE), 16);
	assert_false(has(&view, SF_FIELD_PACKET_RX_RING_BLOCK_NR));
}

static void a_filter_that_is_not_shown_has_no_length(void **state)
{
	static const struct sf_packet_msg msg = {.family = AF_PACKET};
	struct reply reply;
	struct sf_view view;
	(void)state;

	begin(&reply, &msg, sizeof(msg));
	reply_add(&reply, 7, NULL, 0); /* without CAP_NET_ADMIN */
	index_as(&view, SF_TABLE_PACKET, &reply);
	assert_false(has(&view, SF_FIELD_PACKET_FILTER_LENGTH));
	assert_false(has(&view, SF_FIELD_INTERFACE_INDEX));
}

/* ---- vsock, xdp ---- */

static void any_end_of_vsock_is_null(void **state)
{
	static const struct sf_vsock_msg msg = {.family = AF_VSOCK, .type = SOCK_STREAM, .state = SF_LISTEN, .shutdown = 3,
						.src_cid = UINT32_MAX, .src_port = 1024, .dst_cid = UINT32_MAX, .dst_port = UINT32_MAX,
						.ino = 9, .cookie = {1, 0}};
	struct sf_value value;
	struct reply reply;
	struct sf_view view;
	(void)state;

	begin(&reply, &msg, sizeof(msg));
	index_as(&view, SF_TABLE_VSOCK, &reply);
	assert_int_equal(sf_field_read(&sf_fields[SF_FIELD_VSOCK_SRC_CID], &view, &value), SF_NULL);
	assert_int_equal(sf_field_read(&sf_fields[SF_FIELD_VSOCK_DST_PORT], &view, &value), SF_NULL);
	assert_int_equal(number(&view, SF_FIELD_VSOCK_SRC_PORT), 1024);
	assert_string_equal(word(&view, SF_FIELD_SHUTDOWN), "both");
	assert_string_equal(word(&view, SF_FIELD_STATE), "listening");
	assert_int_equal(number(&view, SF_FIELD_INODE), 9);
}

static void xdp_says_its_rings_and_memory(void **state)
{
	static const struct sf_xdp_msg msg = {.family = 44 /* AF_XDP */, .type = SOCK_RAW, .ino = 4, .cookie = {3, 0}};
	static const struct sf_xdp_info info = {.ifindex = 6, .queue_id = 1};
	static const struct sf_xdp_umem umem = {.size = 1ull << 33, .chunk_size = 2048, .flags = 1, .refs = 2};
	static const struct sf_xdp_stats stats = {.n_rx_full = 1ull << 40};
	static const uint32_t entries = 512, uid = 7;
	struct reply reply;
	struct sf_view view;
	(void)state;

	begin(&reply, &msg, sizeof(msg));
	reply_add(&reply, 1, &info, sizeof(info));
	reply_add(&reply, 2, &uid, sizeof(uid));
	reply_add(&reply, 3, &entries, sizeof(entries));
	reply_add(&reply, 5, &umem, sizeof(umem));
	reply_add(&reply, 7, &entries, sizeof(entries));
	reply_add(&reply, 9, &stats, sizeof(stats));
	index_as(&view, SF_TABLE_XDP, &reply);
	assert_int_equal(number(&view, SF_FIELD_XDP_IFINDEX), 6);
	assert_int_equal(number(&view, SF_FIELD_XDP_UMEM_SIZE), 1ull << 33);
	assert_int_equal(number(&view, SF_FIELD_XDP_RX_RING), 512);
	assert_int_equal(number(&view, SF_FIELD_XDP_UMEM_COMPLETION), 512);
	assert_int_equal(number(&view, SF_FIELD_XDP_N_RX_FULL), 1ull << 40);
	assert_int_equal(number(&view, SF_FIELD_UID), 7);
	assert_false(has(&view, SF_FIELD_XDP_TX_RING));
	assert_false(has(&view, SF_FIELD_INTERFACE_INDEX)); /* it is xdp.ifindex */
}

/* ---- tipc: nests, no header ---- */

static void tipc_says_its_nests(void **state)
{
	struct reply reply;
	struct sf_view view;
	(void)state;

	make_tipc(&reply, true);
	index_as(&view, SF_TABLE_TIPC, &reply);
	assert_string_equal(word(&view, SF_FIELD_STATE), "established");
	assert_string_equal(word(&view, SF_FIELD_FAMILY), "tipc");
	assert_string_equal(word(&view, SF_FIELD_SOCKET_TYPE), "seqpacket");
	assert_int_equal(number(&view, SF_FIELD_TIPC_CON_SOCK), 43);
	assert_int_equal(number(&view, SF_FIELD_TIPC_CON_FLAG), 1);
	assert_int_equal(number(&view, SF_FIELD_TIPC_HAS_PUBL), 0);
	assert_int_equal(number(&view, SF_FIELD_TIPC_STAT_RCVQ), 2);
	assert_int_equal(number(&view, SF_FIELD_TIPC_STAT_CONN_CONG), 1);
	assert_int_equal(number(&view, SF_FIELD_TIPC_STAT_LINK_CONG), 0);
	assert_int_equal(number(&view, SF_FIELD_UID), 5);
	assert_int_equal(number(&view, SF_FIELD_INODE), 8);
	assert_int_equal(sf_view_cookie(&view), 0x123456789aull);
	assert_false(has(&view, SF_FIELD_TIPC_GROUP_OPEN));

	make_tipc(&reply, false);
	index_as(&view, SF_TABLE_TIPC, &reply);
	assert_string_equal(word(&view, SF_FIELD_STATE), "listening");
	assert_int_equal(number(&view, SF_FIELD_TIPC_HAS_PUBL), 1);
	assert_false(has(&view, SF_FIELD_TIPC_CON_FLAG));
	assert_false(has(&view, SF_FIELD_TIPC_CON_NODE));
}

static void a_tipc_answer_without_its_nest_is_refused(void **state)
{
	struct sf_view view = {.table = SF_TABLE_TIPC};
	struct reply reply = {.length = 0};
	(void)state;

	assert_int_equal(sf_view_index(&view, reply.bytes, 0), -EBADMSG);
	reply_add(&reply, 1, "abcd", 4);
	assert_int_equal(sf_view_index(&view, reply.bytes, reply.length), -EBADMSG);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_is_a_path_or_begins_with_nul),
		cmocka_unit_test(unconnected_datagrams_are_idle_and_streams_are_not),
		cmocka_unit_test(a_listener_says_who_waits),
		cmocka_unit_test(groups_are_numbers_from_1),
		cmocka_unit_test(protocols_of_each_table_have_their_own_words),
		cmocka_unit_test(memberships_are_lists_side_by_side),
		cmocka_unit_test(a_filter_that_is_not_shown_has_no_length),
		cmocka_unit_test(any_end_of_vsock_is_null),
		cmocka_unit_test(xdp_says_its_rings_and_memory),
		cmocka_unit_test(tipc_says_its_nests),
		cmocka_unit_test(a_tipc_answer_without_its_nest_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
