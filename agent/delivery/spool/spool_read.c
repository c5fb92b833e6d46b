/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Reading back: one record at a time, from where the last one ended or from a place that is
 * looked for. What should be there and is not, or is not what it was, is lost here and owed as a
 * gap.
 */
#include <fcntl.h>
#include <string.h>

#include "spool_inner.h"

/* A batch in memory belongs to those who appended it: it is read as a copy. */
static struct sf_batch *copy(struct sf_pool *pool, const struct sf_batch *from)
{
	struct sf_batch *batch = sf_pool_get(pool);

	if (batch->line_capacity < from->lines) {
		batch->line = sf_realloc(batch->line, from->lines * sizeof(*batch->line));
		batch->line_capacity = from->lines;
	}
	if (batch->capacity < from->length) {
		batch->data = sf_realloc(batch->data, from->length);
		batch->capacity = from->length;
	}
	if (from->lines)
		memcpy(batch->line, from->line, from->lines * sizeof(*batch->line));
	memcpy(batch->data, from->data, from->length);
	for (int i = 0; i < SF_BY_COUNT; i++)
		sf_buf_add(&batch->keys[i], from->keys[i].data, from->keys[i].length);
	batch->lines = from->lines;
	batch->length = from->length;
	batch->run = from->run;
	batch->first_seq = from->first_seq;
	batch->time_us = from->time_us;
	return batch;
}

/* The walk stands at the offset or before it, in its segment. */
static int go_to(struct sf_spool *spool, const struct sf_segment *segment, uint64_t offset)
{
	struct sf_walk *walk = spool->reader;
	int fd;

	if (walk->fd >= 0 && spool->reading == segment->number && walk->at.offset <= offset)
		return 0;
	sf_close_p(&walk->fd);
	fd = sf_segment_open(spool, segment, O_RDONLY);
	if (fd < 0)
		return fd;
	sf_walk_begin(walk, fd, spool->seed, &segment->first);
	spool->reading = segment->number;
	return 0;
}

static void lose_hole(struct sf_spool *spool, const struct sf_spool_at *from,
		      const struct sf_spool_at *to)
{
	const struct sf_spool_span hole = {*from, *to};
	uint64_t lost = spool->counts.lost[SF_SPOOL_LOSS_DAMAGED].batches;

	if (from->offset >= to->offset)
		return;
	sf_spool_lose(spool, &hole, SF_SPOOL_LOSS_DAMAGED, NULL, "");
	spool->counts.damaged += lost != spool->counts.lost[SF_SPOOL_LOSS_DAMAGED].batches;
}

static struct sf_batch *payload(struct sf_spool *spool, const struct sf_record *record,
				struct sf_segment *segment, struct sf_pool *pool)
{
	struct sf_batch *batch = sf_pool_get(pool);

	if (sf_walk_payload(spool->reader, record, batch)) {
		batch->query = sf_names_keep(&spool->names, record->query);
		sf_spool_pin(spool, &record->span);
		return batch;
	}
	sf_batch_drop(pool, batch);
	spool->counts.damaged++;
	sf_spool_lose(spool, &record->span, SF_SPOOL_LOSS_DAMAGED, record, segment->boot_id);
	return NULL;
}

/* The next in this segment; NULL: none is left, *from is where to look on. */
static struct sf_batch *read_segment(struct sf_spool *spool, struct sf_segment *segment,
				     uint64_t *from, struct sf_pool *pool, struct sf_record *record)
{
	struct sf_spool_at limit = sf_segment_limit(spool, segment);
	struct sf_walk *walk = spool->reader;

	int r = go_to(spool, segment, *from);

	if (r < 0 && !sf_is_damage(r)) {
		sf_spool_trouble(spool, SF_CANNOT_READ, r, "read");
		*from = UINT64_MAX; /* later, perhaps */
		return NULL;
	}
	if (r < 0) {
		lose_hole(spool, &segment->first, &limit);
		*from = limit.offset;
		return NULL;
	}
	for (;;) {
		struct sf_spool_at at = walk->at;
		struct sf_batch *batch;
		bool found = sf_walk_next(walk, &limit, segment->size, record);

		lose_hole(spool, &at, found ? &record->span.from : &limit);
		if (!found)
			break;
		if (record->span.from.offset < *from ||
		    !sf_spool_waits(spool, record->span.from.offset))
			continue;
		batch = payload(spool, record, segment, pool);
		if (batch)
			return batch;
	}
	walk->at = limit; /* what is behind it is elsewhere, or comes later */
	*from = limit.offset;
	return NULL;
}

static int give(struct sf_batch *read, const struct sf_spool_span *span, const char *name,
		struct sf_batch **batch, struct sf_spool_span *place, const char **topic)
{
	*batch = read;
	*place = *span;
	*topic = name;
	return 1;
}

int sf_spool_read(struct sf_spool *spool, uint64_t from, struct sf_pool *pool,
		  struct sf_batch **batch, struct sf_spool_span *place, const char **topic)
{
	struct sf_record record;

	spool->trouble[SF_CANNOT_READ][0] = '\0';
	if (from < spool->state.base.offset)
		from = spool->state.base.offset;
	for (;;) {
		const struct sf_spool_span *done = sf_spans_find(&spool->state.done, from);
		struct sf_held *held = sf_hold_first(&spool->ring);
		struct sf_segment *segment;
		struct sf_batch *read;

		if (done)
			from = done->to.offset;
		if (from >= spool->state.end.offset)
			return 0;
		if (held && from >= held->span.from.offset) {
			held = sf_hold_from(&spool->ring, from);
			if (!held)
				return 0;
			held->pinned++;
			read = copy(pool, held->batch);
			read->query = sf_names_keep(&spool->names, held->batch->query);
			return give(read, &held->span, held->topic, batch, place, topic);
		}
		segment = from < spool->written.offset ? sf_segment_of(spool, from) : NULL;
		if (!segment && spool->segments && from < spool->segment[0].first.offset) {
			lose_hole(spool, &spool->state.base, &spool->segment[0].first);
			from = spool->segment[0].first.offset;
			continue;
		}
		if (!segment) {
			if (!held)
				return 0;
			from = held->span.from.offset;
			continue;
		}
		read = read_segment(spool, segment, &from, pool, &record);
		if (read)
			return give(read, &record.span, sf_names_keep(&spool->names, record.topic),
				    batch, place, topic);
	}
}
