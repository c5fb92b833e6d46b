/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One query on its grid: the grid says when, the job numbers the runs, remembers the one before and
 * the ticks that were skipped. A closed query is always under way; its ticks are turns of the
 * watcher, which numbers its runs.
 */
#include <stdlib.h>

#include "job.h"

struct sf_job {
	struct sf_seat seat; /* that of a closed query is no sweep's */
	struct sf_watcher *watcher;
	bool turning; /* closed: a turn is under way */
	struct sf_plan *plan;
	struct sf_job_conf conf;
	struct sf_sweeps *sweeps;
	struct sf_source *timer;
	struct sf_grid grid;
	uint64_t last_run, skipped; /* skipped: ticks since the last run began */
	struct sf_job_counts counts;
	struct sf_said said; /* of the run before */
};

static bool is_closed(const struct sf_job *job)
{
	return job->plan->mode == SF_CLOSED;
}

static bool join(struct sf_job *job, uint64_t due)
{
	if (job->seat.busy)
		return false;
	job->seat.run = (struct sf_run){.job = job,
					.plan = job->plan,
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
	return !is_closed(job) && join(job, sf_clock_mono());
}

static void set_timer(struct sf_job *job)
{
	job->seat.due = job->grid.next;
	sf_timer_set(job->timer, job->grid.next);
}

static void turn(struct sf_job *job)
{
	if (job->turning)
		return;
	job->turning = true;
	sf_watcher_turn(job->watcher, job, job->skipped, job->conf.once);
	job->skipped = 0;
}

static void tick(void *arg)
{
	struct sf_job *job = arg;
	uint64_t due = job->grid.next;
	uint64_t passed = sf_grid_advance(&job->grid, sf_clock_mono(), sf_clock_wall());
	bool busy = is_closed(job) ? job->turning : job->seat.busy;

	job->skipped += passed + busy;
	job->counts.skipped += passed + busy;
	set_timer(job);
	if (is_closed(job)) {
		turn(job);
		return;
	}
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
	if (!is_closed(job))
		sf_sweeps_seat(sweeps, &job->seat);
	*ret = job;
	return 0;
}

void sf_job_free(struct sf_job *job)
{
	if (!job)
		return;
	if (!is_closed(job))
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
	if (is_closed(job))
		job->seat.busy = true;
	else if (job->conf.run_on_start)
		sf_job_run_now(job);
}

void sf_job_stop(struct sf_job *job)
{
	job->seat.due = UINT64_MAX;
	sf_timer_clear(job->timer);
	sf_sweeps_look(job->sweeps, sf_clock_mono());
}

void sf_job_watch(struct sf_job *job, struct sf_watcher *watcher)
{
	job->watcher = watcher;
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
	return run->job;
}

static void say_news(const struct sf_job *job, const struct sf_said *said)
{
	for (unsigned i = 0; i < said->count; i++) {
		if (!sf_said_has(&job->said, said->text[i]))
			sf_log(SF_LOG_WARN, "query %s: %s", job->plan->query, said->text[i]);
	}
	if (job->said.count && !said->count)
		sf_log(SF_LOG_INFO, "query %s: works again", job->plan->query);
}

void sf_job_ended(struct sf_job *job, struct sf_run *run, bool says)
{
	if (says)
		say_news(job, &run->said);
	job->turning = false;
	job->seat.busy = is_closed(job) && !run->last;
	job->counts.runs++;
	job->counts.records += run->records;
	job->counts.errors += run->failed || run->partial;
	job->said = run->said;
}
