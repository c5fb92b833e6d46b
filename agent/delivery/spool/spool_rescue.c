/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A full segment could not be synced, and the one behind it is written to already: what is held of
 * it is written to a segment of its own, which stands between the two, whole and synced or not
 * at all.
 */
#include <string.h>
#include <unistd.h>

#include "spool_inner.h"

static const struct sf_held *next_of(struct sf_spool *spool, uint64_t from, uint64_t limit)
{
	const struct sf_held *held = sf_hold_from(&spool->held, from);

	while (held && !sf_spool_waits(spool, held->span.from.offset))
		held = sf_hold_from(&spool->held, held->span.to.offset);
	return held && held->span.from.offset < limit ? held : NULL;
}

static int write_all(struct sf_spool *spool, int fd, struct sf_segment *segment, uint64_t limit)
{
	const struct sf_held *held = next_of(spool, segment->first.offset, limit);

	for (; held; held = next_of(spool, held->span.to.offset, limit)) {
		struct sf_record_out out;
		int r;

		sf_record_make(&out, spool->seed, held->batch, held->topic, &held->span.from);
		r = sf_record_write(fd, segment->size, &out);
		if (r < 0)
			return r;
		segment->size += out.length;
	}
	return sf_spool_sync_file(spool, fd);
}

static void insert(struct sf_spool *spool, size_t at, const struct sf_segment *segment)
{
	sf_segment_add(spool, segment);
	memmove(&spool->segment[at + 1], &spool->segment[at],
		(spool->segments - 1 - at) * sizeof(*segment));
	spool->segment[at] = *segment;
}

int sf_spool_rescue(struct sf_spool *spool, struct sf_segment *of)
{
	uint64_t limit = sf_segment_limit(spool, of).offset;
	const struct sf_held *first = next_of(spool, of->first.offset, limit);
	struct sf_segment segment = {.number = of->number + 1,
				     .name = of->number + 1,
				     .boot_id = spool->boot_id,
				     .size = sizeof(struct sf_segment_head)};
	int fd, r;

	if (!first)
		return 0;
	segment.first = first->span.from;
	fd = sf_segment_make(spool, &segment);
	if (fd < 0)
		return fd;
	r = write_all(spool, fd, &segment, limit);
	close(fd);
	if (r < 0) {
		sf_segment_unmake(spool, &segment);
		return r;
	}
	insert(spool, (size_t)(of - spool->segment) + 1, &segment);
	sf_spool_step(spool, SF_SPOOL_RESCUED);
	return 0;
}
