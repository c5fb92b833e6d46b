/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every output is tried by its kind, with the topics that the lines of its queries would have.
 */
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "connect.h"
#include "plan/origin.h"
#include "verbs/options.h"

struct topics { /* each once */
	size_t count;
	char **name;
};

static void add(struct topics *topics, char *name)
{
	for (size_t i = 0; i < topics->count; i++) {
		if (!strcmp(topics->name[i], name)) {
			free(name);
			return;
		}
	}
	topics->name = sf_realloc(topics->name, (topics->count + 1) * sizeof(*topics->name));
	topics->name[topics->count++] = name;
}

static void topics_finish(struct topics *topics)
{
	for (size_t i = 0; i < topics->count; i++)
		free(topics->name[i]);
	free(topics->name);
}

static bool writes_to(const struct sf_query_conf *query, const struct sf_output_conf *output)
{
	for (size_t i = 0; i < query->outputs; i++) {
		if (query->output[i] == output)
			return true;
	}
	return false;
}

static void add_topic(struct topics *topics, const struct sf_output_conf *output,
		      const struct sf_site *site, const char *query, const struct sf_labels *labels,
		      enum sf_line_type type)
{
	sf_cleanup(sf_complaints_free_p) struct sf_complaints *none = sf_complaints_new();
	char *topic = NULL;

	if (sf_topic_make(output, site, query, labels, type, &topic, none) == 0 && topic)
		add(topics, topic);
}

static void gather(struct topics *topics, const struct sf_config *config,
		   const struct sf_output_conf *output, const struct sf_site *site)
{
	for (size_t i = 0; i < config->queries; i++) {
		const struct sf_query_conf *query = &config->query[i];
		sf_cleanup(sf_labels_finish) struct sf_labels labels = {0};

		if (!writes_to(query, output))
			continue;
		sf_labels_merge(&labels, &config->host.labels, &query->labels);
		if (!topics->count) /* as its first line has it */
			add_topic(topics, output, site, SF_NO_QUERY, &labels, SF_LINE_START);
		add_topic(topics, output, site, query->name, &labels,
			  query->mode == SF_CLOSED ? SF_LINE_CLOSED : SF_LINE_SOCKET);
		add_topic(topics, output, site, query->name, &labels, SF_LINE_RUN);
	}
}

static void said(void *arg, const char *text)
{
	fprintf(stderr, "output %s: %s\n", ((const struct sf_output_conf *)arg)->name, text);
}

/* Said, and no error, as another user may run the agent. */
static void look_at_rights(const struct sf_sink_kind *kind, const struct sf_output_conf *output)
{
	struct sf_holding holding[SF_HOLDINGS_MOST];
	size_t count = kind->holds ? kind->holds(output->own, holding) : 0;
	const char *path = count ? holding[0].path : NULL;
	sf_cleanup(sf_free_p) char *copy = path ? sf_strdup(path) : NULL;
	sf_cleanup(sf_buf_finish) struct sf_buf text = {0};

	if (!path)
		return;
	if (access(path, F_OK) < 0)
		path = dirname(copy);
	if (euidaccess(path, W_OK) == 0 || errno != EACCES)
		return;
	sf_buf_format(&text, "user %u, who asks, may not write to %s; may who runs sockfeed?",
		      (unsigned)geteuid(), path);
	said((void *)output, text.data);
}

static int try_output(const struct sf_config *config, const struct sf_output_conf *output,
		      const struct sf_site *site, struct sf_err *err)
{
	const struct sf_sink_kind *kind = sf_sink_find(output->type->name);
	sf_cleanup(topics_finish) struct topics topics = {0};
	int r = kind->check ? kind->check(output->own, err) : 0;

	if (r == 0)
		look_at_rights(kind, output);
	if (r < 0 || !kind->connect)
		return r;
	gather(&topics, config, output, site);
	return kind->connect(output->own, site, (const char *const *)topics.name, topics.count,
			     said, (void *)output, err);
}

int sf_connect(const struct sf_config *config, const struct sf_host *host)
{
	const struct sf_site site = {host->name, host->id, host->boot_id};
	int status = 0;

	for (size_t i = 0; i < config->outputs; i++) {
		struct sf_output_conf *output = &config->output[i];
		struct sf_err err;

		if (try_output(config, output, &site, &err) == 0) {
			said(output, "ready");
			continue;
		}
		said(output, err.text);
		status = SF_EXIT_FAILED;
	}
	return status;
}
