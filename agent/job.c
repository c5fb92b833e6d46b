/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One query on its grid: the grid says when, the job numbers the runs, remembers the one before and
 * the ticks that were skipped.
 */
#include <stdlib.h>
#include <string.h>

#include "job.h"

struct sf_job {
	struct sf_run run; /* first, so that a run leads back to its job */
	bool busy;	   /* it is under way */
	struct sf_plan *plan;
	struct sf_job_conf conf;
	struct sf_collector *collector;
	struct sf_source *timer;
	struct sf_grid grid;
	uint64_t last_run, skipped; /* skipped: ticks since the last run began */
	struct sf_job_counts counts;
	char last_error[sizeof(((struct sf_run *)0)->error)];
};

bool sf_job_run_now(struct sf_job *job)
{
	if (job->busy)
		return false;
	job->run = (struct sf_run){.plan = job->plan,
				   .run = sf_run_number(job->last_run),
				   .previous_run = job->last_run,
				   .first = job->last_run == 0,
				   .skipped = job->skipped};
	job->last_run = job->run.run;
	job->skipped = 0;
	job->busy = true;
	sf_collector_start(job->collector, &job->run);
	return true;
}

static void tick(void *arg)
{
	struct sf_job *job = arg;
	uint64_t passed = sf_grid_advance(&job->grid, sf_clock_mono(), sf_clock_wall());

	job->skipped += passed + job->busy;
	job->counts.skipped += passed + job->busy;
	sf_job_run_now(job);
	sf_timer_set(job->timer, job->grid.next);
}

int sf_job_new(struct sf_loop *loop, struct sf_plan *plan, const struct sf_job_conf *conf,
	       struct sf_collector *collector, struct sf_job **ret, struct sf_err *err)
{
	struct sf_job *job = sf_new(struct sf_job);
	int r = sf_loop_timer(loop, tick, job, &job->timer, err);

	if (r < 0) {
		free(job);
		return r;
	}
	job->plan = plan;
	job->conf = *conf;
	job->collector = collector;
	*ret = job;
	return 0;
}

void sf_job_free(struct sf_job *job)
{
	if (!job)
		return;
	sf_source_remove(job->timer);
	sf_plan_free(job->plan);
	free(job);
}

void sf_job_start(struct sf_job *job)
{
	sf_grid_start(&job->grid, job->plan->interval, job->conf.phase, job->conf.align,
		      sf_clock_mono(), sf_clock_wall());
	sf_timer_set(job->timer, job->grid.next);
	if (job->conf.run_on_start)
		sf_job_run_now(job);
}

void sf_job_stop(struct sf_job *job)
{
	sf_timer_clear(job->timer);
}

bool sf_job_busy(const struct sf_job *job)
{
	return job->busy;
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

	job->busy = false;
	job->counts.runs++;
	job->counts.records += run->records;
	job->counts.errors += run->failed || run->partial;
	memcpy(job->last_error, run->error, sizeof(run->error));
	return news;
}
