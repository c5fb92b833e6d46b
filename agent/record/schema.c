/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A JSON Schema (draft 2020-12) of one line of any type, that of a socket from the table of fields.
 * What is required in a socket record is what every class of every table's sockets has.
 */
#include "record/schema.h"
#include "record/step.h"

/* ---- a field ---- */

static json_object *one_word(const struct sf_words *words)
{
	sf_cleanup(sf_buf_finish) struct sf_buf expression = {0};

	sf_buf_text(&expression, "^(");
	for (const struct sf_words *all = words; words; words = words->more) {
		for (unsigned i = 0; i < words->count; i++) {
			/* several numbers may have one word: the first says it */
			if (words->names[i] &&
			    sf_word_find(all, words->names[i], strlen(words->names[i])) !=
				    (int)(words->first + i))
				continue;
			for (const char *at = words->names[i]; at && *at; at++)
				sf_buf_format(&expression, *at == '.' ? "\\%c" : "%c", *at);
			if (words->names[i])
				sf_buf_text(&expression, "|");
		}
	}
	sf_buf_text(&expression, "unknown-[0-9]+)$");
	return pattern(expression.data);
}

static json_object *value_of(const struct sf_field *field)
{
	switch (field->type) {
	case SF_TYPE_U8:
		return integer(0, UINT8_MAX);
	case SF_TYPE_U16:
	case SF_TYPE_PORT:
		return integer(0, UINT16_MAX);
	case SF_TYPE_U32:
		return integer(0, UINT32_MAX);
	case SF_TYPE_U64:
		return count();
	case SF_TYPE_I32:
		return integer(INT32_MIN, INT32_MAX);
	case SF_TYPE_BOOL:
		return typed("boolean");
	case SF_TYPE_RATIO:
		return typed("number");
	case SF_TYPE_ID64:
		return pattern("^(0|[1-9][0-9]{0,19})$");
	case SF_TYPE_WORD:
		return one_word(field->words);
	case SF_TYPE_WORDS:
		return array(one_word(field->words));
	case SF_TYPE_IP:
		return json_tokener_parse("{\"type\": \"string\", \"anyOf\": "
					  "[{\"format\": \"ipv4\"}, {\"format\": \"ipv6\"}]}");
	case SF_TYPE_HEX:
		return pattern("^([0-9a-f]{2}(:[0-9a-f]{2})*)?$");
	case SF_TYPE_TEXT:
	case SF_TYPE_BYTES:
		return typed("string");
	case SF_TYPE_COUNT:
		break;
	}
	return NULL;
}

/* Of the records of sockets, or of those that have ended. */
static bool is_always(const struct sf_field *field, bool ended)
{
	return field->part == SF_PART_HEADER && !field->when && !field->set.mask &&
	       (ended ||
		(field->classes == (1u << SF_CLASS_ENDED) - 1 && field->tables == SF_TABLES_ALL));
}

static void add_field(json_object *record, const struct sf_field *field, bool ended)
{
	bool always = is_always(field, ended);
	size_t length = (size_t)(leaf(field->name) - field->name);
	json_object *schema = field->list ? array(value_of(field)) : value_of(field), *at = record;

	if (field->nullable)
		nullable(schema);
	add(schema, "description", field->help);
	if (length) {
		char group[KEY_ROOM];

		snprintf(group, sizeof(group), "%.*s", (int)length - 1, field->name);
		at = json_object_object_get(json_object_object_get(record, "properties"), group);
		if (!at) {
			at = object();
			property(record, group, at, always);
		}
	}
	if (is_text(field))
		property_text(at, leaf(field->name), schema, always);
	else
		property(at, leaf(field->name), schema, always);
}

/* ---- a record ---- */

#define STAMP "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{6}Z$"

/* What every record begins with. */
static json_object *opening(const char *type)
{
	json_object *record = object(), *host = object();
	json_object *labels = typed("object");
	json_object *schema = json_object_new_object(), *kind = json_object_new_object();

	property_text(host, "name", typed("string"), true);
	property_text(host, "id", typed("string"), true);
	property_text(host, "boot_id", typed("string"), true);
	json_object_object_add(labels, "additionalProperties", typed("string"));
	json_object_object_add(schema, "const", json_object_new_int(1));
	property(record, "time", pattern(STAMP), true);
	add(kind, "const", type);
	property(record, "type", kind, true);
	property(record, "schema", schema, true);
	property(record, "host", host, true);
	property(record, "labels", labels, false);
	return record;
}

/* Where a record stands, or where a gap begins and ends. */
static void add_place(json_object *schema)
{
	property(schema, "run", count(), true);
	property(schema, "seq", count(), true);
}

static json_object *envelope(const char *type)
{
	json_object *record = opening(type), *netns = object();

	property_text(record, "query", typed("string"), true);
	add_place(record);
	property(netns, "inode", integer(0, UINT32_MAX), true);
	property(record, "netns", netns, false);
	return record;
}

static json_object *run_record(void)
{
	/* clang-format off */
	static const char *const counts[] = {"skipped", "records", "sockets_seen",
					     "sockets_matched", "cut", "duplicates", "duration_us"};
	/* clang-format on */
	json_object *record = envelope("run"), *walk = object(), *error = object();

	property(record, "previous_run", nullable(count()), true);
	property(record, "interval_ms", nullable(count()), true);
	for (size_t i = 0; i < SF_COUNT(counts); i++)
		property(record, counts[i], count(), true);
	property(record, "lost", count(), false);
	property(walk, "id", count(), true);
	property(walk, "table", typed("string"), true);
	property(walk, "dumps", count(), true);
	property(record, "walks", array(walk), true);
	property(record, "partial", typed("boolean"), true);
	property(record, "absent", array(typed("string")), true);
	property(error, "table", nullable(typed("string")), true);
	property(error, "code", nullable(typed("string")), true);
	property_text(error, "message", nullable(typed("string")), true);
	property(record, "errors", array(error), true);
	return record;
}

static json_object *start_record(void)
{
	static const char *const texts[] = {"version", "kernel", "config_hash", "output"};
	json_object *record = opening("start"), *last = typed("object"), *run = object();

	for (size_t i = 0; i < SF_COUNT(texts); i++)
		property_text(record, texts[i], typed("string"), true);
	property(run, "run", count(), true);
	property_text(run, "boot_id", typed("string"), true);
	json_object_object_add(last, "additionalProperties", run);
	property(record, "last", last, true);
	return record;
}

static json_object *gap_record(void)
{
	json_object *record = opening("gap"), *first = object(), *last = object();

	property_text(record, "query", typed("string"), true);
	property_text(record, "output", typed("string"), true);
	add_place(first);
	add_place(last);
	property(record, "first", first, true);
	property(record, "last", last, true);
	property(record, "records", count(), true);
	property(record, "bytes", count(), true);
	property(record, "reason", typed("string"), true);
	return record;
}

static json_object *socket_record(const struct sf_fieldset *wanted, bool ended)
{
	json_object *record = envelope(ended ? "closed" : "socket");

	for (unsigned id = 0; id < SF_FIELD_COUNT; id++) {
		if (sf_fieldset_has(wanted, id) && (!ended || sf_fields[id].ends))
			add_field(record, &sf_fields[id], ended);
	}
	return record;
}

void sf_schema_json_schema(const struct sf_fieldset *wanted, FILE *file)
{
	json_object *schema = json_object_new_object(), *either = json_object_new_array();

	json_object_array_add(either, socket_record(wanted, false));
	json_object_array_add(either, socket_record(wanted, true));
	json_object_array_add(either, run_record());
	json_object_array_add(either, start_record());
	json_object_array_add(either, gap_record());
	add(schema, "$schema", "https://json-schema.org/draft/2020-12/schema");
	add(schema, "title",
	    "a line of sockfeed's: a socket, one that has ended, the end of a run, the start of an "
	    "output, or a gap");
	json_object_object_add(schema, "oneOf", either);
	fprintf(file, "%s\n",
		json_object_to_json_string_ext(schema, JSON_C_TO_STRING_PRETTY |
							       JSON_C_TO_STRING_NOSLASHESCAPE));
	json_object_put(schema);
}
