/* SPDX-License-Identifier: Apache-2.0 */
/* An output whose sink does what the test says with each batch that it was given, and everything that was said. */
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

enum { LINE = 100, HELD_MOST = 4096, GAPS_MOST = 4096 };

struct held {
	struct sf_batch *batch;
	const char *topic;
};

struct sf_sink {
	struct sf_sink_events events;
	struct held held[HELD_MOST];
	size_t count, room;
	unsigned puts; /* that were taken */
};

static struct sf_sink *sink;	/* the one that was opened last */
static size_t sink_room = 1000; /* of the next one */

static int sink_open(const void *conf, struct sf_loop *loop, const struct sf_sink_events *events, struct sf_sink **ret,
		     struct sf_err *err)
{
	(void)conf, (void)loop, (void)err;
	sink = *ret = sf_new(struct sf_sink);
	sink->events = *events;
	sink->room = sink_room;
	return 0;
}

static int sink_put(struct sf_sink *s, struct sf_batch *batch, const char *topic)
{
	if (s->count == s->room)
		return -EAGAIN;
	s->held[s->count++] = (struct held){batch, topic};
	s->puts++;
	return 0;
}

/* The batch leaves the sink's hands. */
static inline struct sf_batch *sink_take(struct sf_sink *s, size_t at)
{
	struct sf_batch *batch = s->held[at].batch;

	memmove(s->held + at, s->held + at + 1, (--s->count - at) * sizeof(s->held[0]));
	return batch;
}

static void sink_close(struct sf_sink *s)
{
	while (s && s->count) {
		struct sf_batch *batch = sink_take(s, s->count - 1);

		s->events.done(s->events.arg, batch, batch->lines);
	}
	free(s);
	sink = NULL;
}

static void sink_reopen(struct sf_sink *s)
{
	(void)s;
}

static const struct sf_sink_ops sink_ops = {sink_open, sink_put, sink_reopen, sink_close};

static inline void sink_done(size_t at)
{
	struct sf_batch *batch = sink_take(sink, at);

	sink->events.written(sink->events.arg, batch->lines);
	sink->events.done(sink->events.arg, batch, 0);
}

static inline void sink_fail(size_t at, enum sf_failure failure, const char *why)
{
	struct sf_batch *batch = sink_take(sink, at);

	sink->events.failed(sink->events.arg, batch, failure, why);
}

/* How many of a topic it holds, and where the first of them is. */
static inline size_t held_of(const char *topic)
{
	size_t count = 0;

	for (size_t i = 0; i < sink->count; i++)
		count += !strcmp(sink->held[i].topic, topic);
	return count;
}

static inline size_t held_at(const char *topic)
{
	size_t at = 0;

	while (strcmp(sink->held[at].topic, topic))
		at++;
	return at;
}

/* ---- an output with it ---- */

struct world {
	struct sf_loop *loop;
	struct sf_pool *pool;
	struct sf_output *output;
	uint64_t seq; /* of the next line; all are of one run of a query */
	uint64_t lines;
	unsigned drained, closed, sentences, warned;
	char said[600]; /* the last */
	enum sf_log_level level;
	struct sf_gap gap[GAPS_MOST];
	size_t gaps;
	const char *query;
};

static void on_said(void *arg, struct sf_output *output, enum sf_log_level level, const char *text)
{
	struct world *w = arg;

	(void)output;
	w->sentences++;
	w->warned += level == SF_LOG_WARN;
	w->level = level;
	snprintf(w->said, sizeof(w->said), "%s", text);
}

static void on_closed(void *arg, struct sf_output *output)
{
	(void)output;
	((struct world *)arg)->closed++;
}

static void on_drained(void *arg, struct sf_output *output)
{
	(void)output;
	((struct world *)arg)->drained++;
}

/* As the agent: a line that tells it. */
static void on_gap(void *arg, struct sf_output *output, const struct sf_gap *gap)
{
	struct world *w = arg;
	struct sf_batch *batch = sf_pool_get(w->pool);

	assert_true(w->gaps < GAPS_MOST);
	w->gap[w->gaps++] = *gap;
	sf_batch_line(batch, LINE, SF_LINE_GAP, 0);
	w->lines++;
	batch = sf_pool_trim(w->pool, batch);
	sf_outputs_charge(&output, 1, batch->length);
	sf_output_put_gap(output, batch, "gaps", gap->id);
	sf_batch_drop(w->pool, batch);
}

static const struct sf_patience impatient = {2000, 20000, 2000, 20000, 100 * 1000, 5000};

/* `as` says what is not usual: a queue of 16 MiB, and short pauses. */
static inline void begin_as(struct world *w, struct sf_output_setup as)
{
	const struct sf_output_events events = {on_said, on_closed, on_drained, on_gap, w};
	struct sf_err err;

	as.name = "test";
	as.ops = &sink_ops;
	as.queue_size = as.queue_size ?: 16 << 20;
	as.patience = as.patience ?: &impatient;
	*w = (struct world){.pool = sf_pool_new(), .query = "q"};
	assert_int_equal(sf_loop_new(&w->loop, &err), 0);
	if (sf_output_new(&as, w->loop, w->pool, &events, &w->output, &err) < 0)
		fail_msg("%s", err.text);
}

static inline void begin(struct world *w)
{
	begin_as(w, (struct sf_output_setup){0});
}

static inline void end(struct world *w)
{
	sf_output_free(w->output);
	sf_pool_free(w->pool);
	sf_loop_free(w->loop);
}

/* A batch of so many lines of 100 bytes: `q 1 17    ` and a newline. */
static inline void offer(struct world *w, uint32_t lines, const char *topic)
{
	struct sf_batch *batch = sf_pool_get(w->pool);
	const atomic_bool cancel = true; /* what waiting would do has tests of its own */

	batch->query = w->query;
	batch->run = 1;
	batch->first_seq = w->seq;
	for (uint32_t i = 0; i < lines; i++) {
		char *line = batch->data + batch->length;

		memset(line, ' ', LINE);
		line[snprintf(line, LINE, "%s 1 %llu", w->query, (unsigned long long)w->seq++)] = ' ';
		line[LINE - 1] = '\n';
		sf_batch_line(batch, LINE, SF_LINE_SOCKET, 0);
	}
	w->lines += lines;
	batch = sf_pool_trim(w->pool, batch);
	sf_outputs_wait(&w->output, 1, SF_BATCH_SIZE, &cancel);
	sf_outputs_charge(&w->output, 1, batch->length);
	sf_output_put(w->output, batch, topic);
	sf_batch_drop(w->pool, batch);
}

static inline struct sf_counts counts_of(const struct world *w)
{
	return output_counts(w->output);
}

static inline void check_counts(const struct world *w)
{
	struct sf_counts counts = counts_of(w);

	check_sum(&counts, w->lines);
}

/* Turns the loop until the condition holds; false: it never did. */
#define turn_until(w, condition)                                       \
	({                                                             \
		uint64_t end_ = sf_clock_mono() + 30ull * 1000 * 1000; \
		while (!(condition) && sf_clock_mono() < end_)         \
			sf_loop_turn((w)->loop, 2 * 1000);             \
		(condition);                                           \
	})

static inline void turn_for(struct world *w, unsigned ms)
{
	uint64_t end = sf_clock_mono() + ms * 1000ull;

	while (sf_clock_mono() < end)
		sf_loop_turn(w->loop, 1000);
}
