/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An output whose sink takes three batches and writes, in their order, as many lines as the test says; and what should
 * have become of every line.
 */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "counts.h"
#include "delivery/sink.h"

enum { HELD = 3, LINE = 100, STALL_US = 1000 * 1000 }; /* STALL_US: the face's second */

/* A sink that takes HELD batches and does what the test says. */
struct sf_sink {
	struct sf_sink_events events;
	struct sf_batch *batch[HELD];
	uint32_t written; /* lines of the first */
	size_t count;
	uint64_t next_seq; /* what comes next is not older */
	bool closed;
};

static struct sf_sink *sink; /* the one that was opened last */

static inline int open_sink(const void *conf, struct sf_loop *loop, const struct sf_sink_events *events, struct sf_sink **ret,
			    struct sf_err *err)
{
	(void)conf;
	(void)loop;
	(void)err;
	sink = *ret = sf_new(struct sf_sink);
	sink->events = *events;
	return 0;
}

static inline int put(struct sf_sink *s, struct sf_batch *batch, const char *topic)
{
	(void)topic;
	if (s->count == HELD)
		return -EAGAIN;
	assert_true(batch->first_seq >= s->next_seq);
	s->next_seq = batch->first_seq + batch->lines;
	s->batch[s->count++] = batch;
	return 0;
}

/* The first batch goes back; `left` of its lines did not get out. */
static inline void give_back(struct sf_sink *s)
{
	struct sf_batch *batch = s->batch[0];
	uint32_t left = batch->lines - s->written;

	memmove(s->batch, s->batch + 1, --s->count * sizeof(s->batch[0]));
	s->written = 0;
	s->events.done(s->events.arg, batch, left);
}

static inline void write_lines(struct sf_sink *s, uint32_t lines)
{
	s->written += lines;
	s->events.written(s->events.arg, lines);
	if (s->written == s->batch[0]->lines)
		give_back(s);
}

static inline void close_sink(struct sf_sink *s)
{
	while (s && s->count)
		give_back(s);
	free(s);
}

static inline void reopen(struct sf_sink *s)
{
	(void)s;
}

static const struct sf_sink_ops ops = {open_sink, put, reopen, close_sink};

/* ---- an output with it ---- */

struct world {
	struct sf_loop *loop;
	struct sf_pool *pool;
	struct sf_output *output;
	uint64_t seq, delivered;
	unsigned drained, closed, warned;
	char said[200];
};

static inline void on_said(void *arg, struct sf_output *output, enum sf_log_level level, const char *text)
{
	struct world *w = arg;

	(void)output;
	w->warned += level == SF_LOG_WARN;
	snprintf(w->said, sizeof(w->said), "%s", text);
}

static inline void on_closed(void *arg, struct sf_output *output)
{
	(void)output;
	((struct world *)arg)->closed++;
}

static inline void on_drained(void *arg, struct sf_output *output)
{
	(void)output;
	((struct world *)arg)->drained++;
}

static inline void begin(struct world *w, int when_full, uint64_t size, bool waits)
{
	const struct sf_output_setup setup = {
		.name = "test", .ops = &ops, .queue_size = size, .when_full = when_full, .waits = waits};
	const struct sf_output_events events = {on_said, on_closed, on_drained, NULL, w};
	struct sf_err err;

	*w = (struct world){.pool = sf_pool_new()};
	assert_int_equal(sf_loop_new(&w->loop, &err), 0);
	assert_int_equal(sf_output_new(&setup, w->loop, w->pool, &events, &w->output, &err), 0);
}

static inline void end(struct world *w)
{
	sf_output_free(w->output);
	sf_pool_free(w->pool);
	sf_loop_free(w->loop);
}

/* As the collector and the loop do it: wait, charge, put, drop. */
static inline void offer(struct world *w, uint32_t lines)
{
	struct sf_batch *batch = sf_pool_get(w->pool);
	const atomic_bool cancel = true; /* what waiting would do has a test of its own */

	for (uint32_t i = 0; i < lines; i++)
		sf_batch_line(batch, LINE, SF_LINE_SOCKET, 0);
	batch->first_seq = w->seq;
	w->seq += lines;
	batch = sf_pool_trim(w->pool, batch);
	sf_outputs_wait(&w->output, 1, SF_BATCH_SIZE, &cancel);
	sf_outputs_charge(&w->output, 1, batch->length);
	sf_output_put(w->output, batch, NULL);
	sf_batch_drop(w->pool, batch);
}

static inline struct sf_counts counts_of(const struct world *w)
{
	return output_counts(w->output);
}

static inline void check_counts(const struct world *w)
{
	struct sf_counts counts = counts_of(w);

	check_sum(&counts, w->seq);
	assert_int_equal(counts.delivered, w->delivered);
	if (sink->count == 0)
		assert_int_equal(counts.waiting, 0); /* a sink that takes is never left waiting */
}
