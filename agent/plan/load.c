/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config reads the file; filters and fields are read by their rooms from the texts that config
 * kept. All complaints of all of them are printed together.
 */
#include <stdlib.h>
#include <string.h>

#include <sockfeed/delivery.h>
#include <sockfeed/host.h>

#include "apart.h"
#include "load.h"
#include "verbs/options.h"
#include "origin.h"
#include "plan.h"

enum { SINKS_MOST = 16 };

/* What config must know of the sinks that there are. */
static void output_types(struct sf_output_type types[SINKS_MOST])
{
	size_t i = 0;

	for (const struct sf_sink_kind *kind = sf_sinks; kind->name && i + 1 < SINKS_MOST; kind++)
		types[i++] =
			(struct sf_output_type){kind->name, kind->keys, kind->size, kind->blocks,
						kind->settle};
	types[i] = (struct sf_output_type){0};
}

/* What a topic names must be there for every query that writes to it. */
static void check_topics(const struct sf_config *config, const struct sf_query_conf *query,
			 const struct sf_site *site, struct sf_complaints *complaints)
{
	sf_cleanup(sf_labels_finish) struct sf_labels labels = {0};

	sf_labels_merge(&labels, &config->host.labels, &query->labels);
	for (size_t i = 0; i < query->outputs; i++) {
		const struct sf_output_conf *output = query->output[i];
		char *topic = NULL;

		if (output->type)
			sf_topic_make(output, site, query->name, &labels, SF_LINE_SOCKET, &topic,
				      complaints);
		free(topic);
	}
}

static void check_queries(const struct sf_config *config, struct sf_complaints *complaints)
{
	const struct sf_list *labels = &config->host.labels;
	struct sf_host host;
	const struct sf_site site = {host.name, host.id, host.boot_id};
	struct sf_err err; /* which who needs the host says */
	bool known = sf_host_read(&host, config->host.name, config->host.id, &err) == 0;

	for (size_t i = 0; i < config->queries; i++) {
		struct sf_plan *plan = NULL;

		if (sf_plan_new(&config->query[i], NULL, labels, &plan, complaints) == 0)
			sf_plan_free(plan);
		check_topics(config, &config->query[i], known ? &site : NULL, complaints);
	}
}

int sf_load(const char *path, struct sf_config **ret)
{
	/*
	 * The complaints borrow the file's texts: they must be freed first, so they are declared
	 * last.
	 */
	sf_cleanup(sf_config_free_p) struct sf_config *config = NULL;
	sf_cleanup(sf_complaints_free_p) struct sf_complaints *complaints = sf_complaints_new();
	static struct sf_output_type types[SINKS_MOST];

	output_types(types);
	sf_config_read(path ?: SF_CONFIG_PATH, types, &config, complaints);
	if (config) {
		check_queries(config, complaints);
		sf_apart_check(config, complaints);
	}
	sf_complaints_print(complaints, stderr);
	if (!config || sf_complaints_errors(complaints))
		return SF_EXIT_CONFIG;
	*ret = sf_take(config);
	return 0;
}

void sf_load_outputs(const struct sf_config *config)
{
	sf_cleanup(sf_complaints_free_p) struct sf_complaints *complaints = sf_complaints_new();
	struct sf_err err;

	for (size_t i = 0; i < config->outputs; i++) {
		const struct sf_output_conf *output = &config->output[i];
		const struct sf_sink_kind *kind = sf_sink_find(output->type->name);

		if (kind->check && kind->check(output->own, &err) < 0)
			sf_warn(complaints, &output->place, 0, output->place.length, NULL,
				"output \"%s\" cannot be opened here: %s", output->name, err.text);
	}
	sf_complaints_print(complaints, stderr);
}

static const char *query_at(const void *arg, size_t i)
{
	return ((const struct sf_config *)arg)->query[i].name;
}

int sf_load_names(const struct sf_config *config, const char *const *names, size_t count)
{
	int status = 0;

	for (size_t i = 0; i < count; i++) {
		const char *name = names[i], *near;
		size_t q = 0;

		while (q < config->queries && strcmp(config->query[q].name, name))
			q++;
		if (q < config->queries)
			continue;
		near = sf_nearest(name, strlen(name), config->queries, query_at, config);
		if (near)
			sf_say("%s has no query \"%s\"; did you mean \"%s\"?", config->path, name,
			       near);
		else
			sf_say("%s has no query \"%s\"; `sockfeed check -c %s --print` shows all",
			       config->path, name, config->path);
		status = SF_EXIT_USAGE;
	}
	return status;
}

int sf_load_host(const struct sf_config *config, struct sf_host *host)
{
	struct sf_err err;

	if (sf_host_read(host, config->host.name, config->host.id, &err) < 0) {
		sf_log(SF_LOG_ERROR, "%s", err.text);
		return SF_EXIT_FAILED;
	}
	if (host->id_is_boot)
		sf_log(SF_LOG_WARN, "there is no id in /etc/machine-id: the host's id is this "
				    "boot's and changes with the next; set host.id");
	return 0;
}
