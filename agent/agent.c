/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The order of life. Begin: signals (before any thread), outputs, collector, jobs. End: no more ticks; the runs under way are
 * cut short; outputs write what waits, as long as they make progress; then what still waits is counted as lost and said.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "agent.h"
#include "counts.h"
#include "job.h"

enum {
	DRAIN_US = 10 * 1000 * 1000,
	LOOK_US = 250 * 1000
}; /* at the end: how long outputs may write on, how often we look */

enum phase { RUNNING, COLLECTING_LAST, DRAINING, ENDED };

struct agent {
	const struct sf_agent_setup *setup;
	struct sf_loop *loop;
	struct sf_pool *pool;
	struct sf_collector *collector;
	size_t jobs, outputs;
	struct sf_job **job;
	struct sf_output **output;
	struct sf_source *end_timer;
	enum phase phase;
	uint64_t deadline;	 /* mono, of the draining */
	uint64_t last_delivered; /* of all outputs, when we looked last */
	size_t undrained;
	int status;
};

/* ---- the end ---- */

static uint64_t sum_delivered(const struct agent *a)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < a->outputs; i++) {
		struct sf_counts counts;

		sf_output_counts(a->output[i], &counts);
		sum += counts.delivered;
	}
	return sum;
}

static void end_now(struct agent *a)
{
	a->phase = ENDED;
	sf_loop_stop(a->loop, 0);
}

/* --once waits for its outputs for ever; a signal's end as long as they get something out, and ten seconds at most. */
static void look_at_drain(void *arg)
{
	struct agent *a = arg;
	uint64_t delivered = sum_delivered(a);
	bool stuck = delivered == a->last_delivered &&
		     sf_clock_mono() >= a->deadline - DRAIN_US + 4 * LOOK_US;

	if (sf_clock_mono() >= a->deadline || stuck) {
		end_now(a);
		return;
	}
	a->last_delivered = delivered;
	sf_timer_set(a->end_timer, sf_clock_mono() + LOOK_US);
}

static void bound_drain(struct agent *a)
{
	a->deadline = sf_clock_mono() + DRAIN_US;
	a->last_delivered = sum_delivered(a);
	sf_timer_set(a->end_timer, sf_clock_mono() + LOOK_US);
}

static bool any_busy(const struct agent *a)
{
	for (size_t i = 0; i < a->jobs; i++) {
		if (sf_job_busy(a->job[i]))
			return true;
	}
	return false;
}

/* When the last run has come back: everything that will be is with the outputs. */
static void drain_if_idle(struct agent *a, bool bounded)
{
	if (a->phase != COLLECTING_LAST || any_busy(a))
		return;
	a->phase = DRAINING;
	a->undrained = a->outputs;
	if (bounded)
		bound_drain(a);
	for (size_t i = 0; i < a->outputs; i++)
		sf_output_drain(a->output[i]);
}

static void begin_end(struct agent *a)
{
	for (size_t i = 0; i < a->jobs; i++)
		sf_job_stop(a->job[i]);
	sf_collector_cancel(a->collector);
	sf_outputs_interrupt(a->output, a->outputs);
	if (a->phase == RUNNING)
		a->phase = COLLECTING_LAST;
	drain_if_idle(a, true);
}

static void on_end(void *arg)
{
	struct agent *a = arg;

	if (a->setup->once)
		a->status = 1;
	if (a->phase == DRAINING) { /* --once was waiting, or a second signal: no more patience */
		end_now(a);
		return;
	}
	begin_end(a);
}

/* ---- what comes from the collector and the outputs ---- */

static void on_batch(void *arg, struct sf_run *run, struct sf_batch *batch)
{
	struct agent *a = arg;

	for (size_t i = 0; i < run->plan->outputs; i++)
		sf_output_put(run->plan->output[i], batch);
	sf_batch_drop(a->pool, batch);
}

static void on_run_ended(void *arg, struct sf_run *run)
{
	struct agent *a = arg;
	struct sf_job *job = sf_job_of(run);

	if (sf_job_ended(job, run))
		sf_log(SF_LOG_WARN, "query %s: %s", run->plan->query, run->error);
	if (a->setup->once && (run->failed || run->partial))
		a->status = 1;
	if (a->setup->once && a->phase == RUNNING && !any_busy(a)) {
		a->phase = COLLECTING_LAST;
		drain_if_idle(a, false);
	}
	drain_if_idle(a, true);
}

static void on_said(void *arg, struct sf_output *output, enum sf_log_level level, const char *text)
{
	(void)arg;
	sf_log(level, "output %s: %s", sf_output_name(output), text);
}

static void on_closed(void *arg, struct sf_output *output)
{
	struct agent *a = arg;

	(void)output;
	if (a->outputs > 1)
		return;
	a->status = 1;
	if (a->phase == DRAINING)
		end_now(a);
	else
		begin_end(a);
}

static void on_drained(void *arg, struct sf_output *output)
{
	struct agent *a = arg;

	(void)output;
	if (a->phase == DRAINING && --a->undrained == 0)
		end_now(a);
}

/* ---- signals ---- */

static void on_reopen(void *arg)
{
	struct agent *a = arg;

	for (size_t i = 0; i < a->outputs; i++)
		sf_output_reopen(a->output[i]);
}

static void on_run_now(void *arg)
{
	struct agent *a = arg;

	for (size_t i = 0; a->phase == RUNNING && i < a->jobs; i++)
		sf_job_run_now(a->job[i]);
}

static void on_counts(void *arg)
{
	struct agent *a = arg;

	sf_counts_log(a->loop, a->job, a->jobs, a->output, a->outputs);
}

static int open_signals(struct agent *a, struct sf_err *err)
{
	static const struct {
		int number;
		void (*call)(void *);
	} signals[] = {{SIGTERM, on_end},
		       {SIGINT, on_end},
		       {SIGHUP, on_reopen},
		       {SIGUSR1, on_run_now},
		       {SIGUSR2, on_counts}};
	struct sf_source *source;

	for (size_t i = 0; i < SF_COUNT(signals); i++) {
		int r = sf_loop_signal(a->loop, signals[i].number, signals[i].call, a, &source,
				       err);

		if (r < 0)
			return r;
	}
	return sf_loop_timer(a->loop, look_at_drain, a, &a->end_timer, err);
}

/* ---- the beginning ---- */

static bool is_wanted(const struct sf_agent_setup *setup, const char *query)
{
	for (size_t i = 0; i < setup->wanted; i++) {
		if (!strcmp(setup->want[i], query))
			return true;
	}
	return setup->wanted == 0;
}

static int open_output(struct agent *a, const struct sf_output_conf *conf, struct sf_output **ret,
		       struct sf_err *err)
{
	const struct sf_sink_kind *kind = sf_sink_find(conf ? conf->type->name : "stdout");
	struct sf_output_setup setup = {.name = conf ? conf->name : "stdout",
					.ops = kind->ops,
					.conf = conf ? conf->own : NULL,
					.queue_size = conf ? conf->queue_size : 16u << 20,
					.when_full = conf ? conf->when_full : SF_BLOCK,
					.waits = a->setup->once || a->setup->to_stdout};
	struct sf_output_events events = {on_said, on_closed, on_drained, a};
	int r = sf_output_new(&setup, a->loop, a->pool, &events, ret, err);

	if (r == 0)
		a->output[a->outputs++] = *ret;
	return r;
}

/* The plan's outputs; one that an earlier query has opened is shared. */
static int open_outputs(struct agent *a, const struct sf_query_conf *conf, struct sf_plan *plan,
			struct sf_err *err)
{
	size_t count = a->setup->to_stdout ? 1 : conf->outputs;

	plan->output = sf_alloc(count * sizeof(struct sf_output *));
	for (size_t i = 0; i < count; i++) {
		const struct sf_output_conf *want = a->setup->to_stdout ? NULL : conf->output[i];
		const char *name = want ? want->name : "stdout";
		size_t at = 0;
		int r = 0;

		while (at < a->outputs && strcmp(sf_output_name(a->output[at]), name))
			at++;
		if (at < a->outputs)
			plan->output[i] = a->output[at];
		else
			r = open_output(a, want, &plan->output[i], err);
		if (r < 0)
			return r;
		plan->outputs++;
	}
	return 0;
}

static int make_job(struct agent *a, const struct sf_query_conf *conf, struct sf_err *err)
{
	const struct sf_config *config = a->setup->config;
	sf_cleanup(sf_complaints_free_p) struct sf_complaints *none = sf_complaints_new();
	sf_cleanup(sf_plan_free_p) struct sf_plan *plan = NULL;
	struct sf_job_conf grid = {
		.align = config->schedule.align,
		.phase = sf_grid_phase(a->setup->host->id, config->schedule.splay),
		.run_on_start = conf->run_on_start};
	int r = sf_plan_new(conf, a->setup->host, &config->host.labels, &plan, none);

	if (r < 0) /* it was checked before; a file that a filter names may have changed since */
		return sf_fail(err, r, "query %s: its plan cannot be made any more", conf->name);
	if (a->setup->once)
		plan->interval = 0;
	r = open_outputs(a, conf, plan, err);
	if (r < 0)
		return r;
	r = sf_job_new(a->loop, plan, &grid, a->collector, &a->job[a->jobs], err);
	if (r < 0)
		return r;
	plan = NULL;
	a->jobs++;
	return 0;
}

static int begin(struct agent *a, struct sf_err *err)
{
	const struct sf_config *config = a->setup->config;
	struct sf_collector_events events = {on_batch, on_run_ended, a};
	int r = sf_loop_new(&a->loop, err);

	if (r == 0)
		r = open_signals(a, err);
	if (r == 0)
		r = sf_collector_new(a->loop, a->pool, a->setup->host->release, config->queries,
				     &events, &a->collector, err);
	for (size_t i = 0; r == 0 && i < config->queries; i++) {
		if (is_wanted(a->setup, config->query[i].name))
			r = make_job(a, &config->query[i], err);
	}
	if (r < 0)
		return r;
	for (size_t i = 0; i < a->jobs; i++) {
		if (a->setup->once)
			sf_job_run_now(a->job[i]);
		else
			sf_job_start(a->job[i]);
	}
	return 0;
}

/* What was not delivered is said once, at the end. */
static void finish(struct agent *a)
{
	sf_collector_free(a->collector);
	for (size_t i = 0; i < a->outputs; i++) {
		struct sf_counts counts;
		uint64_t lost = 0;

		sf_output_counts(a->output[i], &counts);
		for (size_t l = 0; l < SF_LOSS_COUNT; l++)
			lost += counts.lost[l];
		if (lost || counts.waiting) {
			sf_log(SF_LOG_WARN, "output %s: %llu of %llu records were not delivered",
			       sf_output_name(a->output[i]),
			       (unsigned long long)(lost + counts.waiting),
			       (unsigned long long)counts.accepted);
			if (a->setup->once || counts.waiting)
				a->status = 1;
		}
		sf_output_free(a->output[i]);
	}
	for (size_t i = 0; i < a->jobs; i++)
		sf_job_free(a->job[i]);
	sf_loop_free(a->loop);
	sf_pool_free(a->pool);
	free(a->job);
	free(a->output);
}

int sf_agent_run(const struct sf_agent_setup *setup)
{
	const struct sf_config *config = setup->config;
	struct agent a = {.setup = setup};
	struct sf_err err = {0};
	int r;

	a.pool = sf_pool_new();
	a.job = sf_alloc((config->queries + 1) * sizeof(struct sf_job *));
	a.output = sf_alloc((config->outputs + 1) * sizeof(struct sf_output *));
	r = begin(&a, &err);
	if (r < 0) {
		sf_log(SF_LOG_ERROR, "%s", err.text);
		a.status = 1;
	} else {
		sf_log(SF_LOG_INFO, "sockfeed " SF_VERSION " runs %zu %s on %s", a.jobs,
		       a.jobs == 1 ? "query" : "queries", setup->host->name);
		r = sf_loop_run(a.loop);
		if (r < 0) {
			sf_log(SF_LOG_ERROR, "the event loop ended: %s", strerror(-r));
			a.status = 1;
		}
	}
	finish(&a);
	return a.status;
}
