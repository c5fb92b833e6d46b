/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A full segment goes, and the next one begins: where all of the one was done before it was
 * synced, the other gets its file. Its pages are there already; a new file's cost more than what
 * is put in them.
 *
 * What it held stays behind what is written over it, until it is cut off. No walk believes that:
 * its offsets are before those that the new head begins with. Hence files of earlier starts are
 * never used again: what a loss of power made of their offsets is not known.
 */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "spool_inner.h"

bool sf_spare_keep(struct sf_spool *spool, const struct sf_segment *segment)
{
	if (!spool->saves || spool->earlier < 0 || segment->number < spool->own_number)
		return false;
	sf_spare_cut(spool);
	spool->spare = spool->earlier;
	spool->earlier = -1;
	spool->spare_name = segment->name;
	spool->reserved = segment->size;
	return true;
}

void sf_spare_drop(struct sf_spool *spool)
{
	if (spool->spare < 0)
		return;
	sf_segment_unmake(spool, &(struct sf_segment){.name = spool->spare_name});
	sf_close_p(&spool->spare);
	spool->reserved = 0;
}

/* As sf_segment_make(), with the file that is there. */
int sf_spare_take(struct sf_spool *spool, const struct sf_segment *segment)
{
	char old[32], name[32];
	int fd = spool->spare, r;

	snprintf(old, sizeof(old), SF_SEGMENT_NAME, (unsigned long long)spool->spare_name);
	snprintf(name, sizeof(name), SF_SEGMENT_NAME, (unsigned long long)segment->name);
	if (renameat2(spool->directory, old, spool->directory, name, RENAME_NOREPLACE) < 0)
		return -errno;
	spool->spare_name = segment->name;
	sf_spool_step(spool, SF_SPOOL_CREATED);
	r = sf_segment_begin(spool, fd, segment);
	if (r == 0)
		spool->spare = -1;
	return r < 0 ? r : fd;
}

/* What the active segment's file held before, as far as nothing was written over it. */
void sf_spare_cut(struct sf_spool *spool)
{
	uint64_t size = spool->active < 0 ? 0 : spool->segment[spool->segments - 1].size;

	if (spool->spare >= 0)
		return;
	if (spool->active >= 0 && spool->reserved > size &&
	    ftruncate(spool->active, (off_t)size) < 0)
		spool->counts.failed_writes++;
	spool->reserved = 0;
}
