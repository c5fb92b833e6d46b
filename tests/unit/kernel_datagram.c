/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The room `kernel`: what one datagram says is read to its last message, and nothing that was not meant for us counts.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
#include <limits.h>

#include <sockfeed/kernel.h>

#include "answers.h"

enum { SEQUENCE = 7, PORT = 4242 };

struct replies {
	unsigned count;
	uint64_t cookies[16];
	int end_with; /* returned by the last of them */
};

static int take(void *arg, struct sf_view *view)
{
	struct replies *replies = arg;

	assert_true(replies->count < 16);
	assert_int_equal(view->table, SF_TABLE_TCP);
	assert_int_equal(view->release, 0x060100);
	replies->cookies[replies->count++] = sf_view_cookie(view);
	return replies->end_with;
}

static struct sf_datagram datagram(struct replies *replies)
{
	return (struct sf_datagram){
		.sequence = SEQUENCE, .port = PORT, .table = SF_TABLE_TCP, .release = 0x060100, .reply = take, .arg = replies};
}

static int read_all(const struct answers *answers, struct replies *replies)
{
	struct sf_datagram d = datagram(replies);

	return sf_datagram_read(&d, answers->bytes, answers->length);
}

static void every_socket_of_a_datagram_is_handed_out(void **state)
{
	struct answers a = {.sequence = SEQUENCE, .port = PORT};
	struct replies replies = {0};
	(void)state;

	add_socket(&a, 11);
	add_socket(&a, 12)->nlmsg_type = LEGACY_ANSWER;
	assert_int_equal(read_all(&a, &replies), 0);
	add_socket(&a, 1ull << 63);
	add_number(&a, NLMSG_DONE, 0);
	replies.count = 0;
	assert_int_equal(read_all(&a, &replies), 1);
	assert_int_equal(replies.count, 3);
	assert_int_equal(replies.cookies[0], 11);
	assert_int_equal(replies.cookies[1], 12);
	assert_true(replies.cookies[2] == 1ull << 63);
}

static void an_empty_datagram_is_no_end(void **state)
{
	struct answers a = {.sequence = SEQUENCE, .port = PORT};
	struct replies replies = {0};
	(void)state;

	assert_int_equal(read_all(&a, &replies), 0);
}

static void the_number_inside_done_is_the_result(void **state)
{
	(void)state;

	for (int i = 0; i < 3; i++) {
		const int numbers[] = {-ENOENT, 0, 5}, results[] = {-ENOENT, 1, 1};
		struct answers a = {.sequence = SEQUENCE, .port = PORT};
		struct replies replies = {0};

		add_socket(&a, 1);
		add_number(&a, NLMSG_DONE, numbers[i]);
		add_socket(&a, 2);
		assert_int_equal(read_all(&a, &replies), results[i]);
		assert_int_equal(replies.count, 1); /* nothing counts behind the end */
	}
}

static void a_done_that_is_cut_short_is_malformed(void **state)
{
	(void)state;

	for (size_t length = 0; length < sizeof(int); length++) {
		struct answers a = {.sequence = SEQUENCE, .port = PORT};
		struct replies replies = {0};

		add_message(&a, NLMSG_DONE, "\0\0\0", length);
		assert_int_equal(read_all(&a, &replies), -EBADMSG);
		a.length = 0;
		add_message(&a, NLMSG_ERROR, "\0\0\0", length);
		assert_int_equal(read_all(&a, &replies), -EBADMSG);
	}
}

static void a_number_that_is_no_errno_is_malformed(void **state)
{
	(void)state;

	for (int i = 0; i < 3; i++) {
		const int numbers[] = {-4095, -4096, INT_MIN}, results[] = {-4095, -EBADMSG, -EBADMSG};
		struct answers a = {.sequence = SEQUENCE, .port = PORT};
		struct replies replies = {0};

		add_number(&a, NLMSG_DONE, numbers[i]);
		assert_int_equal(read_all(&a, &replies), results[i]);
	}
}

static void an_error_is_returned_and_an_acknowledgement_is_none(void **state)
{
	struct answers a = {.sequence = SEQUENCE, .port = PORT};
	struct replies replies = {0};
	struct nlmsgerr error = {.error = -EOPNOTSUPP};
	(void)state;

	add_message(&a, NLMSG_ERROR, &error, sizeof(error));
	assert_int_equal(read_all(&a, &replies), -EOPNOTSUPP);
	error.error = 0;
	a.length = 0;
	add_message(&a, NLMSG_ERROR, &error, sizeof(error));
	add_socket(&a, 1);
	assert_int_equal(read_all(&a, &replies), 0);
	assert_int_equal(replies.count, 1);
}

static void data_that_the_kernel_says_it_lost_are_an_error(void **state)
{
	struct answers a = {.sequence = SEQUENCE, .port = PORT};
	struct replies replies = {0};
	(void)state;

	add_number(&a, NLMSG_OVERRUN, 0);
	assert_int_equal(read_all(&a, &replies), -ENOBUFS);
}

static void what_belongs_to_others_is_passed_over(void **state)
{
	struct answers a = {.sequence = SEQUENCE, .port = PORT};
	struct replies replies = {0};
	(void)state;

	add_socket(&a, 1)->nlmsg_seq = SEQUENCE - 1;
	add_socket(&a, 2)->nlmsg_pid = PORT + 1;
	add_socket(&a, 3)->nlmsg_pid = 0;
	add_number(&a, NLMSG_DONE, -EPERM)->nlmsg_seq = SEQUENCE + 1;
	add_number(&a, NLMSG_ERROR, -EPERM)->nlmsg_pid = 1;
	assert_int_equal(read_all(&a, &replies), 0);
	assert_int_equal(replies.count, 0);
	add_socket(&a, 4);
	assert_int_equal(read_all(&a, &replies), 0);
	assert_int_equal(replies.count, 1);
	assert_int_equal(replies.cookies[0], 4);
}

static void types_that_are_not_ours_are_passed_over(void **state)
{
	struct answers a = {.sequence = SEQUENCE, .port = PORT};
	struct replies replies = {0};
	(void)state;

	add_message(&a, NLMSG_NOOP, NULL, 0);
	add_socket(&a, 1)->nlmsg_type = ANSWER + 1; /* SOCK_DESTROY */
	add_socket(&a, 2)->nlmsg_type = 0xffff;
	add_socket(&a, 3);
	assert_int_equal(read_all(&a, &replies), 0);
	assert_int_equal(replies.count, 1);
	assert_int_equal(replies.cookies[0], 3);
}

static void a_table_that_changed_during_the_dump_is_noticed(void **state)
{
	struct answers a = {.sequence = SEQUENCE, .port = PORT};
	struct replies replies = {0};
	struct sf_datagram d = datagram(&replies);
	(void)state;

	add_socket(&a, 1);
	add_socket(&a, 2)->nlmsg_seq = SEQUENCE + 1;
	((struct nlmsghdr *)(void *)(a.bytes + a.length / 2))->nlmsg_flags |= NLM_F_DUMP_INTR;
	assert_int_equal(sf_datagram_read(&d, a.bytes, a.length), 0);
	assert_false(d.interrupted); /* another's */
	add_number(&a, NLMSG_DONE, 0)->nlmsg_flags |= NLM_F_DUMP_INTR;
	assert_int_equal(sf_datagram_read(&d, a.bytes, a.length), 1);
	assert_true(d.interrupted);
}

/* Every length of a datagram of two sockets: what is whole is handed out, the rest is never read. */
static void a_datagram_that_was_cut_is_malformed(void **state)
{
	struct answers a = {.sequence = SEQUENCE, .port = PORT};
	size_t one;
	(void)state;

	add_socket(&a, 1);
	one = a.length;
	add_socket(&a, 2);
	for (size_t length = 0; length <= a.length; length++) {
		void *exactly = malloc(length ? length : 1); /* a sanitizer sees a byte too many */
		struct replies replies = {0};
		struct sf_datagram d = datagram(&replies);
		int r;

		memcpy(exactly, a.bytes, length);
		r = sf_datagram_read(&d, exactly, length);
		assert_int_equal(r, length % one ? -EBADMSG : 0);
		assert_int_equal(replies.count, length / one);
		free(exactly);
	}
}

/* In memory of just that size: a sanitizer sees a byte too many. */
static void check_length(uint32_t length, uint32_t sequence)
{
	struct answers a = {.sequence = sequence, .port = PORT};
	struct replies replies = {0};
	struct sf_datagram d = datagram(&replies);
	void *exactly;

	add_socket(&a, 1)->nlmsg_len = length;
	a.length = NLMSG_HDRLEN + sizeof(struct sf_inet_msg);
	exactly = malloc(a.length);
	memcpy(exactly, a.bytes, a.length);
	assert_int_equal(sf_datagram_read(&d, exactly, a.length), -EBADMSG);
	assert_int_equal(replies.count, 0);
	free(exactly);
}

static void a_length_that_lies_is_malformed(void **state)
{
	const uint32_t lies[] = {0, 1, NLMSG_HDRLEN - 1, NLMSG_HDRLEN, NLMSG_HDRLEN + 73, 0x7fffffff, 0x80000000,
				 0xffff01fc, 0xffffffff};
	(void)state;

	check_length(NLMSG_HDRLEN + sizeof(struct sf_inet_msg) - 1, SEQUENCE);
	for (size_t i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		check_length(lies[i], SEQUENCE);
		check_length(lies[i], SEQUENCE + 1); /* also where the message itself is passed over */
	}
}

static void who_takes_the_replies_may_end_the_reading(void **state)
{
	struct answers a = {.sequence = SEQUENCE, .port = PORT};
	struct replies replies = {.end_with = -ECANCELED};
	(void)state;

	add_socket(&a, 1);
	add_socket(&a, 2);
	assert_int_equal(read_all(&a, &replies), -ECANCELED);
	assert_int_equal(replies.count, 1);
}

static int take_for_another_table(void *arg, struct sf_view *view)
{
	assert_int_equal(view->table, SF_TABLE_TCP);
	view->table = SF_TABLE_UDP; /* as that of an event, which says its table itself */
	(*(unsigned *)arg)++;
	return 0;
}

static void a_reply_is_read_as_if_none_came_before_it(void **state)
{
	struct answers a = {.sequence = SEQUENCE, .port = PORT};
	unsigned count = 0;
	struct sf_datagram d = {.sequence = SEQUENCE,
				.port = PORT,
				.table = SF_TABLE_TCP,
				.reply = take_for_another_table,
				.arg = &count};
	(void)state;

	add_socket(&a, 11);
	add_socket(&a, 12);
	assert_int_equal(sf_datagram_read(&d, a.bytes, a.length), 0);
	assert_int_equal(count, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_socket_of_a_datagram_is_handed_out),
		cmocka_unit_test(a_reply_is_read_as_if_none_came_before_it),
		cmocka_unit_test(an_empty_datagram_is_no_end),
		cmocka_unit_test(the_number_inside_done_is_the_result),
		cmocka_unit_test(a_done_that_is_cut_short_is_malformed),
		cmocka_unit_test(a_number_that_is_no_errno_is_malformed),
		cmocka_unit_test(an_error_is_returned_and_an_acknowledgement_is_none),
		cmocka_unit_test(data_that_the_kernel_says_it_lost_are_an_error),
		cmocka_unit_test(what_belongs_to_others_is_passed_over),
		cmocka_unit_test(types_that_are_not_ours_are_passed_over),
		cmocka_unit_test(a_table_that_changed_during_the_dump_is_noticed),
		cmocka_unit_test(a_datagram_that_was_cut_is_malformed),
		cmocka_unit_test(a_length_that_lies_is_malformed),
		cmocka_unit_test(who_takes_the_replies_may_end_the_reading),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
