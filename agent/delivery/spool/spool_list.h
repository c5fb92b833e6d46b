/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The files of a spool as they are found, for those who recover it and for those who only look.
 */
#pragma once

#include "spool_inner.h"

enum sf_file_verdict {
	SF_FILE_SEGMENT, /* ours; its head may be damaged, then its records say where it stands */
	SF_FILE_EMPTY,	 /* nothing in it: torn when it was made */
	SF_FILE_FOREIGN, /* of another spool, or a second of the same number, or out of order */
	SF_FILE_FUTURE,	 /* of a version that we do not know */
	SF_FILE_GARBAGE, /* no record in it */
};

struct sf_file {
	char name[32];
	enum sf_file_verdict verdict;
	bool head_damaged;
	uint8_t id[SF_SPOOL_ID_SIZE];
	char boot_id[SF_BOOT_ID_SIZE];
	struct sf_segment segment; /* boot_id is not set */
};

struct sf_files {
	struct sf_file *file; /* in the order of their numbers */
	size_t count, capacity;
	uint64_t last_number; /* the highest that a name or a head says */
};

/*
 * What is there. `id`: the spool's, or all zero when the state does not know it; then it is taken
 * from the segment with the highest number that says one. -errno: the directory cannot be read.
 */
int sf_files_list(int directory, uint8_t id[SF_SPOOL_ID_SIZE], struct sf_files *ret);
void sf_files_finish(struct sf_files *);

/* ---- at the start (spool_recover.c, spool_last.c) ---- */

static inline void sf_at_latest(struct sf_spool_at *at, const struct sf_spool_at *other)
{
	if (at->offset < other->offset)
		*at = *other;
}
void sf_spool_set_aside(struct sf_spool *, const struct sf_segment *);
/* *begun: what the heads of segments without a record say that there was before them. */
int sf_spool_take_last(struct sf_spool *, struct sf_spool_at *begun);
