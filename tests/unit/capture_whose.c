/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The room `capture`, reading: whose answers are taken from a file in which many ask.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "dumps.h"

static void what_others_ask_and_are_told_is_passed_over(void **state)
{
	struct answers *a = answer(1, PORT);
	struct replayed r;
	(void)state;

	begin(false, MICRO);
	made_request(&made, INET, UDP, 1);
	add_socket(a, 100);
	made_answers(&made, a);
	made_request(&made, 1, 0, 3); /* unix */
	dump(INET, 2, 10, 1);
	add_socket(answer(1, PORT), 101); /* UDP goes on */
	made_answers(&made, a);
	add_socket(answer(0, 0), 102); /* an event */
	made_answers(&made, a);
	add_socket(answer(9, PORT), 103); /* whose request was not captured */
	made_answers(&made, a);
	add_number(answer(1, PORT), NLMSG_DONE, -ENOENT); /* UDP fails */
	made_answers(&made, a);
	r = replay_made();
	check_whole(&r, 1, (const uint64_t[]){10});
	assert_int_equal(r.walk.dumps, 1);
}

/* ss calls every request 123456 and does not say who it is. */
static void programs_that_use_the_same_sequence_are_told_apart(void **state)
{
	struct answers *a = answer(123456, 1000);
	struct replayed r;
	(void)state;

	begin(false, MICRO);
	made_request(&made, INET, TCP, 123456);	 /* of 1000 */
	made_request(&made, INET, UDP, 123456);	 /* of 2000 */
	add_socket(a, 1);
	made_answers(&made, a);
	add_socket(answer(123456, 2000), 2);
	made_answers(&made, a);
	add_socket(answer(123456, 1000), 3);
	made_answers(&made, a);
	add_number(answer(123456, 2000), NLMSG_DONE, 0);
	made_answers(&made, a);
	made_request(&made, INET6, UDP, 123456); /* of 2000, again */
	add_number(answer(123456, 1000), NLMSG_DONE, 0);
	made_answers(&made, a);
	add_socket(answer(123456, 2000), 4);
	((struct sf_inet_msg *)NLMSG_DATA((struct nlmsghdr *)(void *)a->bytes))->family = INET6;
	made_answers(&made, a);
	r = replay_made();
	check_whole(&r, 2, (const uint64_t[]){1, 3});
}

static void the_family_tells_requests_of_one_sequence_apart(void **state)
{
	struct answers *a = answer(123456, 1000);
	struct replayed r;
	(void)state;

	begin(false, MICRO);
	made_request(&made, INET6, UDP, 123456);
	made_request(&made, INET, TCP, 123456);
	add_socket(a, 1);
	add_number(a, NLMSG_DONE, 0);
	made_answers(&made, a);
	r = replay_made();
	check_whole(&r, 1, (const uint64_t[]){1});
}

/* A request names MPTCP by an attribute, and its low byte is TCP's. */
static void an_mptcp_request_is_no_tcp_request(void **state)
{
	struct {
		struct nlmsghdr header;
		struct inet_diag_req_v2 request;
		uint16_t length, type;
		uint32_t protocol;
	} bytes = {{sizeof(bytes), ANSWER, NLM_F_REQUEST | NLM_F_DUMP, 1, 0}, {INET, TCP}, 8, INET_DIAG_REQ_PROTOCOL, 262};
	struct answers *a = answer(1, PORT);
	struct replayed r;
	(void)state;

	begin(false, MICRO);
	made_packet(&made, SOCK_DIAG, &bytes, sizeof(bytes));
	add_socket(a, 1);
	add_number(a, NLMSG_DONE, 0);
	made_answers(&made, a);
	dump(INET, 2, 10, 1);
	r = replay_made();
	check_whole(&r, 1, (const uint64_t[]){10});
	r = (struct replayed){.table = SF_TABLE_MPTCP};
	replay(&r, made.bytes, made.length, 0);
	check_whole(&r, 1, (const uint64_t[]){1});
	r = (struct replayed){.table = SF_TABLE_UDP};
	replay(&r, made.bytes, made.length, 0);
	check_failed(&r, ENOENT, "the capture has no request for udp");
}

static void more_requests_than_are_remembered_push_out_the_oldest(void **state)
{
	struct replayed r;
	(void)state;

	begin(false, MICRO);
	for (uint32_t i = 0; i < 200; i++)
		made_request(&made, INET, UDP, 1000 + i);
	dump(INET, 1, 10, 2);
	r = replay_made();
	check_whole(&r, 2, (const uint64_t[]){10, 11});
}

static void a_socket_that_a_dump_shows_twice_is_handed_out_once(void **state)
{
	struct answers *a = answer(1, PORT);
	struct replayed r;
	(void)state;

	begin(false, MICRO);
	made_request(&made, INET, TCP, 1);
	add_socket(a, 10);
	add_socket(a, 11);
	made_answers(&made, a);
	add_socket(answer(1, PORT), 10);
	add_number(a, NLMSG_DONE, 0);
	made_answers(&made, a);
	r = replay_made();
	check_whole(&r, 2, (const uint64_t[]){10, 11});
	assert_int_equal(r.walk.duplicates, 1);
}

static void a_socket_that_was_asked_for_twice_is_handed_out_twice(void **state)
{
	struct replayed r;
	(void)state;

	begin(false, MICRO);
	dump(INET, 1, 10, 2);
	dump(INET, 2, 11, 2);
	r = replay_made();
	check_whole(&r, 4, (const uint64_t[]){10, 11, 11, 12});
	assert_int_equal(r.walk.duplicates, 0);
}

static void a_lookup_of_one_socket_has_no_end(void **state)
{
	struct replayed r;
	(void)state;

	begin(false, MICRO);
	made_request(&made, INET, TCP, 5);
	((struct nlmsghdr *)(void *)(made.bytes + made.length - 72))->nlmsg_flags = NLM_F_REQUEST;
	add_socket(answer(5, PORT), 1);
	made_answers(&made, &answers);
	r = replay_made();
	check_whole(&r, 1, (const uint64_t[]){1});
	assert_int_equal(r.walk.dumps, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_others_ask_and_are_told_is_passed_over),
		cmocka_unit_test(programs_that_use_the_same_sequence_are_told_apart),
		cmocka_unit_test(the_family_tells_requests_of_one_sequence_apart),
		cmocka_unit_test(an_mptcp_request_is_no_tcp_request),
		cmocka_unit_test(more_requests_than_are_remembered_push_out_the_oldest),
		cmocka_unit_test(a_socket_that_a_dump_shows_twice_is_handed_out_once),
		cmocka_unit_test(a_socket_that_was_asked_for_twice_is_handed_out_twice),
		cmocka_unit_test(a_lookup_of_one_socket_has_no_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
