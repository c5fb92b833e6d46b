/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file of lines: appended to by whole lines, rotated, packed, followed when somebody moves it, opened anew on demand;
 * what rotation cannot do is said and loses nothing.
 */
#include <dirent.h>
#include <sys/mman.h>

#include "delivery/file.h"
#include "files.h"

struct world {
	char *directory;
	const char *path;
	struct sf_file_conf conf;
	struct outlet outlet;
};

static void open_as(struct world *w, uint64_t size, uint64_t keep, bool compress)
{
	struct sf_err err = {0};

	w->conf = (struct sf_file_conf){.path = w->path, .size = size, .keep = keep, .compress = compress};
	if (outlet_open(&w->outlet, "file", &w->conf, &err) < 0)
		fail_msg("%s", err.text);
}

static void close_output(struct world *w)
{
	outlet_finish(&w->outlet);
	w->outlet = (struct outlet){0};
}

static int setup(void **state)
{
	struct world *w = sf_new(struct world);

	w->directory = directory_new();
	w->path = sf_strdup(below(w->directory, "log"));
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	directory_free(w->directory);
	free((char *)w->path);
	free(w);
	return 0;
}

static const char *past(const struct world *w, const char *suffix)
{
	char name[64];

	snprintf(name, sizeof(name), "log%s", suffix);
	return below(w->directory, name);
}

/* Until the sink has written all that was put. */
static void settle(struct world *w)
{
	assert_true(outlet_until(&w->outlet, outlet_counts(&w->outlet).waiting == 0));
	outlet_check(&w->outlet);
}

/* Every line that is anywhere, from the oldest file to PATH, without a hole; returns the first number. */
static uint64_t read_all(const struct world *w, uint64_t end)
{
	uint64_t next = UINT64_MAX, first = 0, lines = 0;
	char suffix[32];

	for (int number = 100; number >= 0; number--) {
		for (int packed = 0; packed < 2; packed++) {
			snprintf(suffix, sizeof(suffix), number ? ".%d%s" : "%.0d", number, packed ? ".gz" : "");
			if ((number == 0 && packed) || !exists(past(w, suffix)))
				continue;
			lines += read_lines(past(w, suffix), &next);
		}
	}
	assert_int_equal(next, end);
	first = end - lines;
	return first;
}

/* ---- appending ---- */

static void lines_are_appended_to_what_is_there(void **state)
{
	struct world *w = *state;

	write_text(w->path, "what was there before\n");
	open_as(w, 0, 5, false);
	outlet_put(&w->outlet, 2, 20);
	outlet_put(&w->outlet, 1, 22);
	settle(w);
	close_output(w);
	assert_string_equal(read_text(w->path), "what was there before\n"
						"{\"time\":\"00000000\" \n"
						"{\"time\":\"00000001\" \n"
						"{\"time\":\"00000002\" xx\n");
}

static void what_a_kill_left_of_a_line_is_cut_off(void **state)
{
	static const char *const torn[] = {
		"{", "{\"time\":\"000", "{\"time\":\"00000000\" and more, but no end",
	};
	struct world *w = *state;

	for (size_t i = 0; i < 2 * SF_COUNT(torn); i++) {
		const char *whole = i % 2 ? "{\"time\":\"00000000\" x\n" : "";
		uint64_t next = i % 2 ? UINT64_MAX : 0;
		char text[128];

		snprintf(text, sizeof(text), "%s%s", whole, torn[i / 2]);
		write_text(w->path, text);
		open_as(w, 0, 5, false);
		assert_int_equal(size_of(w->path), strlen(whole));
		w->outlet.lines = i % 2; /* numbers go on behind the whole line */
		outlet_put(&w->outlet, 3, 40);
		assert_true(outlet_until(&w->outlet, outlet_counts(&w->outlet).waiting == 0));
		assert_int_equal(read_lines(w->path, &next), 3 + i % 2);
		close_output(w);
	}
}

/* A file that may grow but not shrink, as chattr +a makes them. */
static int open_sealed(struct world *w, const char *text)
{
	int fd = memfd_create("sealed", MFD_ALLOW_SEALING | MFD_CLOEXEC);
	char path[64];

	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK), 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	free((char *)w->path);
	w->path = sf_strdup(path);
	return fd;
}

static void where_nothing_can_be_cut_off_a_torn_line_is_ended(void **state)
{
	struct world *w = *state;
	int fd = open_sealed(w, "{\"time\":\"0000");

	open_as(w, 0, 5, false);
	outlet_put(&w->outlet, 1, 20);
	settle(w);
	close_output(w);
	assert_string_equal(read_text(w->path), "{\"time\":\"0000\n{\"time\":\"00000000\" \n");
	close(fd);
}

static void what_another_left_without_a_newline_gets_one(void **state)
{
	struct world *w = *state;

	write_text(w->path, "a note");
	open_as(w, 0, 5, false);
	outlet_put(&w->outlet, 1, 20);
	settle(w);
	close_output(w);
	assert_string_equal(read_text(w->path), "a note\n{\"time\":\"00000000\" \n");
}

static void what_cannot_be_opened_is_said_at_the_start(void **state)
{
	struct world *w = *state;
	struct sf_file_conf nowhere = {.path = below(w->directory, "missing/log")}, directory = {.path = w->directory};
	struct sf_err err;

	assert_int_equal(outlet_open(&w->outlet, "file", &nowhere, &err), -ENOENT);
	assert_non_null(strstr(err.text, "output test: cannot open "));
	assert_non_null(strstr(err.text, "missing/log: its directory does not exist"));
	sf_pool_free(w->outlet.pool);
	sf_loop_free(w->outlet.loop);
	directory.compress = true; /* its thread ends too */
	assert_int_equal(outlet_open(&w->outlet, "file", &directory, &err), -EISDIR);
	sf_pool_free(w->outlet.pool);
	sf_loop_free(w->outlet.loop);
}

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

static bool is_packed(const struct world *w)
{
	return exists(past(w, ".1.gz")) && !exists(past(w, ".1")) && !exists(past(w, ".1.gz.part"));
}

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

/* ---- somebody else at the file ---- */

static void a_file_that_was_moved_away_is_begun_anew(void **state)
{
	struct world *w = *state;
	char name[16];

	open_as(w, 0, 5, false);
	for (int i = 20; i > 0; i--) {
		outlet_put(&w->outlet, 7, 100);
		settle(w);
		snprintf(name, sizeof(name), ".%d", i);
		assert_int_equal(rename(w->path, past(w, name)), 0);
	}
	outlet_put(&w->outlet, 1, 100);
	settle(w);
	assert_int_equal(read_all(w, 141), 0);
	close_output(w);
}

static void a_file_that_another_took_the_place_of_is_let_go(void **state)
{
	struct world *w = *state;
	uint64_t next = 0;

	open_as(w, 0, 5, false);
	outlet_put(&w->outlet, 7, 100);
	settle(w);
	assert_int_equal(rename(w->path, past(w, ".1")), 0);
	write_text(w->path, ""); /* as logrotate creates it */
	outlet_put(&w->outlet, 7, 100);
	settle(w);
	assert_int_equal(read_lines(past(w, ".1"), &next), 7);
	assert_int_equal(read_lines(w->path, &next), 7);
	close_output(w);
}

static void a_file_that_was_removed_or_cut_is_begun_anew(void **state)
{
	struct world *w = *state;
	uint64_t next = 14;

	open_as(w, 10000, 5, false);
	outlet_put(&w->outlet, 7, 100);
	settle(w);
	assert_int_equal(unlink(w->path), 0);
	outlet_put(&w->outlet, 7, 100);
	settle(w);
	assert_int_equal(size_of(w->path), 700);
	assert_int_equal(truncate(w->path, 0), 0);
	outlet_put(&w->outlet, 98, 100); /* what was cut off does not count to the size */
	settle(w);
	assert_false(exists(past(w, ".1")));
	assert_int_equal(read_lines(w->path, &next), 98);
	close_output(w);
}

static void another_who_appends_is_not_disturbed(void **state)
{
	struct world *w = *state;
	FILE *file;

	open_as(w, 0, 5, false);
	outlet_put(&w->outlet, 1, 20);
	settle(w);
	file = fopen(w->path, "ae");
	fputs("a note\n", file);
	fclose(file);
	outlet_put(&w->outlet, 1, 20);
	settle(w);
	close_output(w);
	assert_string_equal(read_text(w->path), "{\"time\":\"00000000\" \na note\n{\"time\":\"00000001\" \n");
}

/* Whether one of our descriptors is this file, by the name that it has now. */
static bool holds(const char *path)
{
	char link[PATH_MAX + 64], name[320];
	DIR *directory = opendir("/proc/self/fd");
	struct dirent *entry;
	bool found = false;

	while ((entry = readdir(directory))) {
		ssize_t n;

		snprintf(name, sizeof(name), "/proc/self/fd/%s", entry->d_name);
		n = readlink(name, link, sizeof(link) - 1);
		link[n < 0 ? 0 : n] = '\0';
		found = found || !strcmp(link, path);
	}
	closedir(directory);
	return found;
}

static void reopening_lets_go_of_the_old_file_although_nothing_is_written(void **state)
{
	struct world *w = *state;

	open_as(w, 0, 5, false);
	outlet_put(&w->outlet, 7, 100);
	settle(w);
	assert_int_equal(rename(w->path, past(w, ".1")), 0);
	assert_true(holds(past(w, ".1")));
	sf_output_reopen(w->outlet.output);
	sf_output_reopen(w->outlet.output); /* two signals may be one */
	assert_true(outlet_until(&w->outlet, exists(w->path)));
	assert_false(holds(past(w, ".1")));
	outlet_put(&w->outlet, 7, 100);
	settle(w);
	assert_int_equal(read_all(w, 14), 0);
	close_output(w);
}

static void a_file_that_cannot_be_opened_anew_is_tried_again(void **state)
{
	struct world *w = *state;
	const char *away = past(w, ".away");

	open_as(w, 0, 5, false);
	outlet_put(&w->outlet, 7, 100);
	settle(w);
	assert_int_equal(rename(w->path, past(w, ".1")), 0);
	assert_int_equal(mkdir(w->path, 0700), 0); /* in its place */
	sf_output_reopen(w->outlet.output);
	outlet_put(&w->outlet, 7, 100);
	assert_true(outlet_until(&w->outlet, w->outlet.sentences));
	assert_non_null(strstr(w->outlet.said, "cannot open "));
	assert_non_null(strstr(w->outlet.said, "; will try again"));
	assert_int_equal(outlet_counts(&w->outlet).waiting, 7);
	assert_int_equal(rename(w->path, away), 0);
	settle(w);
	assert_true(outlet_until(&w->outlet, w->outlet.sentences == 2));
	assert_string_equal(w->outlet.said, "writes again");
	assert_int_equal(read_all(w, 14), 0);
	close_output(w);
}

static unsigned open_descriptors(void)
{
	DIR *directory = opendir("/proc/self/fd");
	unsigned count = 0;

	while (readdir(directory))
		count++;
	closedir(directory);
	return count;
}

static void no_descriptor_stays_open(void **state)
{
	struct world *w = *state;
	unsigned before = open_descriptors(), during;

	open_as(w, 1000, 5, true);
	outlet_put(&w->outlet, 1, 100);
	settle(w);
	during = open_descriptors();
	for (int i = 0; i < 50; i++) {
		outlet_put(&w->outlet, 10, 100);
		if (i % 3 == 0)
			sf_output_reopen(w->outlet.output);
		settle(w);
	}
	assert_true(outlet_until(&w->outlet, is_packed(w)));
	assert_true(outlet_until(&w->outlet, open_descriptors() == during));
	close_output(w);
	assert_int_equal(open_descriptors(), before);
}

#define test(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(lines_are_appended_to_what_is_there),
		test(what_a_kill_left_of_a_line_is_cut_off),
		test(where_nothing_can_be_cut_off_a_torn_line_is_ended),
		test(what_another_left_without_a_newline_gets_one),
		test(what_cannot_be_opened_is_said_at_the_start),
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
		test(a_file_that_was_moved_away_is_begun_anew),
		test(a_file_that_another_took_the_place_of_is_let_go),
		test(a_file_that_was_removed_or_cut_is_begun_anew),
		test(another_who_appends_is_not_disturbed),
		test(reopening_lets_go_of_the_old_file_although_nothing_is_written),
		test(a_file_that_cannot_be_opened_anew_is_tried_again),
		test(no_descriptor_stays_open),
	};

	srandom(20261124);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
