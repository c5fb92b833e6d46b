/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A look into a spool: what it says is what was put in, of a damaged one what the spool itself loses when it is opened,
 * and nothing is changed by it. Beside a spool that is written to it never takes for damage what only moves.
 */
#include <malloc.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "delivery/spool_inner.h"
#include "spools.h"

struct seen { /* by one look */
	uint64_t batches, lines, bytes, damaged, normal;
	struct sf_spool_amount cost;
	uint64_t serial[20000]; /* of those that wait, in order */
	char last[200];         /* what was said of the last place */
	bool in_use, state_known;
	struct sf_look_facts facts; /* its texts are gone */
};

static struct seen seen;

static int setup(void **state)
{
	return tank_setup(state, 32 << 10);
}

static const char *in_spool(const struct tank *t, const char *name)
{
	return below(t->conf.path, name);
}

static const char *segment_path(const struct tank *t, unsigned number)
{
	char name[32];

	snprintf(name, sizeof(name), SF_SEGMENT_NAME, (unsigned long long)number);
	return in_spool(t, name);
}

/* ---- a look ---- */

static bool see_record(void *arg, const struct sf_look_record *record)
{
	struct sf_pool *pool = arg;
	struct sf_batch *made;
	uint64_t serial;

	if (!record->waits)
		return true;
	serial = strtoull(record->data + strlen("{\"time\":\""), NULL, 10);
	made = batch_make(pool, serial);
	assert_int_equal(record->length, made->length);
	assert_memory_equal(record->data, made->data, made->length);
	assert_string_equal(record->query, made->query);
	assert_string_equal(record->topic, topic_of(serial));
	assert_int_equal(record->run, made->run);
	assert_int_equal(record->first_seq, made->first_seq);
	sf_batch_drop(pool, made);
	if (seen.batches < SF_COUNT(seen.serial))
		seen.serial[seen.batches] = serial;
	seen.batches++;
	seen.lines += record->lines;
	seen.bytes += record->length;
	return true;
}

static void see_place(void *arg, const struct sf_look_place *place)
{
	(void)arg;
	seen.damaged += !place->normal;
	seen.normal += place->normal;
	if (place->normal)
		assert_int_equal(place->cost.lines, 0);
	seen.cost.batches += place->cost.batches;
	seen.cost.lines += place->cost.lines;
	seen.cost.bytes += place->cost.bytes;
	snprintf(seen.last, sizeof(seen.last), "%s %s", place->file, place->what);
}

static void look(const struct tank *t)
{
	struct sf_look_calls calls = {see_record, see_place, t->pool};
	struct sf_err err = {""};
	struct sf_look *look;

	memset(&seen, 0, sizeof(seen));
	if (sf_look_open(t->conf.path, &look, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(sf_look_walk(look, true, &calls), 0);
	seen.facts = *sf_look_facts(look);
	assert_int_equal(seen.facts.damaged, seen.damaged);
	assert_int_equal(seen.facts.waiting.lines, seen.lines);
	assert_int_equal(seen.facts.waiting.batches, seen.batches);
	assert_int_equal(seen.facts.waiting.bytes, seen.bytes);
	sf_look_free(look);
}

static void expect_serials(uint64_t from, uint64_t to)
{
	assert_int_equal(seen.batches, to - from);
	for (uint64_t i = 0; i < seen.batches; i++)
		assert_int_equal(seen.serial[i], from + i);
}

/* The spool loses, when it is opened and read, what the look said of it. */
static void expect_same_loss(struct tank *t)
{
	struct sf_spool_amount cost = seen.cost;
	uint64_t batches = seen.batches, at = 0, n = 0, serial;
	struct sf_spool_span place;

	tank_open(t);
	while ((serial = tank_read(t, &at, &place)) != UINT64_MAX) {
		assert_true(n < batches);
		assert_int_equal(serial, seen.serial[n++]);
		assert_int_equal(sf_spool_acknowledge(t->spool, &place), 0);
	}
	assert_int_equal(n, batches);
	assert_int_equal(tank_lost(t).lines, cost.lines);
	assert_int_equal(tank_lost(t).batches, cost.batches);
	assert_int_equal(tank_lost(t).bytes, cost.bytes);
	tank_check(t);
}

/* ---- whole ones ---- */

static void what_waits_is_shown_and_nothing_else(void **state)
{
	struct tank *t = *state;
	struct sf_spool_span place;
	uint64_t at = 0;

	tank_fill(t, 300);
	for (unsigned i = 0; i < 120; i++) {
		tank_read(t, &at, &place);
		assert_int_equal(sf_spool_acknowledge(t->spool, &place), 0);
	}
	tank_close(t);
	look(t);
	expect_serials(120, 300);
	assert_int_equal(seen.damaged + seen.normal, 0);
	assert_int_equal(seen.facts.queues, QUERIES);
	assert_int_equal(seen.facts.runs, QUERIES);
	assert_int_equal(seen.facts.oldest_us, 5000000 + 120);
	assert_false(seen.facts.in_use);
}

static void acknowledged_islands_are_left_out(void **state)
{
	struct tank *t = *state;
	struct sf_spool_span place[100];
	uint64_t at = 0;

	tank_fill(t, 100);
	for (unsigned i = 0; i < 100; i++)
		tank_read(t, &at, &place[i]);
	for (unsigned i = 0; i < 100; i++) {
		if (i % 7 == 3)
			assert_int_equal(sf_spool_acknowledge(t->spool, &place[i]), 0);
		else
			sf_spool_unpin(t->spool, &place[i]);
	}
	tank_close(t);
	look(t);
	assert_int_equal(seen.batches, 86);
	for (uint64_t i = 0; i < seen.batches; i++)
		assert_int_not_equal(seen.serial[i] % 7, 3);
	assert_int_equal(seen.damaged, 0);
}

static void what_was_dropped_is_no_damage(void **state)
{
	struct tank *t = *state;

	tank_close(t);
	t->conf.max_size = 256 << 10;
	tank_open(t);
	tank_fill(t, 500);
	assert_true(tank_lost(t).batches > 100);
	tank_close(t);
	look(t);
	expect_serials(500 - seen.batches, 500);
	assert_int_equal(seen.damaged, 0);
	assert_int_equal(seen.facts.gaps, QUERIES);
}

static uint64_t print_of_directory(const char *path)
{
	char command[PATH_MAX + 100];
	unsigned long long print;
	FILE *out;

	snprintf(command, sizeof(command), "cd %s && { ls -l --time-style=full-iso; cat *; } | cksum", path);
	out = popen(command, "re");
	assert_int_equal(fscanf(out, "%llu", &print), 1);
	assert_int_equal(pclose(out), 0);
	return print;
}

static void an_open_spool_is_looked_at_and_not_changed(void **state)
{
	struct tank *t = *state;
	uint64_t before;

	tank_fill(t, 100);
	tank_wait(t, 2000000);
	before = print_of_directory(t->conf.path);
	look(t);
	expect_serials(0, 100);
	assert_true(seen.facts.in_use);
	assert_int_equal(seen.damaged, 0);
	assert_int_equal(print_of_directory(t->conf.path), before);
	tank_fill(t, 50);
	look(t); /* the state does not know of them yet */
	expect_serials(0, 150);
	tank_expect(t, 0, 150);
}

/* In a child: `rounds` batches are appended, then as many with all that waits being acknowledged, and so on. */
static void write_for_ever(struct tank *t, unsigned rounds)
{
	struct sf_spool_span place;
	uint64_t at = 0;

	prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that fails does not stop it */
	tank_open(t);
	for (unsigned i = 0;; i++) {
		tank_put(t, &place);
		while (i / rounds % 2 && tank_read(t, &at, &place) != UINT64_MAX)
			sf_spool_acknowledge(t->spool, &place);
		tank_wait(t, 300000 / rounds);
	}
}

static void look_beside_a_writer(struct tank *t, unsigned rounds, unsigned looks)
{
	int status;
	pid_t child;

	tank_close(t);
	t->conf.max_size = 1 << 20;
	child = fork();
	if (child == 0)
		write_for_ever(t, rounds);
	while (!exists(in_spool(t, "state.1")))
		usleep(1000);
	for (unsigned i = 0; i < looks; i++) {
		look(t);
		if (seen.damaged)
			fail_msg("look %u: %s", i, seen.last);
		for (uint64_t k = 1; k < seen.batches && k < SF_COUNT(seen.serial); k++)
			assert_true(seen.serial[k] > seen.serial[k - 1]);
		assert_int_equal(waitpid(child, &status, WNOHANG), 0);
	}
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
	look(t);
	assert_false(seen.facts.in_use);
	/* at most the batch that it died with, when the state knew of it before it was written */
	assert_true(seen.cost.batches <= 1 && seen.damaged == seen.cost.batches);
	expect_same_loss(t);
}

static void a_spool_that_is_written_to_is_never_taken_for_damaged(void **state)
{
	look_beside_a_writer(*state, 300, 150);
}

static void a_spool_whose_segments_come_and_go_is_never_taken_for_damaged(void **state)
{
	struct tank *t = *state;

	t->conf.sync = SF_SPOOL_SYNC_NEVER;
	t->setup.segment_size = 4 << 10;
	look_beside_a_writer(t, 10, 1000);
}

static void segments_that_go_after_they_were_listed_are_no_damage(void **state)
{
	struct tank *t = *state;
	struct sf_look_calls calls = {see_record, see_place, t->pool};
	struct sf_err err = {""};
	struct sf_look *look;

	tank_fill(t, 100);
	tank_wait(t, 2000000);
	memset(&seen, 0, sizeof(seen));
	assert_int_equal(sf_look_open(t->conf.path, &look, &err), 0);
	tank_expect(t, 0, 100);
	tank_wait(t, 2000000);
	assert_int_equal(tank_counts(t).segments, 1);
	assert_int_equal(sf_look_walk(look, true, &calls), 0);
	sf_look_free(look);
	assert_int_equal(seen.damaged, 0);
	assert_true(seen.batches > 0 && seen.batches < 100);
}

static size_t least, most, records;

static bool measure(void *arg, const struct sf_look_record *record)
{
	size_t now = mallinfo2().uordblks + mallinfo2().hblkhd;

	(void)arg, (void)record;
	if (++records < 50)
		return true;
	least = now < least ? now : least;
	most = now > most ? now : most;
	return true;
}

static void memory_does_not_grow_with_what_waits(void **state)
{
	struct tank *t = *state;
	struct sf_look_calls calls = {.record = measure};
	struct sf_err err = {""};
	struct sf_look *look;

	tank_fill(t, 3000);
	tank_close(t);
	least = SIZE_MAX;
	most = records = 0;
	assert_int_equal(sf_look_open(t->conf.path, &look, &err), 0);
	assert_int_equal(sf_look_walk(look, true, &calls), 0);
	sf_look_free(look);
	assert_int_equal(records, 3000);
	assert_true(most - least < 16 << 10);
}

/* ---- damaged ones ---- */

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
		TEST(what_waits_is_shown_and_nothing_else),
		TEST(acknowledged_islands_are_left_out),
		TEST(what_was_dropped_is_no_damage),
		TEST(an_open_spool_is_looked_at_and_not_changed),
		TEST(a_spool_that_is_written_to_is_never_taken_for_damaged),
		TEST(a_spool_whose_segments_come_and_go_is_never_taken_for_damaged),
		TEST(segments_that_go_after_they_were_listed_are_no_damage),
		TEST(memory_does_not_grow_with_what_waits),
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
