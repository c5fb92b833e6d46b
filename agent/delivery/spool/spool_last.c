/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The last segment, at the start: where its records end, and which runs end in them. What is behind
 * is cut off, and it is written to again if nothing is odd about it. One without a record goes, and
 * the one before it is the last.
 */
#include <fcntl.h>
#include <unistd.h>

#include "spool_list.h"
#include "spool_state.h"

static void learn(struct sf_spool *spool, const struct sf_segment *segment,
		  const struct sf_record *record)
{
	if (record->head.flags & SF_RECORD_RUN &&
	    record->span.from.offset >= spool->state.end.offset)
		sf_runs_set(&spool->state.runs, sf_names_keep(&spool->names, record->query),
			    segment->boot_id, record->head.run);
}

/* Was it written over a longer file, and not to its end? */
static bool is_torn(struct sf_walk *walk, const struct sf_record *last, uint64_t size)
{
	return walk->position == last->position + last->length && walk->position < size &&
	       !sf_walk_is_whole(walk, last);
}

/* Walks through the last segment: where it ends, and which runs it has. False: it has no record. */
static bool walk_last(struct sf_spool *spool, int fd, bool *whole)
{
	static const struct sf_spool_at most = {UINT64_MAX, UINT64_MAX, UINT64_MAX};
	struct sf_segment *last = &spool->segment[spool->segments - 1];
	struct sf_walk *walk = spool->reader;
	struct sf_record record, newest = {0};
	struct sf_spool_at at = last->first, before = at;
	unsigned found = 0;

	sf_walk_begin(walk, fd, spool->seed, &last->first);
	for (; sf_walk_next(walk, &most, last->size, &record); at = walk->at) {
		*whole = *whole && !walk->damaged;
		if (!sf_state_agrees(&spool->state, &record.span)) {
			*whole = false;
			walk->at = record.span.from;
			continue;
		}
		if (found++)
			learn(spool, last, &newest);
		newest = record;
		before = at;
	}
	if (found && is_torn(walk, &newest, last->size)) {
		walk->position = newest.position;
		walk->at = before;
		found--;
	} else if (found) {
		learn(spool, last, &newest);
	}
	spool->written = walk->at;
	walk->fd = -1;
	spool->counts.disk -= last->size - walk->position;
	last->size = walk->position;
	return found;
}

/*
 * It is written to again if nothing is odd about it, however full it is: so it is synced as any
 * other. The one before us may have been killed before it did that.
 */
static void keep_writing(struct sf_spool *spool, int *fd, bool whole)
{
	struct sf_segment *last = &spool->segment[spool->segments - 1];

	if (ftruncate(*fd, (off_t)last->size) < 0)
		whole = false;
	sf_spool_step(spool, SF_SPOOL_CUT_TAIL);
	if (last->boot_id != spool->boot_id)
		return;
	if (whole) {
		spool->active = *fd;
		spool->unsynced = true;
		spool->sync_at = spool->now;
		*fd = -1;
	} else if (spool->conf->sync != SF_SPOOL_SYNC_NEVER && fdatasync(*fd) < 0) {
		spool->counts.failed_syncs++;
	}
}

int sf_spool_take_last(struct sf_spool *spool, struct sf_spool_at *begun)
{
	bool has_records = false;

	while (spool->segments && !has_records) {
		struct sf_segment *last = &spool->segment[spool->segments - 1];
		int fd = sf_segment_open(spool, last, O_RDWR);
		bool whole = fd >= 0;

		if (fd < 0) /* a file system that became read-only */
			fd = sf_segment_open(spool, last, O_RDONLY);
		if (fd < 0)
			return fd;
		has_records = walk_last(spool, fd, &whole);
		if (has_records)
			keep_writing(spool, &fd, whole);
		else if (spool->reader->unreadable)
			sf_spool_set_aside(spool, last);
		if (!has_records) {
			sf_at_latest(begun, &last->first);
			sf_segment_unlink(spool, last);
		}
		sf_close_p(&fd);
	}
	return 0;
}
