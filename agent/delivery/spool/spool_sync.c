/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When what was written is on the disk: data, then the state that speaks of it. What a failed
 * sync leaves behind is not known, so what was held is written again elsewhere.
 */
#include <string.h>
#include <unistd.h>

#include "spool_state.h"

enum { RETRY_US = 1000 * 1000 };

int sf_spool_trouble(struct sf_spool *spool, enum sf_trouble which, int code, const char *what)
{
	snprintf(spool->trouble[which], sizeof(spool->trouble[which]), "cannot %s %s: %s", what,
		 spool->conf->path,
		 code == -ENOBUFS ? "max_size and keep_free leave no room" : strerror(-code));
	return code;
}

void sf_spool_release(struct sf_spool *spool, uint64_t from, uint64_t to)
{
	struct sf_held *held;

	while ((held = sf_hold_from(&spool->held, from)) && held->span.from.offset < to) {
		struct sf_segment *segment = sf_segment_of(spool, held->span.from.offset);
		struct sf_batch *batch = held->batch;

		segment->pinned += held->pinned;
		sf_hold_remove(&spool->held, held);
		spool->released(spool->arg, batch);
	}
}

/* What was held from an offset on stands before the ring now, as if it had never been written. */
static void take_back(struct sf_spool *spool, uint64_t from)
{
	struct sf_hold sources[] = {spool->held, spool->ring};
	struct sf_hold all = {0}, stays = {0};

	for (size_t k = 0; k < SF_COUNT(sources); k++) {
		for (size_t i = sources[k].head; i < sources[k].count; i++) {
			const struct sf_held *held = &sources[k].held[i];

			if (held->batch && sf_spool_waits(spool, held->span.from.offset))
				sf_hold_push(held->span.from.offset < from ? &stays : &all, held);
			else if (held->batch)
				spool->released(spool->arg, held->batch);
		}
		sf_hold_finish(&sources[k]);
	}
	spool->held = stays;
	spool->ring = all;
	if (sf_hold_first(&all))
		spool->written = sf_hold_first(&all)->span.from;
}

/* A file is there when its name is. */
int sf_spool_sync_file(struct sf_spool *spool, int fd)
{
	if (spool->unnamed && fsync(spool->directory) < 0)
		return -errno;
	if (spool->unnamed) {
		spool->unnamed = false;
		sf_spool_step(spool, SF_SPOOL_NAMED);
	}
	return fdatasync(fd) < 0 ? -errno : 0;
}

/* Where all is done before it is synced it goes unsynced, as soon as the state says so. */
int sf_spool_sync_late(struct sf_spool *spool)
{
	struct sf_segment *segment = sf_segment_late(spool);
	uint64_t first, limit;
	int r = 0;

	if (segment && sf_segment_is_done(spool, segment)) {
		sf_spool_reap(spool);
		segment = sf_segment_late(spool);
	}
	if (!segment)
		return 0;
	first = segment->first.offset;
	limit = sf_segment_limit(spool, segment).offset;
	if (spool->earlier >= 0)
		r = sf_spool_sync_file(spool, spool->earlier);
	if (r < 0) {
		spool->counts.failed_syncs++;
		sf_close_p(&spool->earlier); /* never tried again */
	}
	if (spool->earlier < 0)
		r = sf_spool_rescue(spool, segment);
	if (r < 0)
		return sf_spool_trouble(spool, SF_CANNOT_SYNC, r, "sync");
	spool->counts.syncs++;
	sf_spool_release(spool, first, limit);
	sf_close_p(&spool->earlier);
	spool->late = 0;
	sf_spool_step(spool, SF_SPOOL_SYNCED);
	return 0;
}

/* `from`: what is older stands in another segment. */
static int sync_active(struct sf_spool *spool, uint64_t from)
{
	bool needed = spool->active >= 0 && spool->unsynced &&
		      spool->conf->sync != SF_SPOOL_SYNC_NEVER &&
		      !sf_segment_is_done(spool, &spool->segment[spool->segments - 1]);
	int code = needed ? sf_spool_sync_file(spool, spool->active) : 0;
	struct sf_segment *last;

	if (code == 0) {
		spool->unsynced = spool->unsynced && !needed;
		spool->counts.syncs += needed;
		sf_spool_release(spool, from, UINT64_MAX);
		if (needed)
			sf_spool_step(spool, SF_SPOOL_SYNCED);
		return 0;
	}
	spool->counts.failed_syncs++;
	sf_segment_leave(spool);
	take_back(spool, from);
	last = &spool->segment[spool->segments - 1];
	if (spool->unnamed && last->first.offset == spool->written.offset)
		sf_segment_unlink(spool, last); /* or there would be one more with each try */
	spool->blocked = sf_spool_trouble(spool, SF_CANNOT_SYNC, code, "sync");
	spool->retry_at = spool->now + RETRY_US;
	sf_spool_step(spool, SF_SPOOL_LEFT);
	return code;
}

int sf_spool_sync(struct sf_spool *spool)
{
	int late = sf_spool_sync_late(spool), code;
	const struct sf_segment *segment = sf_segment_late(spool);

	code = sync_active(spool, segment ? sf_segment_limit(spool, segment).offset : 0);
	spool->sync_at = late < 0 ? spool->now + RETRY_US : UINT64_MAX;
	return late < 0 ? late : code;
}

int sf_spool_publish(struct sf_spool *spool)
{
	int r = sf_state_write(spool->directory, &spool->slots, &spool->state);

	sf_spool_step(spool, SF_SPOOL_STATE_WRITTEN);
	if (r == 0)
		r = sf_state_sync(&spool->slots);
	if (r < 0) {
		spool->counts.failed_publishes++;
		spool->dirty = true;
		spool->publish_at = spool->now + RETRY_US;
		return sf_spool_trouble(spool, SF_CANNOT_PUBLISH, r, "write the state of");
	}
	spool->trouble[SF_CANNOT_PUBLISH][0] = '\0';
	spool->dirty = false;
	spool->publish_at = UINT64_MAX;
	spool->counts.published++;
	sf_spool_step(spool, SF_SPOOL_PUBLISHED);
	return 0;
}

static uint64_t least(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

uint64_t sf_spool_tick(struct sf_spool *spool, uint64_t now)
{
	spool->now = now;
	if (now >= spool->retry_at)
		sf_spool_flush(spool);
	if (now >= spool->sync_at && sf_spool_sync(spool) < 0)
		sf_spool_flush(spool);
	if (spool->sync_at == UINT64_MAX) /* nothing waits for one */
		spool->trouble[SF_CANNOT_SYNC][0] = '\0';
	if (spool->dirty && now >= spool->publish_at) {
		if (sf_spool_publish(spool) == 0)
			sf_spool_reap(spool);
	}
	return least(spool->retry_at, least(spool->sync_at, spool->publish_at));
}
