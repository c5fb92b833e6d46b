/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Fills a spool until the power is gone: what spool.py runs in its machine. It says what it finds, then what it does:
 * `put` before a batch is appended, `synced` when the spool has promised that it stays, `done` before it is
 * acknowledged. What it can judge itself, that a batch is the very one that its number says, ends it when it is wrong.
 *
 *     power_spool look DIRECTORY
 *     power_spool fill DIRECTORY SERIAL SEED SYNC-IN-US MAX-SIZE SHARE-OF-ACKNOWLEDGED-IN-%
 */
#include <inttypes.h>
#include <termios.h>

#include "spools.h"

enum { PINNED_MOST = 12, GAPS_MOST = 256 };

struct pinned {
	uint64_t serial;
	struct sf_spool_span place;
};

static uint64_t seed;

static unsigned chance(unsigned of)
{
	return (unsigned)(mixed(seed++) % of);
}

static void say_synced(uint64_t serial)
{
	dprintf(STDOUT_FILENO, "synced %" PRIu64 "\n", serial);
}

static void open_spool(struct tank *t, const char *directory)
{
	static char boot_id[64];

	snprintf(boot_id, sizeof(boot_id), "%.36s", read_text("/proc/sys/kernel/random/boot_id"));
	*t = (struct tank){.pool = sf_pool_new(), .now = sf_clock_mono(), .on_release = say_synced};
	t->conf = (struct sf_spool_conf){.path = directory, .max_size = 16 << 20, .sync = 500 * 1000};
	t->setup = (struct sf_spool_setup){
		.boot_id = boot_id, .ring_size = 1 << 20, .segment_size = 64 << 10, .released = tank_released};
}

static void say_what_is_there(struct tank *t)
{
	struct sf_spool_gap gap[GAPS_MOST];
	struct sf_spool_span place;
	uint64_t at = 0, serial;
	size_t gaps;

	tank_check(t);
	while ((serial = tank_read(t, &at, &place)) != UINT64_MAX) {
		dprintf(STDOUT_FILENO, "has %" PRIu64 " %" PRIu64 "\n", serial, place.from.offset);
		sf_spool_unpin(t->spool, &place);
	}
	gaps = sf_spool_gaps(t->spool, gap, GAPS_MOST);
	assert_true(gaps <= GAPS_MOST);
	for (size_t i = 0; i < gaps; i++)
		dprintf(STDOUT_FILENO, "gap %s %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 " %s\n",
			sf_spool_loss_name(gap[i].reason), gap[i].first.run, gap[i].first.seq, gap[i].last.run,
			gap[i].last.seq, gap[i].records, gap[i].query);
	dprintf(STDOUT_FILENO, "counts %" PRIu64 " %" PRIu64 "\n", tank_counts(t).damaged, tank_counts(t).aside);
	dprintf(STDOUT_FILENO, "end %" PRIu64 "\n", sf_spool_end(t->spool));
}

static void put(struct tank *t)
{
	struct sf_spool_span place;

	dprintf(STDOUT_FILENO, "put %" PRIu64 "\n", t->next);
	assert_true(tank_put(t, &place));
	assert_string_equal(tank_counts(t).trouble, "");
}

/* All that were read, in any order; not before the world outside has been told. */
static void acknowledge(struct tank *t, struct pinned *pinned, unsigned *count)
{
	for (unsigned i = 0; i < *count; i++)
		dprintf(STDOUT_FILENO, "done %" PRIu64 "\n", pinned[i].serial);
	tcdrain(STDOUT_FILENO);
	while (*count) {
		struct pinned *one = &pinned[chance(*count)];

		if (sf_spool_acknowledge(t->spool, &one->place) < 0)
			sf_spool_unpin(t->spool, &one->place);
		*one = pinned[--*count];
	}
}

static void fill(struct tank *t, unsigned share)
{
	struct pinned pinned[PINNED_MOST];
	unsigned count = 0;
	uint64_t at = 0;

	while (true) {
		t->now = sf_clock_mono();
		sf_spool_tick(t->spool, t->now);
		put(t);
		if (chance(100) < share) {
			pinned[count].serial = tank_read(t, &at, &pinned[count].place);
			count += pinned[count].serial != UINT64_MAX;
		}
		if (count == PINNED_MOST)
			acknowledge(t, pinned, &count);
	}
}

static uint64_t number(const char *text)
{
	return strtoull(text, NULL, 10);
}

int main(int count, char **word)
{
	struct tank t;

	if (count != 3 && count != 8)
		return 2;
	open_spool(&t, word[2]);
	if (count == 8) {
		t.next = number(word[3]);
		seed = number(word[4]);
		t.conf.sync = number(word[5]);
		t.conf.max_size = number(word[6]);
	}
	tank_open(&t);
	say_what_is_there(&t);
	if (count == 8)
		fill(&t, (unsigned)number(word[7]));
	tank_close(&t);
	sf_pool_free(t.pool);
	return 0;
}
