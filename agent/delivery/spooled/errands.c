/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What comes back from the spool's thread, and what goes there when the sink is done: an entry
 * leaves when the spool has heard that it is done.
 */
#include "spooled.h"

/* ---- done ---- */

static void say_done(struct sf_spooled *sp, struct sf_entry *entry)
{
	sf_keeper_send(
		sp->keeper,
		&(struct sf_errand){.kind = SF_ERRAND_DONE, .entry = entry, .place = entry->place});
}

void sf_spooled_leave(struct sf_output *o, struct sf_entry *entry)
{
	struct sf_spooled *sp = o->spooled;

	sf_spooled_unload(sp, entry);
	if (entry->left)
		sf_spooled_forget(sp, entry); /* stays on the disk, for the next start */
	else
		say_done(sp, entry);
}

static void was_done(struct sf_spooled *sp, struct sf_errand *errand)
{
	struct sf_tally *tally = &sp->output->tally;
	struct sf_entry *entry = errand->entry;

	if (!errand->fits) {
		sf_queue_put(&sp->unsaid, entry);
		return;
	}
	if (errand->kept) { /* else the spool has lost it before */
		tally->dead += entry->dead - entry->lost;
		tally->lost[entry->loss] += entry->lost;
	}
	sf_spooled_forget(sp, entry);
}

/* When the oldest that waits has moved there is room for the done behind it. */
static void say_unsaid(struct sf_spooled *sp)
{
	struct sf_queue unsaid = sp->unsaid;

	sp->output->sender.below = unsaid.first ? sp->state.base + 1 : UINT64_MAX;
	if (!unsaid.first || sp->unsaid_base == sp->state.base)
		return;
	sp->unsaid_base = sp->state.base;
	for (size_t i = unsaid.count; i > 0; i--)
		say_done(sp, sf_queue_take(&sp->unsaid));
}

/* ---- append ---- */

static void was_refused(struct sf_spooled *sp, struct sf_errand *errand)
{
	if (!errand->entry)
		return;
	sf_spooled_unload(sp, errand->entry);
	sf_spooled_forget(sp, errand->entry);
}

static void was_appended(struct sf_spooled *sp, struct sf_errand *errand)
{
	struct sf_output *o = sp->output;
	struct sf_entry *entry = errand->entry;

	sp->appends--;
	sp->append_lines -= errand->lines;
	sp->append_bytes -= errand->length;
	sf_spooled_unhand(sp, errand->gap);
	sp->in_gate += errand->length;
	if (errand->kept && entry)
		sp->next = errand->place.to.offset;
	if (!errand->kept || !errand->pin || o->freeing || o->closed) {
		was_refused(sp, errand);
		return;
	}
	entry->place = errand->place;
	entry->number = errand->place.from.offset;
	sf_sender_offer(&o->sender, entry);
}

static uint64_t lost(const struct sf_keeper_state *state)
{
	uint64_t batches = 0;

	for (size_t i = 0; i < SF_SPOOL_LOSS_COUNT; i++)
		batches += state->counts.lost[i].batches;
	return batches;
}

/* What is on the disk is off the collector's mind. Room that a loss made is no progress: nobody
 * waits for more of it. */
static void settle_gate(struct sf_spooled *sp, bool lossless)
{
	struct sf_gate *gate = &sp->output->gate;
	uint64_t in_memory = sp->state.counts.in_memory;

	if (sp->in_gate <= in_memory)
		return;
	sf_gate_release(gate, sp->in_gate - in_memory);
	sp->in_gate = in_memory;
	if (lossless)
		sf_gate_progressed(gate);
}

/* ---- all ---- */

static void go_on(struct sf_spooled *sp)
{
	struct sf_output *o = sp->output;

	if (sp->state.next != UINT64_MAX)
		sf_timer_set(sp->tick, sp->state.next);
	say_unsaid(sp);
	sf_sender_feed(&o->sender);
	sf_spooled_pump(sp);
	sf_output_tell_if_drained(o);
}

void sf_spooled_back(void *arg, struct sf_errand *errand)
{
	struct sf_spooled *sp = arg;
	bool lossless = lost(&sp->state) == lost(&errand->state);

	sp->state = errand->state;
	switch (errand->kind) {
	case SF_ERRAND_APPEND:
		was_appended(sp, errand);
		break;
	case SF_ERRAND_READ:
		sf_spooled_read(sp, errand);
		break;
	case SF_ERRAND_DONE:
		was_done(sp, errand);
		break;
	case SF_ERRAND_GAPS:
		sf_spooled_tell(sp, errand);
		break;
	case SF_ERRAND_OWE:
	case SF_ERRAND_UNPIN:
	case SF_ERRAND_TICK:
		break;
	}
	settle_gate(sp, lossless);
	sf_spooled_say(sp);
	if (sp->output->freeing)
		return;
	if (errand->kind == SF_ERRAND_DONE || sp->output->draining)
		sf_spooled_ask(sp);
	go_on(sp);
}
