/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A record that was taken back because the disk had trouble with it, and whose removal never reached the disk: after a
 * loss of power it lies there again, though another one was given its place, of which the state knows.
 */
#include "spools.h"

static void copy(const char *from, const char *to)
{
	char command[PATH_MAX * 2 + 64];

	snprintf(command, sizeof(command), "rm -rf '%s' && cp -r '%s' '%s'", to, from, to);
	assert_int_equal(system(command), 0);
}

static void take_segments(const char *from, const char *to)
{
	char command[PATH_MAX * 2 + 64];

	snprintf(command, sizeof(command), "rm '%s'/*.seg && cp '%s'/*.seg '%s'", to, from, to);
	assert_int_equal(system(command), 0);
}

/*
 * Batch 0 waits, what has the place behind it was acknowledged, the one behind that went with the power; and the segment
 * has 0, and behind it the batch `stale`, which was there before.
 */
static void leave(struct tank *t, uint64_t stale, uint64_t instead)
{
	char *before, *after;
	struct sf_spool_span place;
	uint64_t at = 0;

	tank_new(t);
	before = sf_strdup(below(t->directory, "before"));
	after = sf_strdup(below(t->directory, "after"));
	tank_open(t);
	tank_fill(t, 1);
	tank_close(t);
	copy(t->conf.path, before);
	tank_open(t);
	t->next = stale;
	tank_fill(t, 1);
	tank_close(t);
	copy(t->conf.path, after);
	copy(before, t->conf.path);
	tank_open(t);
	t->next = instead;
	tank_fill(t, 2);
	assert_int_equal(tank_read(t, &at, &place), 0);
	sf_spool_unpin(t->spool, &place);
	assert_int_equal(tank_read(t, &at, &place), instead);
	assert_int_equal(sf_spool_acknowledge(t->spool, &place), 0);
	tank_close(t);
	take_segments(after, t->conf.path);
	free(before);
	free(after);
}

static void it_is_not_believed(uint64_t stale, uint64_t instead)
{
	struct sf_spool_span place;
	struct tank t;
	uint64_t at = 0;

	assert_int_not_equal(lines_of(stale), lines_of(instead));
	leave(&t, stale, instead);
	tank_open(&t);
	tank_check(&t);
	assert_int_equal(tank_counts(&t).waiting.batches, 1);
	assert_int_equal(tank_counts(&t).lost[SF_SPOOL_LOSS_POWER].lines, lines_of(instead + 1));
	assert_int_equal(tank_read(&t, &at, &place), 0);
	assert_int_equal(sf_spool_acknowledge(t.spool, &place), 0);
	assert_int_equal(tank_read(&t, &at, &place), UINT64_MAX);
	tank_check(&t);
	tank_close(&t);
	tank_open(&t);
	tank_check(&t);
	tank_free(&t);
}

static void one_that_was_taken_back_is_not_believed_when_it_comes_again(void **state)
{
	uint64_t few = 0, many = 0;

	(void)state;
	for (uint64_t serial = 1; !few || !many; serial++) {
		few = few ?: lines_of(serial) == 1 ? serial : 0;
		many = many ?: lines_of(serial) == 9 ? serial : 0;
	}
	it_is_not_believed(few, many);
	it_is_not_believed(many, few);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_that_was_taken_back_is_not_believed_when_it_comes_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
