/* SPDX-License-Identifier: Apache-2.0 */
/* What an output with a spool is asked: to take a batch, to count, to end. */
#include <stdlib.h>
#include <string.h>

#include "spooled.h"

static void tick(void *arg)
{
	struct sf_spooled *sp = arg;

	sf_keeper_send(sp->keeper, &(struct sf_errand){.kind = SF_ERRAND_TICK});
}

static void copy_runs(struct sf_spooled *sp)
{
	const struct sf_spool_run *run;

	sp->runs = sf_keeper_runs(sp->keeper, &run);
	sp->run = sf_alloc((sp->runs + 1) * sizeof(*run));
	if (sp->runs)
		memcpy(sp->run, run, sp->runs * sizeof(*run));
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Nobody sees them before the output is there. */
static void set_sizes(struct sf_spooled *sp, const struct sf_output_setup *setup)
{
	sp->queue_size = setup->queue_size;
	sp->loaded_size = least(SF_LOADED_SIZE, setup->spool->max_size / SF_LOADED_SHARE);
	sp->output->gate.size = least(setup->queue_size, SF_UNWRITTEN);
	sp->output->flow.size = sp->loaded_size;
}

static int start(struct sf_spooled *sp, const struct sf_output_setup *setup, struct sf_loop *loop,
		 struct sf_err *err)
{
	const struct sf_keeper_setup of_keeper = {
		.conf = setup->spool,
		.boot_id = setup->site ? setup->site->boot_id : "",
		/* The gate counts lines alone: it is full first. */
		.ring_size = setup->queue_size / 4 * 5,
		.pool = sp->output->pool};
	const struct sf_keeper_events events = {sf_spooled_back, sp};
	int r = sf_loop_timer(loop, tick, sp, &sp->tick, err);

	if (r == 0)
		r = sf_loop_timer(loop, sf_spooled_pump, sp, &sp->later, err);
	if (r == 0)
		r = sf_loop_timer(loop, sf_spooled_ask, sp, &sp->ask, err);
	if (r == 0)
		r = sf_keeper_new(&of_keeper, loop, &events, &sp->state, &sp->keeper, err);
	if (r < 0)
		return r;
	copy_runs(sp);
	set_sizes(sp, setup);
	sp->next = sp->state.base;
	sp->behind = sp->state.base < sp->state.end;
	sp->pace = (struct sf_pace){.fixed = setup->spool->replay_rate, .at = sf_clock_mono()};
	tick(sp); /* the first answer begins everything */
	return 0;
}

int sf_spooled_new(struct sf_output *o, const struct sf_output_setup *setup, struct sf_loop *loop,
		   struct sf_err *err)
{
	struct sf_spooled *sp = sf_new(struct sf_spooled);

	sp->output = o;
	o->spooled = sp;
	return start(sp, setup, loop, err);
}

void sf_spooled_end(struct sf_output *o)
{
	struct sf_spooled *sp = o->spooled;
	struct sf_entry *entry;

	sf_source_remove(sf_take(sp->tick));
	sf_source_remove(sf_take(sp->later));
	sf_source_remove(sf_take(sp->ask));
	sf_keeper_free(sf_take(sp->keeper), &sp->state);
	sf_spooled_say(sp);
	sf_spooled_drop_all(o);
	while ((entry = sf_queue_take(&sp->unsaid)))
		sf_spooled_forget(sp, entry);
}

void sf_spooled_free(struct sf_spooled *sp)
{
	if (!sp)
		return;
	free(sp->run);
	free(sp);
}

/* ---- put ---- */

/* A disk that answers no more: what was handed over cannot be taken back. */
static bool is_stuck(const struct sf_output *o, const struct sf_batch *batch)
{
	const struct sf_spooled *sp = o->spooled;

	return o->when_full != SF_PATIENT && sf_gate_is_stalled(&o->gate) && sp->append_bytes &&
	       sp->append_bytes + batch->length > sp->queue_size;
}

static void lose(struct sf_output *o, const struct sf_batch *batch)
{
	sf_gate_release(&o->gate, batch->length);
	sf_gate_release(&o->flow, batch->length);
	o->tally.lost[SF_LOSS_FULL] += batch->lines;
	sf_keeper_send(o->spooled->keeper,
		       &(struct sf_errand){.kind = SF_ERRAND_OWE,
					   .lost = {.query = sf_gaps_name(&o->gaps, batch->query),
						    .run = batch->run,
						    .first_seq = batch->first_seq,
						    .lines = batch->lines,
						    .bytes = batch->length,
						    .reason = SF_SPOOL_LOSS_QUEUE,
						    .follows = true}});
}

void sf_spooled_lose_line(struct sf_output *o, struct sf_entry *entry,
			  const struct sf_letter *letter, enum sf_loss loss)
{
	struct sf_spool_debt debt = {.query = sf_gaps_name(&o->gaps, letter->query),
				     .run = letter->run,
				     .first_seq = letter->seq,
				     .lines = 1,
				     .bytes = letter->length,
				     .reason = loss == SF_LOSS_REJECTED ? SF_SPOOL_LOSS_REJECTED
									: SF_SPOOL_LOSS_LETTERS};
	struct sf_spool_debt *last = entry->debts ? &entry->debt[entry->debts - 1] : NULL;

	if (entry->gap)
		return;
	if (last && last->first_seq + last->lines == debt.first_seq &&
	    last->reason == debt.reason) {
		last->lines++;
		last->bytes += debt.bytes;
		return;
	}
	entry->debt = sf_realloc(entry->debt, (entry->debts + 1) * sizeof(debt));
	entry->debt[entry->debts++] = debt;
}

static struct sf_entry *make_live(struct sf_spooled *sp, struct sf_batch *batch,
				  struct sf_topic *topic)
{
	struct sf_entry *entry = sf_new(struct sf_entry);

	entry->topic = topic;
	entry->lines = batch->lines;
	entry->length = batch->length;
	entry->charged = true;
	batch->references++;
	sf_spooled_load(sp, entry, batch);
	return entry;
}

static void append(struct sf_spooled *sp, struct sf_errand *errand, struct sf_topic *topic)
{
	struct sf_batch *batch = errand->batch;

	errand->kind = SF_ERRAND_APPEND;
	errand->topic = topic->name;
	errand->lines = batch->lines;
	errand->length = batch->length;
	errand->pin = sf_spooled_is_live(sp, batch->length);
	if (errand->pin) {
		errand->entry = make_live(sp, batch, topic);
	} else {
		sp->behind = true;
		sf_gate_release(&sp->output->flow, batch->length);
	}
	batch->references++;
	sp->appends++;
	sp->append_lines += batch->lines;
	sp->append_bytes += batch->length;
	sf_pace_came(&sp->pace, batch->length, sf_clock_mono());
	sf_keeper_send(sp->keeper, errand);
}

void sf_spooled_put(struct sf_output *o, struct sf_batch *batch, const char *topic, uint64_t gap)
{
	struct sf_spooled *sp = o->spooled;
	struct sf_errand errand = {.batch = batch, .gap = gap};

	if (gap && !sf_spooled_has_handed(sp, gap)) {
		sf_gate_release(&o->gate, batch->length);
		sf_gate_release(&o->flow, batch->length);
		return;
	}
	sp->accepted += batch->lines;
	if (!gap && is_stuck(o, batch))
		lose(o, batch);
	else
		append(sp, &errand, sf_sender_topic(&o->sender, topic));
	sf_spooled_say(sp);
}

/* ---- count ---- */

void sf_spooled_counts(const struct sf_output *o, struct sf_counts *counts)
{
	const struct sf_spooled *sp = o->spooled;
	const struct sf_spool_counts *spool = &sp->state.counts;
	const struct sf_tally *tally = &o->tally;
	uint64_t lost = 0;

	*counts = (struct sf_counts){.accepted = spool->recovered.lines + sp->accepted,
				     .dead_letters = tally->dead};
	for (size_t i = 0; i < SF_LOSS_COUNT; i++)
		counts->lost[i] = tally->lost[i];
	for (size_t i = 0; i < SF_SPOOL_LOSS_COUNT; i++)
		counts->lost[sf_spooled_loss((enum sf_spool_loss)i)] += spool->lost[i].lines;
	for (size_t i = 0; i < SF_LOSS_COUNT; i++)
		lost += counts->lost[i];
	counts->delivered = spool->acknowledged.lines - tally->dead -
			    tally->lost[SF_LOSS_REJECTED] - tally->lost[SF_LOSS_LETTERS];
	counts->waiting = counts->accepted - counts->delivered - counts->dead_letters - lost;
	counts->waiting_bytes = spool->waiting.bytes + sp->append_bytes;
}

bool sf_spooled_is_idle(const struct sf_spooled *sp, bool tells)
{
	bool waits = sp->state.counts.waiting.batches && !sp->output->closed;

	return !sp->appends && !waits && !(tells && (sp->asking || sp->state.owed));
}
