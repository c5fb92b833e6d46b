/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An output: batches wait in its queue until its sink takes them. Every line is counted when it
 * comes and once more when it is written or lost; the table in sockfeed/delivery.h says when.
 */
#include <stdlib.h>

#include "output.h"

static void feed(struct sf_output *o)
{
	struct sf_batch *batch;

	while ((batch = sf_queue_first(&o->queue)) && o->ops->put(o->sink, batch, NULL) == 0)
		sf_queue_take(&o->queue);
}

/* A batch leaves: `left` of its lines are lost. */
static void leave(struct sf_output *o, struct sf_batch *batch, uint32_t left, enum sf_loss loss)
{
	o->tally.lost[loss] += left;
	o->batches--;
	o->bytes -= batch->length;
	sf_gate_release(&o->gate, batch->length);
	sf_batch_drop(o->pool, batch);
}

static void lose_queue(struct sf_output *o, enum sf_loss loss)
{
	struct sf_batch *batch;

	while ((batch = sf_queue_take(&o->queue)))
		leave(o, batch, batch->lines, loss);
}

static void tell_if_drained(struct sf_output *o)
{
	if (!o->draining || o->batches || o->freeing)
		return;
	o->draining = false;
	o->events.drained(o->events.arg, o);
}

/* ---- what the sink tells ---- */

static void written(void *arg, uint32_t lines)
{
	struct sf_output *o = arg;

	atomic_fetch_add_explicit(&o->tally.delivered, lines, memory_order_relaxed);
	sf_gate_progressed(&o->gate);
}

static void done(void *arg, struct sf_batch *batch, uint32_t left)
{
	struct sf_output *o = arg;

	leave(o, batch, left, o->closed ? SF_LOSS_CLOSED : SF_LOSS_SHUTDOWN);
	if (!o->freeing && !o->closed)
		feed(o);
	tell_if_drained(o);
}

static void said(void *arg, enum sf_log_level level, const char *text)
{
	struct sf_output *o = arg;

	o->events.said(o->events.arg, o, level, text);
}

static void closed(void *arg)
{
	struct sf_output *o = arg;

	o->closed = true;
	sf_gate_close(&o->gate);
	lose_queue(o, SF_LOSS_CLOSED);
	if (!o->freeing)
		o->events.closed(o->events.arg, o);
}

/* ---- what the agent asks ---- */

int sf_output_new(const struct sf_output_setup *setup, struct sf_loop *loop, struct sf_pool *pool,
		  const struct sf_output_events *events, struct sf_output **ret, struct sf_err *err)
{
	struct sf_output *o = sf_new(struct sf_output);
	const struct sf_sink_events of_sink = {.written = written,
					       .done = done,
					       .said = said,
					       .closed = closed,
					       .gives_up = setup->gives_up,
					       .site = setup->site,
					       .arg = o};
	struct sf_err why;
	int r;

	o->name = sf_strdup(setup->name);
	o->ops = setup->ops;
	o->pool = pool;
	o->events = *events;
	o->when_full = setup->waits ? BLOCK : (unsigned)setup->when_full;
	sf_gate_init(&o->gate, setup->queue_size, o->when_full == BLOCK);
	r = o->ops->open(setup->conf, loop, &of_sink, &o->sink, &why);
	if (r < 0) {
		sf_fail(err, r, "output %s: %s", setup->name, why.text);
		sf_output_free(o);
		return r;
	}
	*ret = o;
	return 0;
}

void sf_output_end(struct sf_output *o)
{
	o->freeing = true;
	o->ops->close(sf_take(o->sink));
	lose_queue(o, SF_LOSS_SHUTDOWN);
}

void sf_output_free(struct sf_output *o)
{
	if (!o)
		return;
	sf_output_end(o);
	sf_queue_finish(&o->queue);
	sf_gate_finish(&o->gate);
	free(o->name);
	free(o);
}

const char *sf_output_name(const struct sf_output *o)
{
	return o->name;
}

static void accept_batch(struct sf_output *o, struct sf_batch *batch)
{
	batch->references++;
	o->tally.accepted += batch->lines;
	o->batches++;
	o->bytes += batch->length;
}

/* A full queue that makes no progress loses by its policy: room is made for the batch, or not. */
static void put_full(struct sf_output *o, struct sf_batch *batch)
{
	while (o->when_full == OLDEST && sf_queue_first(&o->queue) &&
	       sf_gate_is_full(&o->gate, 0)) {
		struct sf_batch *oldest = sf_queue_take(&o->queue);

		leave(o, oldest, oldest->lines, SF_LOSS_FULL);
	}
	if (o->when_full == NEWEST && o->batches > 1)
		leave(o, batch, batch->lines, SF_LOSS_FULL);
	else
		sf_queue_put(&o->queue, batch);
}

void sf_output_put(struct sf_output *o, struct sf_batch *batch, const char *topic)
{
	bool stalled = sf_gate_is_stalled(&o->gate); /* the batch is charged */
	enum sf_log_level level;
	char text[160];

	(void)topic;
	accept_batch(o, batch);
	if (o->closed) {
		leave(o, batch, batch->lines, SF_LOSS_CLOSED);
		return;
	}
	if (stalled && sf_gate_is_full(&o->gate, 0))
		put_full(o, batch);
	else
		sf_queue_put(&o->queue, batch);
	feed(o);
	if (sf_tally_news(&o->tally, stalled, &level, text, sizeof(text)))
		said(o, level, text);
}

void sf_output_put_gap(struct sf_output *o, struct sf_batch *batch, const char *topic, uint64_t id)
{
	(void)id; /* nothing is owed yet */
	sf_output_put(o, batch, topic);
}

void sf_output_last(const struct sf_output *o,
		    void (*last)(void *arg, const char *query, const char *boot_id, uint64_t run),
		    void *arg)
{
	(void)o, (void)last, (void)arg; /* without a spool it knows of none */
}

void sf_output_reopen(struct sf_output *o)
{
	o->ops->reopen(o->sink);
}

void sf_output_drain(struct sf_output *o)
{
	o->draining = true;
	tell_if_drained(o);
}

void sf_output_counts(const struct sf_output *o, struct sf_counts *counts)
{
	sf_tally_read(&o->tally, counts);
	counts->waiting_bytes = o->bytes;
}
