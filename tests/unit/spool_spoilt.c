/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A look into a spool that is damaged: it says what the spool itself loses when it is opened, and what it refuses.
 */
#include "looks.h"

static void flip(const char *path, uint64_t position, unsigned bit)
{
	int fd = open(path, O_RDWR | O_CLOEXEC);
	unsigned char byte;

	assert_true(fd >= 0);
	assert_int_equal(pread(fd, &byte, 1, (off_t)position), 1);
	byte ^= (unsigned char)(1u << bit);
	assert_int_equal(pwrite(fd, &byte, 1, (off_t)position), 1);
	close(fd);
}

static void every_flipped_bit_is_found_and_costs_one_record(void **state)
{
	struct tank *t = *state;

	tank_fill(t, 60);
	tank_close(t);
	srandom(1);
	for (unsigned i = 0; i < 600; i++) {
		const char *path = segment_path(t, 1 + 2 * ((unsigned)random() % 4));
		uint64_t position = (uint64_t)random() % size_of(path);
		unsigned bit = (unsigned)random() % 8;

		flip(path, position, bit);
		look(t);
		assert_int_equal(seen.damaged, 1);
		assert_int_equal(seen.cost.batches, position >= sizeof(struct sf_segment_head));
		assert_int_equal(seen.batches + seen.cost.batches, 60);
		flip(path, position, bit);
	}
	look(t);
	assert_int_equal(seen.damaged, 0);
}

static void the_spool_loses_what_a_look_said(void **state)
{
	struct tank *t = *state;
	uint64_t first = 0;

	srandom(2);
	for (unsigned i = 0; i < 60; i++) {
		unsigned number;

		tank_fill(t, 60);
		tank_close(t);
		do
			number = (unsigned)random() % 1200;
		while (!exists(segment_path(t, number)));
		switch (i % 5) {
		case 0:
			flip(segment_path(t, number), (uint64_t)random() % size_of(segment_path(t, number)), 3);
			break;
		case 1:
			unlink(segment_path(t, number));
			break;
		case 2:
			assert_int_equal(truncate(segment_path(t, number), random() % 20000), 0);
			break;
		case 3:
			write_text(segment_path(t, number), "no record is here\n");
			break;
		case 4:
			flip(segment_path(t, number), 200 + (uint64_t)random() % 5000, 0);
			flip(segment_path(t, number), 9000 + (uint64_t)random() % 200, 7);
			break;
		}
		look(t);
		assert_true(seen.batches + seen.cost.batches == t->next - first);
		expect_same_loss(t);
		first = t->next;
	}
}

static void a_torn_tail_is_normal(void **state)
{
	struct tank *t = *state;
	const char *path = segment_path(t, 1);
	uint64_t size;

	tank_fill(t, 10);
	tank_close(t);
	size = size_of(path);
	assert_int_equal(truncate(path, (off_t)size + 77), 0);
	look(t);
	expect_serials(0, 10);
	assert_int_equal(seen.normal, 1);
	assert_int_equal(seen.damaged, 0);
	/* ... but not when the state knows that there was more */
	assert_int_equal(truncate(path, (off_t)size - 1), 0);
	look(t);
	expect_serials(0, 9);
	assert_int_equal(seen.damaged, 1);
	assert_int_equal(seen.cost.lines, lines_of(9));
	expect_same_loss(t);
}

static void a_missing_segment_is_named(void **state)
{
	struct tank *t = *state;

	tank_fill(t, 60);
	tank_close(t);
	unlink(segment_path(t, 3)); /* the second: each leaves one number free behind it */
	look(t);
	assert_string_equal(seen.last, " what stood behind 0000000000000001.seg is missing");
	assert_int_equal(seen.damaged, 1);
	unlink(segment_path(t, 1));
	look(t);
	assert_string_equal(seen.last, " segments that waited first are missing");
	assert_int_equal(seen.damaged, 1);
	expect_same_loss(t);
	tank_close(t);
}

static void without_segments_all_that_waited_is_lost(void **state)
{
	struct tank *t = *state;

	tank_fill(t, 5);
	tank_close(t);
	unlink(segment_path(t, 1));
	look(t);
	assert_string_equal(seen.last, " no segment is there");
	assert_int_equal(seen.cost.batches, 5);
	expect_same_loss(t);
}

static void spoil(const char *path)
{
	for (uint64_t at = 0; at < 4096; at += 8)
		flip(path, at, 2);
}

static void one_slot_of_the_state_is_enough(void **state)
{
	struct tank *t = *state;

	tank_fill(t, 3);
	tank_expect(t, 0, 3);
	tank_close(t);
	tank_open(t);
	tank_fill(t, 5);
	tank_close(t);
	look(t);
	expect_serials(3, 8);
	spoil(in_spool(t, "state.0"));
	look(t);
	assert_true(seen.facts.state_known);
	assert_int_equal(seen.damaged, 0);
	assert_int_equal(seen.normal, 1);
	assert_true(seen.batches >= 5);
	spoil(in_spool(t, "state.0"));
	spoil(in_spool(t, "state.1"));
	look(t);
	assert_true(seen.facts.state_known);
	assert_int_equal(seen.damaged, 0);
	assert_int_equal(seen.normal, 1);
	assert_true(seen.batches >= 5);
}

static void without_a_state_all_that_is_there_waits(void **state)
{
	struct tank *t = *state;

	tank_fill(t, 3);
	tank_expect(t, 0, 3);
	tank_fill(t, 5);
	tank_close(t);
	spoil(in_spool(t, "state.0"));
	spoil(in_spool(t, "state.1"));
	look(t);
	assert_false(seen.facts.state_known);
	assert_int_equal(seen.damaged, 2);
	assert_int_equal(seen.cost.lines, 0);
	expect_serials(0, 8);
	unlink(in_spool(t, "state.0"));
	unlink(in_spool(t, "state.1"));
	look(t);
	assert_int_equal(seen.damaged, 1);
	expect_serials(0, 8);
}

static void a_newer_version_is_said_to_be_one(void **state)
{
	struct tank *t = *state;
	const char *path = segment_path(t, 1);
	struct sf_segment_head head;
	int fd;

	tank_fill(t, 5);
	tank_close(t);
	fd = open(path, O_RDWR | O_CLOEXEC);
	assert_int_equal(pread(fd, &head, sizeof(head), 0), sizeof(head));
	head.version++;
	head.crc = 0;
	head.crc = (uint32_t)crc32(0, (const Bytef *)&head, sizeof(head));
	assert_int_equal(pwrite(fd, &head, sizeof(head), 0), sizeof(head));
	close(fd);
	look(t);
	assert_int_equal(seen.facts.files, 1);
	assert_int_equal(seen.damaged, 2); /* and what waited is not there */
	assert_int_equal(seen.cost.batches, 5);
	tank_open(t); /* sets it aside, and owes what it lost */
	tank_close(t);
	look(t);
	assert_int_equal(seen.damaged, 0);
	assert_int_equal(seen.normal, 1);
	assert_string_equal(seen.last, "0000000000000001.seg.aside an earlier start has set it aside; it is not read");
}

static void what_is_no_spool_is_refused(void **state)
{
	struct tank *t = *state;
	struct sf_look *look = NULL;
	struct sf_err err;
	char want[PATH_MAX + 100];

	mkdir(below(t->directory, "empty"), 0700);
	write_text(below(t->directory, "empty/notes.txt"), "nothing");
	snprintf(want, sizeof(want), "%s is not the directory of a spool: it has no segments and no state",
		 below(t->directory, "empty"));
	assert_int_equal(sf_look_open(below(t->directory, "empty"), &look, &err), -ENOENT);
	assert_string_equal(err.text, want);
	assert_int_equal(sf_look_open(below(t->directory, "nowhere"), &look, &err), -ENOENT);
	assert_non_null(strstr(err.text, "No such file or directory"));
	assert_int_equal(sf_look_open(below(t->directory, "empty/notes.txt"), &look, &err), -ENOTDIR);
	assert_null(look);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, tank_teardown)
	const struct CMUnitTest tests[] = {
		TEST(every_flipped_bit_is_found_and_costs_one_record),
		TEST(the_spool_loses_what_a_look_said),
		TEST(a_torn_tail_is_normal),
		TEST(a_missing_segment_is_named),
		TEST(without_segments_all_that_waited_is_lost),
		TEST(one_slot_of_the_state_is_enough),
		TEST(without_a_state_all_that_is_there_waits),
		TEST(a_newer_version_is_said_to_be_one),
		TEST(what_is_no_spool_is_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
