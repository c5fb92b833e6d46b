/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file of lines that is rotated, and packed: no line is cut or lost; what rotation or packing cannot do is said.
 */
#include "logs.h"

/* ---- rotation ---- */

static void a_file_that_would_be_larger_is_rotated_and_so_many_are_kept(void **state)
{
	struct world *w = *state;

	open_as(w, 10000, 3, false);
	for (int i = 0; i < 30; i++)
		outlet_put(&w->outlet, 37, 100);
	settle(w);
	assert_int_equal(size_of(w->path), 1000); /* 1,110 lines: eleven files, and the last ten lines */
	assert_int_equal(size_of(past(w, ".1")), 10000);
	assert_int_equal(size_of(past(w, ".2")), 10000);
	assert_int_equal(size_of(past(w, ".3")), 10000);
	assert_false(exists(past(w, ".4")));
	assert_int_equal(read_all(w, 1110), 1110 - 310);
	close_output(w);
}

static void no_line_is_cut_by_rotation_whatever_their_lengths(void **state)
{
	struct world *w = *state;

	open_as(w, 5000, 500, false);
	for (int i = 0; i < 200; i++)
		outlet_put(&w->outlet, 1 + (uint32_t)random() % 10, 25 + (size_t)random() % 2000);
	settle(w);
	assert_int_equal(read_all(w, w->outlet.lines) > 0, 1); /* of the newest hundred files */
	for (int number = 1; number <= 100; number++) {
		char suffix[32];

		snprintf(suffix, sizeof(suffix), ".%d", number);
		assert_in_range(size_of(past(w, suffix)), 5000 - 2025, 5000);
	}
	close_output(w);
}

static void a_line_longer_than_a_file_has_one_of_its_own(void **state)
{
	struct world *w = *state;

	open_as(w, 1000, 10, false);
	outlet_put(&w->outlet, 3, 100);
	outlet_put(&w->outlet, 2, 3000);
	outlet_put(&w->outlet, 1, 100);
	settle(w);
	assert_int_equal(size_of(past(w, ".3")), 300);
	assert_int_equal(size_of(past(w, ".2")), 3000);
	assert_int_equal(size_of(past(w, ".1")), 3000);
	assert_int_equal(size_of(w->path), 100);
	assert_int_equal(read_all(w, 6), 0);
	close_output(w);
}

static void with_keep_0_nothing_of_the_past_stays(void **state)
{
	struct world *w = *state;

	open_as(w, 1000, 0, true);
	outlet_put(&w->outlet, 25, 100);
	settle(w);
	close_output(w);
	assert_int_equal(size_of(w->path), 500);
	assert_false(exists(past(w, ".1")));
	assert_false(exists(past(w, ".1.gz")));
}

static void files_that_a_smaller_keep_no_longer_wants_go(void **state)
{
	struct world *w = *state;

	write_text(past(w, ".7"), "not ours: there is a gap before it\n");
	open_as(w, 1000, 5, false);
	outlet_put(&w->outlet, 100, 100);
	settle(w);
	close_output(w);
	assert_true(exists(past(w, ".5")));
	open_as(w, 1000, 2, false);
	outlet_put(&w->outlet, 1, 100); /* one rotation is enough */
	settle(w);
	close_output(w);
	assert_true(exists(past(w, ".2")));
	assert_false(exists(past(w, ".3")));
	assert_false(exists(past(w, ".4")));
	assert_false(exists(past(w, ".5")));
	assert_true(exists(past(w, ".7")));
}

static void what_was_there_before_counts_to_the_size(void **state)
{
	struct world *w = *state;

	open_as(w, 1000, 5, false);
	outlet_put(&w->outlet, 7, 100);
	settle(w);
	close_output(w);
	open_as(w, 1000, 5, false);
	w->outlet.lines = 7;
	outlet_put(&w->outlet, 7, 100);
	assert_true(outlet_until(&w->outlet, outlet_counts(&w->outlet).waiting == 0));
	assert_int_equal(size_of(past(w, ".1")), 1000);
	assert_int_equal(read_all(w, 14), 0);
	close_output(w);
}

static void what_cannot_be_rotated_is_said_once_and_grows_on(void **state)
{
	struct world *w = *state;

	assert_int_equal(mkdir(past(w, ".1"), 0700), 0); /* a directory cannot be removed like a file */
	open_as(w, 1000, 1, false);
	for (int i = 0; i < 20; i++) {
		outlet_put(&w->outlet, 5, 100);
		settle(w);
	}
	assert_int_equal(w->outlet.sentences, 1);
	assert_non_null(strstr(w->outlet.said, "cannot remove "));
	assert_int_equal(size_of(w->path), 10000);
	assert_int_equal(rmdir(past(w, ".1")), 0);
	outlet_put(&w->outlet, 10, 100);
	settle(w);
	assert_true(exists(past(w, ".1")));
	assert_int_equal(read_all(w, 110), 0);
	close_output(w);
}

/* ---- packed files ---- */

static void files_of_the_past_are_packed_and_lose_no_line(void **state)
{
	struct world *w = *state;

	open_as(w, 20000, 50, true);
	for (int i = 0; i < 60; i++) {
		outlet_put(&w->outlet, 50, 100);
		if (i % 3 == 0)
			settle(w);
	}
	settle(w);
	assert_true(outlet_until(&w->outlet, is_packed(w)));
	close_output(w);
	assert_memory_equal(read_text(past(w, ".1.gz")), "\x1f\x8b", 2); /* as gzip(1) writes it */
	assert_int_equal(read_all(w, 3000), 0);
}

/* Until the first file of the past is packed: its mode, owner and content are those of the file. */
static void a_packed_file_may_be_read_by_the_same_people_as_before(void **state)
{
	struct world *w = *state;
	struct stat st;

	open_as(w, 1000, 5, true);
	assert_int_equal(chmod(w->path, 0604), 0);
	if (geteuid() == 0)
		assert_int_equal(chown(w->path, 1234, 2345), 0);
	outlet_put(&w->outlet, 15, 100);
	settle(w);
	assert_true(outlet_until(&w->outlet, is_packed(w)));
	assert_int_equal(stat(past(w, ".1.gz"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0604);
	if (geteuid() == 0) {
		assert_int_equal(st.st_uid, 1234);
		assert_int_equal(st.st_gid, 2345);
	}
	close_output(w);
}

static void what_a_killed_agent_was_packing_is_packed_at_the_next_start(void **state)
{
	struct world *w = *state;
	uint64_t next = 0;

	write_text(past(w, ".1"), "{\"time\":\"00000000\" x\n{\"time\":\"00000001\" x\n");
	write_text(past(w, ".1.gz.part"), "half of it");
	open_as(w, 1000, 5, true);
	assert_true(outlet_until(&w->outlet, is_packed(w)));
	assert_int_equal(read_lines(past(w, ".1.gz"), &next), 2);
	close_output(w);
}

static void what_a_killed_agent_had_packed_is_not_kept_twice(void **state)
{
	struct world *w = *state;
	uint64_t next = 0;
	gzFile file = gzopen(past(w, ".1.gz"), "wbe");

	gzputs(file, "{\"time\":\"00000000\" x\n");
	gzclose(file);
	write_text(past(w, ".1"), "{\"time\":\"00000000\" x\n");
	open_as(w, 1000, 5, true);
	assert_true(outlet_until(&w->outlet, is_packed(w)));
	assert_int_equal(read_lines(past(w, ".1.gz"), &next), 1);
	close_output(w);
}

static void what_cannot_be_packed_stays_as_it_is(void **state)
{
	struct world *w = *state;

	open_as(w, 1000, 50, true);
	assert_int_equal(mkdir(past(w, ".1.gz.part"), 0700), 0);
	outlet_put(&w->outlet, 15, 100);
	settle(w);
	assert_true(outlet_until(&w->outlet, w->outlet.sentences));
	assert_non_null(strstr(w->outlet.said, "cannot write "));
	while (w->outlet.sentences < 2) { /* and the next one is rotated all the same */
		outlet_put(&w->outlet, 1, 100);
		settle(w);
	}
	assert_true(exists(past(w, ".2")));
	assert_int_equal(read_all(w, w->outlet.lines), 0);
	close_output(w);
}

static void a_file_that_takes_minutes_to_pack_does_not_hold_up_the_end(void **state)
{
	struct world *w = *state;

	write_text(past(w, ".1"), "");
	assert_int_equal(truncate(past(w, ".1"), 256ll << 30), 0); /* a hole */
	open_as(w, 1000, 5, true);
	assert_true(outlet_until(&w->outlet, exists(past(w, ".1.gz.part"))));
	alarm(60);
	close_output(w);
	alarm(0);
	assert_false(exists(past(w, ".1.gz.part")));
	assert_true(exists(past(w, ".1")));
}

static void the_end_while_packing_leaves_one_whole_file(void **state)
{
	struct world *w = *state;
	uint64_t next = 0;

	open_as(w, 20 << 20, 5, true);
	for (int i = 0; i < 90; i++) {
		outlet_put(&w->outlet, 100, 2500);
		settle(w);
	}
	close_output(w); /* while 20 MiB are being packed, or packed */
	assert_false(exists(past(w, ".1.gz.part")));
	assert_true(exists(past(w, ".1")) != exists(past(w, ".1.gz")));
	read_lines(past(w, exists(past(w, ".1")) ? ".1" : ".1.gz"), &next);
	read_lines(w->path, &next);
	assert_int_equal(next, 9000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(a_file_that_would_be_larger_is_rotated_and_so_many_are_kept),
		test(no_line_is_cut_by_rotation_whatever_their_lengths),
		test(a_line_longer_than_a_file_has_one_of_its_own),
		test(with_keep_0_nothing_of_the_past_stays),
		test(files_that_a_smaller_keep_no_longer_wants_go),
		test(what_was_there_before_counts_to_the_size),
		test(what_cannot_be_rotated_is_said_once_and_grows_on),
		test(files_of_the_past_are_packed_and_lose_no_line),
		test(a_packed_file_may_be_read_by_the_same_people_as_before),
		test(what_a_killed_agent_was_packing_is_packed_at_the_next_start),
		test(what_a_killed_agent_had_packed_is_not_kept_twice),
		test(what_cannot_be_packed_stays_as_it_is),
		test(a_file_that_takes_minutes_to_pack_does_not_hold_up_the_end),
		test(the_end_while_packing_leaves_one_whole_file),
	};

	srandom(20261124);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
