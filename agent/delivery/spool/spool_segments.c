/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The list of segments: made, found by offset, left, removed. A segment counts from its first
 * offset to the first one of the next.
 */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "spool_inner.h"

static void name_of(char name[32], const struct sf_segment *segment)
{
	snprintf(name, 32, SF_SEGMENT_NAME, (unsigned long long)segment->name);
}

int sf_segment_open(const struct sf_spool *spool, const struct sf_segment *segment, int flags)
{
	char name[32];
	int fd;

	name_of(name, segment);
	fd = openat(spool->directory, name, flags | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY, 0600);
	return fd < 0 ? -errno : fd;
}

struct sf_segment *sf_segment_of(struct sf_spool *spool, uint64_t offset)
{
	size_t low = 0, high = spool->segments;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (spool->segment[middle].first.offset <= offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low ? &spool->segment[low - 1] : NULL;
}

struct sf_spool_at sf_segment_limit(const struct sf_spool *spool, const struct sf_segment *segment)
{
	bool last = segment == &spool->segment[spool->segments - 1];

	return last ? spool->written : segment[1].first;
}

void sf_segment_add(struct sf_spool *spool, const struct sf_segment *segment)
{
	if (spool->segments == spool->segment_capacity) {
		spool->segment_capacity =
			spool->segment_capacity ? spool->segment_capacity * 2 : 64;
		spool->segment = sf_realloc(spool->segment,
					    spool->segment_capacity * sizeof(*spool->segment));
	}
	spool->segment[spool->segments++] = *segment;
	spool->counts.disk += segment->size;
}

void sf_segment_leave(struct sf_spool *spool)
{
	sf_spare_cut(spool);
	sf_close_p(&spool->active);
	spool->unsynced = false;
}

/* The number behind its own stays free: for what must be written again (spool_rescue.c). */
void sf_segment_postpone(struct sf_spool *spool)
{
	sf_spare_cut(spool);
	spool->late = spool->segment[spool->segments - 1].number;
	spool->earlier = spool->active;
	spool->active = -1;
	spool->unsynced = false;
	spool->last_number++;
}

struct sf_segment *sf_segment_late(struct sf_spool *spool)
{
	for (size_t i = spool->segments; spool->late && i--;) {
		if (spool->segment[i].number == spool->late)
			return &spool->segment[i];
	}
	return NULL;
}

void sf_segment_unmake(struct sf_spool *spool, const struct sf_segment *segment)
{
	char name[32];

	name_of(name, segment);
	unlinkat(spool->directory, name, 0);
}

int sf_segment_begin(struct sf_spool *spool, int fd, const struct sf_segment *segment)
{
	struct sf_segment_head head;
	ssize_t n;

	sf_segment_head_make(&head, spool->state.id, segment->number, &segment->first,
			     spool->boot_id);
	n = pwrite(fd, &head, sizeof(head), 0);
	if (n != sizeof(head))
		return n < 0 ? -errno : -ENOSPC;
	spool->unnamed = true;
	sf_spool_step(spool, SF_SPOOL_BEGUN);
	return 0;
}

int sf_segment_make(struct sf_spool *spool, const struct sf_segment *segment)
{
	int fd = sf_segment_open(spool, segment, O_RDWR | O_CREAT | O_EXCL), r;

	if (fd < 0)
		return fd;
	sf_spool_step(spool, SF_SPOOL_CREATED);
	r = sf_segment_begin(spool, fd, segment);
	if (r == 0)
		return fd;
	sf_segment_unmake(spool, segment);
	close(fd);
	return r;
}

/* A name that we cannot use is no reason to stay without one for ever. */
int sf_segment_create(struct sf_spool *spool)
{
	struct sf_segment segment = {.number = spool->last_number + 1,
				     .name = spool->last_number + 1,
				     .first = sf_hold_first(&spool->ring)->span.from,
				     .boot_id = spool->boot_id,
				     .size = sizeof(struct sf_segment_head)};
	int fd = spool->spare >= 0 ? sf_spare_take(spool, &segment)
				   : sf_segment_make(spool, &segment);

	spool->last_number += fd >= 0 || fd == -EEXIST;
	if (fd < 0)
		return fd;
	spool->active = fd;
	spool->unsynced = true;
	sf_segment_add(spool, &segment);
	return 0;
}

static void forget(struct sf_spool *spool, struct sf_segment *segment)
{
	size_t i = (size_t)(segment - spool->segment);

	if (spool->reader->fd >= 0 && spool->reading == segment->number)
		sf_close_p(&spool->reader->fd);
	spool->counts.disk -= segment->size;
	spool->segments--;
	memmove(segment, segment + 1, (spool->segments - i) * sizeof(*segment));
}

void sf_segment_unlink(struct sf_spool *spool, struct sf_segment *segment)
{
	bool kept = false;

	sf_spool_step(spool, SF_SPOOL_BEFORE_UNLINK);
	if (segment->number == spool->late) {
		sf_spool_release(spool, segment->first.offset,
				 sf_segment_limit(spool, segment).offset);
		kept = sf_spare_keep(spool, segment);
		sf_close_p(&spool->earlier);
		spool->late = 0;
	}
	if (!kept)
		sf_segment_unmake(spool, segment);
	forget(spool, segment);
	sf_spool_step(spool, kept ? SF_SPOOL_SPARED : SF_SPOOL_UNLINKED);
	if (kept)
		return;
	if (spool->conf->sync != SF_SPOOL_SYNC_NEVER)
		fsync(spool->directory);
	sf_spool_step(spool, SF_SPOOL_UNLINK_SYNCED);
}

/* What is written now is mostly done before it must be synced. */
int sf_segment_rotate(struct sf_spool *spool)
{
	uint64_t sync = spool->conf->sync;
	bool late = sync != SF_SPOOL_SYNC_ALWAYS && sync != SF_SPOOL_SYNC_NEVER;
	int r;

	spool->saves = late;
	r = late ? sf_spool_sync_late(spool) : sf_spool_sync(spool);
	spool->saves = false;
	if (r < 0)
		return r;
	if (late)
		sf_segment_postpone(spool);
	else
		sf_segment_leave(spool);
	sf_spool_step(spool, SF_SPOOL_ROTATED);
	if (sync == SF_SPOOL_SYNC_ALWAYS && sf_spool_publish(spool) == 0)
		sf_spool_reap(spool);
	spool->measure_at = 0;
	if (spool->spare >= 0 && sf_segment_create(spool) < 0)
		sf_spare_drop(spool);
	return 0;
}
