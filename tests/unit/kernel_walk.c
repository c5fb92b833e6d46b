/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The room `kernel`: what a walk makes of a kernel that refuses, fails, lies or lacks something.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "scripted.h"

static void one_legacy_dump_is_a_whole_walk(void **state)
{
	struct sf_walk w, v;

	os.answers[0][0] = (struct scripted){SOCKETS, .cookie = 1, .sockets = 3};
	os.answers[0][1] = (struct scripted){DONE, .cookie = 4, .sockets = 1};
	os.answers[1][0] = (struct scripted){DONE};
	assert_int_equal(walk(*state, &w), 0);
	assert_int_equal(w.dumps, 1);
	assert_int_equal(w.seen, 4);
	assert_int_equal(got.sockets, 4);
	assert_int_equal(got.receives, 2);
	assert_false(w.partial);
	assert_int_equal(w.errors, 0);
	assert_int_equal(walk(*state, &v), 0);
	assert_true(v.id > w.id && w.id > 0);
	assert_int_equal(v.seen, 0);
	assert_asked(2, (int[]){LEGACY, LEGACY});
}

static void a_kernel_without_the_legacy_dump_is_asked_for_it_once(void **state)
{
	const int refusals[] = {-EOPNOTSUPP, -EINVAL};

	for (int i = 0; i < 2; i++) {
		struct sf_walk w;

		if (i) {
			end(state);
			begin(state);
		}
		os.answers[0][0] = (struct scripted){REFUSAL, .number = refusals[i]};
		os.answers[1][0] = (struct scripted){DONE, .cookie = 1, .sockets = 2};
		os.answers[2][0] = (struct scripted){DONE, .cookie = 3, .sockets = 2};
		os.answers[3][0] = os.answers[4][0] = (struct scripted){DONE};
		assert_int_equal(walk(*state, &w), 0);
		assert_int_equal(w.dumps, 3);
		assert_int_equal(w.errors, 0);
		assert_false(w.partial);
		assert_int_equal(got.sockets, 4);
		assert_int_equal(walk(*state, &w), 0);
		assert_asked(5, (int[]){LEGACY, INET, INET6, INET, INET6});
	}
}

static void a_missing_module_is_said_and_asked_for_again(void **state)
{
	struct sf_walk w;

	os.answers[0][0] = (struct scripted){REFUSAL, .number = -EOPNOTSUPP}; /* no inet_diag */
	os.answers[1][0] = (struct scripted){REFUSAL, .number = -ENOENT};
	os.answers[2][0] = (struct scripted){DONE, .number = -ENOENT}; /* no tcp_diag */
	os.answers[3][0] = (struct scripted){DONE, .cookie = 1, .sockets = 1};
	for (int i = 0; i < 2; i++) {
		assert_int_equal(walk(*state, &w), -ENOENT);
		assert_int_equal(w.errors, 1);
		assert_int_equal(w.error[0].code, ENOENT);
		assert_string_equal(w.error[0].message, "this kernel has no tcp_diag (modules inet_diag, tcp_diag)");
		assert_true(w.partial);
	}
	assert_int_equal(walk(*state, &w), 0);
	assert_int_equal(w.seen, 1);
	assert_asked(4, (int[]){LEGACY, INET, LEGACY, LEGACY});
}

/* The descriptor knows how much its reader takes at once: a fresh one begins with small chunks. */
static void a_refusal_leaves_the_descriptor_open_and_what_may_still_come_does_not(void **state)
{
	unsigned opens = os.opens;
	struct sf_walk w;

	os.answers[0][0] = (struct scripted){REFUSAL, .number = -EACCES};
	os.answers[1][0] = (struct scripted){DONE, .number = -ENOENT};
	os.answers[2][0] = (struct scripted){SOCKETS, .cookie = 1, .sockets = 1};
	os.answers[2][1] = (struct scripted){FAILURE, .number = ENOBUFS};
	os.answers[3][0] = (struct scripted){DONE};
	assert_int_equal(walk(*state, &w), -EACCES);
	assert_int_equal(walk(*state, &w), -ENOENT);
	assert_int_equal(walk(*state, &w), -ENOBUFS);
	assert_int_equal(os.opens, opens);
	assert_int_equal(walk(*state, &w), 0);
	assert_int_equal(os.opens, opens + 1);
}

static void another_dump_on_the_descriptor_is_left_behind(void **state)
{
	unsigned opens = os.opens;
	struct sf_walk w;

	os.answers[0][0] = (struct scripted){REFUSAL, .number = -EBUSY};
	os.answers[1][0] = (struct scripted){DONE, .cookie = 1, .sockets = 1};
	assert_int_equal(walk(*state, &w), 0);
	assert_int_equal(os.opens, opens + 1);
}

static void the_newer_form_can_be_forced(void **state)
{
	struct sf_walk w;

	sf_walker_avoid_legacy(*state);
	os.answers[0][0] = os.answers[1][0] = (struct scripted){DONE, .cookie = 1, .sockets = 1};
	os.answers[1][0].cookie = 2;
	assert_int_equal(walk(*state, &w), 0);
	assert_int_equal(got.sockets, 2);
	assert_asked(2, (int[]){INET, INET6});
}

static void a_cookie_that_comes_again_is_handed_out_once(void **state)
{
	struct sf_walk w;

	for (int i = 0; i < 2; i++) { /* a new walk begins with an empty window */
		os.answers[i][0] = (struct scripted){SOCKETS, .cookie = 1, .sockets = 3};
		os.answers[i][1] = (struct scripted){DONE, .cookie = 2, .sockets = 3};
		assert_int_equal(walk(*state, &w), 0);
		assert_int_equal(w.seen, 6);
		assert_int_equal(w.duplicates, 2);
		assert_int_equal(got.sockets, 4);
		assert_int_equal(got.cookies[3], 4);
	}
}

static void a_dump_that_fails_before_its_first_socket_is_asked_again(void **state)
{
	struct sf_walk w;

	os.answers[0][0] = (struct scripted){FAILURE, .number = ENOBUFS};
	os.answers[1][0] = (struct scripted){REFUSAL, .number = -EBUSY};
	os.answers[2][0] = (struct scripted){DONE, .number = -ENOMEM};
	os.answers[3][0] = (struct scripted){DONE, .cookie = 1, .sockets = 1};
	assert_int_equal(walk(*state, &w), 0);
	assert_int_equal(w.dumps, 4);
	assert_int_equal(w.errors, 0);
	assert_false(w.partial);
	assert_int_equal(got.sockets, 1);
}

static void the_retries_have_an_end(void **state)
{
	struct sf_walk w;

	for (int i = 0; i < 8; i++)
		os.answers[i][0] = (struct scripted){DONE, .number = -ENOMEM};
	assert_int_equal(walk(*state, &w), -ENOMEM);
	assert_int_equal(w.dumps, 4);
	assert_true(w.partial);
	assert_int_equal(w.errors, 1);
	assert_int_equal(w.error[0].code, ENOMEM);
	assert_string_equal(w.error[0].message, "the dump failed: Cannot allocate memory");
}

static void the_last_failure_is_the_one_that_is_said(void **state)
{
	struct sf_walk w;

	os.answers[0][0] = (struct scripted){FAILURE, .number = ENOBUFS};
	os.refused_open = os.opens + 1; /* the next descriptor */
	os.answers[1][0] = os.answers[2][0] = (struct scripted){REFUSAL, .number = -EIO};
	assert_int_equal(walk(*state, &w), -EIO);
	assert_int_equal(w.error[0].code, EIO);
	assert_string_equal(w.error[0].message, "the dump failed: Input/output error");
}

static void what_is_not_permitted_is_not_asked_again(void **state)
{
	struct sf_walk w;

	os.answers[0][0] = (struct scripted){REFUSAL, .number = -EACCES};
	assert_int_equal(walk(*state, &w), -EACCES);
	assert_int_equal(w.dumps, 1);
	assert_non_null(strstr(w.error[0].message, "permit"));
}

static void a_dump_that_fails_after_a_socket_ends_the_walk_as_partial(void **state)
{
	static const struct scripted failures[] = {
		{FAILURE, .number = ENOBUFS}, {DONE, .number = -EMSGSIZE}, {REFUSAL, .number = -EIO}};
	const int codes[] = {ENOBUFS, EMSGSIZE, EIO};

	for (int i = 0; i < 3; i++) {
		struct sf_walk w;

		os.answers[i][0] = (struct scripted){SOCKETS, .cookie = 1, .sockets = 2};
		os.answers[i][1] = failures[i];
		assert_int_equal(walk(*state, &w), -codes[i]);
		assert_int_equal(w.dumps, 1);
		assert_int_equal(w.seen, 2);
		assert_int_equal(got.sockets, 2);
		assert_true(w.partial);
		assert_int_equal(w.errors, 1);
		assert_int_equal(w.error[0].code, codes[i]);
	}
}

static void a_table_that_changed_during_the_dump_makes_it_partial(void **state)
{
	struct sf_walk w;

	os.answers[0][0] = (struct scripted){SOCKETS, .cookie = 1, .sockets = 2, .flags = NLM_F_DUMP_INTR};
	os.answers[0][1] = (struct scripted){DONE, .cookie = 3, .sockets = 2};
	assert_int_equal(walk(*state, &w), -EINTR);
	assert_int_equal(got.sockets, 4); /* the rest is read all the same */
	assert_true(w.partial);
	assert_int_equal(w.error[0].code, EINTR);
	os.answers[1][0] = (struct scripted){DONE, .flags = NLM_F_DUMP_INTR};
	os.answers[2][0] = (struct scripted){DONE};
	assert_int_equal(walk(*state, &w), 0); /* nothing was handed out: asked again */
	assert_int_equal(w.dumps, 2);
}

static void an_interrupted_receive_is_repeated(void **state)
{
	struct sf_walk w;

	os.answers[0][0] = os.answers[0][1] = (struct scripted){FAILURE, .number = EINTR};
	os.answers[0][2] = (struct scripted){DONE, .cookie = 1, .sockets = 1};
	assert_int_equal(walk(*state, &w), 0);
	assert_int_equal(w.dumps, 1);
	assert_int_equal(got.receives, 1);
	assert_int_equal(got.sockets, 1);
}

static void what_other_processes_send_never_counts(void **state)
{
	struct sf_walk w;

	os.answers[0][0] = (struct scripted){SOCKETS, .cookie = 66, .sockets = 1, .sender = 4711};
	os.answers[0][1] = (struct scripted){DONE, .number = -EPERM, .sender = 4711};
	os.answers[0][2] = (struct scripted){SOCKETS, .longer = 65536, .sender = 4711};
	os.answers[0][3] = (struct scripted){DONE, .cookie = 1, .sockets = 1};
	assert_int_equal(walk(*state, &w), 0);
	assert_int_equal(got.sockets, 1);
	assert_int_equal(got.cookies[0], 1);
	assert_int_equal(got.receives, 1);
	assert_int_equal(w.seen, 1);
}

static void an_answer_that_does_not_fit_makes_room_for_the_next(void **state)
{
	struct sf_walk w;

	os.answers[0][0] = os.answers[1][0] = (struct scripted){DONE, .cookie = 1, .sockets = 380};
	assert_true(380 * (NLMSG_HDRLEN + sizeof(struct sf_inet_msg)) > 32768);
	assert_int_equal(walk(*state, &w), 0);
	assert_int_equal(w.dumps, 2);
	assert_int_equal(got.sockets, 380);
}

static void a_walk_that_is_ended_from_outside_has_no_error(void **state)
{
	struct sf_walk w;

	os.answers[0][0] = (struct scripted){SOCKETS, .cookie = 1, .sockets = 2};
	os.answers[0][1] = (struct scripted){SOCKETS, .cookie = 3, .sockets = 2};
	os.answers[1][0] = (struct scripted){DONE, .cookie = 1, .sockets = 4};
	got.stop_at = 2;
	got.stop_with = -ECANCELED;
	assert_int_equal(walk(*state, &w), -ECANCELED);
	assert_true(w.partial);
	assert_int_equal(w.errors, 0);
	assert_int_equal(w.dumps, 1);
	assert_int_equal(got.sockets, 2); /* nothing of the receive that was refused */
	assert_true(os.under_way != 0);
	got.stop_at = 0;
	assert_int_equal(walk(*state, &w), 0); /* end() looks whether the dump was still under way */
	assert_int_equal(got.sockets, 4);
}

static void a_kernel_that_does_not_answer_is_not_waited_for_without_end(void **state)
{
	struct sf_walk w;

	assert_int_equal(walk(*state, &w), -ETIMEDOUT);
	assert_true(os.waited);
	assert_string_equal(w.error[0].message, "the kernel did not answer");
	assert_int_equal(w.dumps, 1); /* it had seconds for it */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_WALKER(one_legacy_dump_is_a_whole_walk),
		WITH_WALKER(a_kernel_without_the_legacy_dump_is_asked_for_it_once),
		WITH_WALKER(a_missing_module_is_said_and_asked_for_again),
		WITH_WALKER(a_refusal_leaves_the_descriptor_open_and_what_may_still_come_does_not),
		WITH_WALKER(another_dump_on_the_descriptor_is_left_behind),
		WITH_WALKER(the_newer_form_can_be_forced),
		WITH_WALKER(a_cookie_that_comes_again_is_handed_out_once),
		WITH_WALKER(a_dump_that_fails_before_its_first_socket_is_asked_again),
		WITH_WALKER(the_retries_have_an_end),
		WITH_WALKER(the_last_failure_is_the_one_that_is_said),
		WITH_WALKER(what_is_not_permitted_is_not_asked_again),
		WITH_WALKER(a_dump_that_fails_after_a_socket_ends_the_walk_as_partial),
		WITH_WALKER(a_table_that_changed_during_the_dump_makes_it_partial),
		WITH_WALKER(an_interrupted_receive_is_repeated),
		WITH_WALKER(what_other_processes_send_never_counts),
		WITH_WALKER(an_answer_that_does_not_fit_makes_room_for_the_next),
		WITH_WALKER(a_walk_that_is_ended_from_outside_has_no_error),
		WITH_WALKER(a_kernel_that_does_not_answer_is_not_waited_for_without_end),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
