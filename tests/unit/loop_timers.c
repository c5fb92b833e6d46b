/* SPDX-License-Identifier: Apache-2.0 */
/* Timers: once, never early, in the order of their times, never after they were cleared; against a model at random. */
#include <unistd.h>

#include "loops.h"

struct clock {
	struct sf_loop *loop;
	struct alarm *alarm;
	size_t count;
	uint64_t last; /* due: of the one that was called last */
	unsigned calls;
};

struct alarm {
	struct clock *clock;
	struct sf_source *timer;
	uint64_t due; /* UINT64_MAX: must not be called */
	unsigned calls, nth;
};

static void ring(void *arg)
{
	struct alarm *a = arg;

	assert_true(sf_clock_mono() >= a->due);
	assert_non_null(a->timer);
	a->clock->last = a->due;
	a->due = UINT64_MAX;
	a->calls++;
	a->nth = ++a->clock->calls;
}

static void begin(struct clock *clock, void **state, size_t count, void (*call)(void *))
{
	struct sf_err err;

	*clock = (struct clock){.loop = *state, .count = count, .alarm = sf_alloc(count * sizeof(struct alarm))};
	for (size_t i = 0; i < count; i++) {
		struct alarm *a = &clock->alarm[i];

		*a = (struct alarm){.clock = clock, .due = UINT64_MAX};
		assert_int_equal(sf_loop_timer(*state, call, a, &a->timer, &err), 0);
	}
}

static void end(struct clock *clock)
{
	for (size_t i = 0; i < clock->count; i++)
		sf_source_remove(clock->alarm[i].timer);
	free(clock->alarm);
}

static void set(struct alarm *a, uint64_t due)
{
	a->due = due;
	sf_timer_set(a->timer, due);
}

static void clear(struct alarm *a)
{
	a->due = UINT64_MAX;
	sf_timer_clear(a->timer);
}

static void turn_for(struct sf_loop *loop, unsigned ms)
{
	uint64_t until = sf_clock_mono() + ms * 1000ull;

	while (sf_clock_mono() < until)
		assert_true(sf_loop_turn(loop, 1000) >= 0);
}

static void a_timer_fires_once_and_not_before_its_time(void **state)
{
	struct clock c;

	begin(&c, state, 1, ring);
	turn_for(c.loop, 5); /* a timer is not set at first */
	assert_int_equal(c.calls, 0);
	set(&c.alarm[0], sf_clock_mono() + 20 * 1000);
	assert_true(loop_until(c.loop, &c.calls, 1)); /* ring() looks at the clock */
	turn_for(c.loop, 30);
	assert_int_equal(c.calls, 1);
	end(&c);
}

static void a_time_that_has_passed_fires_in_the_next_turn(void **state)
{
	struct clock c;

	begin(&c, state, 3, ring);
	set(&c.alarm[0], sf_clock_mono());
	set(&c.alarm[1], 1);
	set(&c.alarm[2], 0);
	assert_int_equal(sf_loop_turn(c.loop, PATIENCE_US), 3);
	end(&c);
}

static void timers_fire_in_the_order_of_their_times_then_in_the_order_they_were_set(void **state)
{
	static const size_t set_as[] = {4, 0, 3, 1, 5, 2}; /* 3, 1 and 5 at the same time */
	struct clock c;
	uint64_t base = sf_clock_mono() - 1000;

	begin(&c, state, 6, ring);
	for (size_t i = 0; i < SF_COUNT(set_as); i++) {
		size_t at = set_as[i];

		set(&c.alarm[at], base + (at == 0 ? 1 : at == 4 ? 9 : at == 2 ? 8 : 5));
	}
	assert_int_equal(sf_loop_turn(c.loop, PATIENCE_US), 6);
	assert_int_equal(c.alarm[0].nth, 1);
	assert_int_equal(c.alarm[3].nth, 2);
	assert_int_equal(c.alarm[1].nth, 3);
	assert_int_equal(c.alarm[5].nth, 4);
	assert_int_equal(c.alarm[2].nth, 5);
	assert_int_equal(c.alarm[4].nth, 6);
	end(&c);
}

static void a_timer_that_is_set_again_fires_at_the_new_time_alone(void **state)
{
	struct clock c;
	uint64_t now = sf_clock_mono();

	begin(&c, state, 2, ring);
	set(&c.alarm[0], now + 1000);
	set(&c.alarm[0], now + 30 * 1000); /* later */
	set(&c.alarm[1], now + 3600ull * 1000 * 1000);
	set(&c.alarm[1], now + 2000); /* sooner */
	assert_true(loop_until(c.loop, &c.calls, 2));
	turn_for(c.loop, 5);
	assert_int_equal(c.alarm[0].calls, 1);
	assert_int_equal(c.alarm[1].calls, 1);
	assert_int_equal(c.alarm[1].nth, 1);
	end(&c);
}

static void a_timer_that_was_cleared_or_removed_does_not_fire(void **state)
{
	struct clock c;

	begin(&c, state, 3, ring);
	set(&c.alarm[2], sf_clock_mono() + 1000);
	sf_source_remove(sf_take(c.alarm[2].timer));
	set(&c.alarm[0], sf_clock_mono() + 2000);
	set(&c.alarm[1], sf_clock_mono() + 2000);
	clear(&c.alarm[0]);
	clear(&c.alarm[0]); /* nothing is set: nothing happens */
	assert_true(loop_until(c.loop, &c.calls, 1));
	turn_for(c.loop, 5);
	assert_int_equal(c.alarm[0].calls + c.alarm[2].calls, 0);
	assert_int_equal(c.alarm[1].calls, 1);
	end(&c);
}

static void a_time_that_never_comes_holds_up_no_other(void **state)
{
	struct clock c;

	begin(&c, state, 2, ring);
	sf_timer_set(c.alarm[0].timer, UINT64_MAX);
	turn_for(c.loop, 5);
	set(&c.alarm[1], sf_clock_mono() + 2000);
	assert_true(loop_until(c.loop, &c.calls, 1));
	clear(&c.alarm[0]);
	turn_for(c.loop, 5);
	assert_int_equal(c.alarm[0].calls, 0);
	end(&c);
}

/* The first of them clears, removes and postpones the next three. */
static void ring_and_stop_others(void *arg)
{
	struct alarm *a = arg;

	ring(a);
	if (a != &a->clock->alarm[0])
		return;
	clear(&a[1]);
	a[2].due = UINT64_MAX;
	sf_source_remove(sf_take(a[2].timer));
	set(&a[3], sf_clock_mono() + 10 * 1000);
}

static void a_timer_that_another_stops_in_the_same_turn_does_not_fire(void **state)
{
	struct clock c;

	begin(&c, state, 5, ring_and_stop_others);
	for (size_t i = 0; i < 5; i++)
		set(&c.alarm[i], sf_clock_mono() - 5 + i);
	assert_int_equal(sf_loop_turn(c.loop, PATIENCE_US), 2);
	assert_int_equal(c.alarm[4].calls, 1);
	assert_true(loop_until(c.loop, &c.alarm[3].calls, 1));
	turn_for(c.loop, 5);
	assert_int_equal(c.alarm[1].calls + c.alarm[2].calls, 0);
	assert_int_equal(c.alarm[3].calls, 1);
	end(&c);
}

static void ring_and_set_again(void *arg)
{
	struct alarm *a = arg;

	ring(a);
	set(a, sf_clock_mono() - 1000);
}

static void a_timer_that_sets_itself_to_the_past_does_not_keep_the_turn_from_ending(void **state)
{
	struct clock c;

	begin(&c, state, 2, ring_and_set_again);
	for (size_t i = 0; i < 2; i++)
		set(&c.alarm[i], sf_clock_mono());
	for (unsigned turn = 1; turn <= 10; turn++) {
		assert_int_equal(sf_loop_turn(c.loop, PATIENCE_US), 2);
		assert_int_equal(c.alarm[0].calls, turn);
		assert_int_equal(c.alarm[1].calls, turn);
	}
	end(&c);
}

/* Whatever is due at the beginning of a turn fires in it; nothing else ever does (ring() judges). */
static void many_timers_that_are_set_and_cleared_at_random_fire_as_they_should(void **state)
{
	struct clock c;

	begin(&c, state, 2000, ring);
	for (int step = 0; step < 3000; step++) {
		uint64_t now = sf_clock_mono(), at;
		unsigned due = 0;

		for (long i = random() % 100; i > 0; i--) {
			struct alarm *a = &c.alarm[(size_t)random() % c.count];

			at = now - 200 + (uint64_t)random() % 2000;
			if (random() % 4)
				set(a, at < c.last ? c.last : at);
			else
				clear(a);
		}
		for (size_t i = 0; i < c.count; i++)
			due += c.alarm[i].due <= now;
		assert_true(sf_loop_turn(c.loop, due ? PATIENCE_US : 0) >= (int)due);
		for (size_t i = 0; i < c.count; i++)
			assert_true(c.alarm[i].due > now);
	}
	turn_for(c.loop, 5);
	for (size_t i = 0; i < c.count; i++)
		assert_true(c.alarm[i].due == UINT64_MAX);
	assert_true(c.calls > 1000);
	end(&c);
}

static void take_a_while(void *arg)
{
	ring(arg);
	usleep(20 * 1000);
}

static void the_longest_callback_is_remembered(void **state)
{
	struct clock c;

	begin(&c, state, 1, take_a_while);
	set(&c.alarm[0], sf_clock_mono());
	assert_true(loop_until(c.loop, &c.calls, 1));
	assert_true(sf_loop_longest(c.loop) >= 20 * 1000);
	end(&c);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		loop_test(a_timer_fires_once_and_not_before_its_time),
		loop_test(a_time_that_has_passed_fires_in_the_next_turn),
		loop_test(timers_fire_in_the_order_of_their_times_then_in_the_order_they_were_set),
		loop_test(a_timer_that_is_set_again_fires_at_the_new_time_alone),
		loop_test(a_timer_that_was_cleared_or_removed_does_not_fire),
		loop_test(a_time_that_never_comes_holds_up_no_other),
		loop_test(a_timer_that_another_stops_in_the_same_turn_does_not_fire),
		loop_test(a_timer_that_sets_itself_to_the_past_does_not_keep_the_turn_from_ending),
		loop_test(many_timers_that_are_set_and_cleared_at_random_fire_as_they_should),
		loop_test(the_longest_callback_is_remembered),
	};

	srandom(20261124);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
