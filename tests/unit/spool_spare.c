/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A segment that was done before it was synced gives its file to the next one. What stands in it of old is never taken
 * for a record, whenever the agent is killed, and nothing is left of it in the end.
 */
#include <sys/stat.h>

#include "delivery/spool/spool_inner.h"
#include "spools.h"

enum { SEGMENT = 16 << 10 };

static unsigned steps[SF_SPOOL_STEPS];

static void count_step(void *arg, enum sf_spool_step step)
{
	(void)arg;
	steps[step]++;
}

static int setup(void **state)
{
	struct tank *t = sf_new(struct tank);

	tank_new(t);
	t->setup.segment_size = SEGMENT;
	t->setup.step = count_step;
	tank_open(t);
	*state = t;
	return 0;
}

/* Each batch is delivered at once. */
static void deliver(struct tank *t, unsigned count)
{
	struct sf_spool_span place;
	uint64_t at = sf_spool_base(t->spool);

	while (count--) {
		uint64_t serial = t->next;

		tank_fill(t, 1);
		assert_int_equal(tank_read(t, &at, &place), serial);
		assert_int_equal(sf_spool_acknowledge(t->spool, &place), 0);
	}
}

static const struct sf_segment *active(const struct tank *t)
{
	return &t->spool->segment[t->spool->segments - 1];
}

static const char *path_of(const struct tank *t, const struct sf_segment *segment)
{
	char name[32];

	snprintf(name, sizeof(name), SF_SEGMENT_NAME, (unsigned long long)segment->name);
	return below(t->conf.path, name);
}

static struct stat active_file(const struct tank *t)
{
	struct stat st;

	assert_int_equal(stat(path_of(t, active(t)), &st), 0);
	return st;
}

/* Until much of old is behind the last record, and some wait that nobody has delivered. The first of them. */
static uint64_t fill_a_used_file(struct tank *t)
{
	do
		deliver(t, 1);
	while (t->spool->reserved < active(t)->size + SEGMENT / 2);
	assert_true(active_file(t).st_size > (off_t)active(t)->size);
	tank_fill(t, 2);
	return t->next - 2;
}

static void open_copy(const struct tank *t, struct tank *copy)
{
	*copy = *t;
	copy->conf.path = sf_strdup(below(t->directory, "copy"));
	copy_directory(t->conf.path, copy->conf.path);
}

struct seen {
	unsigned damaged, normal;
	char last[200];
};

static void see_place(void *arg, const struct sf_look_place *place)
{
	struct seen *seen = arg;

	seen->damaged += !place->normal;
	seen->normal += place->normal;
	snprintf(seen->last, sizeof(seen->last), "%s", place->what);
}

static struct seen look(const struct tank *t)
{
	struct seen seen = {0};
	struct sf_look_calls calls = {NULL, see_place, &seen};
	struct sf_err err = {""};
	struct sf_look *look;

	assert_int_equal(sf_look_open(t->conf.path, &look, &err), 0);
	assert_int_equal(sf_look_walk(look, true, &calls), 0);
	sf_look_free(look);
	return seen;
}

static void two_files_serve_for_all_segments(void **state)
{
	struct tank *t = *state;

	memset(steps, 0, sizeof(steps));
	deliver(t, 400);
	assert_true(steps[SF_SPOOL_ROTATED] > 20);
	assert_int_equal(steps[SF_SPOOL_SPARED], steps[SF_SPOOL_ROTATED] - 1);
	assert_int_equal(steps[SF_SPOOL_CREATED], steps[SF_SPOOL_ROTATED] + 1);
	assert_int_equal(steps[SF_SPOOL_UNLINKED], 0);
}

static void nothing_of_old_is_left_at_the_end(void **state)
{
	struct tank *t = *state;
	uint64_t from = fill_a_used_file(t), to = t->next;
	struct seen seen;

	tank_close(t);
	seen = look(t);
	assert_int_equal(seen.damaged + seen.normal, 0);
	tank_open(t);
	assert_int_equal((uint64_t)active_file(t).st_size, active(t)->size);
	tank_expect(t, from, to);
}

static void what_was_there_of_old_is_no_record_after_a_kill(void **state)
{
	struct tank *t = *state, copy;
	uint64_t from = fill_a_used_file(t), to = t->next;
	struct seen seen;

	open_copy(t, &copy);
	seen = look(&copy);
	assert_int_equal(seen.damaged, 0);
	assert_string_equal(seen.last, "a torn tail, as when the agent died while it wrote");
	tank_open(&copy);
	assert_int_equal((uint64_t)active_file(&copy).st_size, active(&copy)->size);
	assert_int_equal(sf_spool_end(copy.spool), sf_spool_end(t->spool));
	assert_int_equal(tank_counts(&copy).damaged + tank_counts(&copy).aside, 0);
	assert_int_equal(tank_lost(&copy).lines, 0);
	tank_fill(&copy, 40); /* what was acknowledged after the last state comes again */
	tank_expect(&copy, from - (sf_spool_end(t->spool) - 2 - sf_spool_base(copy.spool)),
		    to + 40);
	tank_close(&copy);
	free((char *)copy.conf.path);
}

static void what_a_kill_tore_there_is_no_record(void **state)
{
	struct tank *t = *state, copy;
	uint64_t from = fill_a_used_file(t), end = sf_spool_end(t->spool);
	static const char old[40] = "what stood there before";
	struct seen seen;
	int fd;

	open_copy(t, &copy);
	fd = open(path_of(&copy, active(t)), O_WRONLY | O_CLOEXEC);
	assert_int_equal(pwrite(fd, old, sizeof(old), (off_t)(active(t)->size - sizeof(old))),
			 sizeof(old));
	close(fd);
	seen = look(&copy);
	assert_int_equal(seen.damaged, 0);
	tank_open(&copy);
	assert_int_equal(sf_spool_end(copy.spool), end - 1);
	assert_int_equal(tank_counts(&copy).damaged, 0);
	assert_int_equal(tank_lost(&copy).lines, 0);
	tank_expect(&copy, from - (end - 2 - sf_spool_base(copy.spool)), from + 1);
	tank_close(&copy);
	free((char *)copy.conf.path);
}

static void a_file_of_an_earlier_start_is_not_used_again(void **state)
{
	struct tank *t = *state;
	ino_t before;
	int fd;

	deliver(t, 20);
	while (active(t)->size > SEGMENT / 3)
		deliver(t, 1);
	fd = open(path_of(t, active(t)), O_RDONLY | O_CLOEXEC); /* nobody else gets its number */
	before = active_file(t).st_ino;
	tank_close(t);
	tank_open(t);
	tank_fill(t, 1);
	assert_int_equal(active_file(t).st_ino, before);
	tank_expect(t, t->next - 1, t->next);
	while (active(t)->number < t->spool->own_number)
		deliver(t, 1);
	for (unsigned n = 0; n < 60; n++) {
		deliver(t, 1);
		assert_true(active_file(t).st_ino != before);
	}
	close(fd);
}

#define spare_test(f) cmocka_unit_test_setup_teardown(f, setup, tank_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		spare_test(two_files_serve_for_all_segments),
		spare_test(nothing_of_old_is_left_at_the_end),
		spare_test(what_was_there_of_old_is_no_record_after_a_kill),
		spare_test(what_a_kill_tore_there_is_no_record),
		spare_test(a_file_of_an_earlier_start_is_not_used_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
