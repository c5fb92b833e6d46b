/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An output: batches wait in its queue until its sink takes them. Every line is counted when it
 * comes and once more when it is written or lost; the table in sockfeed/delivery.h says when.
 */
#include <stdlib.h>

#include "delivery/spooled/spooled.h"

static int open_letters(struct sf_output *o, const struct sf_output_setup *setup,
			struct sf_loop *loop, struct sf_err *err)
{
	const struct sf_letters_events events = {.settled = sf_output_settled,
						 .said = sf_output_said,
						 .gives_up = setup->gives_up,
						 .arg = o};

	if (!setup->letters || !setup->letters->path[0])
		return 0;
	return sf_letters_new(setup->letters, setup->name, loop, &events, &o->letters, err);
}

static int open_output(struct sf_output *o, const struct sf_output_setup *setup,
		       struct sf_loop *loop, struct sf_err *err)
{
	struct sf_sink_events of_sink = sf_output_hears;
	bool has_spool = setup->spool && setup->spool->path[0];
	struct sf_sender_events of_sender =
		has_spool ? sf_output_hears_spooled : sf_output_hears_sender;
	int r = open_letters(o, setup, loop, err);

	if (r == 0)
		r = sf_loop_timer(loop, sf_output_tell_gaps, o, &o->later, err);
	if (r == 0 && has_spool)
		r = sf_spooled_new(o, setup, loop, err);
	if (r < 0)
		return r;
	of_sink.gives_up = setup->gives_up;
	of_sink.site = setup->site;
	of_sink.arg = of_sender.arg = o;
	return sf_sender_init(&o->sender, setup, loop, &of_sink, &of_sender, err);
}

int sf_output_new(const struct sf_output_setup *setup, struct sf_loop *loop, struct sf_pool *pool,
		  const struct sf_output_events *events, struct sf_output **ret, struct sf_err *err)
{
	struct sf_output *o = sf_new(struct sf_output);
	struct sf_err why;
	int r;

	o->name = sf_strdup(setup->name);
	o->pool = pool;
	o->events = *events;
	o->when_full = setup->waits ? SF_PATIENT : (unsigned)setup->when_full;
	sf_gate_init(&o->gate, setup->queue_size, o->when_full == SF_PATIENT);
	sf_gate_init(&o->flow, UINT64_MAX, false);
	r = open_output(o, setup, loop, &why);
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
	sf_source_remove(sf_take(o->later));
	sf_sender_end(&o->sender);
	sf_letters_free(sf_take(o->letters));
	if (o->spooled)
		sf_spooled_end(o);
	sf_output_lose_all(o, o->closed ? SF_LOSS_CLOSED : SF_LOSS_SHUTDOWN);
}

void sf_output_free(struct sf_output *o)
{
	if (!o)
		return;
	sf_output_end(o);
	sf_sender_finish(&o->sender);
	sf_spooled_free(o->spooled);
	sf_gaps_finish(&o->gaps);
	sf_gate_finish(&o->gate);
	sf_gate_finish(&o->flow);
	free(o->name);
	free(o);
}

const char *sf_output_name(const struct sf_output *o)
{
	return o->name;
}

bool sf_output_spools(const struct sf_output *o)
{
	return o->spooled != NULL;
}

static struct sf_entry *accept_batch(struct sf_output *o, struct sf_batch *batch, const char *topic,
				     uint64_t gap)
{
	struct sf_entry *entry = sf_new(struct sf_entry);

	*entry = (struct sf_entry){.topic = sf_sender_topic(&o->sender, topic),
				   .batch = batch,
				   .number = ++o->number,
				   .lines = batch->lines,
				   .length = batch->length,
				   .index = gap ? 0 : sf_gaps_index(&o->gaps, batch->query),
				   .gap = gap,
				   .charged = true};
	batch->references++;
	o->tally.accepted += batch->lines;
	o->batches++;
	o->bytes += batch->length;
	return entry;
}

/* A full queue that makes no progress loses by its policy: room is made for the batch, or not. */
static void put_full(struct sf_output *o, struct sf_entry *entry)
{
	struct sf_entry *oldest;

	while (o->when_full == SF_OLDEST && sf_gate_is_full(&o->gate, 0) &&
	       (oldest = sf_sender_outermost(&o->sender, false, false)))
		sf_output_lose(o, oldest, SF_LOSS_FULL);
	if (o->when_full == SF_NEWEST && o->batches > 1)
		sf_output_lose(o, entry, SF_LOSS_FULL);
	else
		sf_sender_offer(&o->sender, entry);
}

static void tell_news(struct sf_output *o, bool stalled)
{
	const char *why = stalled	     ? "nothing got out for a second"
			  : o->sender.parked ? "a topic is refused"
					     : NULL;
	enum sf_log_level level;
	char text[160];

	if (sf_tally_news(&o->tally, why, &level, text, sizeof(text)))
		sf_output_said(o, level, text);
}

static void put(struct sf_output *o, struct sf_batch *batch, const char *topic, uint64_t gap)
{
	bool stalled = sf_gate_is_stalled(&o->gate); /* the batch is charged */
	struct sf_entry *entry = accept_batch(o, batch, topic, gap);

	if (o->closed) {
		sf_output_lose(o, entry, SF_LOSS_CLOSED);
		return;
	}
	if (stalled && sf_gate_is_full(&o->gate, 0))
		put_full(o, entry);
	else
		sf_sender_offer(&o->sender, entry);
	sf_output_squeeze(o);
	sf_sender_feed(&o->sender);
	tell_news(o, stalled);
}

void sf_output_put(struct sf_output *o, struct sf_batch *batch, const char *topic)
{
	if (o->spooled)
		sf_spooled_put(o, batch, topic, 0);
	else
		put(o, batch, topic, 0);
}

void sf_output_put_gap(struct sf_output *o, struct sf_batch *batch, const char *topic, uint64_t id)
{
	if (o->spooled)
		sf_spooled_put(o, batch, topic, id);
	else if (sf_gaps_know(&o->gaps, id))
		put(o, batch, topic, id);
	else
		sf_gate_release(&o->gate, batch->length);
}

void sf_output_last(const struct sf_output *o,
		    void (*last)(void *arg, const char *query, const char *boot_id, uint64_t run),
		    void *arg)
{
	const struct sf_spooled *sp = o->spooled;

	for (size_t i = 0; sp && i < sp->runs; i++)
		last(arg, sp->run[i].query, sp->run[i].boot_id, sp->run[i].run);
}

void sf_output_reopen(struct sf_output *o)
{
	o->sender.ops->reopen(o->sender.sink);
}

void sf_output_drain(struct sf_output *o)
{
	o->draining = true;
	if (o->spooled)
		sf_spooled_hurry(o->spooled);
	else
		sf_output_hurry(o);
	sf_output_tell_if_drained(o);
}

void sf_output_counts(const struct sf_output *o, struct sf_counts *counts)
{
	if (o->spooled) {
		sf_spooled_counts(o, counts);
		return;
	}
	sf_tally_read(&o->tally, counts);
	counts->waiting_bytes = o->bytes;
}
