/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A full disk leaves no half of a line, loses nothing, and is written on when there is space again: once by a limit of
 * file size, which needs no rights, and on a real, small file system.
 */
#include <sched.h>
#include <sys/mount.h>
#include <sys/resource.h>

#include "logs.h"

static void finish(struct world *w)
{
	close_output(w);
	end(w);
}

static uint64_t whole_lines(const struct world *w)
{
	uint64_t next = 0;

	return exists(w->path) ? read_lines(w->path, &next) : 0;
}

/* Until it has said that it cannot write; then what is on the disk is what was counted. */
static void fill(struct world *w)
{
	while (!w->outlet.troubles) {
		outlet_put(&w->outlet, 50, 100);
		outlet_turn(&w->outlet, 5);
		outlet_check(&w->outlet);
	}
	assert_int_equal(whole_lines(w), outlet_counts(&w->outlet).delivered);
	assert_true(outlet_counts(&w->outlet).waiting > 0);
}

static void limit_files(rlim_t bytes)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = bytes < limit.rlim_max ? bytes : limit.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void where_no_more_fits_whole_lines_end_the_file_and_the_rest_waits(void **state)
{
	struct world w;

	(void)state;
	begin(&w);
	limit_files(50050); /* in the midst of the 501st line */
	open_as(&w, 0, 5, false);
	fill(&w);
	assert_int_equal(outlet_counts(&w.outlet).delivered, 500);
	outlet_put(&w.outlet, 50, 100);
	outlet_turn(&w.outlet, 1500); /* tries again, fails again, says it no more */
	assert_int_equal(w.outlet.sentences, 1);
	assert_int_equal(size_of(w.path), 50000);
	outlet_check(&w.outlet);

	limit_files(RLIM_INFINITY);
	outlet_drain(&w.outlet);
	assert_true(outlet_until(&w.outlet, w.outlet.sentences == 2));
	assert_string_equal(w.outlet.said, "writes again");
	assert_int_equal(whole_lines(&w), w.outlet.lines);
	outlet_check(&w.outlet);
	finish(&w);
}

/* As on a file that may only be appended to: half of a line cannot be cut off, but it must not swallow the next. */
static void what_cannot_be_cut_off_is_ended_before_the_next_line(void **state)
{
	struct world w;
	int fd;

	(void)state;
	begin(&w);
	fd = open_sealed(&w, "");
	open_as(&w, 0, 5, false);
	limit_files(50);
	outlet_put(&w.outlet, 3, 20);
	assert_true(outlet_until(&w.outlet, w.outlet.troubles));
	assert_int_equal(outlet_counts(&w.outlet).delivered, 2);
	limit_files(RLIM_INFINITY);
	outlet_drain(&w.outlet);
	close_output(&w);
	assert_string_equal(read_text(w.path), "{\"time\":\"00000000\" \n{\"time\":\"00000001\" \n{\"time\":\"0\n"
					       "{\"time\":\"00000002\" \n");
	end(&w);
	close(fd);
}

/* A cron job must end. */
static void where_nobody_can_wait_a_full_disk_closes_the_output(void **state)
{
	const struct sf_output_setup as = {.queue_size = 16 << 20, .waits = true, .gives_up = true};
	struct sf_counts counts;
	struct world w;

	(void)state;
	begin(&w);
	w.conf = (struct sf_file_conf){.path = w.path};
	limit_files(5050);
	assert_int_equal(outlet_open_as(&w.outlet, "file", &w.conf, &as, NULL), 0);
	outlet_put(&w.outlet, 60, 100);
	outlet_put(&w.outlet, 60, 100);
	assert_true(outlet_until(&w.outlet, w.outlet.closed));
	assert_non_null(strstr(w.outlet.said, "File too large"));
	assert_null(strstr(w.outlet.said, "again"));
	outlet_drain(&w.outlet);
	counts = outlet_counts(&w.outlet);
	assert_int_equal(counts.delivered, 50);
	assert_int_equal(counts.lost[SF_LOSS_CLOSED], 70);
	assert_int_equal(w.outlet.sentences, 1);
	assert_int_equal(w.outlet.closed, 1);
	assert_int_equal(whole_lines(&w), 50);
	limit_files(RLIM_INFINITY);
	finish(&w);
}

static void what_a_full_disk_keeps_waiting_does_not_hold_up_the_end(void **state)
{
	struct sf_file_conf conf;
	struct world w;

	(void)state;
	begin(&w);
	conf = (struct sf_file_conf){.path = w.path};
	limit_files(5050);
	open_as(&w, 0, 5, false);
	fill(&w);
	outlet_finish(&w.outlet);
	limit_files(RLIM_INFINITY);
	assert_int_equal(whole_lines(&w), 50);
	assert_int_equal(outlet_open(&w.outlet, "file", &conf, NULL), 0);
	finish(&w);
}

/* ---- a real one ---- */

/*
 * A file system of so many KiB over the directory, seen by this process alone; false: no right to have one, or / is a
 * chroot's and no mount, so that others would see it too.
 */
static bool mount_small(const char *path, unsigned kib)
{
	char size[32];

	snprintf(size, sizeof(size), "size=%uk", kib);
	if (unshare(CLONE_NEWNS) == 0 && mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 &&
	    mount("small", path, "tmpfs", 0, size) == 0)
		return true;
	if (errno != EPERM && errno != EACCES && errno != EINVAL)
		fail_msg("cannot mount a file system: %s", strerror(errno));
	return false;
}

static void grow(const char *path, unsigned kib)
{
	char size[32];

	snprintf(size, sizeof(size), "size=%uk", kib);
	assert_int_equal(mount("small", path, "tmpfs", MS_REMOUNT, size), 0);
}

static void begin_small(struct world *w, unsigned kib)
{
	begin(w);
	if (mount_small(w->directory, kib))
		return;
	end(w);
	skip();
}

static void end_small(struct world *w)
{
	close_output(w);
	assert_int_equal(umount2(w->directory, MNT_DETACH), 0);
	end(w);
}

static void on_a_full_disk_lines_wait_until_there_is_space(void **state)
{
	struct world w;

	(void)state;
	begin_small(&w, 256);
	open_as(&w, 0, 5, false);
	fill(&w);
	assert_non_null(strstr(w.outlet.said, "No space left on device"));
	for (unsigned kib = 300; kib < 600; kib += 100) { /* a little space now and then */
		uint64_t before = outlet_counts(&w.outlet).delivered;

		grow(w.directory, kib);
		outlet_put(&w.outlet, 1000, 100);
		assert_true(outlet_until(&w.outlet, outlet_counts(&w.outlet).delivered > before));
		outlet_turn(&w.outlet, 50);
		assert_int_equal(whole_lines(&w), outlet_counts(&w.outlet).delivered);
		outlet_check(&w.outlet);
	}
	assert_true(outlet_counts(&w.outlet).waiting > 0);
	grow(w.directory, 64 << 10);
	outlet_drain(&w.outlet);
	assert_int_equal(whole_lines(&w), w.outlet.lines);
	outlet_check(&w.outlet);
	end_small(&w);
}

static void on_a_full_disk_rotation_and_packing_lose_nothing(void **state)
{
	struct world w;

	(void)state;
	begin_small(&w, 256);
	open_as(&w, 100 << 10, 50, true);
	while (!w.outlet.troubles) {
		outlet_put(&w.outlet, 50, 1000 + (size_t)random() % 100);
		outlet_turn(&w.outlet, 5);
	}
	assert_int_equal(read_all(&w, outlet_counts(&w.outlet).delivered), 0);
	outlet_check(&w.outlet);
	outlet_put(&w.outlet, 200, 1000);
	grow(w.directory, 64 << 10);
	outlet_drain(&w.outlet);
	assert_int_equal(read_all(&w, w.outlet.lines), 0);
	end_small(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(where_no_more_fits_whole_lines_end_the_file_and_the_rest_waits),
		cmocka_unit_test(what_cannot_be_cut_off_is_ended_before_the_next_line),
		cmocka_unit_test(where_nobody_can_wait_a_full_disk_closes_the_output),
		cmocka_unit_test(what_a_full_disk_keeps_waiting_does_not_hold_up_the_end),
		cmocka_unit_test(on_a_full_disk_lines_wait_until_there_is_space),
		cmocka_unit_test(on_a_full_disk_rotation_and_packing_lose_nothing),
	};

	srandom(20261124);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
