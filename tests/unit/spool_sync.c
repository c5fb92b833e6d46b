/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When what was written is on the disk: a sync that fails is not tried again, what is done in time is never synced, and
 * neither a kill nor a loss of power in between makes a record be lost, or said to be, that was not.
 */
#include "broken_disk.h"

static void a_failed_sync_is_not_tried_again_but_written_elsewhere(void **state)
{
	struct tank *t = *state;

	tank_fill(t, 5);
	tank_wait(t, 500000);
	tank_fill(t, 5);
	assert_int_equal(t->released, 5);
	disk_fail(DISK_SYNC, EIO, 1);
	tank_wait(t, 500000);
	assert_int_equal(tank_counts(t).failed_syncs, 1);
	assert_int_equal(t->released, 5);
	assert_int_equal(tank_counts(t).segments, 2);
	expect_trouble(t, "cannot sync"); /* it was written again, and may fail again */
	tank_wait(t, 500000);
	assert_int_equal(t->released, 10);
	assert_string_equal(tank_counts(t).trouble, "");
	tank_check(t);
	tank_close(t);
	tank_open(t);
	tank_expect(t, 0, 10);
	assert_int_equal(tank_counts(t).damaged, 0);
}

static void syncs_that_fail_for_long_lose_nothing_that_memory_holds(void **state)
{
	struct tank *t = *state;

	disk_fail(DISK_SYNC, EIO, 0);
	for (unsigned i = 0; i < 30; i++) {
		tank_fill(t, 2);
		tank_wait(t, 500000);
	}
	assert_int_equal(t->released, 0);
	assert_true(tank_counts(t).segments < 5); /* those that failed go again */
	expect_trouble(t, "Input/output error");
	disk_fail(DISK_SYNC, 0, 0);
	tank_wait(t, 1000001);
	tank_wait(t, 1000001);
	assert_int_equal(t->released, 60);
	assert_string_equal(tank_counts(t).trouble, "");
	tank_expect(t, 0, 60);
}

/* What is gone before it must be safe costs the disk nothing. */
static void what_is_done_in_time_is_never_synced(void **state)
{
	struct tank *t = *state;
	struct sf_spool_span place;
	uint64_t at = 0;

	for (uint64_t i = 0; i < 300; i++) {
		tank_fill(t, 1);
		assert_int_equal(tank_read(t, &at, &place), i);
		assert_int_equal(sf_spool_acknowledge(t->spool, &place), 0);
		assert_true(tank_counts(t).segments <= 3);
	}
	assert_int_equal(tank_counts(t).syncs, 0);
	assert_int_equal(t->released, 300);
	tank_wait(t, 500000);
	assert_int_equal(tank_counts(t).syncs, 0);
	assert_true(tank_counts(t).segments <= 2);
	tank_check(t);
	tank_close(t);
	tank_open(t);
	assert_int_equal(tank_counts(t).recovered.batches, 0);
	assert_int_equal(tank_counts(t).damaged, 0);
	tank_fill(t, 10);
	tank_expect(t, 300, 310);
}

/* Fills until a segment is full, and one behind it begun. */
static uint64_t fill_two_segments(struct tank *t)
{
	while (tank_counts(t).segments < 2)
		tank_fill(t, 1);
	tank_fill(t, 3);
	assert_int_equal(t->released, 0);
	return t->next;
}

static void a_full_segment_whose_sync_fails_is_written_again_before_the_next_one(void **state)
{
	struct tank *t = *state;
	uint64_t put = fill_two_segments(t);

	disk_fail(DISK_SYNC, EIO, 1);
	tank_wait(t, 500000);
	assert_int_equal(tank_counts(t).failed_syncs, 1);
	assert_int_equal(t->released, put);
	tank_check(t);
	assert_int_equal(tank_counts(t).segments,
			 2); /* nothing counted in the first one any more */
	tank_close(t);
	tank_open(t);
	assert_int_equal(tank_counts(t).damaged + tank_counts(t).aside, 0);
	tank_expect(t, 0, put);
}

static void a_full_segment_that_is_not_synced_is_trouble_until_it_is(void **state)
{
	struct tank *t = *state;
	uint64_t put = fill_two_segments(t);

	disk_fail(DISK_SYNC, EIO, 2); /* it, and what it was written to again */
	tank_wait(t, 500000);
	assert_true(t->released < put);
	expect_trouble(t, "cannot sync");
	tank_fill(t, 1);
	expect_trouble(t, "cannot sync");
	tank_wait(t, 1000001);
	assert_int_equal(t->released, put + 1);
	assert_string_equal(tank_counts(t).trouble, "");
}

static void a_full_segment_that_no_disk_takes_stays_in_memory_until_one_does(void **state)
{
	struct tank *t = *state;
	uint64_t put = fill_two_segments(t);

	disk_fail(DISK_SYNC, EIO, 0);
	for (unsigned i = 0; i < 20; i++) {
		tank_wait(t, 1000001);
		tank_fill(t, 1);
	}
	assert_int_equal(t->released, 0);
	assert_true(tank_counts(t).segments < 5);
	expect_trouble(t, "Input/output error");
	disk_fail(DISK_SYNC, 0, 0);
	for (unsigned i = 0; i < 4; i++)
		tank_wait(t, 1000001);
	assert_int_equal(t->released, put + 20);
	assert_string_equal(tank_counts(t).trouble, "");
	tank_check(t);
	tank_close(t);
	tank_open(t);
	assert_int_equal(tank_counts(t).damaged + tank_counts(t).aside, 0);
	tank_expect(t, 0, put + 20);
}

/* The next start's segments are so long; the last one may be full for it. */
static void kill_and_start_with(struct tank *t, uint64_t segment_size)
{
	struct tank copy = *t;
	uint64_t put = fill_two_segments(t), syncs;

	copy.setup.segment_size = segment_size;
	copy.conf.path = sf_strdup(below(t->directory, "copy"));
	copy_directory(t->conf.path, copy.conf.path);
	tank_open(&copy);
	syncs = disk.syncs;
	tank_wait(&copy, 0);
	assert_int_equal(tank_counts(&copy).syncs, 2);
	assert_true(disk.syncs >= syncs + 3); /* two files, and their names */
	tank_expect(&copy, 0, put);
	tank_close(&copy);
	free((char *)copy.conf.path);
}

static void what_a_kill_left_unsynced_is_synced_at_the_next_start(void **state)
{
	kill_and_start_with(*state, SEGMENT);
}

static void what_a_kill_left_unsynced_is_synced_when_the_segment_is_full_too(void **state)
{
	kill_and_start_with(*state, 1 << 10);
}

/* ---- the power goes ---- */

static const char *after; /* what the disk holds when the power goes at a step goes there */
static enum sf_spool_step last_step;

static void power_goes_at(void *arg, enum sf_spool_step step)
{
	(void)arg;
	if (!after || step != last_step)
		return;
	power_off(after);
	after = NULL;
}

/* All of a full segment is done and nothing of it synced; the one behind it was begun, and is. */
static void what_was_delivered_before_the_power_went_is_not_said_to_be_lost(void **state)
{
	struct tank *t = *state;
	struct sf_spool_span place;
	char *path = sf_strdup(below(t->directory, "after"));
	uint64_t at = 0, second, left, from;

	tank_close(t);
	t->setup.step = power_goes_at;
	last_step = SF_SPOOL_SYNCED;
	for (unsigned seed = 0; seed < 20; seed++) {
		struct tank copy = *t;

		srandom(seed);
		memset(&disk, 0, sizeof(disk));
		power_on(t->conf.path);
		tank_open(t);
		from = t->next;
		while (tank_counts(t).segments < 2)
			tank_fill(t, 1);
		tank_fill(t, 3);
		second = t->spool->segment[1].first.offset;
		for (left = second - sf_spool_base(t->spool); left--;) {
			assert_int_equal(tank_read(t, &at, &place), from++);
			sf_spool_acknowledge(t->spool, &place);
		}
		after = path;
		tank_wait(t, 500000);
		assert_null(after);
		copy.conf.path = path;
		copy.next = t->next;
		tank_open(&copy);
		assert_int_equal(tank_lost(&copy).lines, 0);
		assert_int_equal(tank_counts(&copy).damaged, 0);
		tank_expect(&copy, from, t->next);
		tank_close(&copy);
		tank_expect(t, from, t->next);
		at = sf_spool_end(t->spool);
		tank_close(t);
		directory_free(path);
		path = sf_strdup(below(t->directory, "after"));
	}
	free(path);
	tank_open(t);
}

#define spool_test(function) \
	cmocka_unit_test_setup_teardown(function, broken_setup, broken_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		spool_test(a_failed_sync_is_not_tried_again_but_written_elsewhere),
		spool_test(syncs_that_fail_for_long_lose_nothing_that_memory_holds),
		spool_test(what_is_done_in_time_is_never_synced),
		spool_test(a_full_segment_whose_sync_fails_is_written_again_before_the_next_one),
		spool_test(a_full_segment_that_is_not_synced_is_trouble_until_it_is),
		spool_test(a_full_segment_that_no_disk_takes_stays_in_memory_until_one_does),
		spool_test(what_a_kill_left_unsynced_is_synced_at_the_next_start),
		spool_test(what_a_kill_left_unsynced_is_synced_when_the_segment_is_full_too),
		spool_test(what_was_delivered_before_the_power_went_is_not_said_to_be_lost),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
