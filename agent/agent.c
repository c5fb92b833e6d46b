/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What happens while the agent lives: batches go to outputs, runs end, signals come. Signals are
 * taken before any thread is made, so that all threads have them blocked.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "counts.h"
#include "life.h"
#include "notice.h"

/* ---- what comes from the collector and the outputs ---- */

static void on_batch(void *arg, struct sf_run *run, struct sf_batch *batch)
{
	struct sf_agent *a = arg;

	bool ends = batch->line[0].type == SF_LINE_RUN;

	for (size_t i = 0; i < run->plan->outputs; i++) {
		const struct sf_topics *topic = &run->plan->topic[i];

		sf_output_put(run->plan->output[i], batch, ends ? topic->run : topic->socket);
	}
	sf_batch_drop(a->pool, batch);
}

static void on_run_ended(void *arg, struct sf_run *run)
{
	struct sf_agent *a = arg;

	sf_job_ended(sf_job_of(run), run, a->phase == SF_RUNNING);
	if (a->setup->once && (run->failed || run->partial))
		a->status = 1;
	if (a->setup->once && a->phase == SF_RUNNING && !sf_agent_busy(a)) {
		a->phase = SF_COLLECTING_LAST;
		sf_agent_drain_if_idle(a, false);
	}
	sf_agent_drain_if_idle(a, true);
}

static void on_said(void *arg, struct sf_output *output, enum sf_log_level level, const char *text)
{
	struct sf_agent *a = arg;

	if (level == SF_LOG_ERROR)
		a->failed = output;
	sf_log(level, "output %s: %s", sf_output_name(output), text);
}

static void on_closed(void *arg, struct sf_output *output)
{
	struct sf_agent *a = arg;
	bool last = ++a->closed == a->outputs;

	sf_log(SF_LOG_WARN, "output %s: %s; %s", sf_output_name(output),
	       a->failed == output ? "that error closed it" : "its reader is gone",
	       last && a->outputs > 1	  ? "no other is left: the agent ends"
	       : last			  ? "it is the only output: the agent ends"
	       : sf_output_spools(output) ? "its records stay in the spool from here on"
					  : "from here on its records are lost");
	if (!last)
		return;
	a->status = 1;
	if (a->phase == SF_DRAINING)
		sf_agent_end_now(a);
	else
		sf_agent_end(a);
}

static void on_drained(void *arg, struct sf_output *output)
{
	struct sf_agent *a = arg;

	(void)output;
	if (a->phase == SF_DRAINING && --a->undrained == 0)
		sf_agent_end_now(a);
}

/* ---- signals ---- */

/* timeout(1), and who signals a process and its group, sends two signals that are one. */
enum { SAME_US = 100 * 1000 };

static void on_end(void *arg)
{
	struct sf_agent *a = arg;
	uint64_t now = sf_clock_mono();

	if (a->asked) {
		if (now - a->asked > SAME_US)
			sf_agent_end_now(a);
		return;
	}
	a->asked = now;
	if (a->setup->once)
		a->status = 1;
	sf_agent_end(a);
}

static void on_reopen(void *arg)
{
	struct sf_agent *a = arg;

	for (size_t i = 0; i < a->outputs; i++)
		sf_output_reopen(a->output[i]);
	sf_log(SF_LOG_INFO, "files are opened anew; the configuration is read at the start alone");
}

static void on_run_now(void *arg)
{
	struct sf_agent *a = arg;

	for (size_t i = 0; a->phase == SF_RUNNING && i < a->jobs; i++)
		sf_job_run_now(a->job[i]);
	sf_sweeps_start(a->sweeps);
}

static void on_counts(void *arg)
{
	struct sf_agent *a = arg;

	sf_counts_log(a->loop, a->job, a->jobs, a->output, a->outputs);
}

static int open_signals(struct sf_agent *a, struct sf_err *err)
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
	return sf_loop_timer(a->loop, sf_agent_look_at_drain, a, &a->end_timer, err);
}

static int begin(struct sf_agent *a, struct sf_err *err)
{
	struct sf_output_events outputs = {on_said, on_closed, on_drained, sf_notice_gap, a};
	struct sf_collector_events events = {on_batch, on_run_ended, a};
	int r = sf_loop_new(&a->loop, err);

	if (r == 0)
		r = open_signals(a, err);
	if (r == 0)
		r = sf_collector_new(a->loop, a->pool, a->setup->host->release,
				     a->setup->config->queries, &events, &a->collector, err);
	if (r < 0)
		return r;
	a->sweeps = sf_sweeps_new(a->collector);
	r = sf_agent_open(a, &outputs, err);
	if (r < 0)
		return r;
	r = sf_agent_watch(a, &events, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < a->jobs; i++) {
		if (a->setup->once && sf_job_plan(a->job[i])->mode != SF_CLOSED)
			sf_job_run_now(a->job[i]);
		else
			sf_job_start(a->job[i]);
	}
	sf_sweeps_start(a->sweeps);
	return 0;
}

/* What was not delivered is said once, at the end. */
static void finish_output(struct sf_agent *a, struct sf_output *output)
{
	struct sf_counts counts;
	uint64_t lost = 0;

	sf_output_end(output);
	sf_output_counts(output, &counts);
	for (size_t i = 0; i < SF_LOSS_COUNT; i++)
		lost += counts.lost[i];
	if (lost)
		sf_log(SF_LOG_WARN, "output %s: %llu of %llu records were not delivered",
		       sf_output_name(output), (unsigned long long)lost,
		       (unsigned long long)counts.accepted);
	if (counts.lost[SF_LOSS_SHUTDOWN] || (a->setup->once && (lost || counts.waiting)))
		a->status = 1;
	sf_output_free(output);
}

static void finish(struct sf_agent *a)
{
	if (a->collector)
		sf_collector_cancel(a->collector);
	sf_watcher_end(a->watcher);
	sf_outputs_interrupt(a->output, a->outputs);
	sf_collector_free(a->collector);
	sf_watcher_free(a->watcher);
	for (size_t i = 0; i < a->outputs; i++)
		finish_output(a, a->output[i]);
	for (size_t i = 0; i < a->jobs; i++)
		sf_job_free(a->job[i]);
	sf_sweeps_free(a->sweeps);
	sf_loop_free(a->loop);
	sf_pool_free(a->pool);
	free(a->job);
	free(a->output);
}

int sf_agent_run(const struct sf_agent_setup *setup)
{
	const struct sf_config *config = setup->config;
	struct sf_agent a = {.setup = setup};
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
