/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A sweep: the runs of one or several queries that are due together; in each namespace those who
 * ask a table there share one walk. Each has its own judge, encoder, batches, numbers, limit,
 * time-out and run record: its records are those of walks of its own. The same for the agent's
 * collector and for `sockfeed query`; who calls says where full batches go and when to stop.
 */
#pragma once

#include "plan/question.h"

struct sf_job;

enum { SF_RUN_ERRORS = 16 }; /* so many of a run are told apart */

struct sf_said { /* errors in words, each once */
	unsigned count;
	char text[SF_RUN_ERRORS][200];
};

bool sf_said_has(const struct sf_said *, const char *text);

struct sf_run {
	struct sf_job *job; /* whose it is; NULL outside of the agent */
	struct sf_plan *plan;
	uint64_t run, previous_run; /* microseconds since boot, made unique by who numbers */
	bool first;		    /* previous_run means nothing */
	uint64_t skipped;

	/* filled by sf_collect, or by the watcher */
	uint64_t records;     /* socket records written */
	bool partial, failed; /* the time-out or the end came first; the kernel refused */
	bool last;	      /* closed: no other of its query follows */
	struct sf_said said;  /* of failed or partial */
};

struct sf_collect_calls {
	/*
	 * After every receive: 0 to go on, -ECANCELED to end all runs here. `waited` gets the
	 * microseconds that do not count to any time-out.
	 */
	int (*pause)(void *arg, uint64_t *waited);
	/* A batch is full, or the run's last: it is yours. */
	void (*batch)(void *arg, struct sf_run *, struct sf_batch *);
	/*
	 * After its last batch, which ends with the run record: the run is yours again. One that
	 * its time-out ended comes back before the others.
	 */
	void (*ended)(void *arg, struct sf_run *);
	/*
	 * Between two namespaces: others may be collected by the same walker, and the sweep goes on
	 * when this returns; that time counts to no time-out. NULL: nobody waits.
	 */
	void (*turn)(void *arg);
	void *arg;
};

/* Runs of different plans, at least one. Errors are said in run records and in run->said. */
void sf_collect(struct sf_walker *, struct sf_questions *, struct sf_pool *,
		struct sf_run *const *runs, size_t count, const struct sf_collect_calls *);

/*
 * The bytes that a run's batch has at most when so many share a walk: those that are being filled
 * are 4 MiB together, or 32 KiB each.
 */
size_t sf_collect_batch(size_t runs);

/* Adds an error to what is said of the run. Table NULL: it is of none. */
void sf_run_say(struct sf_run *, const char *table, const struct sf_walk_error *);

/*
 * The number of a run that starts now: microseconds since boot, at least the last plus one (0:
 * none).
 */
uint64_t sf_run_number(uint64_t last);
