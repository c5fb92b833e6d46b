/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A spool in a directory of its own, and batches that can be told: each has a serial number, from which all that is in
 * it follows. So a test knows what was put in without asking the spool, and sees whether what comes out is the same.
 */
#pragma once

#include "delivery/spool/spool.h"
#include "files.h"

enum { QUERIES = 3, RUN_BATCHES = 8 }; /* batches of a run of a query */

struct tank {
	char *directory; /* the spool's is "spool" in it */
	struct sf_spool_conf conf;
	struct sf_spool_setup setup;
	struct sf_spool *spool;
	struct sf_pool *pool;
	uint64_t now;
	uint64_t next;	   /* serial of the next batch */
	uint64_t released; /* batches that came back */
	uint64_t taken;	   /* by the spool, since it was opened */
	void (*on_release)(uint64_t serial);
};

/* ---- batches ---- */

static inline uint64_t mixed(uint64_t x)
{
	x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
	x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
	return x ^ (x >> 31);
}

static inline uint32_t lines_of(uint64_t serial)
{
	return 1 + (uint32_t)(mixed(serial) % 9);
}

static inline const char *query_of(uint64_t serial)
{
	static const char *const names[QUERIES] = {"alpha", "beta", "gamma"};

	return names[serial % QUERIES];
}

static inline uint64_t run_of(uint64_t serial)
{
	return 1000 + serial / (QUERIES * RUN_BATCHES);
}

static inline uint64_t first_seq_of(uint64_t serial)
{
	uint64_t first = run_of(serial) - 1000, seq = 0;

	for (uint64_t s = first * QUERIES * RUN_BATCHES + serial % QUERIES; s < serial; s += QUERIES)
		seq += lines_of(s);
	return seq;
}

static inline bool ends_run(uint64_t serial)
{
	return serial / QUERIES % RUN_BATCHES == RUN_BATCHES - 1;
}

static inline const char *topic_of(uint64_t serial)
{
	static char topic[32];

	snprintf(topic, sizeof(topic), "sockets.%s", query_of(serial));
	return topic;
}

static inline struct sf_batch *batch_make(struct sf_pool *pool, uint64_t serial)
{
	struct sf_batch *batch = sf_pool_get(pool);
	uint32_t lines = lines_of(serial);

	for (uint32_t i = 0; i < lines; i++) {
		char *line = batch->data + batch->length, key[32];
		size_t length = 40 + mixed(serial * 64 + i) % 900;
		int n = snprintf(line, length, "{\"time\":\"%08llu\" %u", (unsigned long long)serial, i);
		bool last = i + 1 == lines && ends_run(serial);

		for (size_t at = (size_t)n; at < length; at++)
			line[at] = (char)('a' + (serial + at) % 26);
		line[length - 1] = '\n';
		sf_batch_line(batch, length, last ? SF_LINE_RUN : SF_LINE_SOCKET, 5000000 + serial + i * 2000);
		if (i % 2)
			sf_batch_key(batch, SF_BY_SOCKET, key,
				     (size_t)snprintf(key, sizeof(key), "boot/%llu", (unsigned long long)serial));
		if (i % 3 == 1)
			sf_batch_key(batch, SF_BY_FLOW, key, (size_t)snprintf(key, sizeof(key), "flow-%u", i));
	}
	batch->query = query_of(serial);
	batch->run = run_of(serial);
	batch->first_seq = first_seq_of(serial);
	return sf_pool_trim(pool, batch);
}

static inline uint64_t bytes_of(struct sf_pool *pool, uint64_t serial)
{
	struct sf_batch *batch = batch_make(pool, serial);
	uint64_t bytes = batch->length;

	sf_batch_drop(pool, batch);
	return bytes;
}

static inline uint64_t serial_of(const struct sf_batch *batch)
{
	assert_true(batch->length > 20);
	return strtoull(batch->data + strlen("{\"time\":\""), NULL, 10);
}

/* It is the very batch that its number says. */
static inline uint64_t batch_check(struct sf_pool *pool, const struct sf_batch *batch, const char *topic)
{
	uint64_t serial = serial_of(batch);
	struct sf_batch *made = batch_make(pool, serial);

	assert_string_equal(batch->query, made->query);
	assert_string_equal(topic, topic_of(serial));
	assert_int_equal(batch->run, made->run);
	assert_int_equal(batch->first_seq, made->first_seq);
	assert_int_equal(batch->time_us, made->time_us);
	assert_int_equal(batch->lines, made->lines);
	assert_int_equal(batch->length, made->length);
	assert_memory_equal(batch->data, made->data, made->length);
	for (uint32_t i = 0; i < made->lines; i++) {
		assert_int_equal(batch->line[i].length, made->line[i].length);
		assert_int_equal(batch->line[i].later_ms, made->line[i].later_ms);
		assert_int_equal(batch->line[i].type, made->line[i].type);
		assert_memory_equal(batch->line[i].key, made->line[i].key, SF_BY_COUNT);
	}
	for (int k = 0; k < SF_BY_COUNT; k++) {
		assert_int_equal(batch->keys[k].length, made->keys[k].length);
		if (made->keys[k].length)
			assert_memory_equal(batch->keys[k].data, made->keys[k].data, made->keys[k].length);
	}
	sf_batch_drop(pool, made);
	return serial;
}

/* ---- the spool ---- */

static inline void tank_released(void *arg, struct sf_batch *batch)
{
	struct tank *t = arg;

	t->released++;
	if (t->on_release)
		t->on_release(serial_of(batch));
	sf_batch_drop(t->pool, batch);
}

static inline void tank_new(struct tank *t)
{
	*t = (struct tank){.directory = directory_new(), .pool = sf_pool_new(), .now = 1000000};
	t->conf = (struct sf_spool_conf){.path = sf_strdup(below(t->directory, "spool")),
					 .max_size = 1 << 30,
					 .sync = 500 * 1000};
	t->setup = (struct sf_spool_setup){.boot_id = "11111111-2222-3333-4444-555555555555",
					   .ring_size = 1 << 20,
					   .released = tank_released};
}

static inline int tank_try_open(struct tank *t, struct sf_err *err)
{
	t->setup.conf = &t->conf;
	t->setup.arg = t;
	t->taken = t->released = 0;
	return sf_spool_open(&t->setup, t->now, &t->spool, err);
}

static inline void tank_open(struct tank *t)
{
	struct sf_err err = {""};

	if (tank_try_open(t, &err) < 0)
		fail_msg("%s", err.text);
}

static inline void tank_close(struct tank *t)
{
	sf_spool_close(t->spool, t->now);
	t->spool = NULL;
	assert_int_equal(t->released, t->taken);
}

static inline void tank_free(struct tank *t)
{
	if (t->spool)
		tank_close(t);
	sf_pool_free(t->pool);
	free((char *)t->conf.path);
	directory_free(t->directory);
}

static inline int tank_setup(void **state, uint64_t segment_size)
{
	struct tank *t = sf_new(struct tank);

	tank_new(t);
	t->setup.segment_size = segment_size;
	tank_open(t);
	*state = t;
	return 0;
}

static inline int tank_teardown(void **state)
{
	tank_free(*state);
	free(*state);
	return 0;
}

static inline bool tank_put(struct tank *t, struct sf_spool_span *place)
{
	uint64_t serial = t->next++;

	t->taken++;
	return sf_spool_append(t->spool, batch_make(t->pool, serial), topic_of(serial), t->now, place);
}

static inline void tank_fill(struct tank *t, unsigned count)
{
	struct sf_spool_span place;

	while (count--)
		assert_true(tank_put(t, &place));
}

static inline void tank_wait(struct tank *t, uint64_t us)
{
	t->now += us;
	sf_spool_tick(t->spool, t->now);
}

/* The next one at `*from`: checked, its serial; UINT64_MAX: none. *from moves behind it. */
static inline uint64_t tank_read(struct tank *t, uint64_t *from, struct sf_spool_span *place)
{
	struct sf_batch *batch;
	const char *topic;
	uint64_t serial;

	if (!sf_spool_read(t->spool, *from, t->pool, &batch, place, &topic))
		return UINT64_MAX;
	assert_true(place->from.offset >= *from);
	*from = place->to.offset;
	assert_int_equal(place->to.offset, place->from.offset + 1);
	serial = batch_check(t->pool, batch, topic);
	assert_int_equal(place->to.line - place->from.line, batch->lines);
	assert_int_equal(place->to.byte - place->from.byte, batch->length);
	sf_batch_drop(t->pool, batch);
	return serial;
}

static inline struct sf_spool_counts tank_counts(const struct tank *t)
{
	struct sf_spool_counts counts;

	sf_spool_counts(t->spool, &counts);
	return counts;
}

static inline struct sf_spool_amount tank_lost(const struct tank *t)
{
	struct sf_spool_counts counts = tank_counts(t);
	struct sf_spool_amount all = {0};

	for (int i = 0; i < SF_SPOOL_LOSS_COUNT; i++) {
		all.batches += counts.lost[i].batches;
		all.lines += counts.lost[i].lines;
		all.bytes += counts.lost[i].bytes;
	}
	return all;
}

/* appended + recovered = acknowledged + lost + waiting. */
static inline void tank_check(const struct tank *t)
{
	struct sf_spool_counts c = tank_counts(t);
	struct sf_spool_amount lost = tank_lost(t);

	assert_int_equal(c.appended.lines + c.recovered.lines, c.acknowledged.lines + lost.lines + c.waiting.lines);
	assert_int_equal(c.appended.bytes + c.recovered.bytes, c.acknowledged.bytes + lost.bytes + c.waiting.bytes);
	assert_int_equal(c.appended.batches + c.recovered.batches,
			 c.acknowledged.batches + lost.batches + c.waiting.batches);
}

/* Reads and acknowledges all that waits: serials from..to in order, each once. */
static inline void tank_expect(struct tank *t, uint64_t from, uint64_t to)
{
	struct sf_spool_span place;
	uint64_t at = 0;

	for (uint64_t serial = from; serial < to; serial++) {
		assert_int_equal(tank_read(t, &at, &place), serial);
		assert_int_equal(sf_spool_acknowledge(t->spool, &place), 0);
	}
	assert_int_equal(tank_read(t, &at, &place), UINT64_MAX);
	assert_int_equal(tank_counts(t).waiting.lines, 0);
	assert_int_equal(sf_spool_base(t->spool), sf_spool_end(t->spool));
	tank_check(t);
}

static inline void copy_directory(const char *from, const char *to)
{
	char command[PATH_MAX * 2 + 64];

	snprintf(command, sizeof(command), "rm -rf '%s' && cp -r '%s' '%s'", to, from, to);
	assert_int_equal(system(command), 0);
}
