/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the agent opens before it runs: outputs, each once however many queries write to it, a job
 * for each query, and the watcher of those that are closed.
 */
#include <stdlib.h>
#include <string.h>

#include "life.h"
#include "notice.h"
#include "plan/origin.h"

static bool is_wanted(const struct sf_agent_setup *setup, const char *query)
{
	for (size_t i = 0; i < setup->wanted; i++) {
		if (!strcmp(setup->want[i], query))
			return true;
	}
	return setup->wanted == 0;
}

static int open_output(struct sf_agent *a, const struct sf_output_conf *conf,
		       const struct sf_output_events *events, struct sf_output **ret,
		       struct sf_err *err)
{
	const struct sf_sink_kind *kind = sf_sink_find(conf ? conf->type->name : "stdout");
	const void *own = conf ? conf->own : NULL;
	struct sf_output_setup setup = {.name = conf ? conf->name : "stdout",
					.ops = kind->ops,
					.conf = own,
					.site = &a->site,
					.spool = kind->spool ? kind->spool(own) : NULL,
					.letters = kind->letters ? kind->letters(own) : NULL,
					.queue_size = conf ? conf->queue_size : 16u << 20,
					.when_full = conf ? conf->when_full : SF_BLOCK,
					.waits = a->setup->once || a->setup->to_stdout,
					.gives_up = a->setup->once || a->setup->to_stdout};
	int r = sf_output_new(&setup, a->loop, a->pool, events, ret, err);

	if (r == 0)
		a->output[a->outputs++] = *ret;
	return r;
}

/* To the plan's last output. */
static int make_topics(struct sf_agent *a, const struct sf_query_conf *query,
		       const struct sf_output_conf *output, struct sf_plan *plan,
		       struct sf_err *err)
{
	sf_cleanup(sf_complaints_free_p) struct sf_complaints *none = sf_complaints_new();
	sf_cleanup(sf_labels_finish) struct sf_labels labels = {0};
	struct sf_topics *topic = &plan->topic[plan->outputs - 1];
	const struct sf_sink_kind *kind;
	int r;

	if (!output)
		return 0;
	sf_labels_merge(&labels, &a->setup->config->host.labels, &query->labels);
	r = sf_topic_make(output, &a->site, query->name, &labels, plan->line, &topic->socket, none);
	if (r == 0)
		r = sf_topic_make(output, &a->site, query->name, &labels, SF_LINE_RUN, &topic->run,
				  none);
	if (r < 0)
		return sf_fail(err, r, "query %s: output %s has no topic for it", query->name,
			       output->name);
	kind = sf_sink_find(output->type->name);
	plan->keys |= kind->line_keys ? kind->line_keys(output->own) : 0;
	plan->apart |= topic->socket && strcmp(topic->socket, topic->run);
	return 0;
}

/* The plan's outputs; one that an earlier query has opened is shared. */
static int open_outputs(struct sf_agent *a, const struct sf_query_conf *conf,
			const struct sf_output_events *events, struct sf_plan *plan,
			struct sf_err *err)
{
	size_t count = a->setup->to_stdout ? 1 : conf->outputs;

	plan->output = sf_alloc(count * sizeof(struct sf_output *));
	plan->topic = sf_alloc(count * sizeof(struct sf_topics));
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
			r = open_output(a, want, events, &plan->output[i], err);
		if (r < 0)
			return r;
		plan->outputs++;
		r = make_topics(a, conf, want, plan, err);
		if (r < 0)
			return r;
	}
	return 0;
}

static int make_job(struct sf_agent *a, const struct sf_query_conf *conf,
		    const struct sf_output_events *events, struct sf_err *err)
{
	const struct sf_config *config = a->setup->config;
	sf_cleanup(sf_complaints_free_p) struct sf_complaints *none = sf_complaints_new();
	sf_cleanup(sf_plan_free_p) struct sf_plan *plan = NULL;
	struct sf_job_conf grid = {
		.align = config->schedule.align && !a->setup->once,
		.phase = sf_grid_phase(a->setup->host->id, config->schedule.splay),
		.run_on_start = conf->run_on_start,
		.once = a->setup->once};
	int r = sf_plan_new(conf, a->setup->host, &config->host.labels, &plan, none);

	if (r < 0) /* it was checked before; a file that a filter names may have changed since */
		return sf_fail(err, r, "query %s: its plan cannot be made any more", conf->name);
	if (a->setup->once && plan->mode != SF_CLOSED)
		plan->interval = 0;
	r = open_outputs(a, conf, events, plan, err);
	if (r < 0)
		return r;
	r = sf_job_new(a->loop, plan, &grid, a->sweeps, &a->job[a->jobs], err);
	if (r < 0)
		return r;
	plan = NULL;
	a->jobs++;
	return 0;
}

int sf_agent_open(struct sf_agent *a, const struct sf_output_events *events, struct sf_err *err)
{
	const struct sf_config *config = a->setup->config;
	const struct sf_host *host = a->setup->host;
	int r = 0;

	a->site = (struct sf_site){host->name, host->id, host->boot_id};

	for (size_t i = 0; r == 0 && i < config->queries; i++) {
		if (is_wanted(a->setup, config->query[i].name))
			r = make_job(a, &config->query[i], events, err);
	}
	if (r == 0)
		sf_notice_starts(a);
	return r;
}

int sf_agent_watch(struct sf_agent *a, const struct sf_collector_events *events, struct sf_err *err)
{
	sf_cleanup(sf_free_p) struct sf_run *runs = sf_alloc((a->jobs + 1) * sizeof(*runs));
	size_t count = 0;
	int r = 0;

	for (size_t i = 0; i < a->jobs; i++) {
		struct sf_plan *plan = sf_job_plan(a->job[i]);

		if (plan->mode == SF_CLOSED)
			runs[count++] = (struct sf_run){.job = a->job[i], .plan = plan};
	}
	if (count)
		r = sf_watcher_new(a->loop, a->pool, a->setup->host->release, runs, count, events,
				   &a->watcher, err);
	if (!a->watcher)
		return r;
	if (*sf_watcher_note(a->watcher))
		sf_log(SF_LOG_WARN, "%s", sf_watcher_note(a->watcher));
	for (size_t i = 0; i < count; i++)
		sf_job_watch(runs[i].job, a->watcher);
	return 0;
}
