/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The grid against clocks that run, are slewed, are set, and a process that is late or stopped: nothing early, nothing
 * two close together, no burst, every tick that was passed over counted.
 */
#include "loops.h"

#define MS 1000ull
#define S  (1000 * MS)
#define H  (3600 * S)

enum { READING = 1000 }; /* the face: less than this is two readings of two clocks */

static const uint64_t wall0 = 1795327380 * S + 123456; /* 2026-11-22 */

/* A host's clocks, and a query that handles its ticks. */
struct host {
	struct sf_grid grid;
	uint64_t mono, wall;
	uint64_t handled; /* when, mono; 0: none yet */
};

static void pass(struct host *h, uint64_t us)
{
	h->mono += us;
	h->wall += us;
}

static struct host start(uint64_t interval, uint64_t phase, bool align)
{
	struct host h = {.mono = 5000 * S + 777, .wall = wall0};

	sf_grid_start(&h.grid, interval, phase, align, h.mono, h.wall);
	return h;
}

/* The next tick, handled so late. Returns what was passed over. */
static uint64_t tick(struct host *h, uint64_t late)
{
	uint64_t passed;

	assert_true(h->grid.next >= h->mono);
	pass(h, h->grid.next - h->mono + late);
	assert_true(!h->handled || h->mono - h->handled >= h->grid.interval / 2);
	h->handled = h->mono;
	passed = sf_grid_advance(&h->grid, h->mono, h->wall);
	assert_true(h->grid.next > h->mono);
	assert_true(h->grid.next - h->mono >= h->grid.interval / 2);
	assert_true(h->grid.next - h->mono <= h->grid.interval + h->grid.interval / 2 + 1);
	return passed;
}

static uint64_t wall_of_next(const struct host *h)
{
	return h->wall + (h->grid.next - h->mono);
}

/* How far the next tick is from a multiple of the interval plus phase, by the wall clock. */
static uint64_t off_grid(const struct host *h)
{
	uint64_t past = (wall_of_next(h) - h->grid.phase % h->grid.interval) % h->grid.interval;

	return past < h->grid.interval - past ? past : h->grid.interval - past;
}

static void undisturbed_ticks_lie_on_multiples_of_the_interval_since_the_epoch(void **state)
{
	static const uint64_t intervals[] = {100 * MS, 333 * MS + 1, 1 * S, 7 * S, 60 * S, H, 7 * 24 * H};
	static const uint64_t phases[] = {0, 1, 412345, 3 * H + 5};

	(void)state;
	for (size_t i = 0; i < SF_COUNT(intervals); i++) {
		for (size_t p = 0; p < SF_COUNT(phases); p++) {
			struct host h = start(intervals[i], phases[p], true);

			assert_true(h.grid.next - h.mono <= intervals[i]);
			for (int n = 0; n < 100; n++) {
				uint64_t before = wall_of_next(&h);

				assert_int_equal(before % intervals[i], phases[p] % intervals[i]);
				assert_int_equal(tick(&h, (uint64_t)random() % (intervals[i] / 2)), 0);
				assert_int_equal(wall_of_next(&h), before + intervals[i]);
			}
		}
	}
}

static void without_align_ticks_count_from_the_start_whatever_the_wall_clock_does(void **state)
{
	struct host h = start(10 * S, 4 * S, false);
	uint64_t origin = h.mono;

	(void)state;
	for (uint64_t n = 1; n < 100; n++) {
		assert_int_equal(h.grid.next, origin + n * 10 * S);
		h.wall += n % 3 ? 7 * S : (uint64_t)-5 * S;
		assert_int_equal(tick(&h, n * 40 * MS), 0);
	}
}

static void queries_of_one_interval_keep_the_same_ticks_and_longer_intervals_share_them(void **state)
{
	struct host ten = start(10 * S, 412345, true), also = ten, minute;

	(void)state;
	pass(&also, 300); /* the next query of the file: a little later, and its two clocks are read less closely */
	sf_grid_start(&also.grid, 10 * S, 412345, true, also.mono, also.wall + 90);
	minute = also;
	sf_grid_start(&minute.grid, 60 * S, 412345, true, minute.mono, minute.wall);
	for (int i = 0; i < 60; i++) {
		assert_true(ten.grid.next - also.grid.next + 100 <= 200);
		if (ten.grid.next + S > minute.grid.next) {
			assert_true(ten.grid.next - minute.grid.next + 100 <= 200);
			tick(&minute, 150);
		}
		tick(&ten, 20 + (uint64_t)random() % 100);
		tick(&also, 200 + (uint64_t)random() % 500);
	}
}

static void a_tick_that_is_handled_late_is_not_followed_closely(void **state)
{
	struct host h = start(10 * S, 0, true);

	(void)state;
	assert_int_equal(tick(&h, 4 * S), 0); /* the next one is 6 s away: kept */
	assert_int_equal(h.grid.next - h.mono, 6 * S);
	assert_int_equal(tick(&h, 7 * S), 1); /* the next one would be 3 s away: passed over, counted */
	assert_int_equal(h.grid.next - h.mono, 13 * S);
	assert_int_equal(tick(&h, 0), 0);
	assert_int_equal(off_grid(&h), 0);
}

static void a_stopped_process_makes_one_tick_and_counts_the_others(void **state)
{
	(void)state;
	for (uint64_t stopped = 0; stopped < 50; stopped++) {
		struct host h = start(10 * S, 3 * S, true);

		assert_int_equal(tick(&h, stopped * 10 * S + 2 * S), stopped);
		assert_int_equal(h.grid.next - h.mono, 8 * S);
		assert_int_equal(tick(&h, 0), 0);
	}
}

static void a_clock_that_is_set_moves_the_grid_at_the_next_tick_without_a_burst(void **state)
{
	static const int64_t jumps[] = {2 * READING, 300 * MS, 3 * S, 5 * S, 7 * S, 9999 * MS, 3600 * S, 1000000 * S};

	(void)state;
	for (size_t i = 0; i < 2 * SF_COUNT(jumps); i++) {
		struct host h = start(10 * S, 3 * S, true);
		int64_t jump = i % 2 ? jumps[i / 2] : -jumps[i / 2];
		uint64_t due = h.grid.next;

		pass(&h, 100);
		h.wall += (uint64_t)jump;
		assert_int_equal(h.grid.next, due); /* the tick under way comes when it was to come */
		assert_true(tick(&h, 0) <= 1);
		assert_true(off_grid(&h) == 0);
		assert_int_equal(tick(&h, 0), 0);
		assert_int_equal(h.grid.next - h.mono, 10 * S);
	}
}

static void readings_that_differ_a_little_move_nothing(void **state)
{
	struct host h = start(S, 0, true);
	uint64_t due = h.grid.next;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		uint64_t mono = h.grid.next + 50, wall = h.wall + (mono - h.mono);

		assert_int_equal(h.grid.next, due);
		sf_grid_advance(&h.grid, mono, wall + (uint64_t)(random() % (2 * READING) - READING + 1));
		h.mono = mono;
		h.wall = wall;
		due += S;
	}
}

static void a_clock_that_is_slewed_is_followed(void **state)
{
	(void)state;
	for (int sign = -1; sign <= 1; sign += 2) {
		struct host h = start(60 * S, 0, true);

		for (int i = 0; i < 1000; i++) { /* 500 ppm, the most that the kernel slews */
			assert_int_equal(tick(&h, 0), 0);
			assert_true(off_grid(&h) <= READING);
			h.wall += (uint64_t)(sign * 30000);
		}
	}
}

/* One tick after the clock was perhaps set; tick() holds the rules that hold whatever happens. */
static void tick_somehow(struct host *h)
{
	uint64_t interval = h->grid.interval, due = h->grid.next, counted;
	int64_t offset = h->grid.offset;

	if (random() % 8 == 0)
		h->wall += (uint64_t)random() % (4 * interval);
	else if (random() % 8 == 0 && h->wall > 8 * interval)
		h->wall -= (uint64_t)random() % (4 * interval);
	counted = interval * (1 + tick(h, (uint64_t)random() % (random() % 8 ? interval / 4 : 20 * interval)));
	if (h->grid.align)
		assert_true(off_grid(h) <= READING);
	if (h->grid.align && offset != h->grid.offset) /* the grid has moved: the nearest whole number counts */
		assert_true(counted + interval / 2 + 1 - (h->grid.next - due) <= interval + 2);
	else
		assert_int_equal(counted, h->grid.next - due);
}

static void with_any_clocks_nothing_is_early_close_together_missing_or_uncounted(void **state)
{
	(void)state;
	for (int round = 0; round < 3000; round++) {
		uint64_t interval = 100 * MS + (uint64_t)random() % (random() % 2 ? S : 100 * S);
		struct host h = start(interval, (uint64_t)random() % (2 * interval), random() % 4 != 0);

		if (random() % 8 == 0) { /* just booted, and the clock is not set yet */
			h.mono = (uint64_t)random() % (2 * interval);
			h.wall = random() % 2 ? 0 : h.mono;
			sf_grid_start(&h.grid, interval, h.grid.phase, h.grid.align, h.mono, h.wall);
		}
		assert_true(h.grid.next > h.mono && h.grid.next - h.mono <= interval);
		for (int i = 0; i < 100; i++)
			tick_somehow(&h);
	}
}

static void the_phase_is_the_hosts_own_and_always_the_same(void **state)
{
	(void)state;
	/* FNV-1a, 64 bits, by its authors' test vectors */
	assert_int_equal(sf_grid_phase("", UINT64_MAX), 0xcbf29ce484222325);
	assert_int_equal(sf_grid_phase("a", UINT64_MAX), 0xaf63dc4c8601ec8c);
	assert_int_equal(sf_grid_phase("foobar", UINT64_MAX), 0x85944171f73967e8);
	assert_int_equal(sf_grid_phase("foobar", 1000), 0x85944171f73967e8 % 1000);
	assert_int_equal(sf_grid_phase("foobar", 0), 0);
}

static void a_fleet_spreads_over_the_splay(void **state)
{
	unsigned hosts[10] = {0};
	char id[33];

	(void)state;
	for (int i = 0; i < 10000; i++) {
		uint64_t phase;

		snprintf(id, sizeof(id), "%032x", i * 7919);
		phase = sf_grid_phase(id, S);
		assert_true(phase < S);
		hosts[phase / (S / 10)]++;
	}
	for (size_t i = 0; i < SF_COUNT(hosts); i++)
		assert_in_range(hosts[i], 850, 1150);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(undisturbed_ticks_lie_on_multiples_of_the_interval_since_the_epoch),
		cmocka_unit_test(without_align_ticks_count_from_the_start_whatever_the_wall_clock_does),
		cmocka_unit_test(queries_of_one_interval_keep_the_same_ticks_and_longer_intervals_share_them),
		cmocka_unit_test(a_tick_that_is_handled_late_is_not_followed_closely),
		cmocka_unit_test(a_stopped_process_makes_one_tick_and_counts_the_others),
		cmocka_unit_test(a_clock_that_is_set_moves_the_grid_at_the_next_tick_without_a_burst),
		cmocka_unit_test(readings_that_differ_a_little_move_nothing),
		cmocka_unit_test(a_clock_that_is_slewed_is_followed),
		cmocka_unit_test(with_any_clocks_nothing_is_early_close_together_missing_or_uncounted),
		cmocka_unit_test(the_phase_is_the_hosts_own_and_always_the_same),
		cmocka_unit_test(a_fleet_spreads_over_the_splay),
	};

	srandom(20261124);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
