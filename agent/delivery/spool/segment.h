/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Segments: files of records, one batch each, behind one another. What stands in a file is
 * believed only as far as its CRCs go; what does not is passed over by looking for the next
 * record. The CRC of heads begins with the spool's id: records of another spool, or bytes that
 * imitate one, are none.
 *
 * Numbers are in the host's order: a spool does not move between machines of different ones.
 */
#pragma once

#include <sys/uio.h>

#include "spool.h"

#define SF_SEGMENT_SIZE	   (8u << 20)
#define SF_SEGMENT_VERSION 1u
#define SF_SEGMENT_NAME	   "%016llx.seg"

enum {
	SF_NAME_MOST = 255,    /* bytes of a query or a topic */
	SF_BOOT_ID_SIZE = 40,  /* with its NUL */
	SF_SPOOL_ID_SIZE = 16, /* bytes */
};

struct sf_segment_head { /* the first bytes of the file */
	char magic[8];
	uint32_t version;
	uint32_t crc; /* of this struct, itself as 0 */
	uint8_t spool_id[SF_SPOOL_ID_SIZE];
	uint64_t number;
	struct sf_spool_at first;
	char boot_id[SF_BOOT_ID_SIZE];
	uint64_t reserved[3];
};

enum {			     /* flags */
       SF_RECORD_RUN = 1,    /* its last line is a run record */
       SF_RECORD_CRC32C = 2, /* its payload's sum is not zlib's */
};

/* Behind it: query, topic, lines as struct sf_line, one kind of keys after the other, data. */
struct sf_record_head {
	uint32_t magic;
	uint32_t crc;	       /* of this struct (itself as 0), query and topic */
	uint32_t lines, bytes; /* bytes: of the data */
	uint32_t keys[SF_BY_COUNT];
	uint16_t query_length, topic_length;
	uint32_t flags;
	uint64_t payload_sum; /* of all behind those */
	struct sf_spool_at at;
	uint64_t time_us, run, first_seq;
};

_Static_assert(sizeof(struct sf_segment_head) == 128, "on the disk");
_Static_assert(sizeof(struct sf_record_head) == 88, "on the disk");
_Static_assert(sizeof(struct sf_line) == 12, "on the disk");

struct sf_record { /* a head that was found, and believed */
	struct sf_record_head head;
	uint64_t position; /* of it in the file */
	uint64_t payload;  /* its position */
	uint64_t length;   /* of the whole record */
	struct sf_spool_span span;
	char query[SF_NAME_MOST + 1], topic[SF_NAME_MOST + 1];
};

/* ---- heads ---- */

void sf_segment_head_make(struct sf_segment_head *, const uint8_t *spool_id, uint64_t number,
			  const struct sf_spool_at *first, const char *boot_id);
enum sf_segment_verdict {
	SF_SEGMENT_GOOD,
	SF_SEGMENT_FUTURE,  /* whole, of a version that we do not know */
	SF_SEGMENT_DAMAGED, /* not whole, or no head at all */
};
enum sf_segment_verdict sf_segment_head_check(const struct sf_segment_head *, size_t length);
uint32_t sf_segment_seed(const uint8_t *spool_id);

/* ---- writing ---- */

struct sf_record_out { /* what is written for a batch; borrows all of it */
	struct sf_record_head head;
	struct iovec parts[5 + SF_BY_COUNT];
	int count;
	size_t length;
};
void sf_record_make(struct sf_record_out *, uint32_t seed, const struct sf_batch *,
		    const char *topic, const struct sf_spool_at *);
/* All of it, at the position; -errno, -ENOSPC after a short write. */
int sf_record_write(int fd, uint64_t position, struct sf_record_out *);

/* ---- reading: a walk over the heads of one file ---- */

enum { SF_WINDOW = 16 << 10 };

struct sf_walk {
	int fd; /* borrowed */
	uint32_t seed;
	uint64_t position;     /* where the next record should be */
	uint64_t size;	       /* what is behind this is not looked at */
	struct sf_spool_at at; /* nothing before it counts */
	bool unreadable;       /* the disk did not give all */
	bool damaged;	       /* the last step had to look for its record */
	uint64_t window_at;
	size_t window_length;
	char window[SF_WINDOW];
};
void sf_walk_begin(struct sf_walk *, int fd, uint32_t seed, const struct sf_spool_at *at);
/*
 * The next whole record that stands at `at` or behind it and ends at `limit` or before: true, and
 * the walk stands behind it. False: there is none up to `size`, the end of the file; walk->position
 * is where the search began.
 */
bool sf_walk_next(struct sf_walk *, const struct sf_spool_at *limit, uint64_t size,
		  struct sf_record *);
/*
 * The payload of the record that was found last, into an empty batch; the bytes behind it go to
 * the window, where the next head is. False: it is damaged. The query is left to the caller.
 */
bool sf_walk_payload(struct sf_walk *, const struct sf_record *, struct sf_batch *);

bool sf_walk_is_whole(struct sf_walk *, const struct sf_record *); /* the one found last */
/*
 * The end of the last segment's last record, where other bytes are behind it; when it is not whole
 * its beginning: it was written over a longer file, and torn. Else `size`.
 */
uint64_t sf_walk_size(int fd, uint32_t seed, const struct sf_spool_at *first, uint64_t size);

/* ---- positions ---- */

/* No count of ours comes near this: what does was forged, and might overflow. */
#define SF_AT_MOST (UINT64_C(1) << 62)
static inline bool sf_at_is_sane(const struct sf_spool_at *at)
{
	return at->offset < SF_AT_MOST && at->line < SF_AT_MOST && at->byte < SF_AT_MOST;
}

static inline bool sf_at_before(const struct sf_spool_at *a, const struct sf_spool_at *b)
{
	return a->offset <= b->offset && a->line <= b->line && a->byte <= b->byte;
}
