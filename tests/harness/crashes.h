/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lives of an agent's spool that end at any step of its machine, by a kill or by a loss of power, and who looks after
 * them from outside: what a life wrote down in shared memory is what it knew, not what the spool says.
 */
#pragma once

#include <signal.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "delivery/spool/spool_inner.h"
#include "disk.h"
#include "spools.h"

enum { SERIALS = 60000, TELLINGS = 20000, CRASHED = 99 };

enum { /* of a serial */
	APPENDED = 1, /* the spool took it, and said so */
	REFUSED = 2,
	RELEASED = 4,	 /* it came back: safe, as `sync` has it, or lost */
	ACK_BEGUN = 8,	 /* may be gone */
	KEPT_IN_RING = 16, /* the disk had not taken it at once */
	DROPPED = 32,	   /* from memory: a crash forgets that, too */
	OVER = 64,	   /* acknowledged, or found to be gone */
	KNOWN = 128,	   /* ... and a state says so */
};

struct telling { /* a gap that a batch tells of */
	struct sf_spool_gap gap;
	int query; /* its number; -1: "" */
	uint64_t carrier;
};

struct shared {
	uint64_t next, current; /* current: is being appended; UINT64_MAX: none is */
	uint8_t flags[SERIALS];
	uint64_t tellings;
	struct telling telling[TELLINGS];
	uint64_t reached; /* times that a life came to its step */
};

struct life {
	enum sf_spool_step step; /* where it ends ... */
	unsigned nth;		 /* ... the so-manieth time; 0: it ends in order */
	bool by_power, faults;
	unsigned seed, deeds;
};

static struct {
	struct shared *shared;
	struct tank *tank;
	const struct life *life;
	unsigned countdown;
	enum sf_spool_step last;
} now_living;

static inline int query_number(const char *query)
{
	for (int i = 0; i < QUERIES; i++) {
		if (!strcmp(query_of((uint64_t)i), query))
			return i;
	}
	return -1;
}

static inline void living_released(uint64_t serial)
{
	now_living.shared->flags[serial] |= now_living.last == SF_SPOOL_LOST ? DROPPED : RELEASED;
}

static inline void living_published(struct shared *s)
{
	for (uint64_t serial = 0; serial < s->next; serial++) {
		if (s->flags[serial] & (OVER | DROPPED))
			s->flags[serial] |= KNOWN;
	}
}

static inline void living_step(void *arg, enum sf_spool_step step)
{
	struct tank *t = arg;

	now_living.last = step;
	if (step == SF_SPOOL_PUBLISHED)
		living_published(now_living.shared);
	if (!now_living.life->nth || step != now_living.life->step || --now_living.countdown)
		return;
	now_living.shared->reached++;
	if (now_living.life->by_power)
		power_off(below(t->directory, "after"));
	_exit(CRASHED);
}

static inline void living_put(struct tank *t, struct shared *s)
{
	struct sf_spool_gap gap[2];
	size_t gaps = random() % 8 ? 0 : sf_spool_gaps(t->spool, gap, 2);
	struct sf_spool_span place;
	uint64_t serial = s->next++;

	assert_true(serial + 1 < SERIALS);
	s->current = t->next = serial;
	if (!tank_put(t, &place)) {
		s->flags[serial] |= REFUSED;
		s->current = UINT64_MAX;
		return;
	}
	s->flags[serial] |= APPENDED | (tank_counts(t).in_memory ? KEPT_IN_RING : 0);
	s->current = UINT64_MAX;
	for (size_t i = 0; i < gaps && i < 2; i++) {
		struct telling *telling = &s->telling[s->tellings];

		assert_true(s->tellings + 1 < TELLINGS);
		*telling = (struct telling){gap[i], query_number(gap[i].query), serial};
		s->tellings++;
		sf_spool_gap_told(t->spool, gap[i].id, place.from.offset);
	}
}

struct in_flight {
	struct sf_spool_span place;
	uint64_t serial;
};

enum { FLIGHT = 12 };

static inline void living_answer(struct tank *t, struct shared *s, struct in_flight *flight, unsigned *count,
				 uint64_t *from)
{
	unsigned i = (unsigned)random() % *count;

	if (random() % 8) {
		s->flags[flight[i].serial] |= ACK_BEGUN;
		if (sf_spool_acknowledge(t->spool, &flight[i].place) < 0)
			return;
		s->flags[flight[i].serial] |= OVER;
	} else {
		sf_spool_unpin(t->spool, &flight[i].place);
		if (*from > flight[i].place.from.offset)
			*from = flight[i].place.from.offset;
		/* what is read again then must not be in flight twice */
		for (unsigned k = 0; k < *count; k++) {
			if (k != i)
				sf_spool_unpin(t->spool, &flight[k].place);
			if (*from > flight[k].place.from.offset)
				*from = flight[k].place.from.offset;
		}
		*count = 0;
		return;
	}
	flight[i] = flight[--*count];
}

static inline void living_read(struct tank *t, struct in_flight *flight, unsigned *count, uint64_t *from)
{
	struct in_flight *next = &flight[*count];

	next->serial = tank_read(t, from, &next->place);
	*count += next->serial != UINT64_MAX;
}

static inline void living_trouble(void)
{
	static const int codes[] = {ENOSPC, EIO, EDQUOT, EROFS};

	disk.shorten = random() % 2;
	disk_fail((enum disk_call)(random() % DISK_READ), codes[random() % 4], 1 + (unsigned)random() % 8);
}

/* In a child. Never comes back. One in three has a receiver that keeps up. */
static inline void live(struct tank *t, struct shared *s, const struct life *life)
{
	struct in_flight flight[FLIGHT];
	unsigned in_flight = 0;
	bool healthy = life->seed / 10 % 3 == 1;
	uint64_t from = 0;
	struct sf_err err;

	srandom(life->seed);
	if (s->current != UINT64_MAX) /* the last life died over it */
		s->flags[s->current] |= DROPPED;
	s->current = UINT64_MAX;
	now_living.shared = s;
	now_living.tank = t;
	now_living.life = life;
	now_living.countdown = life->nth;
	t->setup.step = living_step;
	t->on_release = living_released;
	mkdir(t->conf.path, 0700);
	power_on(t->conf.path);
	if (tank_try_open(t, &err) < 0)
		_exit(2);
	for (unsigned deed = 0; deed < life->deeds; deed++) {
		unsigned what = (unsigned)random() % 100;

		t->now += (uint64_t)random() % 60000;
		if (healthy && what < 90) {
			living_put(t, s);
			for (unsigned i = 0; i < 3 && in_flight < FLIGHT; i++)
				living_read(t, flight, &in_flight, &from);
			for (unsigned i = 0; i < 3 && in_flight > 2; i++)
				living_answer(t, s, flight, &in_flight, &from);
		} else if (what < 42) {
			living_put(t, s);
		} else if (what < 50) {
			tank_wait(t, (uint64_t)random() % 400000);
		} else if (what < 76 && in_flight < FLIGHT) {
			living_read(t, flight, &in_flight, &from);
		} else if (what < 95 && in_flight) {
			living_answer(t, s, flight, &in_flight, &from);
		} else if (what >= 95 && what < 99 && life->faults) {
			living_trouble();
		} else if (what == 99 && random() % 4 == 0) {
			memset(disk.code, 0, sizeof(disk.code));
			tank_close(t);
			t->now += 5000000;
			tank_open(t);
			in_flight = 0;
			from = 0;
		}
	}
	memset(disk.code, 0, sizeof(disk.code));
	tank_close(t);
	_exit(0);
}

/* ---- from outside ---- */

static inline bool covers(const struct sf_spool_gap *gap, int query, uint64_t serial)
{
	uint64_t run = run_of(serial), first = first_seq_of(serial), last = first + lines_of(serial) - 1;

	return query == (int)(serial % QUERIES) &&
	       (gap->first.run < run || (gap->first.run == run && gap->first.seq <= first)) &&
	       (gap->last.run > run || (gap->last.run == run && gap->last.seq >= last));
}

static inline bool is_covered(const struct tank *t, const struct shared *s, const uint8_t *seen, uint64_t serial)
{
	const struct sf_debts *gaps = &t->spool->state.gaps;

	for (size_t i = 0; i < gaps->count; i++) {
		if (covers(&gaps->owed[i].gap, query_number(gaps->owed[i].gap.query), serial))
			return true;
	}
	for (uint64_t i = 0; i < s->tellings; i++) {
		const struct telling *told = &s->telling[i];

		if (covers(&told->gap, told->query, serial) &&
		    (seen[told->carrier] || s->flags[told->carrier] & ACK_BEGUN))
			return true;
	}
	return false;
}

/* Lines that are known to be lost, of which query is not. */
static inline uint64_t nameless(const struct tank *t, const struct shared *s)
{
	const struct sf_debts *gaps = &t->spool->state.gaps;
	uint64_t lines = 0;

	for (size_t i = 0; i < gaps->count; i++)
		lines += *gaps->owed[i].gap.query || gaps->owed[i].heard ? 0 : gaps->owed[i].gap.records;
	for (uint64_t i = 0; i < s->tellings; i++)
		lines += s->telling[i].query < 0 ? s->telling[i].gap.records : 0;
	return lines;
}

/* Is no more said to be lost than what is not there, and was not known to be over? */
static inline void judge_losses(const struct tank *copy, struct shared *s, const uint8_t *seen, const struct life *life)
{
	struct sf_spool_counts counts = tank_counts(copy);
	uint64_t said = counts.lost[SF_SPOOL_LOSS_POWER].lines, gone = 0;

	for (uint64_t serial = 0; serial < s->next; serial++) {
		if (!seen[serial] && !(s->flags[serial] & (REFUSED | KNOWN)))
			gone += lines_of(serial);
		if (!seen[serial])
			s->flags[serial] |= OVER;
	}
	/* A state that was not synced may be gone, too, and the one before it knows less. */
	if (said > gone && !life->faults && !(life->by_power && copy->conf.sync == SF_SPOOL_SYNC_NEVER))
		fail_msg("%llu lines are said to be lost with the power, %llu can be (%s, step %s, seed %u)", (unsigned long long)said,
			 (unsigned long long)gone, life->by_power ? "power" : "kill", sf_spool_step_name(life->step),
			 life->seed);
}

/*
 * Opens a copy of what is left and reads it all: whole batches, each once, in the order of their query; and of those
 * that the spool had answered for, each is there, or was sent perhaps, or stands in a gap that is known. And no gap is
 * too large.
 */
static inline void look_after(struct tank *t, struct shared *s, const struct life *life)
{
	static uint8_t seen[SERIALS];
	struct tank copy = *t;
	uint64_t from = 0, serial, last[QUERIES] = {0}, missing = 0;
	struct sf_spool_span place;
	bool promised = life->by_power ? t->conf.sync != SF_SPOOL_SYNC_NEVER : true;

	memset(seen, 0, sizeof(seen));
	copy.conf.path = sf_strdup(below(t->directory, "copy"));
	if (exists(t->conf.path))
		copy_directory(t->conf.path, copy.conf.path);
	else
		copy_directory("/var/empty", copy.conf.path);
	tank_open(&copy);
	tank_check(&copy);
	while ((serial = tank_read(&copy, &from, &place)) != UINT64_MAX) {
		assert_true(serial < s->next);
		assert_false(seen[serial]);
		assert_true(last[serial % QUERIES] <= serial);
		last[serial % QUERIES] = serial;
		seen[serial] = 1;
		sf_spool_unpin(copy.spool, &place);
	}
	tank_check(&copy);
	judge_losses(&copy, s, seen, life);
	for (serial = 0; serial < s->next; serial++) {
		uint8_t flags = s->flags[serial];
		bool safe = flags & RELEASED && promised;

		if (!life->by_power && !life->faults && flags & APPENDED && !(flags & KEPT_IN_RING))
			safe = true;
		if (!safe || flags & (REFUSED | ACK_BEGUN | DROPPED) || serial == s->current || seen[serial] ||
		    is_covered(&copy, s, seen, serial))
			continue;
		if (!life->faults)
			fail_msg("%llu is gone (%s, step %s, seed %u)", (unsigned long long)serial,
				 life->by_power ? "power" : "kill", sf_spool_step_name(life->step), life->seed);
		missing += lines_of(serial);
	}
	if (missing > nameless(&copy, s))
		fail_msg("%llu lines are gone, %llu are owed (%s, step %s, seed %u)", (unsigned long long)missing,
			 (unsigned long long)nameless(&copy, s), life->by_power ? "power" : "kill",
			 sf_spool_step_name(life->step), life->seed);
	tank_close(&copy);
	tank_open(&copy); /* and the next start finds the same */
	from = 0;
	while ((serial = tank_read(&copy, &from, &place)) != UINT64_MAX) {
		assert_int_equal(seen[serial]++, 1);
		sf_spool_acknowledge(copy.spool, &place);
	}
	for (serial = 0; serial < s->next; serial++)
		assert_true(seen[serial] != 1);
	tank_check(&copy);
	assert_int_equal(tank_counts(&copy).waiting.lines, 0);
	tank_close(&copy);
	free((char *)copy.conf.path);
}

/* A life that is killed somewhere, mostly at work. */
static inline void live_and_be_killed(struct tank *t, struct shared *s, const struct life *life)
{
	uint64_t next = s->next;
	pid_t child;
	int status;

	fflush(NULL);
	child = fork();
	assert_true(child >= 0);
	if (!child)
		live(t, s, life);
	if (random() % 8) /* else: while it starts */
		while (*(volatile uint64_t *)&s->next == next && waitpid(child, &status, WNOHANG) == 0)
			usleep(100);
	usleep((useconds_t)(random() % 5000));
	kill(child, SIGKILL);
	assert_int_equal(waitpid(child, &status, 0), child);
	if (!WIFSIGNALED(status))
		fail_msg("a life ended with %x before it was killed (seed %u)", (unsigned)status, life->seed);
	look_after(t, s, life);
}

/* One life in a child; what the disk holds after it takes the spool's place. */
static inline void live_and_die(struct tank *t, struct shared *s, const struct life *life)
{
	pid_t child;
	int status;

	fflush(NULL);
	child = fork();
	assert_true(child >= 0);
	if (!child)
		live(t, s, life);
	assert_int_equal(waitpid(child, &status, 0), child);
	if (!WIFEXITED(status) || (WEXITSTATUS(status) != 0 && WEXITSTATUS(status) != CRASHED))
		fail_msg("a life ended with %x (step %s, seed %u)", (unsigned)status,
			 sf_spool_step_name(life->step), life->seed);
	if (WEXITSTATUS(status) == CRASHED && life->by_power) {
		static char boot_id[SF_BOOT_ID_SIZE];
		char command[PATH_MAX * 2 + 64];

		snprintf(command, sizeof(command), "rm -rf '%s' && mv '%s' '%s'", t->conf.path,
			 below(t->directory, "after"), t->conf.path);
		assert_int_equal(system(command), 0);
		snprintf(boot_id, sizeof(boot_id), "11111111-2222-3333-4444-%012u", life->seed);
		t->setup.boot_id = boot_id;
	}
	look_after(t, s, life);
}
