/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The spool dies at every step of its machine (agent/delivery/spool/spool_steps.def), three times in a row at each, by a
 * kill and by a loss of power, with a disk that works and with one that fails now and then.
 */
#include "crashes.h"

enum { CRASHES = 3, DEEDS = 700, KILLS = 60 };

/* Steps that only a failing disk leads to. */
static bool needs_faults(enum sf_spool_step step)
{
	return step == SF_SPOOL_KEPT || step == SF_SPOOL_UNDONE || step == SF_SPOOL_LEFT || step == SF_SPOOL_RESCUED;
}

static const uint64_t syncs[] = {SF_SPOOL_SYNC_ALWAYS, 500000, SF_SPOOL_SYNC_NEVER};

static struct shared *shared_new(void)
{
	struct shared *s = mmap(NULL, sizeof(*s), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	assert_true(s != MAP_FAILED);
	s->current = UINT64_MAX;
	return s;
}

static void crash_at(enum sf_spool_step step, bool by_power, bool faults, unsigned seed, uint64_t *reached)
{
	struct shared *s = shared_new();
	struct life life = {.step = step, .by_power = by_power, .faults = faults, .seed = seed, .deeds = DEEDS};
	struct tank t;

	tank_new(&t);
	t.conf.sync = syncs[seed % 3];
	t.conf.max_size = 96 << 10;
	t.conf.when_full = seed % 5 == 4;
	t.setup.segment_size = 12 << 10;
	t.setup.ring_size = 24 << 10;
	srandom(seed);
	for (unsigned i = 0; i < CRASHES; i++) {
		life.nth = needs_faults(step) ? 1 : 1 + (unsigned)random() % (i ? 3 : 12);
		live_and_die(&t, s, &life);
		life.seed++;
	}
	life.nth = 0;
	live_and_die(&t, s, &life);
	*reached += s->reached;
	munmap(s, sizeof(*s));
	tank_free(&t);
}

static void crash_at_every_step(bool by_power)
{
	const char *rounds = getenv("SF_SPOOL_ROUNDS");

	for (enum sf_spool_step step = 0; step < SF_SPOOL_STEPS; step++) {
		uint64_t reached = 0;

		for (unsigned round = 0; round < (rounds ? (unsigned)atoi(rounds) : 4); round++) {
			bool faults = needs_faults(step) || round % 2;

			crash_at(step, by_power, faults, 1000 * (unsigned)step + 10 * round, &reached);
		}
		if (!reached)
			fail_msg("no life came to the step %s", sf_spool_step_name(step));
	}
}

static void kills_at_any_moment_lose_nothing(void **state)
{
	const char *rounds = getenv("SF_SPOOL_ROUNDS");
	struct shared *s = shared_new();
	struct life life = {.deeds = UINT32_MAX};
	struct tank t;

	(void)state;
	srandom(77);
	tank_new(&t);
	t.conf.max_size = 512 << 10;
	t.setup.segment_size = 64 << 10;
	t.setup.ring_size = 128 << 10;
	for (unsigned i = 0; i < (rounds ? 10 * (unsigned)atoi(rounds) : KILLS) && s->next + 5000 < SERIALS; i++) {
		t.conf.sync = syncs[i % 3];
		life.seed = i;
		live_and_be_killed(&t, s, &life);
	}
	munmap(s, sizeof(*s));
	tank_free(&t);
}

static void kills_at_every_step_lose_nothing(void **state)
{
	(void)state;
	crash_at_every_step(false);
}

static void losses_of_power_at_every_step_lose_nothing_that_was_synced(void **state)
{
	(void)state;
	crash_at_every_step(true);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kills_at_any_moment_lose_nothing),
		cmocka_unit_test(kills_at_every_step_lose_nothing),
		cmocka_unit_test(losses_of_power_at_every_step_lose_nothing_that_was_synced),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
