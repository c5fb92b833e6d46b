/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an output with a spool tells: the gaps that the spool owes, once each until their lines are
 * in the spool; the disk's trouble when it begins and when it is over; and losses, once a minute.
 */
#include <inttypes.h>
#include <string.h>

#include "spooled.h"

enum { QUIET_US = 60 * 1000 * 1000 };

enum sf_loss sf_spooled_loss(enum sf_spool_loss loss)
{
	static const enum sf_loss as[SF_SPOOL_LOSS_COUNT] = {
		[SF_SPOOL_LOSS_FULL] = SF_LOSS_SPOOL,
		[SF_SPOOL_LOSS_DISK] = SF_LOSS_DISK,
		[SF_SPOOL_LOSS_DAMAGED] = SF_LOSS_DAMAGED,
		[SF_SPOOL_LOSS_POWER] = SF_LOSS_POWER,
		[SF_SPOOL_LOSS_QUEUE] = SF_LOSS_FULL,
		[SF_SPOOL_LOSS_REJECTED] = SF_LOSS_REJECTED,
		[SF_SPOOL_LOSS_LETTERS] = SF_LOSS_LETTERS,
	};

	return as[loss];
}

bool sf_spooled_has_handed(const struct sf_spooled *sp, uint64_t id)
{
	for (size_t i = 0; i < sp->handeds; i++) {
		if (sp->handed[i] == id)
			return true;
	}
	return false;
}

void sf_spooled_unhand(struct sf_spooled *sp, uint64_t id)
{
	for (size_t i = 0; i < sp->handeds; i++) {
		if (sp->handed[i] == id)
			sp->handed[i--] = sp->handed[--sp->handeds];
	}
}

/* What was asked for does not grow any more: not too often, so that gaps are few. */
void sf_spooled_ask(void *arg)
{
	struct sf_spooled *sp = arg;
	const struct sf_output *o = sp->output;
	uint64_t now = sf_clock_mono();

	if (o->freeing || o->closed || !o->events.gap || sp->asking || sp->handeds ||
	    !sp->state.owed)
		return;
	if (sp->asked_at && now < sp->asked_at + o->sender.patience.tells) {
		sf_timer_set(sp->ask, sp->asked_at + o->sender.patience.tells);
		return;
	}
	sp->asking = true;
	sp->asked_at = now;
	sf_keeper_send(sp->keeper, &(struct sf_errand){.kind = SF_ERRAND_GAPS});
}

void sf_spooled_hurry(struct sf_spooled *sp)
{
	sp->asked_at = 0;
	sf_spooled_ask(sp);
}

static void tell(struct sf_spooled *sp, const struct sf_spool_gap *owed)
{
	struct sf_output *o = sp->output;
	const struct sf_gap gap = {.id = owed->id,
				   .query = owed->query,
				   .boot_id = owed->boot_id,
				   .first = {owed->first.run, owed->first.seq},
				   .last = {owed->last.run, owed->last.seq},
				   .records = owed->records,
				   .bytes = owed->bytes,
				   .reason = sf_spooled_loss(owed->reason),
				   .output = o->name};

	sp->handed[sp->handeds++] = owed->id;
	o->events.gap(o->events.arg, o, &gap);
}

void sf_spooled_tell(struct sf_spooled *sp, struct sf_errand *errand)
{
	sp->asking = false;
	if (sp->output->freeing || sp->output->closed)
		return;
	for (size_t i = 0; i < errand->gaps && i < SF_KEEPER_GAPS; i++)
		tell(sp, &errand->owed[i]);
}

static void say_trouble(struct sf_spooled *sp)
{
	const char *trouble = sp->state.counts.trouble;
	char text[sizeof(sp->trouble) + 40];

	if (!strcmp(trouble, sp->trouble))
		return;
	if (*trouble)
		snprintf(text, sizeof(text), "spool: %s; will try again", trouble);
	else
		snprintf(text, sizeof(text), "spool: goes on");
	memcpy(sp->trouble, trouble, sizeof(sp->trouble));
	sf_output_said(sp->output, *trouble ? SF_LOG_WARN : SF_LOG_INFO, text);
}

static void say_losses(struct sf_spooled *sp)
{
	uint64_t now = sf_clock_mono(), lost = sp->output->tally.lost[SF_LOSS_FULL], most = 0;
	const char *reason = sf_loss_name(SF_LOSS_FULL);
	char text[160];

	for (size_t i = 0; i < SF_SPOOL_LOSS_COUNT; i++) {
		uint64_t lines = sp->state.counts.lost[i].lines;

		lost += lines;
		if (lines > most)
			reason = sf_spool_loss_name((enum sf_spool_loss)i);
		most = lines > most ? lines : most;
	}
	if (lost == sp->lost_said || (sp->lost_said_at && now < sp->lost_said_at + QUIET_US))
		return;
	snprintf(text, sizeof(text), "spool: %" PRIu64 " records were lost (%s)",
		 lost - sp->lost_said, reason);
	sp->lost_said = lost;
	sp->lost_said_at = now;
	sf_output_said(sp->output, SF_LOG_WARN, text);
}

void sf_spooled_say(struct sf_spooled *sp)
{
	say_trouble(sp);
	say_losses(sp);
}
