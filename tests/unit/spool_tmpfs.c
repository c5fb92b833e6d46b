/* SPDX-License-Identifier: Apache-2.0 */
/* Real file systems that are too small: a tmpfs in a mount namespace of a child's own. */
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>

#include "spools.h"

enum { DENIED = 77 };

static void a_tmpfs(const char *path, const char *options)
{
	if (unshare(CLONE_NEWNS) < 0 && unshare(CLONE_NEWUSER | CLONE_NEWNS) < 0)
		_exit(DENIED);
	if (mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
	    mount("tmpfs", path, "tmpfs", 0, options) < 0)
		_exit(DENIED);
}

#define must(condition)                                                                              \
	do {                                                                                         \
		if (!(condition)) {                                                                  \
			fprintf(stderr, "%s:%d: %s does not hold\n", __FILE__, __LINE__, #condition); \
			_exit(1);                                                                    \
		}                                                                                    \
	} while (0)

/* In a child, on a file system of its own. */
static void on_a_tmpfs(const char *options, void (*what)(struct tank *))
{
	struct tank t;
	pid_t child;
	int status;

	tank_new(&t);
	t.setup.segment_size = 64 << 10;
	fflush(NULL);
	child = fork();
	assert_true(child >= 0);
	if (!child) {
		a_tmpfs(t.directory, options);
		tank_open(&t);
		what(&t);
		_exit(0);
	}
	waitpid(child, &status, 0);
	tank_free(&t);
	if (WIFEXITED(status) && WEXITSTATUS(status) == DENIED)
		skip();
	assert_int_equal(status, 0);
}

/* From which on all waits, without a hole. */
static uint64_t read_to_the_end(struct tank *t, uint64_t end)
{
	struct sf_spool_span place;
	uint64_t at = 0, first = tank_read(t, &at, &place);

	must(sf_spool_acknowledge(t->spool, &place) == 0);
	for (uint64_t serial = first + 1; serial < end; serial++) {
		must(tank_read(t, &at, &place) == serial);
		must(sf_spool_acknowledge(t->spool, &place) == 0);
	}
	must(tank_read(t, &at, &place) == UINT64_MAX);
	return first;
}

static void fill_it_up(struct tank *t)
{
	uint64_t first;

	for (unsigned i = 0; i < 1500; i++) {
		tank_fill(t, 1);
		tank_wait(t, 20000);
	}
	tank_check(t);
	must(tank_counts(t).lost[SF_SPOOL_LOSS_DISK].batches > 500);
	must(tank_counts(t).in_memory <= t->setup.ring_size);
	must(sf_spool_gaps(t->spool, NULL, 0) == QUERIES);
	tank_wait(t, 1000001);
	tank_close(t);
	tank_open(t);
	must(sf_spool_gaps(t->spool, NULL, 0) == QUERIES);
	first = read_to_the_end(t, 1500);
	must(first > 500);
}

static void use_up_the_names(struct tank *t)
{
	tank_fill(t, 400);
	tank_check(t);
	tank_wait(t, 1000001);
	must(tank_counts(t).segments <= 3);
	must(read_to_the_end(t, 400) > 100);
}

static void keep_half_of_it_free(struct tank *t)
{
	tank_close(t);
	t->conf.keep_free = 0.5;
	tank_open(t);
	for (unsigned i = 0; i < 800; i++) {
		tank_fill(t, 1);
		tank_wait(t, 20000);
	}
	tank_check(t);
	must(tank_counts(t).disk > 300 << 10);
	must(tank_counts(t).disk < 520 << 10);
	must(tank_counts(t).lost[SF_SPOOL_LOSS_FULL].batches > 300);
	must(tank_counts(t).lost[SF_SPOOL_LOSS_DISK].batches == 0);
}

static void a_full_file_system_holds_the_newest(void **state)
{
	(void)state;
	on_a_tmpfs("size=1m", fill_it_up);
}

static void without_inodes_the_oldest_segment_gives_its_own(void **state)
{
	(void)state;
	on_a_tmpfs("size=100m,nr_inodes=7", use_up_the_names); /* the root, the directory, two slots, three segments */
}

static void the_share_that_is_to_be_free_stays_free(void **state)
{
	(void)state;
	on_a_tmpfs("size=1m", keep_half_of_it_free);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_full_file_system_holds_the_newest),
		cmocka_unit_test(without_inodes_the_oldest_segment_gives_its_own),
		cmocka_unit_test(the_share_that_is_to_be_free_stays_free),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
