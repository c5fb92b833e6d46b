/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables of the kernel: their words and states, and how an answer of each is indexed where that is not as for tcp.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include <sockfeed/socket.h>

#include "replies.h"

static uint32_t find(const char *word, bool *group)
{
	return sf_tables_find(word, strlen(word), group);
}

static void every_table_is_found_by_its_name_and_by_its_groups(void **state)
{
	sf_cleanup(sf_buf_finish) struct sf_buf list = {0};
	uint32_t inet = 0;
	bool group;
	(void)state;

	for (unsigned i = 0; i < SF_TABLE_COUNT; i++) {
		assert_int_equal(find(sf_tables[i].name, &group), 1u << i);
		assert_false(group);
		assert_string_equal(sf_word(sf_fields[SF_FIELD_TABLE].words, i), sf_tables[i].name);
		inet |= (uint32_t)(sf_tables[i].shape == SF_SHAPE_INET) << i;
	}
	assert_int_equal(find("all", &group), SF_TABLES_ALL);
	assert_true(group);
	assert_int_equal(find("inet", &group), inet);
	assert_true(group);
	assert_int_equal(find("tc", &group), 0);
	assert_int_equal(find("", &group), 0);
	assert_string_equal(sf_tables_near("udb", 3), "udp");
	sf_tables_list(&list);
	assert_non_null(strstr(list.data, "mptcp"));
	assert_non_null(strstr(list.data, "all"));
}

/* A filter over several tables has one set of states: cut to one table it must be what that table has. */
static void the_usual_states_of_all_tables_together_are_those_of_each(void **state)
{
	uint32_t usual = 0;
	(void)state;

	for (unsigned i = 0; i < SF_TABLE_COUNT; i++)
		usual |= sf_tables[i].usual;
	for (unsigned i = 0; i < SF_TABLE_COUNT; i++) {
		assert_int_equal(usual & sf_tables[i].known, sf_tables[i].usual);
		assert_true(sf_tables[i].usual);
	}
}

static void index_as(struct sf_view *view, enum sf_table table, const struct reply *reply)
{
	*view = (struct sf_view){.table = (uint8_t)table, .release = 0x061200};
	assert_int_equal(sf_view_index(view, reply->bytes, reply->length), 0);
}

static enum sf_presence get(const struct sf_view *view, enum sf_field_id id, uint64_t *number)
{
	struct sf_value value = {0};
	enum sf_presence presence = sf_field_read(&sf_fields[id], view, &value);

	*number = value.number;
	return presence;
}

static void a_state_of_7_is_bound_inactive_for_tcp_and_unconnected_elsewhere(void **state)
{
	struct sf_view view;
	struct reply reply;
	uint64_t number;
	(void)state;

	reply_begin(&reply, 10, SF_CLOSE);
	reply_header(&reply)->sport = 1;
	reply_add(&reply, SF_PART_V6ONLY, "\1", 1);
	for (unsigned i = 0; i < SF_TABLE_COUNT; i++) {
		bool tcp = i == SF_TABLE_TCP;

		if (sf_tables[i].shape != SF_SHAPE_INET)
			continue;
		index_as(&view, i, &reply);
		assert_int_equal(view.class, tcp ? SF_CLASS_BOUND : SF_CLASS_UNCONNECTED);
		assert_int_equal(sf_view_state(&view), tcp ? SF_BOUND_INACTIVE : SF_CLOSE);
		assert_int_equal(get(&view, SF_FIELD_STATE, &number), SF_PRESENT);
		assert_string_equal(sf_word(sf_fields[SF_FIELD_STATE].words, number),
				    tcp ? "bound-inactive" : "unconnected");
		assert_int_equal(get(&view, SF_FIELD_LOCAL_PORT, &number), SF_PRESENT);
		assert_int_equal(get(&view, SF_FIELD_PEER_PORT, &number), SF_ABSENT);
		assert_int_equal(get(&view, SF_FIELD_V6ONLY, &number), tcp ? SF_ABSENT : SF_PRESENT);
		assert_int_equal(get(&view, SF_FIELD_RECV_Q, &number), tcp ? SF_ABSENT : SF_PRESENT);
	}
}

static void no_number_of_a_newer_kernel_becomes_a_state_of_ours(void **state)
{
	struct sf_view view;
	struct reply reply;
	(void)state;

	for (unsigned i = 0; i < 256 * SF_TABLE_COUNT; i++) {
		uint8_t number = (uint8_t)(i / SF_TABLE_COUNT);

		if (sf_tables[i % SF_TABLE_COUNT].shape != SF_SHAPE_INET)
			continue;
		reply_begin(&reply, 2, number);
		index_as(&view, i % SF_TABLE_COUNT, &reply);
		if (number > SF_NEW_SYN_RECV && number < SF_STATE_COUNT)
			assert_true(sf_view_state(&view) == 0 || sf_view_state(&view) == number);
		if (sf_view_state(&view) < SF_STATE_COUNT)
			assert_false(1u << sf_view_state(&view) & ~SF_STATES_ASKED);
	}
}

static void the_protocol_of_a_raw_socket_is_what_came(void **state)
{
	struct sf_view view;
	struct reply reply;
	uint64_t number;
	(void)state;

	reply_begin(&reply, 2, SF_CLOSE);
	reply_add(&reply, SF_PART_PROTOCOL, "\1", 1);
	index_as(&view, SF_TABLE_RAW, &reply);
	assert_int_equal(get(&view, SF_FIELD_PROTOCOL, &number), SF_PRESENT);
	assert_string_equal(sf_word(sf_fields[SF_FIELD_PROTOCOL].words, number), "icmp");
	index_as(&view, SF_TABLE_UDP, &reply); /* which is asked for by it */
	get(&view, SF_FIELD_PROTOCOL, &number);
	assert_string_equal(sf_word(sf_fields[SF_FIELD_PROTOCOL].words, number), "udp");
}

/* ---- sctp ---- */

static void an_association_has_states_of_its_own(void **state)
{
	static const char *const words[] = {"unconnected",	"cookie-wait",	 "cookie-echoed",
					    "established",	"shutdown-pending", "shutdown-sent",
					    "shutdown-received", "shutdown-ack-sent"};
	static const uint8_t peer[128] = {2};
	struct sf_view view;
	struct reply reply;
	(void)state;

	for (uint8_t number = 0; number < SF_COUNT(words); number++) {
		reply_begin(&reply, 2, number);
		reply_add(&reply, SF_PART_PEERS, peer, sizeof(peer));
		index_as(&view, SF_TABLE_SCTP, &reply);
		assert_int_equal(view.class, SF_CLASS_FULL);
		assert_string_equal(sf_word(sf_fields[SF_FIELD_STATE].words, sf_view_state(&view)), words[number]);
		assert_true(sf_tables[SF_TABLE_SCTP].known >> sf_view_state(&view) & 1);
	}
	reply_begin(&reply, 2, SF_LISTEN); /* of an endpoint no peers come, and its state is a socket's */
	index_as(&view, SF_TABLE_SCTP, &reply);
	assert_int_equal(view.class, SF_CLASS_LISTENER);
}

static void associations_of_one_socket_are_told_apart(void **state)
{
	static const uint8_t peer[128] = {2};
	struct reply endpoint, one, other;
	struct sf_view a, b, c;
	(void)state;

	reply_begin(&endpoint, 2, SF_LISTEN);
	reply_begin(&one, 2, 3);
	reply_add(&one, SF_PART_PEERS, peer, sizeof(peer));
	reply_header(&endpoint)->cookie[0] = reply_header(&one)->cookie[0] = 77;
	other = one;
	reply_header(&other)->dport = 9;
	index_as(&a, SF_TABLE_SCTP, &endpoint);
	index_as(&b, SF_TABLE_SCTP, &one);
	index_as(&c, SF_TABLE_SCTP, &other);
	assert_int_equal(sf_view_cookie(&b), sf_view_cookie(&a));
	assert_int_equal(sf_view_identity(&a), 77);
	assert_true(sf_view_identity(&b) != sf_view_identity(&a));
	assert_true(sf_view_identity(&b) != sf_view_identity(&c));
	index_as(&a, SF_TABLE_SCTP, &one);
	assert_int_equal(sf_view_identity(&a), sf_view_identity(&b));
}

static void what_an_endpoint_cannot_say_is_absent(void **state)
{
	static const struct sf_sctp_info info = {.p_address = {10, 0, [23] = 1}, .instrms = 5, .s_nodelay = 1};
	static const uint8_t peer[128] = {2};
	struct sf_value value = {0};
	struct sf_view view;
	struct reply reply;
	uint64_t number;
	(void)state;

	reply_begin(&reply, 10, SF_LISTEN);
	reply_add(&reply, SF_PART_INFO, &info, sizeof(info));
	index_as(&view, SF_TABLE_SCTP, &reply);
	assert_int_equal(get(&view, SF_FIELD_SCTP_INSTRMS, &number), SF_ABSENT);
	assert_int_equal(get(&view, SF_FIELD_SCTP_S_NODELAY, &number), SF_PRESENT);
	assert_int_equal(number, 1);
	reply_add(&reply, SF_PART_PEERS, peer, sizeof(peer));
	index_as(&view, SF_TABLE_SCTP, &reply);
	assert_int_equal(get(&view, SF_FIELD_SCTP_INSTRMS, &number), SF_PRESENT);
	assert_int_equal(number, 5);
	assert_int_equal(sf_field_read(&sf_fields[SF_FIELD_SCTP_P_ADDRESS], &view, &value), SF_PRESENT);
	assert_int_equal(value.length, 16);
	assert_int_equal(value.bytes[15], 1);
}

/* ---- mptcp ---- */

/* 48 bytes end in padding where newer kernels have their first counter, 88 where the last ones begin. */
static void padding_at_the_end_of_an_older_kernels_struct_is_no_value(void **state)
{
	static const struct sf_mptcp_info info = {.retransmits = 1, .bytes_sent = 2, .last_data_sent = 3};
	static const struct {
		size_t length;
		bool retransmits, bytes_sent, last;
	} cases[] = {{40, false, false, false}, {48, false, false, false}, {80, true, true, false},
		     {88, true, true, false},	{96, true, true, true}};
	(void)state;

	for (size_t i = 0; i < SF_COUNT(cases); i++) {
		struct sf_view view;
		struct reply reply;
		uint64_t number;

		reply_begin(&reply, 2, SF_ESTABLISHED);
		reply_add(&reply, SF_PART_INFO, &info, cases[i].length);
		index_as(&view, SF_TABLE_MPTCP, &reply);
		assert_int_equal(get(&view, SF_FIELD_MPTCP_RETRANSMITS, &number) == SF_PRESENT,
				 cases[i].retransmits);
		assert_int_equal(get(&view, SF_FIELD_MPTCP_BYTES_SENT, &number) == SF_PRESENT, cases[i].bytes_sent);
		assert_int_equal(get(&view, SF_FIELD_MPTCP_LAST_DATA_SENT, &number) == SF_PRESENT, cases[i].last);
	}
}

/* What its namespace lets its connections have; later kernels leave zeros there, whatever that is. */
static void a_listener_has_limits_where_its_kernel_fills_them_in(void **state)
{
	static const struct sf_mptcp_info info = {.subflows_max = 2, .local_addr_max = 3, .token = 4, .csum_enabled = 1};
	static const struct {
		size_t length;
		bool subflows_max, local_addr_max;
	} cases[] = {{40, true, false}, {48, true, true}, {80, false, false}, {96, false, false}};
	(void)state;

	for (size_t i = 0; i < SF_COUNT(cases); i++) {
		struct sf_view view;
		struct reply reply;
		uint64_t number;

		reply_begin(&reply, 2, SF_LISTEN);
		reply_add(&reply, SF_PART_INFO, &info, cases[i].length);
		index_as(&view, SF_TABLE_MPTCP, &reply);
		assert_int_equal(get(&view, SF_FIELD_MPTCP_SUBFLOWS_MAX, &number) == SF_PRESENT, cases[i].subflows_max);
		assert_int_equal(get(&view, SF_FIELD_MPTCP_ADD_ADDR_SIGNAL_MAX, &number) == SF_PRESENT,
				 cases[i].subflows_max);
		assert_int_equal(get(&view, SF_FIELD_MPTCP_ADD_ADDR_ACCEPTED_MAX, &number) == SF_PRESENT,
				 cases[i].subflows_max);
		assert_int_equal(get(&view, SF_FIELD_MPTCP_LOCAL_ADDR_MAX, &number) == SF_PRESENT,
				 cases[i].local_addr_max);
		assert_int_equal(get(&view, SF_FIELD_MPTCP_CSUM_ENABLED, &number) == SF_PRESENT,
				 cases[i].local_addr_max);
		assert_int_equal(get(&view, SF_FIELD_MPTCP_SUBFLOWS, &number), SF_ABSENT);
		assert_int_equal(get(&view, SF_FIELD_MPTCP_TOKEN, &number), SF_ABSENT);
	}
}

static void a_field_of_another_table_is_absent_whatever_came(void **state)
{
	static const uint8_t bytes[512] = {1, 1, 1, 1};
	struct sf_view view;
	struct reply reply;
	uint64_t number;
	(void)state;

	reply_begin(&reply, 2, SF_ESTABLISHED);
	reply_add(&reply, SF_PART_SHUTDOWN, bytes, 1);
	reply_add(&reply, SF_PART_INFO, bytes, sizeof(bytes));
	for (unsigned i = 0; i < SF_TABLE_COUNT; i++) {
		if (sf_tables[i].shape != SF_SHAPE_INET)
			continue;
		index_as(&view, i, &reply);
		for (unsigned id = 0; id < SF_FIELD_COUNT; id++) {
			if (!(sf_fields[id].tables >> i & 1))
				assert_int_equal(get(&view, id, &number), SF_ABSENT);
		}
		assert_int_equal(get(&view, SF_FIELD_TCP_RTT, &number) == SF_PRESENT, i == SF_TABLE_TCP);
		assert_int_equal(get(&view, SF_FIELD_MPTCP_TOKEN, &number) == SF_PRESENT, i == SF_TABLE_MPTCP);
	}
}

/* Whoever has something ready for each class goes by it. */
static void an_answer_of_any_bytes_is_of_a_class_of_its_table(void **state)
{
	unsigned seed = 1;
	(void)state;

	for (unsigned i = 0; i < SF_TABLE_COUNT; i++) {
		unsigned indexed = 0;

		for (unsigned round = 0; round < 20000; round++) {
			struct sf_view view = {.table = (uint8_t)i, .release = 0x061200};
			struct reply reply = {.length = 4u * (unsigned)(rand_r(&seed) % 24)};

			for (size_t at = 0; at < reply.length; at++)
				reply.bytes[at] = (uint8_t)rand_r(&seed);
			if (i == SF_TABLE_SCTP && reply.length == sizeof(struct sf_inet_msg))
				reply_add(&reply, SF_PART_PEERS, reply.bytes, 4);
			if (i == SF_TABLE_TCP && round % 2)
				reply_add(&reply, SF_PART_SHUTDOWN, "", 1);
			if (sf_view_index(&view, reply.bytes, reply.length))
				continue;
			indexed++;
			assert_true(sf_table_classes(i) >> view.class & 1);
		}
		assert_true(indexed > 100 || i == SF_TABLE_TIPC);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_table_is_found_by_its_name_and_by_its_groups),
		cmocka_unit_test(the_usual_states_of_all_tables_together_are_those_of_each),
		cmocka_unit_test(a_state_of_7_is_bound_inactive_for_tcp_and_unconnected_elsewhere),
		cmocka_unit_test(no_number_of_a_newer_kernel_becomes_a_state_of_ours),
		cmocka_unit_test(the_protocol_of_a_raw_socket_is_what_came),
		cmocka_unit_test(an_association_has_states_of_its_own),
		cmocka_unit_test(associations_of_one_socket_are_told_apart),
		cmocka_unit_test(what_an_endpoint_cannot_say_is_absent),
		cmocka_unit_test(padding_at_the_end_of_an_older_kernels_struct_is_no_value),
		cmocka_unit_test(a_listener_has_limits_where_its_kernel_fills_them_in),
		cmocka_unit_test(a_field_of_another_table_is_absent_whatever_came),
		cmocka_unit_test(an_answer_of_any_bytes_is_of_a_class_of_its_table),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
