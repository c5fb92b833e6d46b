/* SPDX-License-Identifier: Apache-2.0 */
/* A real output with its loop, for tests of sinks: numbered lines go in, events and counts come out. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "counts.h"

struct outlet {
	struct sf_loop *loop;
	struct sf_pool *pool;
	struct sf_output *output;
	uint64_t lines; /* put so far */
	unsigned drained, closed, sentences, troubles; /* troubles: sentences that promise to try again */
	char said[512]; /* the last sentence */
};

static inline void outlet_said(void *arg, struct sf_output *output, enum sf_log_level level, const char *text)
{
	struct outlet *o = arg;

	(void)output, (void)level;
	o->sentences++;
	o->troubles += strstr(text, "; will try again") != NULL;
	snprintf(o->said, sizeof(o->said), "%s", text);
}

static inline void outlet_closed(void *arg, struct sf_output *output)
{
	(void)output;
	((struct outlet *)arg)->closed++;
}

static inline void outlet_drained(void *arg, struct sf_output *output)
{
	(void)output;
	((struct outlet *)arg)->drained++;
}

/* `as` says what is not usual: a queue of 16 MiB, and waiting for ever. */
static inline int outlet_open_as(struct outlet *o, const char *kind, const void *conf,
				 const struct sf_output_setup *as, struct sf_err *err)
{
	const struct sf_output_events events = {outlet_said, outlet_closed, outlet_drained, NULL, o};
	struct sf_output_setup setup = *as;

	setup.name = "test";
	setup.ops = sf_sink_find(kind)->ops;
	setup.conf = conf;
	*o = (struct outlet){.pool = sf_pool_new()};
	assert_int_equal(sf_loop_new(&o->loop, err), 0);
	return sf_output_new(&setup, o->loop, o->pool, &events, &o->output, err);
}

static inline int outlet_open(struct outlet *o, const char *kind, const void *conf, struct sf_err *err)
{
	return outlet_open_as(o, kind, conf, &(struct sf_output_setup){.queue_size = 16 << 20, .waits = true}, err);
}

static inline void outlet_finish(struct outlet *o)
{
	sf_output_free(o->output);
	sf_pool_free(o->pool);
	sf_loop_free(o->loop);
}

/* A batch of `count` lines: the line's number, then letters up to `length` bytes with the newline. */
static inline void outlet_put(struct outlet *o, uint32_t count, size_t length)
{
	struct sf_batch *batch = sf_pool_get(o->pool);

	for (uint32_t i = 0; i < count; i++) {
		char *line = batch->data + batch->length;

		assert_true(batch->capacity - batch->length >= length);
		memset(line, 'x', length);
		line[snprintf(line, length, "{\"time\":\"%08llu\"", (unsigned long long)o->lines++)] = ' ';
		line[length - 1] = '\n';
		sf_batch_line(batch, length, SF_LINE_SOCKET, 0);
	}
	batch = sf_pool_trim(o->pool, batch);
	sf_outputs_charge(&o->output, 1, batch->length);
	sf_output_put(o->output, batch, NULL);
	sf_batch_drop(o->pool, batch);
}

static inline struct sf_counts outlet_counts(const struct outlet *o)
{
	return output_counts(o->output);
}

/* Turns the loop until the condition holds; false: it never did. */
#define outlet_until(o, condition)                                     \
	({                                                             \
		uint64_t end_ = sf_clock_mono() + 30ull * 1000 * 1000; \
		while (!(condition) && sf_clock_mono() < end_)         \
			sf_loop_turn((o)->loop, 5 * 1000);             \
		(condition);                                           \
	})

static inline void outlet_turn(struct outlet *o, unsigned ms)
{
	uint64_t end = sf_clock_mono() + ms * 1000ull;

	while (sf_clock_mono() < end)
		sf_loop_turn(o->loop, 10 * 1000);
}

static inline void outlet_drain(struct outlet *o)
{
	o->drained = 0;
	sf_output_drain(o->output);
	assert_true(outlet_until(o, o->drained));
}

static inline void outlet_check(const struct outlet *o)
{
	struct sf_counts counts = outlet_counts(o);

	check_sum(&counts, o->lines);
}
