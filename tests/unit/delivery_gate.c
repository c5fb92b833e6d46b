/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who waits at an output's gate, and for how long: until there is room, and no longer than a stall, which a pause of the
 * whole process is not.
 */
#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "writers.h"

struct waiter {
	struct world *world;
	atomic_bool cancel, back;
	uint64_t waited;
};

static void wait_at_gate(void *arg)
{
	struct waiter *waiter = arg;

	waiter->waited = sf_outputs_wait(&waiter->world->output, 1, 1000, &waiter->cancel);
	atomic_store(&waiter->back, true);
}

static bool comes_back(struct waiter *waiter, unsigned ms)
{
	uint64_t end = sf_clock_mono() + ms * 1000ull;

	while (sf_clock_mono() < end && !atomic_load(&waiter->back))
		usleep(1000);
	return atomic_load(&waiter->back);
}

static struct sf_thread *send_waiter(struct waiter *waiter, struct world *w)
{
	struct sf_thread *thread = NULL;
	struct sf_err err;

	*waiter = (struct waiter){.world = w};
	assert_int_equal(sf_thread_start("waiter", wait_at_gate, waiter, &thread, &err), 0);
	return thread;
}

static void who_waits_goes_on_when_there_is_room_again(void **state)
{
	struct sf_thread *thread;
	struct waiter waiter;
	struct world w;

	(void)state;
	begin(&w, 0, 2000, true);
	offer(&w, 20);
	thread = send_waiter(&waiter, &w);
	assert_false(comes_back(&waiter, STALL_US / 1000 + 300)); /* also longer than a stall */
	write_lines(sink, 20);
	assert_true(comes_back(&waiter, 5000));
	sf_thread_join(thread);
	assert_true(waiter.waited > 0);
	end(&w);
}

static void nobody_waits_for_an_empty_queue_although_it_is_smaller_than_a_batch(void **state)
{
	const atomic_bool cancel = false;
	struct world w;

	(void)state;
	begin(&w, 2, LINE, false);
	assert_int_equal(sf_outputs_wait(&w.output, 1, SF_BATCH_SIZE, &cancel), 0);
	end(&w);
}

static void who_waits_goes_on_when_told_to_end(void **state)
{
	struct sf_thread *thread;
	struct waiter waiter;
	struct world w;

	(void)state;
	begin(&w, 2, 2000, false);
	offer(&w, 20);
	thread = send_waiter(&waiter, &w);
	assert_false(comes_back(&waiter, 50));
	atomic_store(&waiter.cancel, true);
	sf_outputs_interrupt(&w.output, 1);
	assert_true(comes_back(&waiter, 5000));
	sf_thread_join(thread);
	end(&w);
}

static void a_stalled_output_is_not_waited_for(void **state)
{
	struct sf_thread *thread;
	struct waiter waiter;
	struct world w;
	uint64_t start = sf_clock_mono();

	(void)state;
	begin(&w, 0, 2000, false);
	offer(&w, 20);
	thread = send_waiter(&waiter, &w);
	assert_true(comes_back(&waiter, 10 * STALL_US / 1000));
	sf_thread_join(thread);
	assert_true(sf_clock_mono() - start >= STALL_US - 1000);
	thread = send_waiter(&waiter, &w); /* and the next time at once */
	assert_true(comes_back(&waiter, 5000));
	sf_thread_join(thread);
	assert_true(waiter.waited < STALL_US);
	end(&w);
}

static void a_slow_output_that_gets_something_out_is_waited_for(void **state)
{
	struct sf_thread *thread;
	struct waiter waiter;
	struct world w;

	(void)state;
	begin(&w, 0, 2000, false);
	offer(&w, 20);
	thread = send_waiter(&waiter, &w);
	for (int i = 0; i < 6; i++) {
		assert_false(comes_back(&waiter, STALL_US / 1000 / 4));
		write_lines(sink, 1);
	}
	write_lines(sink, 14);
	assert_true(comes_back(&waiter, 5000));
	sf_thread_join(thread);
	end(&w);
}

enum { PACES = 60 };

/* A byte every 20 ms; now and then the parent is stopped for longer than a stall. In a process of its own. */
static void set_the_pace(int fd, pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (int i = 0; i < PACES && getppid() == parent; i++) {
		usleep(20 * 1000);
		if (i % 20 == 10) { /* with nothing to read when it goes on */
			kill(parent, SIGSTOP);
			usleep(STALL_US + 300 * 1000);
			kill(parent, SIGCONT);
			usleep(20 * 1000);
		}
		(void)!write(fd, "x", 1);
	}
	_exit(0);
}

static void a_pause_of_the_whole_process_is_no_stall(void **state)
{
	struct sf_thread *thread;
	struct waiter waiter;
	struct world w;
	pid_t self = getpid(), child;
	int pace[2];
	char byte;

	(void)state;
	assert_int_equal(pipe2(pace, O_CLOEXEC), 0);
	begin(&w, 0, 2000, false);
	offer(&w, PACES);
	child = fork();
	if (!child)
		set_the_pace(pace[1], self);
	thread = send_waiter(&waiter, &w);
	for (int i = 0; i < PACES; i++) {
		assert_int_equal(read(pace[0], &byte, 1), 1);
		assert_false(atomic_load(&waiter.back));
		write_lines(sink, 1);
	}
	assert_true(comes_back(&waiter, 5000));
	sf_thread_join(thread);
	assert_int_equal(waitpid(child, NULL, 0), child);
	close(pace[0]);
	close(pace[1]);
	end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_waits_goes_on_when_there_is_room_again),
		cmocka_unit_test(nobody_waits_for_an_empty_queue_although_it_is_smaller_than_a_batch),
		cmocka_unit_test(who_waits_goes_on_when_told_to_end),
		cmocka_unit_test(a_stalled_output_is_not_waited_for),
		cmocka_unit_test(a_slow_output_that_gets_something_out_is_waited_for),
		cmocka_unit_test(a_pause_of_the_whole_process_is_no_stall),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
