/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How batches come in. Each goes to the end of the ring, and the ring goes to the disk as far as
 * the disk takes it: usually at once. Where it does not, the ring is what holds, and it is
 * bounded.
 */
#include <string.h>
#include <unistd.h>

#include "spool_state.h"

enum { RETRY_US = 1000 * 1000 };

static struct sf_segment *active(struct sf_spool *spool)
{
	return &spool->segment[spool->segments - 1];
}

/* No half of a record stays behind; where it cannot be cut off, nothing is written behind it. */
static int undo(struct sf_spool *spool, int code)
{
	spool->counts.failed_writes++;
	if (ftruncate(spool->active, (off_t)active(spool)->size) < 0) {
		if (sf_spool_sync(spool) == 0)
			sf_segment_leave(spool);
		return -EIO;
	}
	spool->reserved = 0;
	sf_spool_step(spool, SF_SPOOL_UNDONE);
	return code;
}

/* The ring's first batch, into the active segment or a new one. */
static int write_first(struct sf_spool *spool)
{
	struct sf_held held = *sf_hold_first(&spool->ring);
	struct sf_record_out out;
	int r;

	sf_record_make(&out, spool->seed, held.batch, held.topic, &held.span.from);
	if (spool->active >= 0 && active(spool)->size > sizeof(struct sf_segment_head) &&
	    active(spool)->size + out.length > spool->segment_size) {
		r = sf_segment_rotate(spool);
		if (r < 0)
			return r;
	}
	r = sf_spool_make_room(spool, out.length + sizeof(struct sf_segment_head));
	if (r == 0 && spool->active < 0)
		r = sf_segment_create(spool);
	if (r < 0)
		return r;
	r = sf_record_write(spool->active, active(spool)->size, &out);
	if (r < 0)
		return undo(spool, r);
	active(spool)->size += out.length;
	spool->counts.disk += out.length;
	spool->written = held.span.to;
	spool->unsynced = true;
	sf_hold_remove(&spool->ring, sf_hold_first(&spool->ring));
	sf_hold_push(&spool->held, &held);
	if (spool->sync_at == UINT64_MAX && spool->conf->sync != SF_SPOOL_SYNC_NEVER)
		spool->sync_at = spool->now + spool->conf->sync;
	sf_spool_step(spool, SF_SPOOL_WRITTEN);
	return 0;
}

static bool is_full(int code)
{
	return code == -ENOSPC || code == -EDQUOT;
}

/* What can be done about it here and now? Something was: true. */
static bool relieve(struct sf_spool *spool, int code)
{
	if (code == -ENOBUFS)
		return false; /* all that can be done was done */
	if (is_full(code))
		return !spool->conf->when_full &&
		       sf_spool_drop_oldest(spool, SF_SPOOL_LOSS_DISK, false);
	if (spool->active >= 0 && sf_spool_sync(spool) == 0)
		sf_segment_leave(spool); /* this file may be the one that is broken */
	return true;
}

void sf_spool_flush(struct sf_spool *spool)
{
	unsigned failures = 0;

	while (sf_hold_first(&spool->ring)) {
		int r = write_first(spool);

		if (r < 0) {
			spool->blocked = r;
			if (failures++ || !relieve(spool, r))
				break;
		} else if (spool->conf->sync == SF_SPOOL_SYNC_ALWAYS ||
			   spool->conf->sync == SF_SPOOL_SYNC_NEVER ||
			   spool->held.bytes >= SF_UNSYNCED_MOST) {
			if (sf_spool_sync(spool) < 0 && failures++)
				break;
		}
	}
	if (sf_hold_first(&spool->ring)) {
		spool->retry_at = spool->now + RETRY_US;
		sf_spool_trouble(spool, SF_CANNOT_WRITE, spool->blocked, "write");
		return;
	}
	spool->retry_at = UINT64_MAX;
	spool->blocked = 0;
	spool->trouble[SF_CANNOT_WRITE][0] = '\0';
}

/* ---- what the ring does not hold ---- */

static enum sf_spool_loss reason(const struct sf_spool *spool)
{
	return spool->blocked == -ENOBUFS ? SF_SPOOL_LOSS_FULL : SF_SPOOL_LOSS_DISK;
}

static void as_record(const struct sf_held *held, struct sf_record *record)
{
	memset(&record->head, 0, sizeof(record->head));
	record->head.run = held->batch->run;
	record->head.first_seq = held->batch->first_seq;
	record->span = held->span;
	snprintf(record->query, sizeof(record->query), "%s", held->batch->query);
}

/* The ring is full. What is older than it goes first, if that makes room on the disk. */
static bool drop_for_ring(struct sf_spool *spool)
{
	if (!is_full(spool->blocked) || !sf_spool_drop_oldest(spool, SF_SPOOL_LOSS_DISK, true))
		return false;
	sf_spool_flush(spool);
	return true;
}

/* The oldest that nobody is sending. */
static bool drop_from_ring(struct sf_spool *spool)
{
	struct sf_held *held = sf_hold_first(&spool->ring);
	struct sf_batch *batch;
	struct sf_record record;

	while (held && held->pinned)
		held = sf_hold_from(&spool->ring, held->span.to.offset);
	if (!held)
		return false;
	as_record(held, &record);
	batch = held->batch;
	sf_hold_remove(&spool->ring, held);
	sf_spool_lose(spool, &record.span, reason(spool), &record, spool->boot_id);
	spool->released(spool->arg, batch);
	return true;
}

void sf_spool_drop_ring(struct sf_spool *spool)
{
	for (struct sf_held *held = sf_hold_first(&spool->ring); held;
	     held = sf_hold_from(&spool->ring, held->span.to.offset))
		held->pinned = 0;
	while (drop_from_ring(spool))
		;
}

static bool refuse(struct sf_spool *spool, const struct sf_held *held, enum sf_spool_loss why)
{
	struct sf_loss_of loss = {.query = sf_names_keep(&spool->names, held->batch->query),
				  .boot_id = spool->boot_id,
				  .run = held->batch->run,
				  .first_seq = held->batch->first_seq,
				  .span = held->span,
				  .reason = why,
				  .refused = true};

	if (!*loss.query)
		loss.boot_id = "";
	sf_debts_lose(&spool->state.gaps, &loss);
	sf_amount_add(&spool->counts.lost[why], &held->span);
	sf_spool_want_publish(spool);
	spool->released(spool->arg, held->batch);
	sf_spool_step(spool, SF_SPOOL_LOST);
	return false;
}

/* As write_first() will ask for. */
static uint64_t record_length(const struct sf_held *held)
{
	return sizeof(struct sf_segment_head) + sizeof(struct sf_record_head) +
	       strnlen(held->batch->query, SF_NAME_MOST) + strnlen(held->topic, SF_NAME_MOST) +
	       sf_batch_weight(held->batch);
}

bool sf_spool_append(struct sf_spool *spool, struct sf_batch *batch, const char *topic,
		     uint64_t now, struct sf_spool_span *place)
{
	struct sf_held held = {.batch = batch, .span = {spool->state.end, spool->state.end}};
	uint64_t weight = sf_batch_weight(batch);
	bool newest = spool->conf->when_full != 0;

	spool->now = now;
	held.topic = sf_names_keep(&spool->names, topic ?: "");
	held.span.to.offset++;
	held.span.to.line += batch->lines;
	held.span.to.byte += batch->length;
	sf_amount_add(&spool->counts.appended, &held.span);
	if (newest && !sf_hold_first(&spool->ring) &&
	    sf_spool_make_room(spool, record_length(&held)) < 0)
		return refuse(spool, &held, SF_SPOOL_LOSS_FULL);
	if (sf_hold_first(&spool->ring) && now >= spool->retry_at)
		sf_spool_flush(spool);
	while (sf_hold_first(&spool->ring) && spool->ring.bytes + weight > spool->ring_size) {
		if (newest || (!drop_for_ring(spool) && !drop_from_ring(spool)))
			return refuse(spool, &held, reason(spool));
	}
	spool->state.end = held.span.to;
	*place = held.span;
	sf_debts_close(&spool->state.gaps, sf_names_keep(&spool->names, batch->query), true);
	if (batch->lines && batch->line[batch->lines - 1].type == SF_LINE_RUN)
		sf_runs_set(&spool->state.runs, sf_names_keep(&spool->names, batch->query),
			    spool->boot_id, batch->run);
	sf_hold_push(&spool->ring, &held);
	sf_spool_want_publish(spool);
	if (spool->retry_at == UINT64_MAX)
		sf_spool_flush(spool);
	if (sf_hold_find(&spool->ring, held.span.from.offset))
		sf_spool_step(spool, SF_SPOOL_KEPT);
	return true;
}
