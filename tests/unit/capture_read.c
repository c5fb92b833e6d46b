/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The room `capture`, reading: what is read of files of all forms, and what they say that the kernel refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "dumps.h"

static void both_families_come_out_of_a_capture(void **state)
{
	struct replayed r;
	(void)state;

	begin(false, MICRO);
	dump(INET, 1, 10, 2);
	dump(INET6, 2, 20, 1);
	r = replay_made();
	check_whole(&r, 3, (const uint64_t[]){10, 11, 20});
	assert_int_equal(r.walk.dumps, 2);
	assert_true(r.wall_us == 6250000);
	assert_int_equal(r.release, 0x061200);
	assert_int_equal(r.netns, 0);
	assert_string_equal(r.host.name, "");
}

static void heads_of_the_other_byte_order_and_nanoseconds_are_read(void **state)
{
	(void)state;

	for (int i = 0; i < 4; i++) {
		struct replayed r;

		begin(i & 1, i & 2 ? NANO : MICRO);
		dump(INET, 1, 10, 2);
		r = replay_made();
		check_whole(&r, 2, (const uint64_t[]){10, 11});
		assert_true(r.wall_us == (i & 2 ? 3000250 : 3250000));
	}
}

static void a_packet_of_any_length_may_stand_before(void **state)
{
	uint8_t other[8] = {0};
	(void)state;

	for (size_t length = 0; length < sizeof(other); length++) {
		struct replayed r;

		begin(false, MICRO);
		made_packet(&made, 0, other, length); /* NETLINK_ROUTE */
		dump(INET, 1, 10, 2);
		r = replay_made();
		check_whole(&r, 2, (const uint64_t[]){10, 11});
	}
}

static void the_older_form_of_request_brings_both_families(void **state)
{
	struct answers *a = answer(7, PORT);
	struct replayed r;
	(void)state;

	begin(false, MICRO);
	made_legacy(&made, 7);
	add_socket(a, 1)->nlmsg_type = LEGACY_ANSWER;
	add_socket(a, 2)->nlmsg_type = LEGACY_ANSWER;
	((struct sf_inet_msg *)(void *)(a->bytes + a->length - sizeof(struct sf_inet_msg)))->family = INET6;
	add_number(a, NLMSG_DONE, 0);
	made_answers(&made, a);
	r = replay_made();
	check_whole(&r, 2, (const uint64_t[]){1, 2});
	assert_int_equal(r.walk.dumps, 1);
}

static void the_note_says_whose_sockets_they_are(void **state)
{
	struct replayed r;
	(void)state;

	begin(false, MICRO);
	made_note(&made, "sockfeed 1 kernel=6.1.0-13-amd64 host=w%C3%A9b%201 id=abc boot_id=0-1 netns=4026531840 later=x");
	dump(INET, 1, 10, 1);
	r = replay_made();
	check_whole(&r, 1, (const uint64_t[]){10});
	assert_string_equal(r.host.kernel, "6.1.0-13-amd64");
	assert_int_equal(r.host.release, 0x060100);
	assert_string_equal(r.host.name, "w\xc3\xa9" "b 1");
	assert_string_equal(r.host.id, "abc");
	assert_string_equal(r.host.boot_id, "0-1");
	assert_true(r.netns == 4026531840);
}

static void a_word_of_the_note_that_cannot_be_is_passed_over(void **state)
{
	static const char *const notes[] = {
		"sockfeed 1 kernel=", "sockfeed 1 kernel", "sockfeed 1 =6.1", "sockfeed 1 kernel=%00", "sockfeed 1 kernel=6%",
		"sockfeed 1 kernel=%zz", "sockfeed 1 kernel=6/1", "sockfeed 1", "sockfeed 1 ", "sockfeed 1  kernel=%6",
		"sockfeed 1 netns=99999999999999999999999", "sockfeed 1 netns=4294967296", "sockfeed 1 netns=1x",
		"sockfeed 1 kernel=0123456789012345678901234567890123456789012345678901234567890123456789",
		"sockfee 1 kernel=6.1", "sockfeed"};
	(void)state;

	for (size_t i = 0; i < SF_COUNT(notes); i++) {
		struct replayed r;

		begin(false, MICRO);
		made_note(&made, notes[i]);
		dump(INET, 1, 10, 1);
		r = replay_made();
		check_whole(&r, 1, (const uint64_t[]){10});
		assert_string_equal(r.host.kernel, "");
		assert_int_equal(r.host.release, 0);
		assert_int_equal(r.netns, 0);
	}
}

static void a_note_of_a_later_form_is_refused(void **state)
{
	struct replayed r;
	(void)state;

	begin(false, MICRO);
	made_note(&made, "sockfeed 2 kernel=6.1");
	r = replay_made();
	assert_int_equal(r.opened, -EPROTO);
	assert_non_null(strstr(r.err.text, "another version of sockfeed"));
}

static void each_namespace_has_its_own_answers(void **state)
{
	struct replayed r;
	(void)state;

	make_several();
	for (size_t at = 0; at < 3; at++) {
		r = replay_place(made.length, at);
		assert_int_equal(r.places, 3);
		assert_int_equal(r.result, 0);
		assert_int_equal(r.netns, 7 + at);
		assert_int_equal(r.sockets, at == 1 ? 2 : 1);
		assert_true(r.cookies[0] == 10 * (at + 1));
		assert_int_equal(r.walk.dumps, 1);
	}
}

static void a_dump_of_ss_is_read_beyond_its_first_end(void **state)
{
	struct replayed r;
	(void)state;

	make_ss_dump();
	r = replay_made();
	check_whole(&r, 3, (const uint64_t[]){1, 2, 3});
	assert_int_equal(r.walk.dumps, 2);
	assert_true(r.wall_us > 1700000000000000);
}

static void a_dump_of_ss_may_be_long(void **state)
{
	struct answers *a = answer(123456, PORT);
	struct replayed r;
	(void)state;

	made.length = 0;
	for (int round = 0; round < 3; round++) {
		a->length = 0;
		for (uint64_t i = 0; i < 700; i++)
			add_socket(a, 1 + i + 1000 * (uint64_t)round);
		made_add(&made, a->bytes, a->length);
	}
	add_number(answer(123456, PORT), NLMSG_DONE, 0);
	made_add(&made, a->bytes, a->length);
	r = replay_made();
	assert_int_equal(r.result, 0);
	assert_int_equal(r.sockets, 2100);
}

/* ---- what the kernel refused ---- */

static void refuse(uint8_t family, uint32_t sequence, int number)
{
	struct nlmsgerr error = {.error = number};

	if (family)
		made_request(&made, family, TCP, sequence);
	else
		made_legacy(&made, sequence);
	add_message(answer(sequence, PORT), NLMSG_ERROR, &error, sizeof(error));
	made_answers(&made, &answers);
}

static void a_refusal_is_told_as_the_kernel_told_it(void **state)
{
	struct replayed r;
	(void)state;

	begin(false, MICRO);
	refuse(INET, 1, -ENOENT);
	refuse(INET6, 2, -ENOENT);
	r = replay_made();
	check_failed(&r, ENOENT, "this kernel has no tcp_diag (modules inet_diag, tcp_diag)");
	check_sockets(&r, 0, NULL);
}

static void the_module_of_tipc_is_named_as_its_kernel_names_it(void **state)
{
	static const struct {
		uint32_t release;
		const char *message;
	} cases[] = {
		{0x060100, "this kernel has no diag (modules tipc, diag)"},
		{0x0608ff, "this kernel has no diag (modules tipc, diag)"},
		{0x060900, "this kernel has no tipc_diag (modules tipc, tipc_diag)"},
		{0, "this kernel has no tipc_diag (modules tipc, tipc_diag)"}, /* not known */
	};
	(void)state;

	for (size_t i = 0; i < SF_COUNT(cases); i++) {
		struct replayed r = {.table = SF_TABLE_TIPC};

		begin(false, MICRO);
		refuse(TIPC, 1, -ENOENT);
		replay(&r, made.bytes, made.length, cases[i].release);
		check_failed(&r, ENOENT, cases[i].message);
	}
}

static void a_refusal_does_not_count_when_another_form_has_worked(void **state)
{
	struct replayed r;
	(void)state;

	begin(false, MICRO);
	refuse(0, 1, -EOPNOTSUPP);
	dump(INET, 2, 10, 1);
	r = replay_made();
	check_failed(&r, EOPNOTSUPP, "this kernel has no tcp_diag (modules inet_diag, tcp_diag)"); /* IPv6 */
	dump(INET6, 3, 20, 1);
	r = replay_made();
	check_whole(&r, 2, (const uint64_t[]){10, 20});
}

static void a_table_that_nobody_asked_for_is_lacking(void **state)
{
	struct replayed r;
	(void)state;

	begin(false, MICRO);
	r = replay_made();
	check_failed(&r, ENOENT, "the capture has no request for tcp");
	add_socket(answer(5, PORT), 1);
	made_answers(&made, &answers);
	r = replay_made();
	check_failed(&r, ENOENT,
		     "the capture has no request for tcp, and answers without one: begin to capture before they are asked for");
}

static void who_takes_the_sockets_may_end_the_walk(void **state)
{
	struct replayed r = {.stop_with = -ETIME};
	(void)state;

	begin(false, MICRO);
	dump(INET, 1, 10, 2);
	replay(&r, made.bytes, made.length, 0);
	assert_int_equal(r.result, -ETIME);
	assert_int_equal(r.sockets, 0);
	assert_int_equal(r.walk.errors, 0);
	assert_true(r.walk.partial);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(both_families_come_out_of_a_capture),
		cmocka_unit_test(heads_of_the_other_byte_order_and_nanoseconds_are_read),
		cmocka_unit_test(a_packet_of_any_length_may_stand_before),
		cmocka_unit_test(the_older_form_of_request_brings_both_families),
		cmocka_unit_test(the_note_says_whose_sockets_they_are),
		cmocka_unit_test(a_word_of_the_note_that_cannot_be_is_passed_over),
		cmocka_unit_test(a_note_of_a_later_form_is_refused),
		cmocka_unit_test(a_refusal_is_told_as_the_kernel_told_it),
		cmocka_unit_test(the_module_of_tipc_is_named_as_its_kernel_names_it),
		cmocka_unit_test(a_refusal_does_not_count_when_another_form_has_worked),
		cmocka_unit_test(a_table_that_nobody_asked_for_is_lacking),
		cmocka_unit_test(who_takes_the_sockets_may_end_the_walk),
		cmocka_unit_test(each_namespace_has_its_own_answers),
		cmocka_unit_test(a_dump_of_ss_is_read_beyond_its_first_end),
		cmocka_unit_test(a_dump_of_ss_may_be_long),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
