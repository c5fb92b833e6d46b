/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The normal form: the tables of keys, printed by libyaml from the settings that they were read
 * into. What could be taken for something else is put in quotes, and `$` comes out as `$$`.
 */
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#include "reader.h"

/* libyaml fails for want of memory alone: what it is given here is UTF-8 and well-formed. */
static void emit(yaml_emitter_t *emitter, yaml_event_t *event, int made)
{
	if (!made || !yaml_emitter_emit(emitter, event))
		abort();
}

static void put(yaml_emitter_t *emitter, const char *text, size_t length, yaml_scalar_style_t style)
{
	sf_cleanup(sf_buf_finish) struct sf_buf out = {0};
	yaml_event_t event;

	sf_buf_text(&out, "");
	for (size_t i = 0; i < length; i++)
		sf_buf_add(&out, text[i] == '$' ? "$$" : text + i, text[i] == '$' ? 2 : 1);
	emit(emitter, &event,
	     yaml_scalar_event_initialize(&event, NULL, NULL, (const yaml_char_t *)out.data,
					  (int)out.length, 1, 1, style));
}

static void put_plain(yaml_emitter_t *emitter, const char *text)
{
	put(emitter, text, strlen(text), YAML_PLAIN_SCALAR_STYLE);
}

/* A text of the user's: plain where it is a word that nobody takes for a number, a list or nothing. */
static void put_text(yaml_emitter_t *emitter, const struct sf_text *text)
{
	static const char
		letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ",
		more[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.*-";
	bool plain = text->length && strspn(text->text + (text->text[0] == '-'), letters) &&
		     strspn(text->text, more) == text->length && strcmp(text->text, "null");
	bool lines = memchr(text->text, '\n', text->length);

	put(emitter, text->text, text->length,
	    plain   ? YAML_PLAIN_SCALAR_STYLE
	    : lines ? YAML_LITERAL_SCALAR_STYLE
		    : YAML_DOUBLE_QUOTED_SCALAR_STYLE);
}

static void begin(yaml_emitter_t *emitter, bool map, bool flow)
{
	yaml_event_t event;

	if (map)
		emit(emitter, &event,
		     yaml_mapping_start_event_initialize(&event, NULL, NULL, 1,
							 flow ? YAML_FLOW_MAPPING_STYLE
							      : YAML_BLOCK_MAPPING_STYLE));
	else
		emit(emitter, &event,
		     yaml_sequence_start_event_initialize(&event, NULL, NULL, 1,
							  YAML_FLOW_SEQUENCE_STYLE));
}

static void end(yaml_emitter_t *emitter, bool map)
{
	yaml_event_t event;

	emit(emitter, &event,
	     map ? yaml_mapping_end_event_initialize(&event)
		 : yaml_sequence_end_event_initialize(&event));
}

static void put_list(yaml_emitter_t *emitter, const struct sf_list *list, bool labels)
{
	begin(emitter, labels, true);
	for (size_t i = 0; i < list->count; i++) {
		if (labels)
			put_plain(emitter, list->names[i]);
		put_text(emitter, &list->items[i]);
	}
	end(emitter, labels);
}

static void put_number(yaml_emitter_t *emitter, enum sf_unit unit, uint64_t number, double share)
{
	sf_cleanup(sf_buf_finish) struct sf_buf text = {0};

	sf_unit_print(&text, unit, number, share);
	put_plain(emitter, text.data);
}

static void put_keys(yaml_emitter_t *emitter, const struct sf_key *keys, const void *memory);

static void put_value(yaml_emitter_t *emitter, const struct sf_key *key, const void *memory)
{
	const void *at = (const char *)memory + key->offset;
	struct sf_text text = {0};

	switch (key->kind) {
	case SF_KIND_TEXT:
		text.text = *(const char *const *)at;
		text.length = strlen(text.text);
		put_text(emitter, &text);
		break;
	case SF_KIND_SECRET:
		text.text = ((const struct sf_secret *)at)->path ?: "";
		text.length = strlen(text.text);
		put_text(emitter, &text);
		break;
	case SF_KIND_PLACED:
		put_text(emitter, at);
		break;
	case SF_KIND_BOOL:
		put_plain(emitter, *(const bool *)at ? "true" : "false");
		break;
	case SF_KIND_NUMBER:
		put_number(emitter, SF_UNIT_NONE, *(const uint64_t *)at, 0);
		break;
	case SF_KIND_DURATION:
		put_number(emitter, SF_UNIT_US, *(const uint64_t *)at, 0);
		break;
	case SF_KIND_SIZE:
		put_number(emitter, SF_UNIT_BYTES, *(const uint64_t *)at, 0);
		break;
	case SF_KIND_SHARE:
		put_number(emitter, SF_UNIT_RATIO, 0, *(const double *)at);
		break;
	case SF_KIND_CHOICE:
		put_plain(emitter, key->choices[*(const int *)at]);
		break;
	case SF_KIND_LIST:
		put_list(emitter, at, false);
		break;
	case SF_KIND_LABELS:
		put_list(emitter, at, true);
		break;
	case SF_KIND_SECTION:
		begin(emitter, true, false);
		put_keys(emitter, key->section, memory);
		end(emitter, true);
		break;
	}
}

static void put_keys(yaml_emitter_t *emitter, const struct sf_key *keys, const void *memory)
{
	for (; keys->name; keys++) {
		put_plain(emitter, keys->name);
		put_value(emitter, keys, memory);
	}
}

static void put_section(yaml_emitter_t *emitter, const char *name, const struct sf_key *keys,
			const void *memory)
{
	put_plain(emitter, name);
	begin(emitter, true, false);
	put_keys(emitter, keys, memory);
	end(emitter, true);
}

static void put_outputs(yaml_emitter_t *emitter, const struct sf_config *config)
{
	put_plain(emitter, "outputs");
	begin(emitter, true, false);
	for (size_t i = 0; i < config->outputs; i++) {
		const struct sf_output_conf *output = &config->output[i];

		put_plain(emitter, output->name);
		begin(emitter, true, false);
		put_plain(emitter, "type");
		put_plain(emitter, output->type->name);
		put_keys(emitter, output->type->keys, output->own);
		put_keys(emitter, sf_output_keys, output);
		end(emitter, true);
	}
	end(emitter, true);
}

static void put_config(yaml_emitter_t *emitter, const struct sf_config *config)
{
	begin(emitter, true, false);
	put_plain(emitter, "version");
	put_number(emitter, SF_UNIT_NONE, config->version, 0);
	put_section(emitter, "host", sf_host_keys, config);
	put_section(emitter, "schedule", sf_schedule_keys, config);
	put_plain(emitter, "queries");
	begin(emitter, true, false);
	for (size_t i = 0; i < config->queries; i++)
		put_section(emitter, config->query[i].name, sf_query_keys, &config->query[i]);
	end(emitter, true);
	put_outputs(emitter, config);
	put_section(emitter, "log", sf_log_keys, config);
	end(emitter, true);
}

static int write_to_buf(void *buf, unsigned char *bytes, size_t size)
{
	sf_buf_add(buf, bytes, size);
	return 1;
}

void sf_config_print(const struct sf_config *config, struct sf_buf *out)
{
	yaml_emitter_t emitter;
	yaml_event_t event;

	if (!yaml_emitter_initialize(&emitter))
		abort();
	yaml_emitter_set_output(&emitter, write_to_buf, out);
	yaml_emitter_set_width(&emitter, -1);
	yaml_emitter_set_unicode(&emitter, 1);
	emit(&emitter, &event, yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING));
	emit(&emitter, &event, yaml_document_start_event_initialize(&event, NULL, NULL, NULL, 1));
	put_config(&emitter, config);
	emit(&emitter, &event, yaml_document_end_event_initialize(&event, 1));
	emit(&emitter, &event, yaml_stream_end_event_initialize(&event));
	yaml_emitter_delete(&emitter);
}
