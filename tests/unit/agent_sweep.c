/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who starts with whom: the table of cases in agent/collect/sweep.c, with times that are written here. The collector is played.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "collect/sweep.h"

enum { SEATS = 4, MS = 1000 };

static struct { /* what was started */
	unsigned sweeps;
	size_t count[SEATS + 1];
	struct sf_run *run[SEATS + 1][SEATS];
} started;

void sf_collector_start(struct sf_collector *collector, struct sf_sweep *sweep)
{
	(void)collector;
	assert_in_range(sweep->count, 1, SEATS);
	assert_in_range(started.sweeps, 0, SEATS);
	started.count[started.sweeps] = sweep->count;
	for (size_t i = 0; i < sweep->count; i++)
		started.run[started.sweeps][i] = sweep->run[i];
	started.sweeps++;
	free(sweep);
}

static struct sf_plan plan[SEATS]; /* their table is tcp */
static struct sf_seat seat[SEATS];
static struct sf_sweeps *sweeps;

/* Seats that are due in so many milliseconds, 0: never. */
static void sit(unsigned a, unsigned b, unsigned c, unsigned d)
{
	const unsigned due[SEATS] = {a, b, c, d};

	for (unsigned i = 0; i < SEATS; i++) {
		plan[i].number = i + 1;
		seat[i] = (struct sf_seat){.run.plan = &plan[i], .due = due[i] ? due[i] * MS : UINT64_MAX};
		sf_sweeps_seat(sweeps, &seat[i]);
	}
}

/* The seat's tick at `at`, handled at `now`; its next one is a second later. */
static void tick(unsigned i, unsigned at, unsigned now)
{
	seat[i].due = (at + 1000) * MS;
	if (!seat[i].busy)
		sf_sweeps_join(sweeps, &seat[i], at * MS);
	sf_sweeps_look(sweeps, now * MS);
}

static bool has_started(unsigned sweep, unsigned i)
{
	for (size_t at = 0; sweep < started.sweeps && at < started.count[sweep]; at++) {
		if (started.run[sweep][at] == &seat[i].run)
			return true;
	}
	return false;
}

static int begin(void **state)
{
	(void)state;
	memset(&started, 0, sizeof(started));
	sweeps = sf_sweeps_new(NULL);
	return 0;
}

static int end(void **state)
{
	(void)state;
	sf_sweeps_free(sweeps);
	return 0;
}

static void one_that_is_due_alone_starts_at_once(void **state)
{
	(void)state;
	sit(10, 31, 0, 0);
	tick(0, 10, 10);
	assert_int_equal(started.sweeps, 1);
	assert_int_equal(started.count[0], 1);
	assert_true(has_started(0, 0) && seat[0].busy && !seat[1].busy);
}

static void those_within_20_ms_of_the_first_start_together_and_not_before(void **state)
{
	(void)state;
	sit(10, 10, 30, 31);
	tick(0, 10, 10);
	tick(1, 10, 10);
	assert_int_equal(started.sweeps, 0);
	tick(2, 30, 30);
	assert_int_equal(started.sweeps, 1);
	assert_int_equal(started.count[0], 3);
	tick(3, 31, 31);
	assert_int_equal(started.count[1], 1);
	assert_true(has_started(1, 3));
}

static void it_is_the_first_that_is_waited_from_not_each_one_anew(void **state)
{
	(void)state;
	sit(10, 25, 40, 55);
	tick(0, 10, 10);
	tick(1, 25, 25);
	tick(2, 40, 40);
	tick(3, 55, 55);
	assert_int_equal(started.sweeps, 2);
	assert_true(has_started(0, 0) && has_started(0, 1) && has_started(1, 2) && has_started(1, 3));
}

static void busy_ones_are_not_waited_for(void **state)
{
	(void)state;
	sit(10, 12, 0, 0);
	seat[1].busy = true;
	tick(0, 10, 10);
	assert_int_equal(started.sweeps, 1);
	tick(1, 12, 12); /* skipped */
	assert_int_equal(started.sweeps, 1);
}

static void late_ticks_that_come_in_one_turn_are_together(void **state)
{
	(void)state;
	sit(10, 500, 900, 921);
	tick(0, 10, 900);
	tick(1, 500, 900);
	assert_int_equal(started.sweeps, 0);
	tick(2, 900, 900);
	assert_int_equal(started.sweeps, 1);
	assert_int_equal(started.count[0], 3);
}

static void who_starts_by_command_takes_along_those_that_wait(void **state)
{
	(void)state;
	sit(10, 15, 500, 0);
	tick(0, 10, 10);
	for (unsigned i = 0; i < SEATS; i++) {
		if (!seat[i].busy)
			sf_sweeps_join(sweeps, &seat[i], 12 * MS);
	}
	sf_sweeps_start(sweeps);
	assert_int_equal(started.sweeps, 1);
	assert_int_equal(started.count[0], SEATS);
	sf_sweeps_start(sweeps);
	assert_int_equal(started.sweeps, 1); /* once */
}

static void when_the_one_that_is_waited_for_stops_the_others_start(void **state)
{
	(void)state;
	sit(10, 15, 0, 0);
	tick(0, 10, 10);
	assert_int_equal(started.sweeps, 0);
	seat[1].due = UINT64_MAX;
	sf_sweeps_look(sweeps, 11 * MS);
	assert_int_equal(started.sweeps, 1);
	assert_true(has_started(0, 0) && !has_started(0, 1));
}

static void when_the_one_that_is_waited_for_leaves_the_others_start(void **state)
{
	(void)state;
	sit(10, 15, 0, 0);
	tick(0, 10, 10);
	sf_sweeps_leave(sweeps, &seat[1]);
	sf_sweeps_look(sweeps, 11 * MS);
	assert_int_equal(started.sweeps, 1);
}

static void one_that_has_come_back_is_waited_for_again(void **state)
{
	(void)state;
	sit(10, 15, 20, 0);
	seat[2].busy = true;
	tick(0, 10, 10);
	seat[2].busy = false;
	tick(1, 15, 15);
	assert_int_equal(started.sweeps, 0);
	tick(2, 20, 20);
	assert_int_equal(started.count[0], 3);
}

static void who_leaves_after_joining_is_not_started(void **state)
{
	(void)state;
	sit(10, 12, 14, 16);
	tick(0, 10, 10);
	tick(1, 12, 12);
	tick(2, 14, 14);
	sf_sweeps_leave(sweeps, &seat[2]);
	sf_sweeps_leave(sweeps, &seat[0]);
	tick(3, 16, 16);
	assert_int_equal(started.sweeps, 1);
	assert_int_equal(started.count[0], 2);
	assert_true(has_started(0, 1) && has_started(0, 3));
}

static void whoever_comes_first_the_order_is_that_of_the_plans(void **state)
{
	(void)state;
	sit(10, 11, 12, 13);
	tick(2, 10, 10);
	tick(0, 11, 11);
	tick(3, 12, 12);
	tick(1, 13, 13);
	assert_int_equal(started.count[0], SEATS);
	for (unsigned i = 0; i < SEATS; i++)
		assert_ptr_equal(started.run[0][i], &seat[i].run);
}

static void after_the_end_of_all_nothing_is_started(void **state)
{
	(void)state;
	sit(10, 15, 0, 0);
	tick(0, 10, 10);
	for (unsigned i = 0; i < SEATS; i++)
		sf_sweeps_leave(sweeps, &seat[i]);
	sf_sweeps_look(sweeps, 100 * MS);
	sf_sweeps_start(sweeps);
	assert_int_equal(started.sweeps, 0);
}

#define RUN(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(one_that_is_due_alone_starts_at_once),
		RUN(those_within_20_ms_of_the_first_start_together_and_not_before),
		RUN(it_is_the_first_that_is_waited_from_not_each_one_anew),
		RUN(busy_ones_are_not_waited_for),
		RUN(late_ticks_that_come_in_one_turn_are_together),
		RUN(who_starts_by_command_takes_along_those_that_wait),
		RUN(when_the_one_that_is_waited_for_stops_the_others_start),
		RUN(when_the_one_that_is_waited_for_leaves_the_others_start),
		RUN(one_that_has_come_back_is_waited_for_again),
		RUN(who_leaves_after_joining_is_not_started),
		RUN(whoever_comes_first_the_order_is_that_of_the_plans),
		RUN(after_the_end_of_all_nothing_is_started),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
