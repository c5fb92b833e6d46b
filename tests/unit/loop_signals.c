/* SPDX-License-Identifier: Apache-2.0 */
/* Signals as callbacks: they reach the loop although there are threads, and never the default action. */
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "loops.h"

struct ear {
	struct sf_source *source;
	unsigned calls;
};

static void hear(void *arg)
{
	((struct ear *)arg)->calls++;
}

static void listen_to(struct sf_loop *loop, int number, struct ear *ear)
{
	struct sf_err err;

	*ear = (struct ear){0};
	assert_int_equal(sf_loop_signal(loop, number, hear, ear, &ear->source, &err), 0);
}

static void a_signal_calls_back_in_the_loop_and_nowhere_else(void **state)
{
	struct sf_loop *loop = *state;
	struct ear one, two;

	listen_to(loop, SIGUSR1, &one);
	listen_to(loop, SIGUSR2, &two);
	assert_int_equal(sf_loop_turn(loop, 0), 0);
	kill(getpid(), SIGUSR1);
	assert_true(loop_until(loop, &one.calls, 1));
	kill(getpid(), SIGUSR1);
	kill(getpid(), SIGUSR1); /* the kernel keeps one of them */
	kill(getpid(), SIGUSR2);
	assert_true(loop_until(loop, &two.calls, 1));
	assert_true(loop_until(loop, &one.calls, 2));
	assert_int_equal(sf_loop_turn(loop, 1000), 0);
	assert_int_equal(one.calls, 2);
	assert_int_equal(two.calls, 1);
}

static void a_second_callback_for_a_signal_is_refused(void **state)
{
	struct sf_source *source = NULL;
	struct sf_loop *loop = *state;
	struct sf_err err;
	struct ear ear;

	listen_to(loop, SIGUSR1, &ear);
	assert_int_equal(sf_loop_signal(loop, SIGUSR1, hear, &ear, &source, &err), -EEXIST);
	assert_null(source);
	assert_string_equal(err.text, "signal 10 has a callback already");
	sf_source_remove(ear.source);
	listen_to(loop, SIGUSR1, &ear); /* it has none any more */
}

static void what_is_no_signal_is_refused(void **state)
{
	struct sf_source *source = NULL;
	struct sf_err err;

	assert_int_equal(sf_loop_signal(*state, 0, hear, NULL, &source, &err), -EINVAL);
	assert_int_equal(sf_loop_signal(*state, 4711, hear, NULL, &source, &err), -EINVAL);
	assert_null(source);
}

static void a_signal_whose_source_was_removed_stays_harmless(void **state)
{
	struct sf_loop *loop = *state;
	struct ear ear;

	listen_to(loop, SIGTERM, &ear);
	kill(getpid(), SIGTERM);
	sf_source_remove(ear.source);
	kill(getpid(), SIGTERM);
	assert_int_equal(sf_loop_turn(loop, 1000), 0);
	assert_int_equal(ear.calls, 0);
	listen_to(loop, SIGTERM, &ear); /* what came meanwhile waits for who asks next */
	assert_true(loop_until(loop, &ear.calls, 1));
}

static void idle(void *arg)
{
	sf_channel_take(arg);
}

static void signals_reach_the_loop_although_there_are_threads(void **state)
{
	struct sf_channel *channel = sf_channel_new(1);
	struct sf_loop *loop = *state;
	struct sf_thread *thread[4];
	struct sf_err err;
	struct ear ear;

	listen_to(loop, SIGHUP, &ear);
	for (size_t i = 0; i < SF_COUNT(thread); i++)
		assert_int_equal(sf_thread_start("idle", idle, channel, &thread[i], &err), 0);
	for (unsigned i = 1; i <= 50; i++) {
		kill(getpid(), SIGHUP);
		assert_true(loop_until(loop, &ear.calls, i));
	}
	assert_int_equal(ear.calls, 50);
	sf_channel_close(channel);
	for (size_t i = 0; i < SF_COUNT(thread); i++)
		sf_thread_join(thread[i]);
	sf_channel_free(channel);
}

static void a_child_that_ends_is_heard(void **state)
{
	struct sf_loop *loop = *state;
	struct ear ear;
	pid_t child;

	listen_to(loop, SIGCHLD, &ear);
	child = fork();
	if (!child)
		_exit(0);
	assert_true(loop_until(loop, &ear.calls, 1));
	assert_int_equal(waitpid(child, NULL, 0), child);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		loop_test(a_signal_calls_back_in_the_loop_and_nowhere_else),
		loop_test(a_second_callback_for_a_signal_is_refused),
		loop_test(what_is_no_signal_is_refused),
		loop_test(a_signal_whose_source_was_removed_stays_harmless),
		loop_test(signals_reach_the_loop_although_there_are_threads),
		loop_test(a_child_that_ends_is_heard),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
