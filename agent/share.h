/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One run's share of a walk: its lines, numbered and put into batches, its time-out, and the run
 * record that closes it. A batch is begun with its first line: a run that matches nothing costs no
 * memory.
 */
#pragma once

#include "collect.h"

struct sf_shared { /* what the shares of a walk have in common */
	struct sf_pool *pool;
	const struct sf_collect_calls *calls;
	struct sf_walk walk; /* so far */
	uint32_t netns;
	uint64_t start;	  /* mono */
	uint64_t wall_us; /* of the receive at hand */
	size_t full;	/* bytes: a batch that has no room for a line below them is handed over */
};

struct sf_written { /* the fields of the socket at hand, in somebody's batch */
	const char *fields;
	size_t length; /* 0: not yet */
};

struct sf_share {
	struct sf_run *run;
	const struct sf_shared *shared;
	struct sf_batch *batch; /* NULL: none is begun */
	size_t most;		/* room that a line of a socket needs */
	uint64_t seq, matched;
	uint64_t deadline;		 /* mono; UINT64_MAX: no time-out */
	bool ended;			 /* its run is with the caller again */
	struct sf_written own, *written; /* written: of the first share that has the same fields */
};

void sf_share_begin(struct sf_share *, struct sf_run *, const struct sf_shared *);
/* The socket is one of the run's. */
void sf_share_add(struct sf_share *, const struct sf_view *);
/*
 * Writes the run record and gives the run back. `cut`: -ETIME or -ECANCELED when that ended it, 0
 * when the walk did.
 */
void sf_share_end(struct sf_share *, int cut);
