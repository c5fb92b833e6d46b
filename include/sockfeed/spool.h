/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A look into the directory of a spool, for people: what is there, whether it is whole, the lines themselves.
 *
 * Promise: nothing is changed and nothing is locked; it may be looked at while an agent writes to it, and when it is
 * damaged in any way. Memory is taken for segments, queries and topics, never for the lines that wait.
 */
#pragma once

#include <sockfeed/base.h>

/* ---- what the spool and those who look into it say alike ---- */

/* Where something stands: so many batches, lines and bytes were appended before it. */
struct sf_spool_at {
	uint64_t offset, line, byte;
};

struct sf_spool_amount {
	uint64_t batches, lines, bytes;
};

enum sf_spool_loss {
	SF_SPOOL_LOSS_FULL,    /* dropped for max_size or keep_free */
	SF_SPOOL_LOSS_DISK,    /* the disk took nothing for too long */
	SF_SPOOL_LOSS_DAMAGED, /* the disk gave back other bytes, or lost a segment */
	SF_SPOOL_LOSS_POWER,   /* accepted, but not on the disk when agent or host went down */
	/* What the sender has lost, for gaps alone: in the spool it was done, or never there. */
	SF_SPOOL_LOSS_QUEUE,    /* the disk did not answer for too long */
	SF_SPOOL_LOSS_REJECTED, /* dead, and no dead letters are kept */
	SF_SPOOL_LOSS_LETTERS,  /* dead, and no more letters are kept */
	SF_SPOOL_LOSS_COUNT
};
/* "spool_full" "disk_full" "damaged" "power_loss" "queue_full" "rejected" "dead_letters_full" */
const char *sf_spool_loss_name(enum sf_spool_loss);

struct sf_spool_gap { /* what is owed to the reader */
	uint64_t id;          /* of this spool, never 0 */
	const char *query;    /* "": lines of no query, or not known of which; then run and seq are 0 */
	const char *boot_id;  /* of the runs; "": not known */
	struct {
		uint64_t run, seq;
	} first, last;
	uint64_t records, bytes; /* lines of every type, and their bytes */
	enum sf_spool_loss reason;
	uint32_t segments; /* that were dropped for it, wholly or in part */
	uint64_t told;     /* offset of the batch that tells of it; UINT64_MAX: untold */
};

struct sf_spool_run { /* the last one of a query whose run record was appended */
	const char *query, *boot_id;
	uint64_t run;
};

/* ---- what is there ---- */

enum sf_look_kind {
	SF_LOOK_SEGMENT,
	SF_LOOK_EMPTY,   /* nothing in it: torn when it was made */
	SF_LOOK_FOREIGN, /* of another spool, or a second copy of a segment, or out of order */
	SF_LOOK_FUTURE,  /* of a version that we do not know */
	SF_LOOK_GARBAGE, /* no record in it */
	SF_LOOK_ASIDE,   /* an earlier start has set it aside */
	SF_LOOK_KINDS
};
const char *sf_look_kind_name(enum sf_look_kind); /* "segment" "empty" "foreign" "newer" "garbage" "set aside" */

struct sf_look_file {
	char name[40];
	enum sf_look_kind kind;
	bool head_damaged; /* its records speak for it */
	uint64_t number, size;
	struct sf_spool_at first;             /* of a segment: where its first record stands */
	struct sf_spool_amount whole, waiting; /* by sf_look_walk: its whole records, and those not acknowledged */
	uint64_t damaged;                     /* places in it */
};

struct sf_look_queue { /* what waits of a query for a topic */
	const char *query, *topic; /* "" for lines of no query, and for outputs without topics */
	struct sf_spool_amount waiting;
	uint64_t oldest_us; /* wall clock */
};

struct sf_look_facts {
	const char *path;
	char id[2 * 16 + 1]; /* "": not known */
	bool in_use;         /* an agent has it open, as far as we can see */
	bool state_known;    /* else base and end are those of the records that were found */
	uint64_t generation; /* of the state */
	struct sf_spool_at base, end; /* nothing waits before base; the next batch will stand at end */
	size_t files, gaps, runs, queues;
	const struct sf_look_file *file; /* in the order of their numbers; those set aside come last */
	const struct sf_spool_gap *gap;
	const struct sf_spool_run *run;
	/* by sf_look_walk: */
	const struct sf_look_queue *queue;
	struct sf_spool_amount whole, waiting;
	uint64_t oldest_us; /* wall clock, of what waits; UINT64_MAX: nothing does */
	uint64_t unwritten; /* lines accepted, but in no file that was seen */
	uint64_t damaged;   /* places that are not normal */
};

struct sf_look;
/* -errno with a sentence: no such directory, no rights, or no spool (-ENOENT). */
int sf_look_open(const char *path, struct sf_look **ret, struct sf_err *);
void sf_look_free(struct sf_look *); /* accepts NULL */
/* All that is known by now; good as long as the look. */
const struct sf_look_facts *sf_look_facts(const struct sf_look *);

/* ---- the records, in the order of their offsets ---- */

struct sf_look_record {
	const char *query, *topic;
	uint64_t time_us, run, first_seq;
	struct sf_spool_at at;
	uint32_t lines, length;
	bool waits;       /* it is not acknowledged */
	const char *data; /* its lines; NULL, when payloads are not read */
};

struct sf_look_place { /* where something is not as it should be */
	const char *file;   /* "": it is missing */
	uint64_t position, length;
	bool normal;        /* after a crash, or beside a running agent */
	const char *what;   /* a sentence without its end */
	struct sf_spool_amount lost, cost; /* what should stand here; what of it waited */
	const char *query;  /* whose it was, when that is known; else NULL */
	uint64_t run, first_seq;
};

struct sf_look_calls { /* what is borrowed is so for the call */
	bool (*record)(void *arg, const struct sf_look_record *); /* false ends the walk; may be NULL */
	void (*place)(void *arg, const struct sf_look_place *);   /* may be NULL */
	void *arg;
};
/*
 * Once a look: every whole record, and every place that is not one. With payloads every byte is read and checked;
 * without, the heads alone. -ECANCELED: `record` has ended it.
 */
int sf_look_walk(struct sf_look *, bool payloads, const struct sf_look_calls *);
