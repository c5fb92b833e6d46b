/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One query on its grid: the grid says when, the job numbers the runs, remembers the one before and
 * the ticks that were skipped.
 */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "job.h"

struct sf_job {
	struct sf_seat seat; /* first, and its run is first in it: a run leads back to its job */
	struct sf_plan *plan;
	struct sf_job_conf conf;
	struct sf_sweeps *sweeps;
	struct sf_source *timer;
	struct sf_grid grid;
	uint64_t last_run, skipped; /* skipped: ticks since the last run began */
	struct sf_job_counts counts;
	char last_error[sizeof(((struct sf_run *)0)->error)];
};

_Static_assert(offsetof(struct sf_job, seat.run) == 0, "sf_job_of");

static bool join(struct sf_job *job, uint64_t due)
{
	if (job->seat.busy)
		return false;
	job->seat.run = (struct sf_run){.plan = job->plan,
					.run = sf_run_number(job->last_run),
					.previous_run = job->last_run,
					.first = job->last_run == 0,
					.skipped = job->skipped};
	job->last_run = job->seat.run.run;
	job->skipped = 0;
	sf_sweeps_join(job->sweeps, &job->seat, due);
	return true;
}

bool sf_job_run_now(struct sf_job *job)
{
	return join(job, sf_clock_mono());
}

static void set_timer(struct sf_job *job)
{
	job->seat.due = job->grid.next;
	sf_timer_set(job->timer, job->grid.next);
}

static void tick(void *arg)
{
	struct sf_job *job = arg;
	uint64_t due = job->grid.next;
	uint64_t passed = sf_grid_advance(&job->grid, sf_clock_mono(), sf_clock_wall());

	job->skipped += passed + job->seat.busy;
	job->counts.skipped += passed + job->seat.busy;
	set_timer(job);
	join(job, due);
	sf_sweeps_look(job->sweeps, sf_clock_mono());
}

int sf_job_new(struct sf_loop *loop, struct sf_plan *plan, const struct sf_job_conf *conf,
	       struct sf_sweeps *sweeps, struct sf_job **ret, struct sf_err *err)
{
	struct sf_job *job = sf_new(struct sf_job);
	int r = sf_loop_timer(loop, tick, job, &job->timer, err);

	if (r < 0) {
		free(job);
		return r;
	}
	job->plan = job->seat.run.plan = plan;
	job->seat.due = UINT64_MAX;
	job->conf = *conf;
	job->sweeps = sweeps;
	sf_sweeps_seat(sweeps, &job->seat);
	*ret = job;
	return 0;
}

void sf_job_free(struct sf_job *job)
{
	if (!job)
		return;
	sf_sweeps_leave(job->sweeps, &job->seat);
	sf_source_remove(job->timer);
	sf_plan_free(job->plan);
	free(job);
}

void sf_job_start(struct sf_job *job)
{
	sf_grid_start(&job->grid, job->plan->interval, job->conf.phase, job->conf.align,
		      sf_clock_mono(), sf_clock_wall());
	set_timer(job);
	if (job->conf.run_on_start)
		sf_job_run_now(job);
}

void sf_job_stop(struct sf_job *job)
{
	job->seat.due = UINT64_MAX;
	sf_timer_clear(job->timer);
	sf_sweeps_look(job->sweeps, sf_clock_mono());
}

bool sf_job_busy(const struct sf_job *job)
{
	return job->seat.busy;
}

struct sf_plan *sf_job_plan(const struct sf_job *job)
{
	return job->plan;
}

void sf_job_counts(const struct sf_job *job, struct sf_job_counts *counts)
{
	*counts = job->counts;
}

struct sf_job *sf_job_of(struct sf_run *run)
{
	return (struct sf_job *)run;
}

bool sf_job_ended(struct sf_job *job, struct sf_run *run)
{
	bool news = strcmp(run->error, job->last_error);

	job->seat.busy = false;
	job->counts.runs++;
	job->counts.records += run->records;
	job->counts.errors += run->failed || run->partial;
	memcpy(job->last_error, run->error, sizeof(run->error));
	return news;
}
