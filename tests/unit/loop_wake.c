/* SPDX-License-Identifier: Apache-2.0 */
/* Waking and stopping the loop: from threads, from signal handlers, from callbacks; none is lost, several are one. */
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

#include "loops.h"

struct sleeper {
	struct sf_loop *loop;
	struct sf_source *wake, *other;
	unsigned calls;
};

static void on_wake(void *arg)
{
	struct sleeper *s = arg;

	assert_non_null(s->wake);
	s->calls++;
}

static void add(struct sf_loop *loop, struct sleeper *s, void (*call)(void *))
{
	struct sf_err err;

	*s = (struct sleeper){.loop = loop};
	assert_int_equal(sf_loop_wake(loop, call, s, &s->wake, &err), 0);
}

static void several_wakes_before_the_call_are_one(void **state)
{
	struct sf_loop *loop = *state;
	struct sleeper s;

	add(loop, &s, on_wake);
	assert_int_equal(sf_loop_turn(loop, 0), 0);
	for (int i = 0; i < 1000; i++)
		sf_wake(s.wake);
	assert_int_equal(sf_loop_turn(loop, PATIENCE_US), 1);
	assert_int_equal(sf_loop_turn(loop, 1000), 0);
	sf_wake(s.wake);
	assert_int_equal(sf_loop_turn(loop, PATIENCE_US), 1);
	assert_int_equal(s.calls, 2);
}

static void wake_itself(void *arg)
{
	struct sleeper *s = arg;

	on_wake(s);
	sf_wake(s->wake);
}

static void a_callback_that_wakes_itself_is_called_in_the_next_turn(void **state)
{
	struct sf_loop *loop = *state;
	struct sleeper s;

	add(loop, &s, wake_itself);
	sf_wake(s.wake);
	for (unsigned turn = 1; turn <= 5; turn++) {
		assert_int_equal(sf_loop_turn(loop, PATIENCE_US), 1);
		assert_int_equal(s.calls, turn);
	}
}

static void a_source_that_was_woken_and_then_removed_is_not_called(void **state)
{
	struct sf_loop *loop = *state;
	struct sleeper s;

	add(loop, &s, on_wake);
	sf_wake(s.wake);
	sf_source_remove(sf_take(s.wake));
	assert_int_equal(sf_loop_turn(loop, 1000), 0);
}

/* ---- from a thread ---- */

struct waker {
	struct sf_source *wake;
	atomic_uint todo, done;
};

/* Work is put down first, then the loop is woken: it must find it. */
static void put_work(void *arg)
{
	struct waker *w = arg;

	for (int i = 0; i < 20000; i++) {
		atomic_fetch_add(&w->todo, 1);
		sf_wake(w->wake);
	}
}

static void take_work(void *arg)
{
	struct waker *w = arg;

	atomic_fetch_add(&w->done, atomic_exchange(&w->todo, 0));
}

static void no_wake_from_a_thread_is_lost(void **state)
{
	struct waker w[3] = {0};
	struct sf_thread *thread[3];
	uint64_t end = sf_clock_mono() + PATIENCE_US;
	struct sf_err err;

	for (size_t i = 0; i < 3; i++) {
		assert_int_equal(sf_loop_wake(*state, take_work, &w[i], &w[i].wake, &err), 0);
		assert_int_equal(sf_thread_start("waker", put_work, &w[i], &thread[i], &err), 0);
	}
	for (size_t i = 0; i < 3; i++) {
		while (w[i].done < 20000 && sf_clock_mono() < end) /* a wake that is lost leaves us here */
			sf_loop_turn(*state, PATIENCE_US);
		assert_int_equal(w[i].done, 20000);
		sf_thread_join(thread[i]);
	}
}

/* ---- the stop ---- */

static void a_stop_before_the_run_counts(void **state)
{
	sf_loop_stop(*state, 3);
	assert_int_equal(sf_loop_run(*state), 3);
}

static void the_first_stop_counts_and_the_loop_can_run_again(void **state)
{
	sf_loop_stop(*state, 0);
	sf_loop_stop(*state, 1);
	assert_int_equal(sf_loop_run(*state), 0);
	sf_loop_stop(*state, -7);
	assert_int_equal(sf_loop_run(*state), -7);
}

static void stop_now(void *arg)
{
	struct sleeper *s = arg;

	on_wake(s);
	sf_loop_stop(s->loop, 5);
}

static void a_callback_can_stop_the_loop(void **state)
{
	struct sleeper s;

	add(*state, &s, stop_now);
	sf_wake(s.wake);
	assert_int_equal(sf_loop_run(*state), 5);
	assert_int_equal(s.calls, 1);
}

static void stop_later(void *arg)
{
	usleep(20 * 1000);
	sf_loop_stop(arg, 9);
}

static void another_thread_can_stop_the_loop(void **state)
{
	struct sf_thread *thread;
	struct sf_err err;

	assert_int_equal(sf_thread_start("stopper", stop_later, *state, &thread, &err), 0);
	assert_int_equal(sf_loop_run(*state), 9);
	sf_thread_join(thread);
}

static struct sf_loop *of_handler;

static void stop_in_handler(int number)
{
	sf_loop_stop(of_handler, number);
}

/* The alarm comes while epoll waits: the wait ends with EINTR or with the wake-up, and is no error. */
static void a_signal_handler_can_stop_the_loop(void **state)
{
	struct sigaction before, action = {.sa_handler = stop_in_handler};

	of_handler = *state;
	sigaction(SIGALRM, &action, &before);
	ualarm(20 * 1000, 0);
	assert_int_equal(sf_loop_run(*state), SIGALRM);
	sigaction(SIGALRM, &before, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		loop_test(several_wakes_before_the_call_are_one),
		loop_test(a_callback_that_wakes_itself_is_called_in_the_next_turn),
		loop_test(a_source_that_was_woken_and_then_removed_is_not_called),
		loop_test(no_wake_from_a_thread_is_lost),
		loop_test(a_stop_before_the_run_counts),
		loop_test(the_first_stop_counts_and_the_loop_can_run_again),
		loop_test(a_callback_can_stop_the_loop),
		loop_test(another_thread_can_stop_the_loop),
		loop_test(a_signal_handler_can_stop_the_loop),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
