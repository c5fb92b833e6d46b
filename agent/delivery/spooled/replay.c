/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading back, one batch at a time: what a topic waits for after it was parked, and what is behind
 * `next`; the older of the two first. What is old goes at a pace.
 */
#include "spooled.h"

enum { RETRY_US = 1000 * 1000, OLD_US = 10 * 1000 * 1000 };

/* ---- memory ---- */

void sf_spooled_load(struct sf_spooled *sp, struct sf_entry *entry, struct sf_batch *batch)
{
	entry->batch = batch;
	sp->loaded++;
	sp->loaded_bytes += batch->length;
}

void sf_spooled_unload(struct sf_spooled *sp, struct sf_entry *entry)
{
	if (!entry->batch)
		return;
	sp->loaded--;
	sp->loaded_bytes -= entry->batch->length;
	sf_batch_drop(sp->output->pool, sf_take(entry->batch));
	if (entry->charged)
		sf_gate_release(&sp->output->flow, entry->length);
	entry->charged = false;
}

void sf_spooled_forget(struct sf_spooled *sp, struct sf_entry *entry)
{
	sf_spooled_unload(sp, entry);
	if (sp->wanted == entry)
		sp->wanted = NULL;
	sf_output_forget(sp->output, entry);
}

void sf_spooled_drop_all(struct sf_output *o)
{
	struct sf_entry *entry;

	while ((entry = sf_sender_outermost(&o->sender, false, false))) {
		sf_sender_remove(&o->sender, entry);
		sf_spooled_forget(o->spooled, entry);
	}
}

static void unpin(struct sf_spooled *sp, const struct sf_spool_span *place)
{
	if (!sp->output->freeing)
		sf_keeper_send(sp->keeper,
			       &(struct sf_errand){.kind = SF_ERRAND_UNPIN, .place = *place});
}

void sf_spooled_park(void *arg, struct sf_entry *entry)
{
	struct sf_output *o = arg;

	if (!entry->batch)
		return;
	sf_spooled_unload(o->spooled, entry);
	unpin(o->spooled, &entry->place);
}

void sf_spooled_unparked(void *arg, struct sf_entry *entry)
{
	(void)arg, (void)entry; /* its batch is in memory, and counted */
}

static bool has_room(const struct sf_spooled *sp, size_t length)
{
	return sp->loaded_bytes + length <= sp->loaded_size && sp->loaded < SF_LOADED_MOST;
}

bool sf_spooled_is_live(const struct sf_spooled *sp, size_t length)
{
	const struct sf_output *o = sp->output;

	return !o->closed && !o->freeing && !sp->behind && has_room(sp, length) &&
	       o->sender.parked < SF_PARKED_MOST;
}

/* ---- what was read ---- */

static void pay(struct sf_spooled *sp, const struct sf_batch *batch)
{
	if (sf_clock_wall() > batch->time_us + OLD_US)
		sf_pace_spend(&sp->pace, batch->length, sf_clock_mono());
}

static void put_back(struct sf_spooled *sp, struct sf_errand *errand)
{
	if (!errand->batch)
		return;
	sf_batch_drop(sp->output->pool, errand->batch);
	unpin(sp, &errand->place);
}

static void read_wanted(struct sf_spooled *sp, struct sf_errand *errand)
{
	struct sf_sender *sender = &sp->output->sender;
	struct sf_entry *entry = sf_take(sp->wanted);

	if (!entry) {
		put_back(sp, errand);
	} else if (errand->batch && errand->place.from.offset == entry->number) {
		pay(sp, errand->batch);
		sf_spooled_load(sp, entry, sf_pool_trim(sp->output->pool, errand->batch));
		sf_sender_has(sender, entry);
	} else if (errand->batch || !errand->kept) { /* it was lost */
		put_back(sp, errand);
		sf_sender_remove(sender, entry);
		sf_spooled_forget(sp, entry);
	} else {
		sp->retry_at = sf_clock_mono() + RETRY_US;
	}
}

static void read_next(struct sf_spooled *sp, struct sf_errand *errand)
{
	struct sf_sender *sender = &sp->output->sender;
	struct sf_entry *entry;

	if (!errand->batch) {
		if (sp->state.base == sp->state.end)
			sp->next = sp->state.end;
		else
			sp->retry_at = sf_clock_mono() + RETRY_US;
		return;
	}
	sp->next = errand->place.to.offset;
	pay(sp, errand->batch);
	entry = sf_new(struct sf_entry);
	*entry = (struct sf_entry){
		.topic = sf_sender_topic(sender, errand->topic[0] ? errand->topic : NULL),
		.number = errand->place.from.offset,
		.lines = errand->batch->lines,
		.length = errand->batch->length,
		.place = errand->place};
	sf_spooled_load(sp, entry, sf_pool_trim(sp->output->pool, errand->batch));
	sf_sender_offer(sender, entry);
}

void sf_spooled_read(struct sf_spooled *sp, struct sf_errand *errand)
{
	sp->reading = false;
	if (sp->output->freeing || sp->output->closed) {
		sp->wanted = NULL;
		put_back(sp, errand);
	} else if (errand->entry) {
		read_wanted(sp, errand);
	} else {
		read_next(sp, errand);
	}
}

/* ---- what is to be read ---- */

static bool may_read_on(const struct sf_spooled *sp)
{
	const struct sf_sender *sender = &sp->output->sender;

	return sp->behind && sp->next < sp->state.end && sp->next < sender->below &&
	       sender->parked < SF_PARKED_MOST;
}

static void send_for(struct sf_spooled *sp, struct sf_entry *entry)
{
	struct sf_errand errand = {.kind = SF_ERRAND_READ, .offset = sp->next, .entry = entry};

	if (entry) {
		errand.offset = entry->number;
		errand.place = entry->place;
	}
	sp->reading = true;
	sp->wanted = entry;
	sf_keeper_send(sp->keeper, &errand);
}

void sf_spooled_pump(void *arg)
{
	struct sf_spooled *sp = arg;
	struct sf_output *o = sp->output;
	uint64_t now = sf_clock_mono(), due;
	struct sf_entry *wanted;

	if (sp->next >= sp->state.end && !sp->appends)
		sp->behind = false;
	if (sp->reading || o->freeing || o->closed)
		return;
	/* Where the spool waits for its oldest batch, that one has room. */
	if (!has_room(sp, 0) && o->sender.below == UINT64_MAX)
		return;
	wanted = sf_sender_wants(&o->sender);
	if (wanted && may_read_on(sp) && sp->next < wanted->number)
		wanted = NULL;
	if (!wanted && !may_read_on(sp))
		return;
	due = sf_pace_due(&sp->pace, now);
	if (due < sp->retry_at)
		due = sp->retry_at;
	if (due > now)
		sf_timer_set(sp->later, due);
	else
		send_for(sp, wanted);
}
