/* SPDX-License-Identifier: Apache-2.0 */
/* A line that nobody takes becomes a dead letter: unchanged in one file, why in the other; or is lost, and counted. */
#include <signal.h>
#include <sys/resource.h>

#include <json-c/json.h>

#include "delivery/letters/letters.h"
#include "files.h"
#include "senders.h"

struct post {
	struct world w;
	char *directory, *path;
	struct sf_letters_conf conf;
};

static void post_begin(struct post *p, uint64_t max_size, struct sf_output_setup as)
{
	p->directory = directory_new();
	p->path = sf_strdup(below(p->directory, "dead"));
	p->conf = (struct sf_letters_conf){.path = p->path, .max_size = max_size};
	as.letters = &p->conf;
	begin_as(&p->w, as);
}

static void post_end(struct post *p)
{
	end(&p->w);
	directory_free(p->directory);
	free(p->path);
}

static const char *reasons_of(const struct post *p)
{
	return below(p->directory, "dead.reasons");
}

/* Of the batch that the sink holds first, these lines are dead; the rest is out. */
static void sink_done_but(uint32_t first, uint32_t count, const char *why)
{
	struct sf_batch *batch = sink->held[0].batch;

	for (uint32_t i = first; i < first + count; i++)
		sink->events.dead(sink->events.arg, batch, i, why);
	batch = sink_take(sink, 0);
	sink->events.written(sink->events.arg, batch->lines - count);
	sink->events.done(sink->events.arg, batch, 0);
}

static bool is_settled(const struct world *w)
{
	return counts_of(w).waiting == 0;
}

static void expect_line(char *line, uint64_t seq)
{
	char begin[40];

	assert_int_equal(strlen(line), LINE);
	snprintf(begin, sizeof(begin), "q 1 %llu ", (unsigned long long)seq);
	assert_memory_equal(line, begin, strlen(begin));
}

static const char *text_of(struct json_object *reason, const char *name)
{
	struct json_object *member = NULL;

	assert_true(json_object_object_get_ex(reason, name, &member));
	return json_object_get_string(member);
}

/* Reads both files beside each other; the lines' numbers. */
static size_t read_letters(const struct post *p, uint64_t *seq, size_t most, const char *why)
{
	FILE *lines = fopen(p->path, "re"), *reasons = fopen(reasons_of(p), "re");
	char line[1000], reason[1000];
	size_t count = 0;

	assert_non_null(lines);
	assert_non_null(reasons);
	while (fgets(reason, sizeof(reason), reasons)) {
		struct json_object *json = json_tokener_parse(reason);

		assert_non_null(json);
		assert_int_equal(fseek(lines, (long)atoll(text_of(json, "offset")), SEEK_SET), 0);
		assert_non_null(fgets(line, sizeof(line), lines));
		assert_true(count < most);
		seq[count] = (uint64_t)atoll(text_of(json, "seq"));
		expect_line(line, seq[count++]);
		assert_string_equal(text_of(json, "length"), "100");
		assert_string_equal(text_of(json, "output"), "test");
		assert_string_equal(text_of(json, "topic"), "t");
		assert_string_equal(text_of(json, "query"), "q");
		assert_string_equal(text_of(json, "run"), "1");
		assert_string_equal(text_of(json, "why"), why);
		assert_int_equal(strlen(text_of(json, "time")), SF_STAMP_SIZE);
		json_object_put(json);
	}
	assert_int_equal(size_of(p->path), count * LINE);
	fclose(lines);
	fclose(reasons);
	return count;
}

static void a_dead_line_is_kept_unchanged_and_why_beside_it(void **state)
{
	const char *why = "the broker says \"invalid\"";
	uint64_t seq[100];
	struct post p;

	(void)state;
	post_begin(&p, 1 << 20, (struct sf_output_setup){0});
	offer(&p.w, 50, "t");
	offer(&p.w, 50, "t");
	sink_done_but(7, 2, why);
	sink_done_but(49, 1, why);
	check_counts(&p.w);
	assert_true(turn_until(&p.w, is_settled(&p.w)));
	check_counts(&p.w);
	assert_int_equal(counts_of(&p.w).dead_letters, 3);
	assert_int_equal(counts_of(&p.w).delivered, 97);
	assert_int_equal(read_letters(&p, seq, 100, why), 3);
	assert_int_equal(seq[0], 7);
	assert_int_equal(seq[1], 8);
	assert_int_equal(seq[2], 99);
	assert_int_equal(p.w.gaps, 0);
	post_end(&p);
}

static void a_batch_that_is_sent_again_makes_no_second_letter(void **state)
{
	uint64_t seq[10];
	struct post p;

	(void)state;
	post_begin(&p, 1 << 20, (struct sf_output_setup){0});
	offer(&p.w, 5, "t");
	for (int i = 0; i < 4; i++) {
		sink->events.dead(sink->events.arg, sink->held[0].batch, 3, "too large");
		sink_fail(0, SF_AGAIN, "gone");
		assert_true(turn_until(&p.w, sink->count));
	}
	sink_done_but(3, 1, "too large");
	assert_true(turn_until(&p.w, is_settled(&p.w)));
	assert_int_equal(counts_of(&p.w).dead_letters, 1);
	assert_int_equal(counts_of(&p.w).delivered, 4);
	assert_int_equal(read_letters(&p, seq, 10, "too large"), 1);
	post_end(&p);
}

static void without_a_file_the_dead_are_lost_and_a_gap_says_so(void **state)
{
	struct world w;

	(void)state;
	begin(&w);
	offer(&w, 10, "t");
	sink_done_but(2, 3, "too large");
	check_counts(&w);
	assert_int_equal(counts_of(&w).dead_letters, 0);
	assert_int_equal(counts_of(&w).lost[SF_LOSS_REJECTED], 3);
	assert_int_equal(w.gaps, 1);
	assert_int_equal(w.gap[0].first.seq, 2);
	assert_int_equal(w.gap[0].last.seq, 4);
	assert_int_equal(w.gap[0].records, 3);
	assert_int_equal(w.gap[0].reason, SF_LOSS_REJECTED);
	sink_done_but(0, 1, "too large"); /* the gap's line, too: it is not told for ever */
	assert_int_equal(w.gaps, 1);
	assert_int_equal(counts_of(&w).waiting, 0);
	check_counts(&w);
	end(&w);
}

static void a_full_file_takes_no_more_and_the_rest_is_lost(void **state)
{
	uint64_t seq[10];
	struct post p;

	(void)state;
	post_begin(&p, 4 * LINE, (struct sf_output_setup){0});
	offer(&p.w, 10, "t");
	sink_done_but(0, 6, "too large");
	assert_true(turn_until(&p.w, counts_of(&p.w).dead_letters == 4));
	assert_int_equal(counts_of(&p.w).lost[SF_LOSS_LETTERS], 2);
	check_counts(&p.w);
	assert_int_equal(read_letters(&p, seq, 10, "too large"), 4);
	assert_true(turn_until(&p.w, p.w.warned == 1));
	assert_int_equal(p.w.gap[0].reason, SF_LOSS_LETTERS);
	assert_int_equal(p.w.gap[0].records, 2);
	assert_int_equal(rename(p.path, below(p.directory, "read")), 0);
	assert_int_equal(rename(reasons_of(&p), below(p.directory, "read.reasons")), 0);
	sink_done(0); /* the gap's line */
	offer(&p.w, 1, "t");
	sink_done_but(0, 1, "too large");
	assert_true(turn_until(&p.w, is_settled(&p.w)));
	assert_int_equal(read_letters(&p, seq, 10, "too large"), 1);
	assert_int_equal(seq[0], 10);
	post_end(&p);
}

static void limit_files(rlim_t bytes)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = bytes < limit.rlim_max ? bytes : limit.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void where_the_disk_takes_none_the_batch_waits_and_nothing_is_written_twice(void **state)
{
	uint64_t seq[100];
	struct post p;

	(void)state;
	post_begin(&p, 1 << 20, (struct sf_output_setup){0});
	limit_files(450);
	offer(&p.w, 50, "t");
	sink_done_but(0, 10, "too large");
	assert_true(turn_until(&p.w, p.w.warned));
	assert_non_null(strstr(p.w.said, "File too large; will try again"));
	offer(&p.w, 50, "t");
	sink_done(0); /* others go on */
	assert_int_equal(counts_of(&p.w).delivered, 90);
	turn_for(&p.w, 1300);
	assert_int_equal(counts_of(&p.w).waiting, 10);
	assert_int_equal(counts_of(&p.w).dead_letters, 0);
	check_counts(&p.w);
	limit_files(RLIM_INFINITY);
	assert_true(turn_until(&p.w, is_settled(&p.w)));
	assert_int_equal(counts_of(&p.w).dead_letters, 10);
	assert_int_equal(read_letters(&p, seq, 100, "too large"), 10);
	assert_int_equal(p.w.warned, 1);
	check_counts(&p.w);
	post_end(&p);
}

static void letters_that_cannot_be_written_do_not_hold_up_the_end(void **state)
{
	struct post p;

	(void)state;
	post_begin(&p, 1 << 20, (struct sf_output_setup){0});
	limit_files(50);
	offer(&p.w, 50, "t");
	sink_done_but(0, 10, "too large");
	assert_true(turn_until(&p.w, p.w.warned));
	sf_output_end(p.w.output);
	limit_files(RLIM_INFINITY);
	check_counts(&p.w);
	assert_int_equal(counts_of(&p.w).delivered, 40);
	assert_int_equal(counts_of(&p.w).lost[SF_LOSS_SHUTDOWN], 10);
	assert_int_equal(size_of(p.path), 0);
	post_end(&p);
}

static void at_the_end_what_can_be_written_is(void **state)
{
	uint64_t seq[1000];
	struct post p;

	(void)state;
	post_begin(&p, 1 << 20, (struct sf_output_setup){0});
	offer(&p.w, 1000, "t"); /* more than are under way at a time */
	sink_done_but(0, 900, "too large");
	sf_output_end(p.w.output);
	check_counts(&p.w);
	assert_int_equal(counts_of(&p.w).dead_letters + counts_of(&p.w).lost[SF_LOSS_SHUTDOWN], 900);
	assert_true(counts_of(&p.w).dead_letters >= 256);
	assert_int_equal(read_letters(&p, seq, 1000, "too large"), counts_of(&p.w).dead_letters);
	post_end(&p);
}

static void who_cannot_wait_closes_when_letters_cannot_be_written(void **state)
{
	struct post p;

	(void)state;
	post_begin(&p, 1 << 20, (struct sf_output_setup){.waits = true, .gives_up = true});
	limit_files(50);
	offer(&p.w, 50, "t");
	sink_done_but(0, 10, "too large");
	assert_true(turn_until(&p.w, p.w.closed));
	assert_true(turn_until(&p.w, is_settled(&p.w)));
	limit_files(RLIM_INFINITY);
	assert_int_equal(p.w.level, SF_LOG_ERROR);
	assert_int_equal(counts_of(&p.w).lost[SF_LOSS_CLOSED], 10);
	check_counts(&p.w);
	post_end(&p);
}

static void a_torn_end_is_cut_off_before_the_next_letter(void **state)
{
	uint64_t seq[10];
	struct post p;

	(void)state;
	post_begin(&p, 1 << 20, (struct sf_output_setup){0});
	end(&p.w);
	write_text(p.path, "{\"time\":\"2026-11-27T");
	write_text(reasons_of(&p), "{\"time\":\"2026-11-27T08:00:00.000000Z\",\"out");
	begin_as(&p.w, (struct sf_output_setup){.letters = &p.conf});
	offer(&p.w, 10, "t");
	sink_done_but(4, 1, "too large");
	assert_true(turn_until(&p.w, is_settled(&p.w)));
	assert_int_equal(read_letters(&p, seq, 10, "too large"), 1);
	post_end(&p);
}

static void a_directory_that_does_not_exist_is_an_error_at_the_start(void **state)
{
	const struct sf_letters_conf conf = {.path = "/nowhere/at/all", .max_size = 1};
	struct sf_output_setup as = {.name = "test", .ops = &sink_ops, .queue_size = 1000, .letters = &conf};
	struct sf_output *output;
	struct sf_loop *loop;
	struct sf_err err;

	(void)state;
	assert_int_equal(sf_loop_new(&loop, &err), 0);
	assert_int_equal(sf_output_new(&as, loop, NULL, &(struct sf_output_events){0}, &output, &err), -ENOENT);
	assert_string_equal(err.text,
			    "output test: cannot open /nowhere/at/all: its directory does not exist");
	sf_loop_free(loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_dead_line_is_kept_unchanged_and_why_beside_it),
		cmocka_unit_test(a_batch_that_is_sent_again_makes_no_second_letter),
		cmocka_unit_test(without_a_file_the_dead_are_lost_and_a_gap_says_so),
		cmocka_unit_test(a_full_file_takes_no_more_and_the_rest_is_lost),
		cmocka_unit_test(where_the_disk_takes_none_the_batch_waits_and_nothing_is_written_twice),
		cmocka_unit_test(letters_that_cannot_be_written_do_not_hold_up_the_end),
		cmocka_unit_test(at_the_end_what_can_be_written_is),
		cmocka_unit_test(who_cannot_wait_closes_when_letters_cannot_be_written),
		cmocka_unit_test(a_torn_end_is_cut_off_before_the_next_letter),
		cmocka_unit_test(a_directory_that_does_not_exist_is_an_error_at_the_start),
	};

	signal(SIGXFSZ, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
