/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The spool: batches of one output, kept on the disk until they are done. Synchronous; one thread.
 *
 * Promise: what was appended and synced is read again until it is acknowledged, over crashes and
 * losses of power; what is lost is lost by the policy or by the disk, and a gap is owed for it.
 * At every moment, in lines, bytes and batches: appended + recovered = acknowledged + lost +
 * waiting (refused batches are in appended and in lost). spool_steps.def is the machine behind it.
 *
 * Times are microseconds of sf_clock_mono(). Where a function says nothing of errors it has none: a
 * disk that fails is met by the ring in memory, counted, and tried again.
 */
#pragma once

#include <sockfeed/delivery.h>
#include <sockfeed/spool.h>

enum sf_spool_step {
#define STEP(name, what, disk) SF_SPOOL_##name,
#include "spool_steps.def"
#undef STEP
	SF_SPOOL_STEPS
};
const char *sf_spool_step_name(enum sf_spool_step); /* "WRITTEN" */

#define SF_SPOOL_SYNC_ALWAYS 0
#define SF_SPOOL_SYNC_NEVER  UINT64_MAX

struct sf_spool_conf {
	const char *path;     /* of its directory; "": no spool */
	uint64_t max_size;    /* bytes of all segments */
	double keep_free;     /* the spool does not grow into this share of the file system */
	uint64_t sync;	      /* us, or one of the two above */
	int when_full;	      /* 0 drop_oldest, 1 drop_newest */
	uint64_t replay_rate; /* bytes a second, 0: auto; the sender's business */
};

struct sf_spool_span { /* of one batch: to.offset is from.offset + 1 */
	struct sf_spool_at from, to;
};

struct sf_spool_setup {
	const struct sf_spool_conf *conf; /* borrowed while the spool lives */
	const char *boot_id;		  /* of now; copied */
	uint64_t ring_size;    /* bytes that may wait in memory while the disk takes nothing */
	uint64_t segment_size; /* 0: 8 MiB, or an eighth of max_size when that is less */
	/* Every batch that was appended comes back once, from inside any call below: it is on the
	 * disk as safely as `sync` asks for, or done, or lost. Must not call the spool. */
	void (*released)(void *arg, struct sf_batch *);
	void (*step)(void *arg, enum sf_spool_step); /* NULL but in tests */
	void *arg;
};

struct sf_spool;

/*
 * Recovers what is there; makes the directory (0700, not its parents) when there is none. -EBUSY:
 * another agent has it. Any other error is about the directory as such (rights, no parent, no
 * directory); damage is none. Does not read the backlog: a spool of any size opens at once.
 */
int sf_spool_open(const struct sf_spool_setup *, uint64_t now, struct sf_spool **ret,
		  struct sf_err *err);
/*
 * Writes and syncs what is held, publishes the state. What could not be written is released, too,
 * and lost at the next start. All that was read must have been acknowledged or unpinned or is sent
 * again. Names given out by reads (query, topic) die here. Accepts NULL.
 */
void sf_spool_close(struct sf_spool *, uint64_t now);

/* ---- in ---- */

/*
 * Takes over the caller's reference until released() (which may be called before this returns).
 * True: it has a place now, and waits, on the disk or in memory. False: it was refused, is counted
 * as appended and lost, a gap is owed, and released() was called. The batch is not pinned. `topic`
 * (copied) is shorter than 256 bytes, NULL is "". The query, too, is copied.
 */
bool sf_spool_append(struct sf_spool *, struct sf_batch *, const char *topic, uint64_t now,
		     struct sf_spool_span *place);
/*
 * What is due: syncing, publishing, unlinking, another try at a disk that failed. Returns when it
 * wants to be called next; UINT64_MAX: not before something else was called.
 */
uint64_t sf_spool_tick(struct sf_spool *, uint64_t now);

/* ---- out ---- */

/*
 * The next waiting batch that stands at `from` or behind, into a batch of the pool (yours, one
 * reference): 1; 0: there is none (yet). It is pinned: its segment stays until you say one of
 * acknowledge and unpin, once for each read. One that is not damaged and not done is never passed
 * over. Reading on where the last read ended (place.to.offset) costs one system call; elsewhere a
 * search through one segment's headers. Query and topic live as long as the spool.
 */
int sf_spool_read(struct sf_spool *, uint64_t from, struct sf_pool *, struct sf_batch **batch,
		  struct sf_spool_span *place, const char **topic);
/*
 * A batch just appended (place from sf_spool_append) is sent from the sender's own memory: as if
 * it was read. False: it is not waiting any more.
 */
bool sf_spool_pin(struct sf_spool *, const struct sf_spool_span *place);
/* It was read or pinned and not sent, or not with success; it waits, and may be read again. */
void sf_spool_unpin(struct sf_spool *, const struct sf_spool_span *place);
/*
 * A batch that was read or pinned is done, in any order: 0. -EAGAIN: too many holes; say it again
 * after the oldest one that waits has been acknowledged; it stays pinned until then.
 */
int sf_spool_acknowledge(struct sf_spool *, const struct sf_spool_span *place);
/* Nothing that waits stands before it; equal to sf_spool_end(): nothing waits. */
uint64_t sf_spool_base(const struct sf_spool *);
uint64_t sf_spool_end(const struct sf_spool *); /* the offset of the next batch */

/* ---- gaps: what is owed to the reader ---- */

/*
 * Those that are owed and untold, oldest first, `most` at most; returns how many there are. The
 * texts live as long as the spool. What is given out does not change any more, whatever is lost
 * after it, also when it must be told again: a reader may see a gap twice, never two that overlap.
 * So ask when you are about to tell; with `most` 0 to know their number.
 */
size_t sf_spool_gaps(struct sf_spool *, struct sf_spool_gap *out, size_t most);
/* The batch at `offset` (appended just now) tells of it. Acknowledged: nothing is owed any more;
 * lost: it is untold again. An unknown id is ignored. */
void sf_spool_gap_told(struct sf_spool *, uint64_t id, uint64_t offset);

/* ---- the last run of each query whose run record was appended, for `start` ---- */

/* All of them, in the order of their queries' first appearance; good until the next append. */
size_t sf_spool_runs(const struct sf_spool *, const struct sf_spool_run **ret);

/* ---- what the sender owes ---- */

struct sf_spool_debt {	   /* lines that the sender has lost, one behind the other */
	const char *query; /* "": then run and seq are 0 */
	uint64_t run, first_seq;
	uint64_t lines, bytes;
	enum sf_spool_loss reason;
	bool follows; /* behind the last one of its query and reason, with nothing in between */
};

/* A gap is owed for them, too. `offset`: of their batch, which is done; UINT64_MAX: it has none. */
void sf_spool_owe(struct sf_spool *, const struct sf_spool_debt *, uint64_t offset);

/* ---- counts ---- */

struct sf_spool_counts { /* since it was opened */
	struct sf_spool_amount appended, recovered, acknowledged, lost[SF_SPOOL_LOSS_COUNT],
		waiting;
	uint64_t in_memory; /* bytes that wait for the disk */
	uint64_t held;	    /* bytes that are written, but not synced */
	uint64_t disk;	    /* bytes of all segments */
	uint64_t limit;	    /* what they may be now: max_size, or less for keep_free */
	uint64_t segments, dropped_segments;
	uint64_t damaged; /* places where a record should have been and was not */
	uint64_t aside;	  /* files that are not ours or not of this version, set aside */
	uint64_t syncs, failed_syncs, failed_writes, published, failed_publishes;
	char trouble[256]; /* "cannot write ...: No space left on device"; "" when all is well */
};

/* The counts as of now. */
void sf_spool_counts(const struct sf_spool *, struct sf_spool_counts *);
