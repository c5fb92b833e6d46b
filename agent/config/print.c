/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The normal form: the tables of keys, printed from the settings that they were read into.
 */
#include <string.h>

#include "emit.h"
#include "reader.h"

static void put_string(yaml_emitter_t *emitter, const char *string)
{
	sf_emit_text(emitter, &(struct sf_text){.text = string, .length = strlen(string)});
}

static void put_list(yaml_emitter_t *emitter, const struct sf_list *list, bool pairs)
{
	sf_emit_begin(emitter, pairs, true);
	for (size_t i = 0; i < list->count; i++) {
		if (pairs)
			put_string(emitter, list->names[i]);
		sf_emit_text(emitter, &list->items[i]);
	}
	sf_emit_end(emitter, pairs);
}

static void put_share(yaml_emitter_t *emitter, double share)
{
	sf_cleanup(sf_buf_finish) struct sf_buf text = {0};

	sf_unit_print(&text, SF_UNIT_RATIO, 0, share);
	sf_emit_plain(emitter, text.data);
}

/* A number below the least was never written: there is none. Others may have a word. */
static void put_number(yaml_emitter_t *emitter, const struct sf_key *key, enum sf_unit unit,
		       uint64_t number)
{
	sf_cleanup(sf_buf_finish) struct sf_buf text = {0};

	sf_unit_print(&text, unit, number, 0);
	if (key->choices && (number == 0 || number == UINT64_MAX))
		sf_emit_plain(emitter, key->choices[number != 0]);
	else if (number < key->least)
		put_string(emitter, "");
	else
		sf_emit_plain(emitter, text.data);
}

/*
 * A text from a file: its path as it is meant in the file that is printed, which may stand
 * elsewhere than the included one that named it.
 */
static void put_placed(yaml_emitter_t *emitter, const struct sf_text *text, const char *beside)
{
	const char *slash = strrchr(beside, '/'), *path = text->name;
	size_t folder = slash ? (size_t)(slash - beside) + 1 : 0;

	if (!path || text->line) {
		sf_emit_text(emitter, text);
		return;
	}
	if (path[0] != '/' && !strncmp(path, beside, folder))
		path += folder;
	sf_emit_begin(emitter, true, true);
	sf_emit_plain(emitter, "file");
	put_string(emitter, path);
	sf_emit_end(emitter, true);
}

/* `beside`: the path of the configuration. */
static void put_keys(yaml_emitter_t *emitter, const struct sf_key *keys, const void *memory,
		     const char *beside);

static void put_value(yaml_emitter_t *emitter, const struct sf_key *key, const void *memory,
		      const char *beside)
{
	const void *at = (const char *)memory + key->offset;

	switch (key->kind) {
	case SF_KIND_TEXT:
		put_string(emitter, *(const char *const *)at);
		break;
	case SF_KIND_SECRET:
	case SF_KIND_FILE:
		put_string(emitter, ((const struct sf_secret *)at)->path ?: "");
		break;
	case SF_KIND_PLACED:
		put_placed(emitter, at, beside);
		break;
	case SF_KIND_BOOL:
		sf_emit_plain(emitter, *(const bool *)at ? "true" : "false");
		break;
	case SF_KIND_NUMBER:
		put_number(emitter, key, SF_UNIT_NONE, *(const uint64_t *)at);
		break;
	case SF_KIND_DURATION:
		put_number(emitter, key, SF_UNIT_US, *(const uint64_t *)at);
		break;
	case SF_KIND_SIZE:
		put_number(emitter, key, SF_UNIT_BYTES, *(const uint64_t *)at);
		break;
	case SF_KIND_RATE:
		put_number(emitter, key, SF_UNIT_BPS, *(const uint64_t *)at);
		break;
	case SF_KIND_SHARE:
		put_share(emitter, *(const double *)at);
		break;
	case SF_KIND_CHOICE:
		put_string(emitter, *(const int *)at < 0 ? "" : key->choices[*(const int *)at]);
		break;
	case SF_KIND_LIST:
		put_list(emitter, at, false);
		break;
	case SF_KIND_LABELS:
	case SF_KIND_PAIRS:
		put_list(emitter, at, true);
		break;
	case SF_KIND_SECTION:
	case SF_KIND_OPTION:
		sf_emit_begin(emitter, true, false);
		put_keys(emitter, key->section, memory, beside);
		sf_emit_end(emitter, true);
		break;
	}
}

static void put_keys(yaml_emitter_t *emitter, const struct sf_key *keys, const void *memory,
		     const char *beside)
{
	for (; keys->name; keys++) {
		if (keys->kind == SF_KIND_OPTION &&
		    !*(const bool *)((const char *)memory + keys->offset))
			continue;
		sf_emit_plain(emitter, keys->name);
		put_value(emitter, keys, memory, beside);
	}
}

static void put_section(yaml_emitter_t *emitter, const char *name, const struct sf_key *keys,
			const void *memory, const char *beside)
{
	sf_emit_plain(emitter, name);
	sf_emit_begin(emitter, true, false);
	put_keys(emitter, keys, memory, beside);
	sf_emit_end(emitter, true);
}

static void put_outputs(yaml_emitter_t *emitter, const struct sf_config *config)
{
	sf_emit_plain(emitter, "outputs");
	sf_emit_begin(emitter, true, false);
	for (size_t i = 0; i < config->outputs; i++) {
		const struct sf_output_conf *output = &config->output[i];

		sf_emit_plain(emitter, output->name);
		sf_emit_begin(emitter, true, false);
		sf_emit_plain(emitter, "type");
		sf_emit_plain(emitter, output->type->name);
		put_keys(emitter, output->type->keys, output->own, config->path);
		put_keys(emitter, sf_output_keys, output, config->path);
		sf_emit_end(emitter, true);
	}
	sf_emit_end(emitter, true);
}

static void put_config(yaml_emitter_t *emitter, const struct sf_config *config)
{
	sf_emit_begin(emitter, true, false);
	sf_emit_plain(emitter, "version");
	sf_emit_plain(emitter, "1");
	put_section(emitter, "host", sf_host_keys, config, config->path);
	put_section(emitter, "schedule", sf_schedule_keys, config, config->path);
	sf_emit_plain(emitter, "queries");
	sf_emit_begin(emitter, true, false);
	for (size_t i = 0; i < config->queries; i++)
		put_section(emitter, config->query[i].name, sf_query_keys, &config->query[i],
			    config->path);
	sf_emit_end(emitter, true);
	put_outputs(emitter, config);
	put_section(emitter, "log", sf_log_keys, config, config->path);
	sf_emit_end(emitter, true);
}

void sf_config_print(const struct sf_config *config, struct sf_buf *out)
{
	yaml_emitter_t emitter;

	sf_emit_init(&emitter, out);
	put_config(&emitter, config);
	sf_emit_finish(&emitter);
}
