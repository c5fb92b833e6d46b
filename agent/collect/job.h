/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A job: one query on its grid. Its runs join a sweep when ticks are due, never two at a time, and
 * it counts the ticks that came while one was under way.
 */
#pragma once

#include "sweep.h"
#include "watcher.h"

struct sf_job_conf {
	bool align;
	uint64_t phase; /* us, the host's, the same for every query */
	bool run_on_start;
	bool once; /* a closed query has one run, of one interval */
};

struct sf_job_counts {
	uint64_t runs, skipped, errors, records;
};

struct sf_job;
/* The plan becomes the job's. Nothing is started before sf_job_start. */
int sf_job_new(struct sf_loop *, struct sf_plan *, const struct sf_job_conf *, struct sf_sweeps *,
	       struct sf_job **ret, struct sf_err *err);
void sf_job_free(struct sf_job *); /* when not under way; accepts NULL */
/* Of a closed query, before its start. */
void sf_job_watch(struct sf_job *, struct sf_watcher *);
/* Puts it on its grid; a run on start has joined. */
void sf_job_start(struct sf_job *);
void sf_job_stop(struct sf_job *); /* no further ticks; a run under way goes on */
/* A run joins: sf_sweeps_start starts it. False: one is under way and is left alone. */
bool sf_job_run_now(struct sf_job *);
bool sf_job_busy(const struct sf_job *);
struct sf_plan *sf_job_plan(const struct sf_job *);
void sf_job_counts(const struct sf_job *, struct sf_job_counts *);

/*
 * The job of a run that came from here; and its end: counts it. With `says` the log is told of each
 * error that the run before did not have, and when there is none any more.
 */
struct sf_job *sf_job_of(struct sf_run *);
void sf_job_ended(struct sf_job *, struct sf_run *, bool says);
