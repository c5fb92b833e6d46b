/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `defaults` and `queries`: a query starts as a copy of the defaults and takes what it says itself.
 */
#include <string.h>

#include "reader.h"

#define AT(member) offsetof(struct sf_query_conf, member)
#define SECOND	   1000000ull
#define DAY	   (24 * 3600 * SECOND)

static const char *const modes[] = {[SF_SNAPSHOT] = "snapshot", [SF_CLOSED] = "closed", NULL};

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
	{.name = "namespaces",
	 .kind = SF_KIND_LIST,
	 .offset = AT(namespaces),
	 .standard = "self",
	 .help = "self, all, pid:N, names and globs of `ip netns`"},
	{.name = "filter",
	 .kind = SF_KIND_PLACED,
	 .offset = AT(filter),
	 .standard = "",
	 .help = "which sockets, or { file: PATH }; none: the usual states, as ss"},
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
	 .help = "what a run tells: the sockets that there are, or closed: each that ends"},
	{.name = "include_unconnected",
	 .kind = SF_KIND_BOOL,
	 .offset = AT(include_unconnected),
	 .standard = "false",
	 .help = "closed: also refused connects and sockets that were never bound"},
	{.name = "receive_buffer",
	 .kind = SF_KIND_SIZE,
	 .offset = AT(receive_buffer),
	 .standard = "16MiB",
	 .least = 64 << 10,
	 .most = 1 << 30,
	 .help = "closed: room for events that were not read yet, 1,280 bytes each; the most "
		 "of all queries is meant"},
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

/* The outputs that the names name. */
static void find_outputs(struct sf_reader *reader, struct sf_query_conf *query)
{
	const struct sf_list *names = &query->output_names;

	query->output = sf_arena_alloc(reader->arena, names->count * sizeof(*query->output));
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

/* A text of no length names nothing, either, but where tables or fields are meant they complain. */
static bool is_none(const struct sf_node *names, size_t offset)
{
	return !names->wrong && !names->empty && !names->count && !names->text.length &&
	       (names->kind == SF_NODE_LIST ||
		(names->kind == SF_NODE_SCALAR && offset == AT(output_names)));
}

/* An empty list is no default: who writes one would be told of something else, or of nothing. */
static void check_names(struct sf_reader *reader, const struct sf_node *map)
{
	static const struct {
		size_t offset;
		const char *key, *hint;
	} lists[] = {
		{AT(sockets), "sockets", "write the name of a table, such as tcp, or all"},
		{AT(namespaces), "namespaces", "write self, all, or the name of a namespace"},
		{AT(fields), "fields", "write the name of a group or of a field, or all"},
		{AT(output_names), "outputs", "write the name of an output"},
	};

	for (size_t i = 0; i < SF_COUNT(lists); i++) {
		const struct sf_node *names = sf_node_get(map, lists[i].key);

		if (names && is_none(names, lists[i].offset))
			sf_node_complain(reader->complaints, names, lists[i].hint,
					 "nothing is named here");
	}
}

/* Reads what `map` says, over what is there. True when it says where the records go. */
static bool read_keys(struct sf_reader *reader, const char *owner, const struct sf_node *map,
		      struct sf_query_conf *query)
{
	struct sf_layer layer = {.keys = sf_query_keys, .memory = query};

	sf_section_read(reader, &layer, 1, owner, map);
	check_names(reader, map);
	if (!sf_layer_saw(&layer, AT(output_names)))
		return false;
	find_outputs(reader, query);
	return true;
}

static void read_query(struct sf_reader *reader, const struct sf_node *name,
		       const struct sf_node *value, bool has_outputs, struct sf_query_conf *query)
{
	const struct sf_node *map = sf_section_map(reader, name, value);

	query->name = name->text.text;
	query->place = name->text;
	has_outputs |= read_keys(reader, query->name, map, query);
	if (!query->timeout)
		query->timeout = query->interval;
	if (!has_outputs && !reader->incomplete && (map || value->empty))
		sf_node_complain(reader->complaints, name,
				 "write outputs: [NAME] here or under `defaults:`",
				 "query \"%s\" has no outputs", query->name);
}

void sf_queries_read(struct sf_reader *reader, const struct sf_named *named,
		     const struct sf_node *defaults)
{
	struct sf_config *config = reader->config;
	struct sf_query_conf standard = {0};
	bool has_outputs;

	sf_section_default(reader, &(struct sf_layer){sf_query_keys, &standard, 0});
	has_outputs = read_keys(reader, "defaults", defaults, &standard);
	config->query = sf_arena_alloc(reader->arena, named->count * sizeof(*config->query));
	config->queries = named->count;
	for (size_t i = 0; i < named->count; i++) {
		config->query[i] = standard;
		read_query(reader, named->name[i], named->value[i], has_outputs, &config->query[i]);
	}
}
