/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Configuration in, a compiled query out. The texts that config only kept (tables, fields, filter)
 * are read here by the rooms that know them, with their places, so that all errors of a file come
 * in one run.
 */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "origin.h"
#include "plan.h"

/* Tables for whose sockets the filter never holds are not asked. */
static void find_needs(struct sf_plan *plan)
{
	for (unsigned i = 0; i < SF_TABLE_COUNT; i++) {
		struct sf_needs *needs = &plan->needs[i];

		sf_filter_needs(plan->filter, i, needs);
		if (!needs->states)
			plan->tables &= ~(1u << i);
		else if (plan->encoder)
			needs->ext |= sf_encoder_ext(plan->encoder, i);
	}
}

/*
 * A line must fit into a batch however its bytes are escaped: six times, and once more as base64.
 * Nobody has labels of that size who means them.
 */
enum { LABELS_MOST = 16 << 10 };

static int check_labels(const struct sf_list *host_labels, const struct sf_list *labels,
			struct sf_complaints *complaints)
{
	const struct sf_list *lists[] = {host_labels, labels};
	size_t sum = 0;

	for (size_t l = 0; l < SF_COUNT(lists); l++) {
		for (size_t i = 0; i < lists[l]->count; i++) {
			const struct sf_text *label = &lists[l]->items[i];

			sum += strlen(lists[l]->names[i]) + label->length;
			if (sum <= LABELS_MOST)
				continue;
			sf_complain(complaints, label, 0, label->length,
				    "names and values of the host's and the query's labels: "
				    "16 KiB at most",
				    "the labels of a record are too long together");
			return -EINVAL;
		}
	}
	return 0;
}

static int read_filter(const struct sf_query_conf *conf, uint32_t tables, struct sf_filter **ret,
		       struct sf_complaints *complaints)
{
	if (conf->mode == SF_CLOSED)
		return sf_filter_read_ended(&conf->filter, tables, ret, complaints);
	if (conf->elsewhere)
		return sf_filter_read_elsewhere(&conf->filter, tables, ret, complaints);
	return sf_filter_read(&conf->filter, tables, ret, complaints);
}

static struct sf_encoder *make_encoder(const struct sf_query_conf *conf, const struct sf_host *host,
				       const struct sf_list *host_labels,
				       const struct sf_plan *plan)
{
	sf_cleanup(sf_labels_finish) struct sf_labels labels = {0};

	sf_labels_merge(&labels, host_labels, &conf->labels);
	return sf_encoder_new(&(struct sf_envelope){.ended = conf->mode == SF_CLOSED,
						    .host_name = host->name,
						    .host_id = host->id,
						    .boot_id = host->boot_id,
						    .query = conf->name,
						    .labels = labels.count,
						    .label_names = labels.names,
						    .label_values = labels.values},
			      &plan->fields, plan->tables);
}

int sf_plan_new(const struct sf_query_conf *conf, const struct sf_host *host,
		const struct sf_list *host_labels, struct sf_plan **ret,
		struct sf_complaints *complaints)
{
	static atomic_uint_fast64_t plans;
	sf_cleanup(sf_plan_free_p) struct sf_plan *plan = sf_new(struct sf_plan);
	uint32_t asked;
	int r;

	plan->number = atomic_fetch_add(&plans, 1) + 1;
	plan->query = conf->name;
	plan->elsewhere = conf->elsewhere;
	plan->limit = conf->limit;
	plan->interval = conf->interval;
	plan->timeout = conf->timeout;
	plan->mode = (enum sf_mode)conf->mode;
	plan->line = plan->mode == SF_CLOSED ? SF_LINE_CLOSED : SF_LINE_SOCKET;
	plan->include_unconnected = conf->include_unconnected;
	plan->receive_buffer = conf->receive_buffer;
	r = sf_plan_tables(plan, conf, complaints);
	asked = r < 0 ? UINT32_MAX : plan->tables;
	r = sf_netns_choice_read(&conf->namespaces, &plan->netns, complaints) ?: r;
	r = sf_plan_fields(plan, conf, asked, complaints) ?: r;
	r = read_filter(conf, plan->tables, &plan->filter, complaints) ?: r;
	r = check_labels(host_labels, &conf->labels, complaints) ?: r;
	if (r < 0)
		return r;

	if (host) {
		snprintf(plan->boot_id, sizeof(plan->boot_id), "%s", host->boot_id);
		plan->encoder = make_encoder(conf, host, host_labels, plan);
	}
	find_needs(plan);
	*ret = sf_take(plan);
	return 0;
}

void sf_plan_free(struct sf_plan *plan)
{
	if (!plan)
		return;
	sf_netns_choice_free(plan->netns);
	sf_filter_free(plan->filter);
	sf_encoder_free(plan->encoder);
	for (size_t i = 0; i < plan->outputs; i++) {
		free(plan->topic[i].socket);
		free(plan->topic[i].run);
	}
	free(plan->topic);
	free(plan->output);
	free(plan);
}

void sf_plan_free_p(struct sf_plan **plan)
{
	sf_plan_free(*plan);
}
