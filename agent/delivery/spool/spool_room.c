/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The budget: what the segments may take, and which one goes when it is used up. A segment is
 * unlinked only after the state that says what was lost with it is on the disk.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/statvfs.h>

#include "spool_inner.h"

enum { MEASURE_US = 1000 * 1000 };

/* What keep_free leaves: we do not grow beyond it, but what is there already may stay. */
void sf_spool_measure(struct sf_spool *spool)
{
	struct statvfs fs;
	double keep, free_bytes;

	spool->measure_at = spool->now + MEASURE_US;
	spool->own_limit = UINT64_MAX;
	if (spool->conf->keep_free <= 0 || fstatvfs(spool->directory, &fs) < 0)
		return;
	keep = spool->conf->keep_free * (double)fs.f_blocks * (double)fs.f_frsize;
	free_bytes = (double)fs.f_bavail * (double)fs.f_frsize;
	spool->own_limit = spool->counts.disk;
	if (spool->active >= 0 && spool->reserved > spool->segment[spool->segments - 1].size)
		spool->own_limit += spool->reserved - spool->segment[spool->segments - 1].size;
	if (free_bytes > keep)
		spool->own_limit += (uint64_t)(free_bytes - keep);
}

uint64_t sf_spool_limit(const struct sf_spool *spool)
{
	return spool->own_limit < spool->conf->max_size ? spool->own_limit : spool->conf->max_size;
}

static bool is_active(const struct sf_spool *spool, const struct sf_segment *segment)
{
	return spool->active >= 0 && segment == &spool->segment[spool->segments - 1];
}

bool sf_segment_is_done(const struct sf_spool *spool, const struct sf_segment *segment)
{
	struct sf_spool_at end = sf_segment_limit(spool, segment);
	const struct sf_spool_span *span = sf_spans_find(&spool->state.done, segment->first.offset);

	return end.offset <= spool->state.base.offset || segment->first.offset == end.offset ||
	       (span && span->to.offset >= end.offset);
}

static struct sf_segment *find_done(struct sf_spool *spool)
{
	for (size_t i = 0; i < spool->segments; i++) {
		if (!is_active(spool, &spool->segment[i]) &&
		    sf_segment_is_done(spool, &spool->segment[i]))
			return &spool->segment[i];
	}
	return NULL;
}

void sf_spool_reap(struct sf_spool *spool)
{
	struct sf_segment *segment = find_done(spool);

	if (segment && (!spool->dirty || sf_spool_publish(spool) == 0)) {
		while ((segment = find_done(spool)))
			sf_segment_unlink(spool, segment);
	}
}

/* Everything that waits in it is lost: by their heads alone, exact to the record. */
static void lose_segment(struct sf_spool *spool, struct sf_segment *segment,
			 enum sf_spool_loss reason)
{
	struct sf_spool_at end = sf_segment_limit(spool, segment);
	struct sf_walk *walk = sf_new(struct sf_walk);
	struct sf_record record;
	int fd = sf_segment_open(spool, segment, O_RDONLY);

	sf_walk_begin(walk, fd, spool->seed, &segment->first);
	while (fd >= 0) {
		struct sf_spool_span hole = {.from = walk->at, .to = end};
		bool found = sf_walk_next(walk, &end, segment->size, &record);

		if (found)
			hole.to = record.span.from;
		if (hole.from.offset < hole.to.offset)
			sf_spool_lose(spool, &hole, SF_SPOOL_LOSS_DAMAGED, NULL, "");
		if (!found)
			break;
		if (record.span.from.offset < spool->state.base.offset ||
		    sf_spans_find(&spool->state.done, record.span.from.offset))
			sf_debts_pass(&spool->state.gaps,
				      sf_names_keep(&spool->names, record.query), &record.span);
		else
			sf_spool_lose(spool, &record.span, reason, &record, segment->boot_id);
	}
	sf_close_p(&fd);
	sf_free_p(&walk);
	/* what could not be read */
	sf_spool_lose(spool, &(struct sf_spool_span){segment->first, end}, SF_SPOOL_LOSS_DAMAGED,
		      NULL, "");
	sf_debts_segment(&spool->state.gaps, segment->first.offset);
}

/* What is written to can go only when it is not written to any more. */
static struct sf_segment *leave_active(struct sf_spool *spool)
{
	struct sf_segment *last;

	if (spool->active < 0)
		return NULL;
	last = &spool->segment[spool->segments - 1];
	if (last->size == sizeof(struct sf_segment_head) || last->pinned ||
	    sf_spool_sync(spool) < 0)
		return NULL;
	last = &spool->segment[spool->segments - 1];
	if (last->pinned)
		return NULL;
	sf_segment_leave(spool);
	return last;
}

static struct sf_segment *find_oldest(struct sf_spool *spool)
{
	for (size_t i = 0; i < spool->segments; i++) {
		struct sf_segment *segment = &spool->segment[i];

		if (!segment->pinned && !is_active(spool, segment) &&
		    segment->number != spool->late)
			return segment;
	}
	return NULL;
}

bool sf_spool_drop_oldest(struct sf_spool *spool, enum sf_spool_loss reason, bool active_too)
{
	struct sf_segment *segment = find_done(spool);

	segment = segment ?: find_oldest(spool);
	if (!segment && spool->late && sf_spool_sync_late(spool) == 0)
		segment = find_oldest(spool);
	if (!segment && active_too)
		segment = leave_active(spool);
	if (!segment)
		return false;
	if (!sf_segment_is_done(spool, segment)) {
		lose_segment(spool, segment, reason);
		spool->counts.dropped_segments++;
	}
	/* Nothing goes of which the disk does not know; it goes when it does. */
	if (spool->dirty && sf_spool_publish(spool) < 0)
		return false;
	sf_segment_unlink(spool, segment);
	return true;
}

int sf_spool_make_room(struct sf_spool *spool, uint64_t length)
{
	if (spool->now >= spool->measure_at)
		sf_spool_measure(spool);
	if (spool->counts.disk + length <= sf_spool_limit(spool))
		return 0;
	sf_spool_reap(spool);
	while (spool->counts.disk + length > sf_spool_limit(spool)) {
		if (spool->conf->when_full && !find_done(spool))
			return -ENOBUFS;
		if (!sf_spool_drop_oldest(spool, SF_SPOOL_LOSS_FULL, true))
			return -ENOBUFS;
	}
	return 0;
}
