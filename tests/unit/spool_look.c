/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A look into a spool: what it says is what was put in, and nothing is changed by it. Beside a spool that is written to
 * it never takes for damage what only moves.
 */
#include <malloc.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>

#include "looks.h"

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
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
