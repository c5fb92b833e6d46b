/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `defaults` and `queries`: a query starts as a copy of the defaults and takes what it says itself.
 */
#include <string.h>

#include "reader.h"

#define AT(member) offsetof(struct sf_query_conf, member)
#define SECOND	   1000000ull
#define DAY	   (24 * 3600 * SECOND)

enum { QUERIES_MOST = 1000 };

static const char *const modes[] = {"snapshot", NULL};

const struct sf_key sf_query_keys[] = {
	{.name = "interval",
	 .kind = SF_KIND_DURATION,
	 .offset = AT(interval),
	 .standard = "60s",
	 .least = SECOND / 10,
	 .most = 7 * DAY,
	 .help = "how often it runs"},
	{.name = "run_on_start",
	 .kind = SF_KIND_BOOL,
	 .offset = AT(run_on_start),
	 .standard = "true",
	 .help = "also when the agent starts"},
	{.name = "timeout",
	 .kind = SF_KIND_DURATION,
	 .offset = AT(timeout),
	 .standard = "",
	 .least = SECOND / 1000,
	 .most = 7 * DAY,
	 .help = "a run that takes longer ends and says partial; the interval, unless set"},
	{.name = "sockets",
	 .kind = SF_KIND_LIST,
	 .offset = AT(sockets),
	 .standard = "tcp",
	 .help = "the tables that are asked"},
	{.name = "filter",
	 .kind = SF_KIND_PLACED,
	 .offset = AT(filter),
	 .standard = "",
	 .help = "which sockets; none: the usual states, as ss"},
	{.name = "fields",
	 .kind = SF_KIND_LIST,
	 .offset = AT(fields),
	 .standard = "all",
	 .help = "groups, names and globs of `sockfeed fields`; a leading - removes"},
	{.name = "limit",
	 .kind = SF_KIND_NUMBER,
	 .offset = AT(limit),
	 .standard = "0",
	 .help = "records a run; 0: all"},
	{.name = "labels",
	 .kind = SF_KIND_LABELS,
	 .offset = AT(labels),
	 .standard = "",
	 .help = "go into every record, beside the host's"},
	{.name = "outputs",
	 .kind = SF_KIND_LIST,
	 .offset = AT(output_names),
	 .standard = "",
	 .help = "names of outputs"},
	{.name = "mode",
	 .kind = SF_KIND_CHOICE,
	 .offset = AT(mode),
	 .standard = "snapshot",
	 .choices = modes,
	 .help = "what a run tells"},
	{0},
};

static const char *output_at(const void *arg, size_t i)
{
	return ((const struct sf_config *)arg)->output[i].name;
}

static void complain_output(struct sf_reader *reader, const struct sf_text *name)
{
	const struct sf_config *config = reader->config;
	const char *near = sf_nearest(name->text, name->length, config->outputs, output_at, config);

	sf_complain(reader->complaints, name, 0, name->length,
		    near ? sf_arena_format(reader->arena, "did you mean \"%s\"?", near)
			 : "write it under `outputs:`, or name one that stands there",
		    "no output is named \"%s\"", name->text);
}

static const struct sf_output_conf *find_output(const struct sf_config *config, const char *name)
{
	for (size_t i = 0; i < config->outputs; i++)
		if (!strcmp(config->output[i].name, name))
			return &config->output[i];
	return NULL;
}

static void find_outputs(struct sf_reader *reader, struct sf_query_conf *query)
{
	const struct sf_list *names = &query->output_names;

	query->output = sf_arena_alloc(reader->arena, names->count * sizeof(*query->output) + 1);
	query->outputs = 0;
	for (size_t i = 0; i < names->count; i++) {
		const struct sf_text *name = &names->items[i];
		const struct sf_output_conf *output = find_output(reader->config, name->text);
		size_t at = 0;

		while (at < query->outputs && query->output[at] != output)
			at++;
		if (output && at < query->outputs)
			sf_complain(reader->complaints, name, 0, name->length, "name it once",
				    "\"%s\" stands here already", name->text);
		else if (output)
			query->output[query->outputs++] = output;
		else if (!reader->incomplete)
			complain_output(reader, name);
	}
}

static void read_query(struct sf_reader *reader, const struct sf_query_conf *defaults,
		       const struct sf_node *name, const struct sf_node *value,
		       struct sf_query_conf *query)
{
	const struct sf_layer layer = {sf_query_keys, query};

	*query = *defaults;
	query->name = name->text.text;
	query->place = name->text;
	sf_section_read(reader, &layer, 1, query->name, name, sf_section_map(reader, name, value),
			false);
	if (!query->timeout)
		query->timeout = query->interval;
	if (!query->output_names.count && !reader->incomplete)
		sf_node_complain(reader->complaints, name,
				 "write outputs: [NAME] here or under `defaults:`",
				 "query \"%s\" has no outputs", query->name);
	find_outputs(reader, query);
}

void sf_queries_read(struct sf_reader *reader, const struct sf_named *named,
		     const struct sf_node *defaults)
{
	struct sf_config *config = reader->config;
	const struct sf_node nowhere = {.text = {.text = "defaults"}};
	struct sf_query_conf standard = {0};
	const struct sf_layer layer = {sf_query_keys, &standard};
	size_t count = named->count < QUERIES_MOST ? named->count : QUERIES_MOST;

	sf_section_read(reader, &layer, 1, "defaults", &nowhere, defaults, true);
	config->query = sf_arena_alloc(reader->arena, count * sizeof(*config->query) + 1);
	for (size_t i = 0; i < count; i++)
		read_query(reader, &standard, named->name[i], named->value[i],
			   &config->query[config->queries++]);
	if (count < named->count)
		sf_node_complain(reader->complaints, named->name[count], NULL,
				 "more than %d queries", QUERIES_MOST);
}
