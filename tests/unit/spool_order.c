/* SPDX-License-Identifier: Apache-2.0 */
/* What goes in comes out: in order, whole, once, over any number of starts; and what is counted on the way. */
#include "spools.h"

static int setup(void **state)
{
	return tank_setup(state, 64 << 10);
}

static void batches_come_back_as_they_were(void **state)
{
	struct tank *t = *state;

	tank_fill(t, 500);
	assert_true(tank_counts(t).segments > 10);
	tank_expect(t, 0, 500);
}

static void batches_wait_for_the_next_start(void **state)
{
	struct tank *t = *state;

	tank_fill(t, 300);
	tank_close(t);
	tank_open(t);
	assert_int_equal(tank_counts(t).recovered.batches, 300);
	tank_fill(t, 300);
	tank_expect(t, 0, 600);
}

static void what_is_acknowledged_is_not_read_again(void **state)
{
	struct tank *t = *state;
	struct sf_spool_span place[100];
	uint64_t at = 0;

	tank_fill(t, 100);
	for (unsigned i = 0; i < 100; i++)
		tank_read(t, &at, &place[i]);
	for (unsigned i = 1; i < 100; i += 2)
		assert_int_equal(sf_spool_acknowledge(t->spool, &place[i]), 0);
	for (unsigned i = 0; i < 100; i += 2)
		sf_spool_unpin(t->spool, &place[i]);
	tank_check(t);
	tank_close(t);
	tank_open(t);
	assert_int_equal(tank_counts(t).waiting.batches, 50);
	at = 0;
	for (uint64_t i = 0; i < 100; i += 2) {
		assert_int_equal(tank_read(t, &at, &place[0]), i);
		assert_int_equal(sf_spool_acknowledge(t->spool, &place[0]), 0);
	}
	tank_check(t);
	assert_int_equal(tank_counts(t).waiting.batches, 0);
}

static void holes_are_bounded(void **state)
{
	struct tank *t = *state;
	struct sf_spool_span place[1000];
	uint64_t at = 0;
	unsigned refused = 0;

	tank_fill(t, 1000);
	for (unsigned i = 0; i < 1000; i++)
		tank_read(t, &at, &place[i]);
	for (unsigned i = 1; i < 1000; i += 2)
		refused += sf_spool_acknowledge(t->spool, &place[i]) == -EAGAIN;
	assert_int_equal(refused, 300);
	/* one that closes a hole is taken, and so is the oldest */
	assert_int_equal(sf_spool_acknowledge(t->spool, &place[2]), 0);
	assert_int_equal(sf_spool_acknowledge(t->spool, &place[0]), 0);
	assert_int_equal(sf_spool_base(t->spool), place[3].to.offset);
	for (unsigned i = 4; i < 1000; i++)
		sf_spool_acknowledge(t->spool, &place[i]);
	tank_check(t);
	assert_int_equal(tank_counts(t).waiting.batches, 0);
}

static void segments_go_when_all_in_them_is_acknowledged(void **state)
{
	struct tank *t = *state;

	tank_fill(t, 500);
	tank_expect(t, 0, 500);
	tank_wait(t, 2000000);
	assert_int_equal(tank_counts(t).segments, 1);
	assert_true(tank_counts(t).disk < 128 << 10);
	tank_fill(t, 10);
	tank_close(t);
	tank_open(t);
	tank_expect(t, 500, 510);
}

static void a_batch_is_held_until_it_is_synced(void **state)
{
	struct tank *t = *state;

	tank_fill(t, 3);
	assert_int_equal(t->released, 0);
	tank_wait(t, 499999);
	assert_int_equal(t->released, 0);
	tank_wait(t, 1);
	assert_int_equal(t->released, 3);
	assert_int_equal(tank_counts(t).held, 0);
}

static void syncing_always_releases_at_once(void **state)
{
	struct tank *t = *state;

	tank_close(t);
	t->conf.sync = SF_SPOOL_SYNC_ALWAYS;
	tank_open(t);
	tank_fill(t, 3);
	assert_int_equal(t->released, 3);
	assert_int_equal(tank_counts(t).syncs, 3);
}

static void syncing_never_does_not_sync(void **state)
{
	struct tank *t = *state;

	tank_close(t);
	t->conf.sync = SF_SPOOL_SYNC_NEVER;
	tank_open(t);
	tank_fill(t, 300);
	assert_int_equal(t->released, 300);
	tank_wait(t, 5000000);
	assert_int_equal(tank_counts(t).syncs, 0);
	tank_expect(t, 0, 300);
}

static void reading_may_begin_anywhere(void **state)
{
	struct tank *t = *state;
	struct sf_spool_span place;

	tank_fill(t, 300);
	for (unsigned i = 0; i < 200; i++) {
		uint64_t serial = mixed(i) % 300, at = serial;

		assert_int_equal(tank_read(t, &at, &place), serial); /* offsets begin with 0 */
		sf_spool_unpin(t->spool, &place);
	}
	tank_expect(t, 0, 300);
}

static void reading_goes_along_with_writing(void **state)
{
	struct tank *t = *state;
	struct sf_spool_span place;
	uint64_t at = 0;

	for (uint64_t i = 0; i < 400; i++) {
		tank_fill(t, 1);
		assert_int_equal(tank_read(t, &at, &place), i);
		assert_int_equal(sf_spool_acknowledge(t->spool, &place), 0);
		assert_int_equal(tank_read(t, &at, &place), UINT64_MAX);
		if (i % 7 == 0)
			tank_wait(t, 300000);
	}
	tank_check(t);
	assert_true(tank_counts(t).segments <= 2);
}

static void a_batch_sent_from_memory_is_acknowledged_like_any_other(void **state)
{
	struct tank *t = *state;
	struct sf_spool_span place[20];

	for (unsigned i = 0; i < 20; i++)
		assert_true(tank_put(t, &place[i]));
	for (unsigned i = 0; i < 20; i++)
		assert_true(sf_spool_pin(t->spool, &place[i]));
	for (unsigned i = 20; i--;)
		assert_int_equal(sf_spool_acknowledge(t->spool, &place[i]), 0);
	assert_false(sf_spool_pin(t->spool, &place[3]));
	assert_int_equal(sf_spool_base(t->spool), sf_spool_end(t->spool));
	tank_check(t);
}

static void the_last_run_of_each_query_is_known(void **state)
{
	struct tank *t = *state;
	const struct sf_spool_run *run;

	tank_fill(t, QUERIES * RUN_BATCHES * 2 + QUERIES * (RUN_BATCHES - 1) + 1); /* and alpha's third run */
	for (unsigned i = 0; i < 2; i++) {
		assert_int_equal(sf_spool_runs(t->spool, &run), QUERIES);
		assert_string_equal(run[0].query, "alpha");
		assert_int_equal(run[0].run, 1002);
		assert_int_equal(run[1].run, 1001);
		assert_int_equal(run[2].run, 1001);
		assert_string_equal(run[2].boot_id, t->setup.boot_id);
		tank_close(t);
		t->setup.boot_id = "other";
		tank_open(t);
		t->setup.boot_id = "11111111-2222-3333-4444-555555555555";
	}
}

static void another_agent_is_told_that_it_is_taken(void **state)
{
	struct tank *t = *state;
	struct sf_spool *other;
	struct sf_err err;

	assert_int_equal(sf_spool_open(&t->setup, 0, &other, &err), -EBUSY);
	assert_non_null(strstr(err.text, "another agent uses the spool"));
}

static void others_cannot_look_into_it(void **state)
{
	struct tank *t = *state;
	struct stat st;

	tank_fill(t, 1);
	assert_int_equal(stat(t->conf.path, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0700);
	assert_int_equal(stat(below(t->conf.path, "0000000000000001.seg"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(stat(below(t->conf.path, "state.0"), &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
}

static void a_directory_that_cannot_be_is_an_error(void **state)
{
	struct tank *t = *state;
	char *path = sf_strdup(t->conf.path);
	struct sf_err err;

	tank_close(t);
	free((char *)t->conf.path);
	t->conf.path = sf_strdup(below(path, "a/b"));
	assert_int_equal(tank_try_open(t, &err), -ENOENT);
	assert_non_null(strstr(err.text, "the directory above it does not exist"));
	free((char *)t->conf.path);
	t->conf.path = path;
}

#define spool_test(function) cmocka_unit_test_setup_teardown(function, setup, tank_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		spool_test(batches_come_back_as_they_were),
		spool_test(batches_wait_for_the_next_start),
		spool_test(what_is_acknowledged_is_not_read_again),
		spool_test(holes_are_bounded),
		spool_test(segments_go_when_all_in_them_is_acknowledged),
		spool_test(a_batch_is_held_until_it_is_synced),
		spool_test(syncing_always_releases_at_once),
		spool_test(syncing_never_does_not_sync),
		spool_test(reading_may_begin_anywhere),
		spool_test(reading_goes_along_with_writing),
		spool_test(a_batch_sent_from_memory_is_acknowledged_like_any_other),
		spool_test(the_last_run_of_each_query_is_known),
		spool_test(another_agent_is_told_that_it_is_taken),
		spool_test(others_cannot_look_into_it),
		spool_test(a_directory_that_cannot_be_is_an_error),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
