/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One run of one query: walk, judge, encode into batches, close with the run record. The same for
 * the agent's collector and for `sockfeed query`; who calls says where full batches go and when to
 * stop.
 */
#pragma once

#include "plan.h"

struct sf_run {
	struct sf_plan *plan;
	uint64_t run, previous_run; /* microseconds since boot, made unique by who numbers */
	bool first;		    /* previous_run means nothing */
	uint64_t skipped;

	/* filled by sf_collect */
	uint64_t records;     /* socket records written */
	bool partial, failed; /* the time-out or the end came first; the kernel refused */
	char error[200];      /* of failed or partial, in words, "" for none */
};

struct sf_collect_calls {
	/*
	 * After every receive: 0 to go on, -ECANCELED to end the run here. `waited` gets the
	 * microseconds that do not count to the time-out.
	 */
	int (*pause)(void *arg, struct sf_run *, uint64_t *waited);
	/* A batch is full, or the run's last: it is yours. */
	void (*batch)(void *arg, struct sf_run *, struct sf_batch *);
	void *arg;
};

/*
 * Runs it. Errors are said in the run record and in run->error; batches always come, the last one
 * ends with the run record.
 */
void sf_collect(struct sf_walker *, struct sf_pool *, struct sf_run *,
		const struct sf_collect_calls *);

/*
 * The number of a run that starts now: microseconds since boot, at least the last plus one (0:
 * none).
 */
uint64_t sf_run_number(uint64_t last);
