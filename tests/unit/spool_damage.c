/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What somebody did to a spool's files while no agent ran: flipped bits, cut ends, zeroed pages, files that were
 * swapped, doubled, removed or come from elsewhere. It starts; what was not touched comes out byte for byte; what was
 * lost is counted and owed.
 */
#include "disk.h"

#include "delivery/spool/segment.h"
#include "spools.h"

enum { BATCHES = 60, SEGMENT = 16 << 10, GAPS = 300 };

struct world {
	struct tank tank;
	char *pristine; /* a spool of BATCHES, as its agent left it */
};

static void restore(struct world *w)
{
	char command[PATH_MAX * 3];

	snprintf(command, sizeof(command), "rm -rf '%s' && cp -r '%s' '%s'", w->tank.conf.path, w->pristine,
		 w->tank.conf.path);
	assert_int_equal(system(command), 0);
}

static int setup(void **state)
{
	struct world *w = sf_new(struct world);

	memset(&disk, 0, sizeof(disk));
	tank_new(&w->tank);
	w->tank.setup.segment_size = SEGMENT;
	tank_open(&w->tank);
	tank_fill(&w->tank, BATCHES);
	tank_close(&w->tank);
	w->pristine = sf_strdup(below(w->tank.directory, "pristine"));
	assert_int_equal(rename(w->tank.conf.path, w->pristine), 0);
	restore(w);
	*state = w;
	return 0;
}

static int teardown(void **state)
{
	struct world *w = *state;

	tank_free(&w->tank);
	free(w->pristine);
	free(w);
	return 0;
}

static const char *numbered_path(struct world *w, unsigned number)
{
	char name[32];

	snprintf(name, sizeof(name), SF_SEGMENT_NAME, (unsigned long long)number);
	return below(w->tank.conf.path, name);
}

/* Each leaves one number free behind it. */
static const char *segment_path(struct world *w, unsigned nth)
{
	return numbered_path(w, nth * 2 - 1);
}

static unsigned segments(struct world *w)
{
	unsigned count = 0;

	while (exists(segment_path(w, count + 1)))
		count++;
	return count;
}

static void change(const char *path, uint64_t at, const void *bytes, size_t length)
{
	int fd = open(path, O_WRONLY | O_CREAT, 0600);

	assert_true(fd >= 0);
	assert_int_equal(pwrite(fd, bytes, length, (off_t)at), length);
	close(fd);
}

static void flip(const char *path, uint64_t bit)
{
	int fd = open(path, O_RDONLY);
	uint8_t byte;

	assert_int_equal(pread(fd, &byte, 1, (off_t)(bit / 8)), 1);
	close(fd);
	byte ^= (uint8_t)(1 << bit % 8);
	change(path, bit / 8, &byte, 1);
}

/* Opens, reads all; checks what must always hold. Returns how many batches came out; marks them in `seen`. */
static unsigned read_all(struct world *w, uint8_t seen[BATCHES])
{
	struct tank *t = &w->tank;
	struct sf_spool_gap gap[GAPS];
	struct sf_spool_span place;
	uint64_t at = 0, serial, before = 0, records = 0, gaps;
	unsigned count = 0;

	memset(seen, 0, BATCHES);
	tank_open(t);
	while ((serial = tank_read(t, &at, &place)) != UINT64_MAX) {
		assert_true(serial < BATCHES);
		assert_true(!count || serial > before);
		before = serial;
		seen[serial] = 1;
		count++;
		assert_int_equal(sf_spool_acknowledge(t->spool, &place), 0);
	}
	tank_check(t);
	assert_int_equal(tank_counts(t).waiting.lines, 0);
	gaps = sf_spool_gaps(t->spool, gap, GAPS);
	for (uint64_t i = 0; i < gaps; i++)
		records += gap[i].records;
	assert_int_equal(records, tank_lost(t).lines);
	return count;
}

static uint64_t lines_unseen(const uint8_t seen[BATCHES])
{
	uint64_t lines = 0;

	for (uint64_t s = 0; s < BATCHES; s++)
		lines += seen[s] ? 0 : lines_of(s);
	return lines;
}

static void close_and_restore(struct world *w)
{
	tank_close(&w->tank);
	restore(w);
}

static void a_flipped_bit_costs_one_batch_at_most(void **state)
{
	struct world *w = *state;
	const char *rounds = getenv("SF_SPOOL_FLIPS");
	unsigned files = segments(w);
	uint8_t seen[BATCHES];

	srandom(5);
	for (int i = 0; i < (rounds ? atoi(rounds) : 300); i++) {
		unsigned file = 1 + (unsigned)random() % files;
		const char *path = segment_path(w, file);
		uint64_t bit = (uint64_t)random() % (size_of(path) * 8);
		unsigned count;

		flip(path, bit);
		count = read_all(w, seen);
		if (count < BATCHES - 1)
			fail_msg("%u came out after bit %llu of %s", count, (unsigned long long)bit, path);
		assert_int_equal(tank_lost(&w->tank).lines, lines_unseen(seen));
		/* the last record of all looks like one that was torn */
		assert_true(tank_counts(&w->tank).damaged == 1 || (file == files && !seen[BATCHES - 1]));
		close_and_restore(w);
	}
}

static void a_flipped_bit_in_the_state_costs_nothing(void **state)
{
	struct world *w = *state;
	uint8_t seen[BATCHES];

	srandom(6);
	for (unsigned i = 0; i < 100; i++) {
		flip(below(w->tank.conf.path, random() % 2 ? "state.0" : "state.1"), (uint64_t)random() % (400 * 8));
		assert_int_equal(read_all(w, seen), BATCHES);
		close_and_restore(w);
	}
}

static void without_a_state_all_is_sent(void **state)
{
	struct world *w = *state;
	uint8_t seen[BATCHES];

	for (unsigned garbage = 0; garbage < 2; garbage++) {
		for (unsigned i = 0; i < 2; i++) {
			const char *path = below(w->tank.conf.path, i ? "state.1" : "state.0");

			if (garbage)
				change(path, 0, "garbage, garbage", 16);
			else
				unlink(path);
		}
		assert_int_equal(read_all(w, seen), BATCHES);
		assert_int_equal(tank_lost(&w->tank).lines, 0);
		close_and_restore(w);
	}
}

static void every_cut_of_the_last_record_costs_it_alone(void **state)
{
	struct world *w = *state;
	unsigned last = segments(w);
	uint64_t size = size_of(segment_path(w, last)), cut;
	uint8_t seen[BATCHES];

	for (cut = 1; cut < 900; cut += cut < 100 ? 1 : 13) {
		unsigned count;

		assert_int_equal(truncate(segment_path(w, last), (off_t)(size - cut)), 0);
		count = read_all(w, seen);
		assert_in_range(count, BATCHES - 2, BATCHES - 1);
		assert_true(seen[BATCHES - 3]);
		assert_int_equal(tank_counts(&w->tank).damaged, 0);
		assert_int_equal(tank_counts(&w->tank).lost[SF_SPOOL_LOSS_POWER].lines, lines_unseen(seen));
		tank_fill(&w->tank, 1);
		close_and_restore(w);
		w->tank.next = BATCHES;
	}
}

static void zeroed_pages_cost_what_was_in_them(void **state)
{
	static const char zeros[4096];
	struct world *w = *state;
	unsigned files = segments(w);
	uint8_t seen[BATCHES];

	for (unsigned file = 1; file <= files; file++) {
		for (uint64_t at = 0; at + 4096 <= size_of(segment_path(w, file)); at += 4096) {
			change(segment_path(w, file), at, zeros, sizeof(zeros));
			assert_in_range(read_all(w, seen), BATCHES - 12, BATCHES - 1);
			assert_int_equal(tank_lost(&w->tank).lines, lines_unseen(seen));
			close_and_restore(w);
		}
	}
}

static void a_page_that_belongs_elsewhere_is_no_record(void **state)
{
	struct world *w = *state;
	char page[4096];
	uint8_t seen[BATCHES];
	int fd = open(segment_path(w, 1), O_RDONLY);

	assert_int_equal(pread(fd, page, sizeof(page), 4096), sizeof(page));
	close(fd);
	change(segment_path(w, 2), 4096, page, sizeof(page));
	assert_in_range(read_all(w, seen), BATCHES - 12, BATCHES - 1);
	assert_int_equal(tank_lost(&w->tank).lines, lines_unseen(seen));
}

static void swapped_files_are_known_by_their_heads(void **state)
{
	struct world *w = *state;
	uint8_t seen[BATCHES];
	char *away = sf_strdup(below(w->tank.conf.path, "away"));

	rename(segment_path(w, 2), away);
	rename(segment_path(w, 4), segment_path(w, 2));
	rename(away, segment_path(w, 4));
	free(away);
	assert_int_equal(read_all(w, seen), BATCHES);
	tank_wait(&w->tank, 2000000);
	tank_fill(&w->tank, 1);
	assert_in_range(tank_counts(&w->tank).segments, 1, 2);
}

static void copies_and_strangers_are_set_aside(void **state)
{
	struct world *w = *state;
	struct sf_segment_head head = {0};
	uint8_t seen[BATCHES], id[SF_SPOOL_ID_SIZE] = {7};
	char command[PATH_MAX * 3];

	snprintf(command, sizeof(command), "cp '%s' '%s'", segment_path(w, 2), numbered_path(w, 0x77));
	assert_int_equal(system(command), 0);
	sf_segment_head_make(&head, id, 0x88, &(struct sf_spool_at){0}, "boot");
	change(numbered_path(w, 0x88), 0, &head, sizeof(head)); /* another spool's */
	change(numbered_path(w, 0x99), 200, "longer than a head, but no segment", 34);
	assert_int_equal(read_all(w, seen), BATCHES);
	assert_int_equal(tank_counts(&w->tank).aside, 3);
	assert_int_equal(tank_lost(&w->tank).lines, 0);
	assert_true(exists(below(w->tank.conf.path, "0000000000000088.seg.aside")));
	tank_fill(&w->tank, 10);
	assert_false(exists(numbered_path(w, 0x88))); /* a number is not used again */
}

static void a_removed_segment_is_a_gap(void **state)
{
	struct world *w = *state;
	unsigned files = segments(w);
	uint8_t seen[BATCHES];

	for (unsigned file = 1; file <= files; file++) {
		unlink(segment_path(w, file));
		assert_in_range(read_all(w, seen), BATCHES - 12, BATCHES - 1);
		assert_int_equal(tank_lost(&w->tank).lines, lines_unseen(seen));
		close_and_restore(w);
	}
}

static void with_no_segment_left_all_is_a_gap(void **state)
{
	struct world *w = *state;
	uint8_t seen[BATCHES];

	for (unsigned file = segments(w); file; file--)
		unlink(segment_path(w, file));
	assert_int_equal(read_all(w, seen), 0);
	assert_int_equal(tank_lost(&w->tank).lines, lines_unseen(seen));
	assert_int_equal(sf_spool_end(w->tank.spool), BATCHES); /* no number is used again */
}

/* A head of another version, whole. */
static void a_future_version_is_set_aside(void **state)
{
	struct world *w = *state;
	struct sf_segment_head head;
	uint8_t seen[BATCHES];
	int fd = open(segment_path(w, 1), O_RDONLY);

	assert_int_equal(pread(fd, &head, sizeof(head), 0), sizeof(head));
	close(fd);
	head.version = 2;
	head.crc = 0;
	head.crc = (uint32_t)crc32(0, (const Bytef *)&head, sizeof(head));
	change(segment_path(w, 1), 0, &head, sizeof(head));
	assert_in_range(read_all(w, seen), BATCHES - 12, BATCHES - 1);
	assert_int_equal(tank_counts(&w->tank).aside, 1);
	assert_int_equal(tank_lost(&w->tank).lines, lines_unseen(seen));
}

static void what_is_no_file_is_no_segment(void **state)
{
	struct world *w = *state;
	uint8_t seen[BATCHES];

	mkdir(numbered_path(w, 0x55), 0700);
	assert_int_equal(symlink("/etc/passwd", numbered_path(w, 0x56)), 0);
	assert_int_equal(mkfifo(numbered_path(w, 0x57), 0600), 0);
	assert_int_equal(read_all(w, seen), BATCHES);
	tank_fill(&w->tank, 1);
}

#define spool_test(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		spool_test(a_flipped_bit_costs_one_batch_at_most),
		spool_test(a_flipped_bit_in_the_state_costs_nothing),
		spool_test(without_a_state_all_is_sent),
		spool_test(every_cut_of_the_last_record_costs_it_alone),
		spool_test(zeroed_pages_cost_what_was_in_them),
		spool_test(a_page_that_belongs_elsewhere_is_no_record),
		spool_test(swapped_files_are_known_by_their_heads),
		spool_test(copies_and_strangers_are_set_aside),
		spool_test(a_removed_segment_is_a_gap),
		spool_test(with_no_segment_left_all_is_a_gap),
		spool_test(a_future_version_is_set_aside),
		spool_test(what_is_no_file_is_no_segment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
