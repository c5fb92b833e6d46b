/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The spool's own parts, for spool_*.c alone: segments, what is held in memory, what is done
 * above base, what is owed. Each part is a file; this is how they hang together.
 */
#pragma once

#include "segment.h"

enum {
	SF_SPANS_MOST = 200,	   /* holes that acknowledging may make */
	SF_GAPS_MOST = 256,	   /* then gaps of the same query become one */
	SF_UNSYNCED_MOST = 4 << 20 /* bytes that may be held */
};

/* ---- names: texts that live as long as the spool (spool_names.c) ---- */

struct sf_names {
	char **text;
	size_t count, capacity;
};
const char *sf_names_keep(struct sf_names *, const char *text); /* one memory for equal texts */
void sf_names_finish(struct sf_names *);

/* ---- what is done above base (spool_spans.c) ---- */

struct sf_spans { /* in order, apart from each other */
	struct sf_spool_span *span;
	size_t count, capacity;
};
/* The one that holds the offset, or NULL. */
const struct sf_spool_span *sf_spans_find(const struct sf_spans *, uint64_t offset);
/* Lines and bytes only grow: can the span and the place, or the spans, be of one history? */
bool sf_span_agrees(const struct sf_spool_span *, const struct sf_spool_at *);
bool sf_spans_agree(const struct sf_spans *, const struct sf_spool_span *);
/* Would it stand alone? It must not overlap any. */
bool sf_spans_apart(const struct sf_spans *, const struct sf_spool_span *);
void sf_spans_add(struct sf_spans *, const struct sf_spool_span *);
/*
 * The first part of `whole` that is in none of them; false: there is no such part. Parts at whose
 * ends the spans contradict `whole` (a forged file) are cut to it.
 */
bool sf_spans_free_part(const struct sf_spans *, const struct sf_spool_span *whole,
			struct sf_spool_span *part);
/* *base moves over the spans that begin there; they go. */
void sf_spans_advance(struct sf_spans *, struct sf_spool_at *base);
void sf_amount_add(struct sf_spool_amount *, const struct sf_spool_span *);

/* ---- gaps that are owed (spool_gaps.c) ---- */

struct sf_owed {
	struct sf_spool_gap gap;
	uint64_t last_offset; /* of what was lost last */
	bool refused;	      /* lost at the door: it was never in the spool */
	bool open;	      /* may still grow */
	bool fixed;	      /* was given out */
	bool heard;	      /* and is owed no more: kept so that no other one spans it */
};
struct sf_debts {
	struct sf_owed *owed;
	size_t count, capacity, told, heard; /* told, heard: how many of them are */
	uint64_t last_id;
	uint64_t lost_through; /* offset behind the last loss, while losses follow one another */
};
struct sf_loss_of {		     /* what is lost, as far as it is known */
	const char *query, *boot_id; /* kept names; "" */
	uint64_t run, first_seq;
	struct sf_spool_span span;
	enum sf_spool_loss reason;
	bool refused;
};
void sf_debts_lose(struct sf_debts *, const struct sf_loss_of *);
void sf_debts_close(struct sf_debts *, const char *query,
		    bool refused); /* what follows is another */
/* A batch of the query, which is not lost, stands between losses. */
void sf_debts_pass(struct sf_debts *, const char *query, const struct sf_spool_span *);
void sf_debts_segment(struct sf_debts *, uint64_t from_offset); /* of it something was lost */
void sf_debts_done(struct sf_debts *, uint64_t offset, uint64_t base); /* it was acknowledged */
void sf_debts_forget(struct sf_debts *, uint64_t base); /* what nothing can span any more */
void sf_debts_undone(struct sf_debts *, uint64_t from, uint64_t to); /* those were lost */
void sf_debts_finish(struct sf_debts *);

/* ---- state: what is on the disk of all this (spool_state.c) ---- */

struct sf_runs {
	struct sf_spool_run *run;
	size_t count, capacity;
};
struct sf_state {
	uint8_t id[SF_SPOOL_ID_SIZE];
	struct sf_spool_at base, end;
	struct sf_spans done;
	struct sf_debts gaps;
	struct sf_runs runs;
};
struct sf_slots {	      /* two files, written in turn */
	int fd[2];	      /* -1: not there (yet) */
	uint64_t reserved[2]; /* bytes of each that exist */
	uint64_t generation;  /* of the newest */
	unsigned newest;      /* which of them it is */
};
/* what is done with them: spool_state.h */

/* ---- batches in memory (spool_held.c) ---- */

struct sf_held {
	struct sf_batch *batch; /* NULL: it is done or lost already */
	const char *topic;	/* kept */
	struct sf_spool_span span;
	uint32_t pinned;
};
struct sf_hold { /* in order of offsets; those without a batch do not count */
	struct sf_held *held;
	size_t head, count, capacity; /* count: from 0, head included */
	uint64_t bytes;
};
void sf_hold_push(struct sf_hold *, const struct sf_held *);
struct sf_held *sf_hold_first(struct sf_hold *);		 /* with a batch, or NULL */
struct sf_held *sf_hold_find(struct sf_hold *, uint64_t offset); /* that very one, or NULL */
struct sf_held *sf_hold_from(struct sf_hold *, uint64_t offset); /* it or one behind, or NULL */
void sf_hold_remove(struct sf_hold *, struct sf_held *);
uint64_t sf_batch_weight(const struct sf_batch *);
void sf_hold_finish(struct sf_hold *);

/* ---- the spool ---- */

struct sf_segment {
	uint64_t number; /* as its head says; they are in this order */
	uint64_t name;	 /* as its file is called; the same, unless somebody renamed it */
	struct sf_spool_at first;
	const char *boot_id;
	uint64_t size;
	uint32_t pinned;
};

enum sf_trouble { SF_CANNOT_WRITE, SF_CANNOT_SYNC, SF_CANNOT_READ, SF_CANNOT_PUBLISH, SF_TROUBLES };

struct sf_spool {
	const struct sf_spool_conf *conf;
	const char *boot_id; /* kept */
	uint64_t ring_size, segment_size;
	void (*released)(void *arg, struct sf_batch *);
	void (*step)(void *arg, enum sf_spool_step);
	void *arg;

	int directory;
	struct sf_slots slots;
	struct sf_state state;
	struct sf_names names;
	uint32_t seed;
	struct sf_spool_counts counts; /* but for what is reckoned when asked for */
	char trouble[SF_TROUBLES][256];

	struct sf_segment *segment;
	size_t segments, segment_capacity;
	uint64_t last_number; /* the next segment's is the next */
	int active;	      /* the last segment's descriptor, which is written to; -1: none is */
	int earlier;   /* the descriptor of a full segment that is not synced; -1: it cannot be */
	uint64_t late; /* that segment's number; 0: all but the active one are synced */
	int spare;     /* a file of which all is done, between two segments; -1: none */
	bool saves;    /* a file that goes now may be that */
	uint64_t spare_name, own_number; /* the first number of this start */
	uint64_t reserved; /* bytes of the spare file, then of the active one that was spare */
	struct sf_spool_at written; /* behind the last record in a file */
	bool unsynced;		    /* something was written since the last sync */
	bool unnamed;		    /* the directory was not synced since a segment was made */
	struct sf_hold held;	    /* written, not synced */
	struct sf_hold ring;	    /* not written */

	uint64_t now;					    /* of the current call */
	uint64_t sync_at, publish_at, retry_at, measure_at; /* UINT64_MAX: not wanted */
	bool dirty;	    /* the state on the disk is older than that in memory */
	int blocked;	    /* -errno of what keeps the ring from the disk; 0 */
	uint64_t own_limit; /* bytes of segments, from keep_free */

	struct sf_walk *reader; /* in the segment `reading`; fd -1: nowhere */
	uint64_t reading;
};

/* Is it the file that is broken, or are we short of something? */
static inline bool sf_is_damage(int code)
{
	return code == -EIO || code == -EUCLEAN || code == -ENOENT || code == -ELOOP ||
	       code == -ENXIO;
}

static inline void sf_spool_step(struct sf_spool *spool, enum sf_spool_step step)
{
	if (spool->step)
		spool->step(spool->arg, step);
}

/* spool_segments.c: the list */
int sf_segment_open(const struct sf_spool *, const struct sf_segment *, int flags); /* or -errno */
struct sf_segment *sf_segment_of(struct sf_spool *, uint64_t offset);
struct sf_spool_at sf_segment_limit(const struct sf_spool *, const struct sf_segment *);
void sf_segment_add(struct sf_spool *, const struct sf_segment *);
int sf_segment_create(struct sf_spool *);
/* A file with nothing but its head, which is in no list yet; its descriptor, or -errno. */
int sf_segment_make(struct sf_spool *, const struct sf_segment *);
int sf_segment_begin(struct sf_spool *, int fd, const struct sf_segment *); /* writes the head */
void sf_segment_unmake(struct sf_spool *, const struct sf_segment *);
void sf_segment_leave(struct sf_spool *);    /* nothing more is written to the active one ... */
void sf_segment_postpone(struct sf_spool *); /* ... and it is not synced yet */
struct sf_segment *sf_segment_late(struct sf_spool *); /* that one, or NULL */
void sf_segment_unlink(struct sf_spool *, struct sf_segment *);
int sf_segment_rotate(struct sf_spool *); /* the active one is full */

/* spool_spare.c: the file of one that goes, for the next one */
bool sf_spare_keep(struct sf_spool *, const struct sf_segment *);
int sf_spare_take(struct sf_spool *, const struct sf_segment *);
void sf_spare_drop(struct sf_spool *);
void sf_spare_cut(struct sf_spool *);

/* spool_done.c: batches leave */
bool sf_spool_waits(const struct sf_spool *, uint64_t offset);
void sf_spool_done(struct sf_spool *, const struct sf_spool_span *);
/* What of it is not done yet is lost, and a gap is owed. `record`: what is known of it, or NULL. */
void sf_spool_lose(struct sf_spool *, const struct sf_spool_span *, enum sf_spool_loss,
		   const struct sf_record *record, const char *boot_id);

/* spool_room.c: the budget */
int sf_spool_make_room(struct sf_spool *, uint64_t length);
bool sf_segment_is_done(const struct sf_spool *, const struct sf_segment *);
/* False: there is none that may go, or the state could not be published. */
bool sf_spool_drop_oldest(struct sf_spool *, enum sf_spool_loss, bool active_too);
void sf_spool_reap(struct sf_spool *); /* segments of which all is done */
uint64_t sf_spool_limit(const struct sf_spool *);
void sf_spool_measure(struct sf_spool *);

/* spool_write.c, spool_sync.c: the disk */
void sf_spool_flush(struct sf_spool *); /* the ring, as far as the disk takes it */
/* The end: what no disk takes is lost while it is known what it was. */
void sf_spool_drop_ring(struct sf_spool *);
int sf_spool_sync(struct sf_spool *);
int sf_spool_sync_late(struct sf_spool *); /* all but the active segment */
int sf_spool_sync_file(struct sf_spool *, int fd);
/* What is held of the offsets from..to is safe, or not wanted any more. */
void sf_spool_release(struct sf_spool *, uint64_t from, uint64_t to);
int sf_spool_rescue(struct sf_spool *, struct sf_segment *);
int sf_spool_publish(struct sf_spool *);
void sf_spool_want_publish(struct sf_spool *);
/* Keeps the sentence for the counts; returns the code. */
int sf_spool_trouble(struct sf_spool *, enum sf_trouble, int code, const char *what);

/* spool_recover.c: at the start */
int sf_spool_recover(struct sf_spool *, struct sf_err *err);
