/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file of lines: appended to by whole lines, followed when somebody moves it, opened anew on demand.
 */
#include <dirent.h>

#include "descriptors.h"
#include "logs.h"

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		test(lines_are_appended_to_what_is_there),
		test(what_a_kill_left_of_a_line_is_cut_off),
		test(where_nothing_can_be_cut_off_a_torn_line_is_ended),
		test(what_another_left_without_a_newline_gets_one),
		test(what_cannot_be_opened_is_said_at_the_start),
		test(a_file_that_was_moved_away_is_begun_anew),
		test(a_file_that_another_took_the_place_of_is_let_go),
		test(a_file_that_was_removed_or_cut_is_begun_anew),
		test(another_who_appends_is_not_disturbed),
		test(reopening_lets_go_of_the_old_file_although_nothing_is_written),
		test(a_file_that_cannot_be_opened_anew_is_tried_again),
		test(no_descriptor_stays_open),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
