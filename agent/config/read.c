/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A configuration as a whole: its files, its sections by a table, what they say together. A section
 * stands in one file; `queries` and `outputs` may stand in each.
 */
#include <stdlib.h>
#include <string.h>

#include "reader.h"

#define AT(member) offsetof(struct sf_config, member)

enum { NAME_MOST = 255, ID_MOST = 64 }; /* bytes, as struct sf_host has room for */

static const char *const levels[] = {"error", "warning", "info", "debug", NULL};
static const char *const formats[] = {"text", "json", NULL};

const struct sf_key sf_host_keys[] = {
	{.name = "name",
	 .kind = SF_KIND_TEXT,
	 .offset = AT(host.name),
	 .standard = "",
	 .most = NAME_MOST,
	 .help = "the host's own, unless set"},
	{.name = "id",
	 .kind = SF_KIND_TEXT,
	 .offset = AT(host.id),
	 .standard = "",
	 .most = ID_MOST,
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
enum where { ONCE, IN_EACH_FILE, IN_MAIN_FILE };
static const struct {
	const char *name;
	enum where where;
	const struct sf_key *keys; /* of sections that are read into the configuration itself */
} sections[SECTIONS] = {
	[VERSION] = {"version", IN_EACH_FILE}, [INCLUDE] = {"include", IN_MAIN_FILE},
	[HOST] = {"host", ONCE, sf_host_keys}, [SCHEDULE] = {"schedule", ONCE, sf_schedule_keys},
	[DEFAULTS] = {"defaults", ONCE},       [QUERIES] = {"queries", IN_EACH_FILE},
	[OUTPUTS] = {"outputs", IN_EACH_FILE}, [LOG] = {"log", ONCE, sf_log_keys},
};

struct found { /* a section where it stands first */
	const struct sf_node *name, *value;
};

static const char *section_at(const void *arg, size_t i)
{
	(void)arg;
	return sections[i].name;
}

/* The section that a key begins, SECTIONS for none that may stand here. */
static size_t find_section(struct sf_reader *reader, const struct sf_node *name, bool included,
			   struct found found[SECTIONS])
{
	const char *word = name->text.text, *near;
	size_t i = 0;

	while (i < SECTIONS && strcmp(sections[i].name, word))
		i++;
	if (i == SECTIONS) {
		near = sf_section_unknown(reader, name, SECTIONS, section_at, NULL);
		reader->incomplete |= near != NULL;
		if (near == sections[VERSION].name)
			found[VERSION].name = name;
	} else if (included && sections[i].where == IN_MAIN_FILE) {
		sf_node_complain(reader->complaints, name,
				 "write it in the file that includes this one",
				 "an included file includes no others");
	} else if (found[i].name && sections[i].where == ONCE) {
		sf_node_complain(reader->complaints, name, "a section stands in one file",
				 "\"%s\" stands already in %s:%u", word, found[i].name->file->name,
				 found[i].name->text.line);
	}
	return i;
}

static void read_top(struct sf_reader *reader, const struct sf_node *root, bool included,
		     struct found found[SECTIONS])
{
	for (size_t i = 0; i < root->count; i++) {
		const struct sf_node *name = root->item[i], *value = root->value[i];
		size_t section;

		reader->incomplete |= name->wrong;
		if (name->wrong)
			continue;
		section = find_section(reader, name, included, found);
		if (section == SECTIONS)
			continue;
		if (!found[section].name)
			found[section] = (struct found){name, value};
		if (section == VERSION)
			sf_value_read(reader, &version_key, "", name, value, reader->config);
		if (sections[section].keys)
			sf_section_read(
				reader,
				&(struct sf_layer){sections[section].keys, reader->config, 0}, 1,
				"", sf_section_map(reader, name, value));
	}
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

static void check_whole(struct sf_reader *reader, const struct sf_text *main_file,
			const struct found found[SECTIONS])
{
	const struct sf_text place = {.name = main_file->name};

	if (!found[VERSION].name || found[VERSION].name->file != main_file)
		sf_complain(reader->complaints, &place, 0, 0, "begin with `version: 1`",
			    "the configuration has no version");
	if (reader->incomplete || reader->config->queries)
		return;
	if (found[QUERIES].name)
		sf_node_complain(reader->complaints, found[QUERIES].name, "write at least one",
				 "there is no query in it");
	else
		sf_complain(reader->complaints, &place, 0, 0, "write at least one under `queries:`",
			    "the configuration has no queries");
}

static void read_sections(struct sf_reader *reader, const struct sf_documents *documents)
{
	struct found found[SECTIONS] = {{0}};
	const struct sf_node *defaults = NULL;
	struct sf_named named;

	for (size_t i = 0; i < SECTIONS; i++)
		if (sections[i].keys)
			sf_section_default(reader,
					   &(struct sf_layer){sections[i].keys, reader->config, 0});
	for (size_t d = 0; d < documents->count; d++)
		read_top(reader, documents->root[d], d > 0, found);
	if (found[DEFAULTS].name) {
		defaults = sf_section_map(reader, found[DEFAULTS].name, found[DEFAULTS].value);
		reader->incomplete |= !defaults && !found[DEFAULTS].value->empty;
	}
	sf_named_read(reader, documents, sections[OUTPUTS].name, SF_OUTPUTS_MOST, &named);
	sf_outputs_read(reader, &named);
	sf_named_read(reader, documents, sections[QUERIES].name, SF_QUERIES_MOST, &named);
	sf_queries_read(reader, &named, defaults);
	if (documents->count)
		check_whole(reader, documents->root[0]->file, found);
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
	if (sf_complaints_errors(complaints) > before)
		return -EINVAL;
	warn_unused(&reader);
	return 0;
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
