/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A configuration as a whole: its files, its sections by a table, what they say together. A section
 * stands in one file; `queries` and `outputs` may stand in each.
 */
#include <stdlib.h>
#include <string.h>

#include "reader.h"

#define AT(member) offsetof(struct sf_config, member)

static const char *const levels[] = {"error", "warning", "info", "debug", NULL};
static const char *const formats[] = {"text", "json", NULL};

const struct sf_key sf_host_keys[] = {
	{.name = "name",
	 .kind = SF_KIND_TEXT,
	 .offset = AT(host.name),
	 .standard = "",
	 .help = "the host's own, unless set"},
	{.name = "id",
	 .kind = SF_KIND_TEXT,
	 .offset = AT(host.id),
	 .standard = "",
	 .help = "/etc/machine-id, unless set"},
	{.name = "labels",
	 .kind = SF_KIND_LABELS,
	 .offset = AT(host.labels),
	 .standard = "",
	 .help = "go into every record"},
	{0},
};
const struct sf_key sf_schedule_keys[] = {
	{.name = "align",
	 .kind = SF_KIND_BOOL,
	 .offset = AT(schedule.align),
	 .standard = "true",
	 .help = "ticks at multiples of the interval since the epoch"},
	{.name = "splay",
	 .kind = SF_KIND_DURATION,
	 .offset = AT(schedule.splay),
	 .standard = "1s",
	 .most = 3600 * 1000000ull,
	 .help = "this host's fixed phase is within it"},
	{0},
};
const struct sf_key sf_log_keys[] = {
	{.name = "level",
	 .kind = SF_KIND_CHOICE,
	 .offset = AT(log.level),
	 .standard = "info",
	 .choices = levels,
	 .help = "what goes to stderr"},
	{.name = "format",
	 .kind = SF_KIND_CHOICE,
	 .offset = AT(log.json),
	 .standard = "text",
	 .choices = formats,
	 .help = "text, or a JSON object a line"},
	{0},
};

static const struct sf_key version_key = {.name = "version",
					  .kind = SF_KIND_NUMBER,
					  .offset = AT(version),
					  .least = 1,
					  .most = 1,
					  .help = "1: the version of this language"};

/* ---- what may stand at the top of a file ---- */

enum { VERSION, INCLUDE, HOST, SCHEDULE, DEFAULTS, QUERIES, OUTPUTS, LOG, SECTIONS };
static const struct {
	const char *name;
	bool many;	/* of all files together */
	bool main_only; /* not in a file that is included */
} sections[SECTIONS] = {
	[VERSION] = {"version", true, false},	 [INCLUDE] = {"include", true, true},
	[HOST] = {"host", false, false},	 [SCHEDULE] = {"schedule", false, false},
	[DEFAULTS] = {"defaults", false, false}, [QUERIES] = {"queries", true, false},
	[OUTPUTS] = {"outputs", true, false},	 [LOG] = {"log", false, false},
};

struct found { /* a section where it stands first */
	const struct sf_node *name, *value;
};

static const char *section_at(const void *arg, size_t i)
{
	(void)arg;
	return sections[i].name;
}

static void find_section(struct sf_reader *reader, const struct sf_node *name,
			 const struct sf_node *value, bool included, struct found found[SECTIONS])
{
	const char *near, *word = name->text.text;
	size_t i = 0;

	while (i < SECTIONS && strcmp(sections[i].name, word))
		i++;
	if (i == SECTIONS) {
		near = sf_nearest(word, name->text.length, SECTIONS, section_at, NULL);
		sf_node_complain(
			reader->complaints, name,
			near ? sf_arena_format(reader->arena, "did you mean \"%s\"?", near)
			     : "here may stand: version, include, host, schedule, defaults, "
			       "queries, outputs, log",
			"unknown key \"%s\"", word);
	} else if (included && sections[i].main_only) {
		sf_node_complain(reader->complaints, name,
				 "write it in the file that includes this one",
				 "an included file includes no others");
	} else if (found[i].name && !sections[i].many) {
		sf_node_complain(reader->complaints, name, "a section stands in one file",
				 "\"%s\" stands already in %s:%u", word, found[i].name->file->name,
				 found[i].name->text.line);
	} else if (!found[i].name) {
		found[i] = (struct found){name, value};
	}
	if (i == VERSION)
		sf_value_read(reader, &version_key, "", name, value, reader->config);
}

static void read_plain(struct sf_reader *reader, const struct sf_key *keys,
		       const struct found *found)
{
	const struct sf_layer layer = {keys, reader->config};
	const struct sf_node *map =
		found->name ? sf_section_map(reader, found->name, found->value) : NULL;

	sf_section_read(reader, &layer, 1, found->name ? found->name->text.text : "", found->name,
			map, true);
}

/* ---- what they say together ---- */

static void warn_unused(struct sf_reader *reader)
{
	const struct sf_config *config = reader->config;

	for (size_t o = 0; o < config->outputs; o++) {
		bool used = false;

		for (size_t q = 0; q < config->queries; q++)
			for (size_t i = 0; i < config->query[q].outputs; i++)
				used = used || config->query[q].output[i] == &config->output[o];
		if (!used)
			sf_warn(reader->complaints, &config->output[o].place, 0,
				config->output[o].place.length, NULL,
				"no query writes to output \"%s\"", config->output[o].name);
	}
}

static void check_whole(struct sf_reader *reader, const struct sf_documents *documents,
			const struct found found[SECTIONS])
{
	const struct sf_node *root = documents->root[0];

	if (!found[VERSION].name)
		sf_complain(reader->complaints, root->file, 0, 1, "begin with `version: 1`",
			    "the configuration has no version");
	if (!reader->incomplete && !reader->config->queries && !found[QUERIES].name)
		sf_complain(reader->complaints, root->file, 0, 1,
			    "write at least one under `queries:`",
			    "the configuration has no queries");
	if (!reader->incomplete && found[QUERIES].name && !reader->config->queries)
		sf_node_complain(reader->complaints, found[QUERIES].name, "write at least one",
				 "there is no query in it");
	if (!reader->incomplete && sf_complaints_errors(reader->complaints) == 0)
		warn_unused(reader);
}

static void read_sections(struct sf_reader *reader, const struct sf_documents *documents)
{
	struct found found[SECTIONS] = {{0}};
	const struct sf_node *defaults = NULL;
	struct sf_named named;

	for (size_t d = 0; d < documents->count; d++) {
		const struct sf_node *root = documents->root[d];

		for (size_t i = 0; i < root->count; i++)
			if (!root->item[i]->wrong)
				find_section(reader, root->item[i], root->value[i], d > 0, found);
	}
	read_plain(reader, sf_host_keys, &found[HOST]);
	read_plain(reader, sf_schedule_keys, &found[SCHEDULE]);
	read_plain(reader, sf_log_keys, &found[LOG]);
	sf_named_read(reader, documents, sections[OUTPUTS].name, &named);
	sf_outputs_read(reader, &named);
	if (found[DEFAULTS].name)
		defaults = sf_section_map(reader, found[DEFAULTS].name, found[DEFAULTS].value);
	sf_named_read(reader, documents, sections[QUERIES].name, &named);
	sf_queries_read(reader, &named, defaults);
	if (documents->count)
		check_whole(reader, documents, found);
}

int sf_config_read(const char *path, const struct sf_output_type *types, struct sf_config **ret,
		   struct sf_complaints *complaints)
{
	struct sf_arena *arena = sf_arena_new();
	struct sf_config *config = sf_arena_alloc(arena, sizeof(*config));
	struct sf_reader reader = {arena, complaints, config, types, false};
	size_t before = sf_complaints_errors(complaints);
	struct sf_documents documents;

	config->arena = arena;
	config->path = sf_arena_copy(arena, path, strlen(path));
	config->version = 1;
	sf_documents_read(&reader, config->path, &documents);
	read_sections(&reader, &documents);
	*ret = config;
	return sf_complaints_errors(complaints) > before ? -EINVAL : 0;
}

void sf_config_free(struct sf_config *config)
{
	if (config)
		sf_arena_free(config->arena);
}

void sf_config_free_p(struct sf_config **config)
{
	sf_config_free(*config);
}
