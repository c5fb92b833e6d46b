/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How batches leave: acknowledged by the sender, or lost, which is owed as a gap. Until then
 * they may be pinned; a pin stands with the batch while it is in memory, else with its segment.
 */
#include "spool_inner.h"

void sf_spool_want_publish(struct sf_spool *spool)
{
	uint64_t pause = spool->conf->sync;

	if (spool->dirty)
		return;
	/* The state costs a sync of its own: not for each acknowledgement, and not never. */
	if (pause < 100 * 1000)
		pause = 100 * 1000;
	if (pause > 1000 * 1000)
		pause = 1000 * 1000;
	spool->dirty = true;
	spool->publish_at = spool->now + pause;
}

/* A batch that is done needs no memory, and no sync; on the disk it goes with its segment. */
static void let_go(struct sf_spool *spool, struct sf_hold *from, uint64_t offset)
{
	struct sf_held *held = sf_hold_find(from, offset);

	if (held) {
		struct sf_batch *batch = held->batch;

		sf_hold_remove(from, held);
		spool->released(spool->arg, batch);
	}
}

void sf_spool_done(struct sf_spool *spool, const struct sf_spool_span *span)
{
	sf_spans_add(&spool->state.done, span);
	sf_spans_advance(&spool->state.done, &spool->state.base);
	sf_debts_forget(&spool->state.gaps, spool->state.base.offset);
	sf_spool_want_publish(spool);
}

void sf_spool_lose(struct sf_spool *spool, const struct sf_spool_span *span,
		   enum sf_spool_loss reason, const struct sf_record *record, const char *boot_id)
{
	struct sf_spool_span rest = *span, part;

	for (;;) {
		struct sf_loss_of loss = {.query = "", .boot_id = "", .reason = reason};

		if (rest.from.offset < spool->state.base.offset) /* it moves on the way */
			rest.from = spool->state.base;
		if (!sf_spans_free_part(&spool->state.done, &rest, &part))
			return;
		if (record) {
			loss.query = sf_names_keep(&spool->names, record->query);
			loss.boot_id = *loss.query ? boot_id : "";
			loss.run = record->head.run;
			loss.first_seq = record->head.first_seq;
		}
		loss.span = part;
		sf_debts_lose(&spool->state.gaps, &loss);
		sf_debts_undone(&spool->state.gaps, part.from.offset, part.to.offset);
		sf_amount_add(&spool->counts.lost[reason], &part);
		sf_spool_done(spool, &part);
		rest.from = part.to;
		sf_spool_step(spool, SF_SPOOL_LOST);
	}
}

/* ---- the sender's side ---- */

static uint32_t *pins_of(struct sf_spool *spool, uint64_t offset)
{
	struct sf_held *held =
		sf_hold_find(&spool->ring, offset) ?: sf_hold_find(&spool->held, offset);
	struct sf_segment *segment = held ? NULL : sf_segment_of(spool, offset);

	return held ? &held->pinned : segment ? &segment->pinned : NULL;
}

bool sf_spool_waits(const struct sf_spool *spool, uint64_t offset)
{
	return offset >= spool->state.base.offset && offset < spool->state.end.offset &&
	       !sf_spans_find(&spool->state.done, offset);
}

bool sf_spool_pin(struct sf_spool *spool, const struct sf_spool_span *place)
{
	uint32_t *pins = pins_of(spool, place->from.offset);

	if (!pins || !sf_spool_waits(spool, place->from.offset))
		return false;
	++*pins;
	return true;
}

void sf_spool_unpin(struct sf_spool *spool, const struct sf_spool_span *place)
{
	uint32_t *pins = pins_of(spool, place->from.offset);

	if (pins && *pins)
		--*pins;
}

int sf_spool_acknowledge(struct sf_spool *spool, const struct sf_spool_span *place)
{
	struct sf_state *state = &spool->state;

	if (!sf_spool_waits(spool, place->from.offset)) {
		sf_spool_unpin(spool, place);
		return 0;
	}
	if (place->from.offset != state->base.offset && state->done.count >= SF_SPANS_MOST &&
	    sf_spans_apart(&state->done, place))
		return -EAGAIN;
	sf_spool_unpin(spool, place);
	sf_amount_add(&spool->counts.acknowledged, place);
	sf_spool_done(spool, place);
	sf_debts_done(&state->gaps, place->from.offset, state->base.offset);
	let_go(spool, &spool->ring, place->from.offset);
	let_go(spool, &spool->held, place->from.offset);
	sf_spool_step(spool, SF_SPOOL_ACKNOWLEDGED);
	return 0;
}

uint64_t sf_spool_base(const struct sf_spool *spool)
{
	return spool->state.base.offset;
}

uint64_t sf_spool_end(const struct sf_spool *spool)
{
	return spool->state.end.offset;
}
