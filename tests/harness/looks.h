/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A look into a spool, what it has seen there, and that the spool itself loses what it said.
 */
#pragma once

#include "delivery/spool/spool_inner.h"
#include "spools.h"

struct seen { /* by one look */
	uint64_t batches, lines, bytes, damaged, normal;
	struct sf_spool_amount cost;
	uint64_t serial[20000]; /* of those that wait, in order */
	char last[200];         /* what was said of the last place */
	bool in_use, state_known;
	struct sf_look_facts facts; /* its texts are gone */
};

static struct seen seen;

static inline int setup(void **state)
{
	return tank_setup(state, 32 << 10);
}

static inline const char *in_spool(const struct tank *t, const char *name)
{
	return below(t->conf.path, name);
}

static inline const char *segment_path(const struct tank *t, unsigned number)
{
	char name[32];

	snprintf(name, sizeof(name), SF_SEGMENT_NAME, (unsigned long long)number);
	return in_spool(t, name);
}

static inline bool see_record(void *arg, const struct sf_look_record *record)
{
	struct sf_pool *pool = arg;
	struct sf_batch *made;
	uint64_t serial;

	if (!record->waits)
		return true;
	serial = strtoull(record->data + strlen("{\"time\":\""), NULL, 10);
	made = batch_make(pool, serial);
	assert_int_equal(record->length, made->length);
	assert_memory_equal(record->data, made->data, made->length);
	assert_string_equal(record->query, made->query);
	assert_string_equal(record->topic, topic_of(serial));
	assert_int_equal(record->run, made->run);
	assert_int_equal(record->first_seq, made->first_seq);
	sf_batch_drop(pool, made);
	if (seen.batches < SF_COUNT(seen.serial))
		seen.serial[seen.batches] = serial;
	seen.batches++;
	seen.lines += record->lines;
	seen.bytes += record->length;
	return true;
}

static inline void see_place(void *arg, const struct sf_look_place *place)
{
	(void)arg;
	seen.damaged += !place->normal;
	seen.normal += place->normal;
	if (place->normal)
		assert_int_equal(place->cost.lines, 0);
	seen.cost.batches += place->cost.batches;
	seen.cost.lines += place->cost.lines;
	seen.cost.bytes += place->cost.bytes;
	snprintf(seen.last, sizeof(seen.last), "%s %s", place->file, place->what);
}

static inline void look(const struct tank *t)
{
	struct sf_look_calls calls = {see_record, see_place, t->pool};
	struct sf_err err = {""};
	struct sf_look *look;

	memset(&seen, 0, sizeof(seen));
	if (sf_look_open(t->conf.path, &look, &err) < 0)
		fail_msg("%s", err.text);
	assert_int_equal(sf_look_walk(look, true, &calls), 0);
	seen.facts = *sf_look_facts(look);
	assert_int_equal(seen.facts.damaged, seen.damaged);
	assert_int_equal(seen.facts.waiting.lines, seen.lines);
	assert_int_equal(seen.facts.waiting.batches, seen.batches);
	assert_int_equal(seen.facts.waiting.bytes, seen.bytes);
	sf_look_free(look);
}

static inline void expect_serials(uint64_t from, uint64_t to)
{
	assert_int_equal(seen.batches, to - from);
	for (uint64_t i = 0; i < seen.batches; i++)
		assert_int_equal(seen.serial[i], from + i);
}

/* The spool loses, when it is opened and read, what the look said of it. */
static inline void expect_same_loss(struct tank *t)
{
	struct sf_spool_amount cost = seen.cost;
	uint64_t batches = seen.batches, at = 0, n = 0, serial;
	struct sf_spool_span place;

	tank_open(t);
	while ((serial = tank_read(t, &at, &place)) != UINT64_MAX) {
		assert_true(n < batches);
		assert_int_equal(serial, seen.serial[n++]);
		assert_int_equal(sf_spool_acknowledge(t->spool, &place), 0);
	}
	assert_int_equal(n, batches);
	assert_int_equal(tank_lost(t).lines, cost.lines);
	assert_int_equal(tank_lost(t).batches, cost.batches);
	assert_int_equal(tank_lost(t).bytes, cost.bytes);
	tank_check(t);
}
