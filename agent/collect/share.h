/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One run's share of a walk: its lines, numbered and put into batches, its time-out, and the run
 * record that closes it. A batch is begun with its first line: a run that matches nothing costs no
 * memory.
 */
#pragma once

#include "collect.h"

struct sf_shared { /* what the shares of a sweep have in common */
	struct sf_pool *pool;
	const struct sf_collect_calls *calls;
	const struct sf_walker *walker;
	uint32_t home;	     /* the namespace of this process */
	enum sf_table table; /* of the walk at hand, or that comes next */
	struct sf_walk walk; /* so far, the one at hand */
	/* By table: the id that those of the same runs go by; 0: that of the one at hand. */
	uint64_t pass[SF_TABLE_COUNT];
	uint64_t start;	  /* mono */
	uint64_t wall_us; /* of the receive at hand */
	size_t full;	  /* bytes: a batch that has no room for a line below them is handed over */
};

struct sf_written { /* the fields of the socket at hand, in somebody's batch */
	const char *fields;
	size_t length; /* 0: not yet */
};

enum { SF_PASSES = 64 }; /* so many are told apart in a run record */

struct sf_share_error {
	const char *table; /* NULL: of none */
	struct sf_walk_error said;
};

struct sf_share {
	struct sf_run *run;
	const struct sf_shared *shared;
	size_t number;		   /* among the shares */
	size_t places;		   /* namespaces that it has not been in */
	bool here;		   /* it shares the walk at hand */
	uint32_t netns;		   /* the one that it was in; 0: not one */
	unsigned netnses;	   /* so many it was in */
	uint64_t seen, duplicates; /* in the walks behind it */
	bool partial, failed;
	uint32_t absent; /* tables that are lacking here, a mask */
	unsigned errors, passes;
	struct sf_share_error error[SF_RUN_ERRORS];
	struct sf_run_walk pass[SF_PASSES];
	struct sf_batch *batch; /* NULL: none is begun */
	uint64_t seq, matched;
	uint64_t deadline;		 /* mono; UINT64_MAX: no time-out */
	bool ended;			 /* its run is with the caller again */
	struct sf_written own, *written; /* written: of the first share that has the same fields */
};

void sf_share_begin(struct sf_share *, struct sf_run *, const struct sf_shared *);
/* The walker is in a namespace: the records that follow are of there. */
void sf_share_enter(struct sf_share *);
/* The walk at hand is over for it. */
void sf_share_walked(struct sf_share *);
/* What was answered for a table, in a walk or beside it: its errors, or that it is lacking. */
void sf_share_answered(struct sf_share *, enum sf_table, const struct sf_walk *);
/* The socket is one of the run's. */
void sf_share_add(struct sf_share *, const struct sf_view *);
/* What it has goes on its way now. */
void sf_share_flush(struct sf_share *);
/*
 * The run record becomes the last line of the last batch. It always fits into a whole one: labels
 * and errors are bounded.
 */
void sf_share_close(struct sf_share *, const char *line, size_t length, uint64_t wall_us);
/*
 * Writes the run record and gives the run back. `cut`: -ETIME or -ECANCELED when that ended it, in
 * the walk at hand or before the next one; 0 when its last walk did.
 */
void sf_share_end(struct sf_share *, int cut);
