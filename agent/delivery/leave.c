/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What leaves an output, and how its lines are counted: the table in sockfeed/delivery.h. What is
 * lost by a policy is owed as a gap, and told when the output gets on.
 */
#include "delivery/spooled/spooled.h"

/* ---- topics that were refused have a share of the queue of their own ---- */

static void share(struct sf_output *o)
{
	uint64_t most = o->gate.size / 2;

	sf_gate_narrow(&o->gate, o->parked_bytes < most ? o->parked_bytes : most);
}

void sf_output_park(void *arg, struct sf_entry *entry)
{
	struct sf_output *o = arg;

	if (o->when_full == SF_PATIENT || !entry->charged)
		return;
	entry->charged = false;
	o->parked_bytes += entry->length;
	share(o);
	sf_gate_release(&o->gate, entry->length);
}

void sf_output_unpark(void *arg, struct sf_entry *entry)
{
	struct sf_output *o = arg;

	if (entry->charged)
		return;
	entry->charged = true;
	o->parked_bytes -= entry->length;
	share(o);
	sf_gate_charge(&o->gate, entry->length);
}

static bool has_more_than_its_share(const struct sf_output *o)
{
	return o->parked_bytes > o->gate.size / 2 &&
	       o->parked_bytes + atomic_load(&o->gate.held) > o->gate.size;
}

void sf_output_squeeze(struct sf_output *o)
{
	struct sf_entry *entry;

	while (has_more_than_its_share(o) &&
	       (entry = sf_sender_outermost(&o->sender, o->when_full == SF_NEWEST, true)))
		sf_output_lose(o, entry, SF_LOSS_FULL);
}

/* ---- leave ---- */

void sf_output_forget(struct sf_output *o, struct sf_entry *entry)
{
	if (entry->batch)
		sf_batch_drop(o->pool, sf_take(entry->batch));
	entry->gone = true;
	if (entry->letters)
		sf_queue_put(&o->lettering, entry);
	else
		sf_entry_free(entry);
}

void sf_output_leave(struct sf_output *o, struct sf_entry *entry, enum sf_loss loss)
{
	o->tally.lost[loss] += entry->left;
	o->tally.dead += entry->dead - entry->lost;
	o->tally.lost[entry->loss] += entry->lost;
	o->batches--;
	o->bytes -= entry->length;
	sf_output_unpark(o, entry);
	sf_gate_release(&o->gate, entry->length);
	sf_output_forget(o, entry);
}

static void owe(struct sf_output *o, const struct sf_entry *entry, enum sf_loss loss)
{
	if (entry->gap)
		sf_gaps_told(&o->gaps, entry->gap, false);
	else
		sf_gaps_owe(&o->gaps,
			    &(struct sf_lost){.query = entry->batch->query,
					      .first = {entry->batch->run, entry->batch->first_seq},
					      .index = entry->index,
					      .begins = true,
					      .ends = true,
					      .lines = entry->lines,
					      .bytes = entry->length,
					      .reason = loss});
}

void sf_output_lose(struct sf_output *o, struct sf_entry *entry, enum sf_loss loss)
{
	if (entry->in)
		sf_sender_remove(&o->sender, entry);
	entry->dead = entry->lost = 0; /* all of it is lost */
	entry->left = entry->lines;
	if (loss == SF_LOSS_FULL)
		owe(o, entry, loss);
	sf_output_leave(o, entry, loss);
}

void sf_output_lose_all(struct sf_output *o, enum sf_loss loss)
{
	struct sf_entry *entry;

	if (o->spooled)
		sf_spooled_drop_all(o);
	while ((entry = sf_sender_outermost(&o->sender, false, false)))
		sf_output_lose(o, entry, loss);
}

static bool is_too_early(struct sf_output *o, uint64_t now)
{
	if (!o->told_at || now >= o->told_at + o->sender.patience.tells)
		return false;
	sf_timer_set(o->later, o->told_at + o->sender.patience.tells);
	return true;
}

void sf_output_tell_gaps(void *arg)
{
	struct sf_output *o = arg;
	uint64_t now = sf_clock_mono();
	struct sf_gap gap;

	if (o->freeing || o->closed || !o->events.gap || !sf_gaps_owed(&o->gaps) ||
	    is_too_early(o, now))
		return;
	o->told_at = now;
	for (size_t i = sf_gaps_owed(&o->gaps); i > 0 && sf_gaps_tell(&o->gaps, &gap); i--) {
		gap.output = o->name;
		o->events.gap(o->events.arg, o, &gap);
	}
}

/* What hangs on a sink that gets nothing out would only push batches out; it is told if it does. */
void sf_output_hurry(struct sf_output *o)
{
	o->told_at = 0;
	if (!o->batches)
		sf_output_tell_gaps(o);
}

static bool is_idle(const struct sf_output *o)
{
	bool tells = o->events.gap && !o->closed;

	return o->spooled ? sf_spooled_is_idle(o->spooled, tells)
			  : !o->batches && !(tells && sf_gaps_owed(&o->gaps));
}

void sf_output_tell_if_drained(struct sf_output *o)
{
	if (!o->draining || o->freeing || !is_idle(o))
		return;
	o->draining = false;
	o->events.drained(o->events.arg, o);
}
