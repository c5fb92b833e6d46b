/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A disk that is full, read-only, broken for a moment or for good: the spool goes on taking batches, says what is wrong,
 * loses by its policy alone and counts it, and is as before when the disk is.
 */
#include "disk.h"

#include "delivery/spool/spool_inner.h"
#include "spools.h"

enum { SEGMENT = 16 << 10, GAPS = 300 };

static int setup(void **state)
{
	struct tank *t = sf_new(struct tank);

	memset(&disk, 0, sizeof(disk));
	tank_new(t);
	t->setup.segment_size = SEGMENT;
	t->setup.ring_size = 256 << 10;
	disk.directory = t->conf.path;
	tank_open(t);
	*state = t;
	return 0;
}

static int teardown(void **state)
{
	memset(&disk, 0, sizeof(disk));
	tank_free(*state);
	free(*state);
	return 0;
}

static void expect_trouble(const struct tank *t, const char *part)
{
	struct sf_spool_counts counts = tank_counts(t);

	if (!strstr(counts.trouble, part))
		fail_msg("\"%s\" does not say \"%s\"", counts.trouble, part);
}

static void a_full_disk_loses_the_oldest_exact_to_the_record(void **state)
{
	struct tank *t = *state;
	struct sf_spool_span place;
	struct sf_spool_gap gap[GAPS];
	uint64_t at = 0, first, records = 0;

	disk.size = disk_used() + (100 << 10);
	tank_fill(t, 300);
	assert_true(disk_used() <= disk.size);
	tank_check(t);
	first = tank_read(t, &at, &place);
	sf_spool_unpin(t->spool, &place);
	assert_true(first > 100);
	assert_int_equal(tank_lost(t).batches, first);
	assert_int_equal(tank_counts(t).lost[SF_SPOOL_LOSS_DISK].batches, first);
	assert_int_equal(sf_spool_gaps(t->spool, gap, GAPS), QUERIES);
	for (int q = 0; q < QUERIES; q++)
		records += gap[q].records;
	assert_int_equal(records, tank_lost(t).lines);
	tank_close(t);
	tank_open(t); /* on the full disk still */
	assert_int_equal(sf_spool_gaps(t->spool, gap, GAPS), QUERIES);
	tank_expect(t, first, 300);
}

/* Smaller than a segment: there is never an older one to drop. */
static void a_disk_smaller_than_a_segment_keeps_the_newest(void **state)
{
	struct tank *t = *state;
	struct sf_spool_span place;
	uint64_t at = 0, first;

	tank_close(t);
	t->setup.segment_size = 1 << 20;
	t->setup.ring_size = 30 << 10;
	tank_open(t);
	disk.size = disk_used() + (60 << 10);
	tank_fill(t, 300);
	first = tank_read(t, &at, &place);
	sf_spool_unpin(t->spool, &place);
	assert_in_range(first, 200, 298);
	assert_int_equal(tank_lost(t).batches, first);
	disk.size = 0;
	tank_wait(t, 1000001);
	tank_close(t);
	tank_open(t);
	tank_expect(t, first, 300);
}

/* Then a crash would leave nobody who knows of the loss. */
static void nothing_is_dropped_that_the_state_cannot_tell_of(void **state)
{
	struct tank *t = *state;
	uint64_t segments;

	tank_close(t);
	t->conf.max_size = 64 << 10;
	tank_open(t);
	while (tank_counts(t).disk < 60 << 10)
		tank_fill(t, 1);
	segments = tank_counts(t).segments;
	disk_fail(DISK_SYNC, EIO, 0);
	tank_fill(t, 20);
	assert_true(tank_counts(t).segments >= segments);
	assert_true(tank_counts(t).in_memory > 0);
	disk_fail(DISK_SYNC, 0, 0);
	tank_wait(t, 1000001);
	tank_wait(t, 1000001);
	assert_int_equal(tank_counts(t).in_memory, 0);
	assert_true(tank_counts(t).disk <= t->conf.max_size);
	tank_check(t);
}

/* Somebody else fills the disk, and there is nothing of ours to drop. */
static void what_a_full_disk_does_not_take_waits_in_memory(void **state)
{
	struct tank *t = *state;

	disk.size = 1;
	tank_fill(t, 30);
	assert_int_equal(tank_lost(t).batches, 0);
	assert_true(tank_counts(t).in_memory > 0);
	expect_trouble(t, "No space left on device");
	tank_check(t);
	disk.size = 0;
	tank_wait(t, 1000001);
	assert_int_equal(tank_counts(t).in_memory, 0);
	assert_string_equal(tank_counts(t).trouble, "");
	tank_expect(t, 0, 30);
}

static void what_waits_in_memory_is_read_and_acknowledged(void **state)
{
	struct tank *t = *state;

	tank_fill(t, 10);
	disk_fail(DISK_WRITE, EROFS, 0);
	tank_fill(t, 20);
	tank_expect(t, 0, 30);
	assert_int_equal(tank_counts(t).in_memory, 0);
	disk_fail(DISK_WRITE, 0, 0);
	tank_fill(t, 10);
	tank_close(t);
	tank_open(t);
	tank_expect(t, 30, 40);
}

static void memory_is_bounded_and_its_oldest_go(void **state)
{
	struct tank *t = *state;
	struct sf_spool_gap gap[GAPS];
	uint64_t lost;

	disk_fail(DISK_WRITE, EROFS, 0);
	tank_fill(t, 400);
	assert_true(tank_counts(t).in_memory <= t->setup.ring_size);
	expect_trouble(t, "Read-only file system");
	lost = tank_counts(t).lost[SF_SPOOL_LOSS_DISK].batches;
	assert_true(lost > 100);
	tank_check(t);
	disk_fail(DISK_WRITE, 0, 0);
	tank_wait(t, 1000001);
	assert_int_equal(tank_counts(t).in_memory, 0);
	assert_int_equal(sf_spool_gaps(t->spool, gap, GAPS), QUERIES);
	assert_int_equal(gap[0].records + gap[1].records + gap[2].records, tank_lost(t).lines);
	assert_string_equal(sf_spool_loss_name(gap[0].reason), "disk_full");
	tank_close(t);
	tank_open(t);
	tank_expect(t, lost, 400);
}

static void batches_in_flight_do_not_leave_the_memory(void **state)
{
	struct tank *t = *state;
	struct sf_spool_span place;
	uint64_t at = 0;

	disk_fail(DISK_WRITE, EIO, 0);
	tank_fill(t, 1);
	assert_int_equal(tank_read(t, &at, &place), 0);
	tank_fill(t, 400);
	assert_int_equal(sf_spool_base(t->spool), 0);
	assert_int_equal(sf_spool_acknowledge(t->spool, &place), 0);
	assert_true(sf_spool_base(t->spool) > 100);
	tank_check(t);
}

static void half_a_record_is_cut_off(void **state)
{
	struct tank *t = *state;

	tank_close(t);
	t->setup.segment_size = 1 << 20; /* there is no older one that would be dropped */
	tank_open(t);
	tank_fill(t, 3);
	disk.shorten = true;
	for (unsigned i = 0; i < 40; i++) {
		disk_fail(DISK_WRITE, ENOSPC, 1);
		tank_fill(t, 1);
		tank_wait(t, 1000001);
	}
	assert_in_range(tank_counts(t).failed_writes, 20, 40); /* some met the state's writing */
	tank_close(t);
	tank_open(t);
	assert_int_equal(tank_counts(t).damaged, 0);
	tank_expect(t, 0, 43);
}

static void half_a_record_that_cannot_be_cut_off_is_left_behind(void **state)
{
	struct tank *t = *state;

	tank_fill(t, 3);
	disk.shorten = true;
	disk_fail(DISK_WRITE, EIO, 1);
	disk_fail(DISK_CUT, EIO, 0);
	tank_fill(t, 3);
	disk_fail(DISK_CUT, 0, 0);
	tank_wait(t, 1000001);
	assert_int_equal(tank_counts(t).segments, 2);
	tank_close(t);
	tank_open(t);
	tank_expect(t, 0, 6);
	assert_int_equal(tank_counts(t).damaged, 0);
}

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
	tank_wait(t, 500000);
	assert_int_equal(t->released, 10);
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
	assert_int_equal(tank_counts(t).segments, 2); /* nothing counted in the first one any more */
	tank_close(t);
	tank_open(t);
	assert_int_equal(tank_counts(t).damaged + tank_counts(t).aside, 0);
	tank_expect(t, 0, put);
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

static void what_a_kill_left_unsynced_is_synced_at_the_next_start(void **state)
{
	struct tank *t = *state;
	struct tank copy = *t;
	uint64_t put = fill_two_segments(t), syncs;

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

static void no_new_file_can_be_made(void **state)
{
	struct tank *t = *state;

	disk_fail(DISK_CREATE, EDQUOT, 0);
	tank_fill(t, 20);
	assert_int_equal(tank_counts(t).segments, 0);
	expect_trouble(t, "Disk quota exceeded");
	disk_fail(DISK_CREATE, 0, 0);
	tank_wait(t, 1000001);
	tank_expect(t, 0, 20);
}

static void a_disk_that_gives_nothing_back_has_damaged_it(void **state)
{
	struct tank *t = *state;
	struct sf_spool_span place;
	struct sf_spool_gap gap[GAPS];
	uint64_t at = 0;

	tank_fill(t, 10);
	disk_fail(DISK_READ, EIO, 2);
	assert_int_equal(tank_read(t, &at, &place), 2);
	assert_int_equal(tank_counts(t).damaged, 2);
	assert_int_equal(sf_spool_gaps(t->spool, gap, GAPS), 2);
	assert_string_equal(gap[0].query, "alpha");
	assert_string_equal(gap[1].query, "beta");
	assert_string_equal(sf_spool_loss_name(gap[1].reason), "damaged");
	assert_int_equal(gap[1].records, lines_of(1));
	tank_check(t);
}

/* What a crash leaves when the disk took a segment's head, but of the batches before it and behind it none. */
static void leave_a_segment_without_a_record(struct tank *t)
{
	struct sf_spool_at first = t->spool->state.end;
	uint64_t number = t->spool->last_number + 1;
	struct sf_segment_head head;
	char name[64];
	FILE *file;

	first.offset += 5;
	first.line += 20;
	first.byte += 3000;
	sf_segment_head_make(&head, t->spool->state.id, number, &first, t->setup.boot_id);
	tank_close(t);
	snprintf(name, sizeof(name), "spool/" SF_SEGMENT_NAME, (unsigned long long)number);
	file = fopen(below(t->directory, name), "we");
	assert_non_null(file);
	assert_int_equal(fwrite(&head, sizeof(head), 1, file), 1);
	fclose(file);
}

static void a_segment_without_a_record_tells_what_was_before_it(void **state)
{
	struct tank *t = *state;
	struct sf_spool_gap gap[GAPS];

	tank_fill(t, 50);
	leave_a_segment_without_a_record(t);
	tank_open(t);
	assert_int_equal(tank_lost(t).lines, 20);
	assert_int_equal(tank_lost(t).batches, 5);
	assert_int_equal(sf_spool_gaps(t->spool, gap, GAPS), 1);
	assert_int_equal(gap[0].reason, SF_SPOOL_LOSS_POWER);
	assert_string_equal(gap[0].query, "");
	assert_int_equal(gap[0].records, 20);
	tank_expect(t, 0, 50);
}

static void a_segment_that_cannot_be_removed_hides_none_behind_it(void **state)
{
	struct tank *t = *state;

	tank_fill(t, 50);
	leave_a_segment_without_a_record(t);
	disk_fail(DISK_REMOVE, EIO, 0);
	tank_open(t);
	tank_fill(t, 50);
	tank_close(t);
	disk_fail(DISK_REMOVE, 0, 0);
	tank_open(t);
	assert_int_equal(tank_counts(t).aside, 0);
	tank_expect(t, 0, 100);
}

static void a_read_only_start_sends_what_is_there(void **state)
{
	struct tank *t = *state;
	struct sf_spool_span place;
	uint64_t at = 0;

	tank_fill(t, 50);
	tank_close(t);
	for (int call = DISK_WRITE; call <= DISK_CREATE; call++)
		disk_fail((enum disk_call)call, EROFS, 0);
	tank_open(t);
	for (uint64_t i = 0; i < 50; i++) {
		assert_int_equal(tank_read(t, &at, &place), i);
		assert_int_equal(sf_spool_acknowledge(t->spool, &place), 0);
	}
	tank_wait(t, 2000000);
	assert_true(tank_counts(t).failed_publishes > 0);
	expect_trouble(t, "Read-only file system");
	tank_check(t);
}

#define spool_test(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		spool_test(a_full_disk_loses_the_oldest_exact_to_the_record),
		spool_test(a_disk_smaller_than_a_segment_keeps_the_newest),
		spool_test(nothing_is_dropped_that_the_state_cannot_tell_of),
		spool_test(what_a_full_disk_does_not_take_waits_in_memory),
		spool_test(what_waits_in_memory_is_read_and_acknowledged),
		spool_test(memory_is_bounded_and_its_oldest_go),
		spool_test(batches_in_flight_do_not_leave_the_memory),
		spool_test(half_a_record_is_cut_off),
		spool_test(half_a_record_that_cannot_be_cut_off_is_left_behind),
		spool_test(a_failed_sync_is_not_tried_again_but_written_elsewhere),
		spool_test(syncs_that_fail_for_long_lose_nothing_that_memory_holds),
		spool_test(what_is_done_in_time_is_never_synced),
		spool_test(a_full_segment_whose_sync_fails_is_written_again_before_the_next_one),
		spool_test(a_full_segment_that_no_disk_takes_stays_in_memory_until_one_does),
		spool_test(what_a_kill_left_unsynced_is_synced_at_the_next_start),
		spool_test(what_was_delivered_before_the_power_went_is_not_said_to_be_lost),
		spool_test(no_new_file_can_be_made),
		spool_test(a_disk_that_gives_nothing_back_has_damaged_it),
		spool_test(a_segment_without_a_record_tells_what_was_before_it),
		spool_test(a_segment_that_cannot_be_removed_hides_none_behind_it),
		spool_test(a_read_only_start_sends_what_is_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
