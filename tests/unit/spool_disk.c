/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A disk that is full, read-only, broken for a moment or for good: the spool goes on taking batches, says what is wrong,
 * loses by its policy alone and counts it, and is as before when the disk is.
 */
#include <sys/resource.h>

#include "broken_disk.h"

enum { GAPS = 300 };

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

/* There are no descriptors left, but those that write are open. */
static void what_cannot_be_read_is_trouble_until_it_can(void **state)
{
	struct rlimit limit, none = {0};
	struct tank *t = *state;
	struct sf_spool_span place;
	uint64_t at = 0;

	tank_fill(t, 5);
	tank_wait(t, 500000);
	assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
	none.rlim_max = limit.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &none), 0);
	assert_true(tank_read(t, &at, &place) == UINT64_MAX);
	tank_fill(t, 1);
	tank_wait(t, 500000);
	assert_int_equal(setrlimit(RLIMIT_NOFILE, &limit), 0);
	expect_trouble(t, "Too many open files");
	assert_int_equal(tank_read(t, &at, &place), 0);
	sf_spool_unpin(t->spool, &place);
	assert_string_equal(tank_counts(t).trouble, "");
}

#define spool_test(function) \
	cmocka_unit_test_setup_teardown(function, broken_setup, broken_teardown)

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
		spool_test(no_new_file_can_be_made),
		spool_test(a_disk_that_gives_nothing_back_has_damaged_it),
		spool_test(a_segment_without_a_record_tells_what_was_before_it),
		spool_test(a_segment_that_cannot_be_removed_hides_none_behind_it),
		spool_test(a_read_only_start_sends_what_is_there),
		spool_test(what_cannot_be_read_is_trouble_until_it_can),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
