/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The lists of fields: each is what it claims to be, and the JSON Schema knows every key of every record. The schema is
 * applied here by the few keywords that it uses; any other keyword fails the test.
 */
#include <regex.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include "everything.h"
#include "judge.h"
#include "replies.h"

static uint64_t seed = 0x9e3779b97f4a7c15;

static char *print(void (*how)(const struct sf_fieldset *, FILE *),
		   const struct sf_fieldset *fields)
{
	size_t length;
	char *text;
	FILE *file = open_memstream(&text, &length);

	assert_non_null(file);
	how(fields, file);
	assert_int_equal(fclose(file), 0);
	return text;
}

static struct json_object *parse(char *text)
{
	struct json_tokener *tokener = json_tokener_new();
	struct json_object *object;

	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	text[strlen(text) - 1] = '\0'; /* its last newline */
	object = json_tokener_parse_ex(tokener, text, (int)strlen(text) + 1);
	assert_int_equal(json_tokener_get_error(tokener), json_tokener_success);
	json_tokener_free(tokener);
	free(text);
	return object;
}

static struct json_object *get(struct json_object *object, const char *key)
{
	struct json_object *value = NULL;

	json_object_object_get_ex(object, key, &value);
	return value;
}

/* ---- a schema, applied ---- */

static const char *type_of(struct json_object *value)
{
	switch (json_object_get_type(value)) {
	case json_type_null:
		return "null";
	case json_type_boolean:
		return "boolean";
	case json_type_int:
		return "integer";
	case json_type_double:
		return "number";
	case json_type_string:
		return "string";
	case json_type_array:
		return "array";
	case json_type_object:
		return "object";
	}
	return "";
}

static bool has_type(struct json_object *value, const char *type)
{
	const char *own = type_of(value);

	return !strcmp(own, type) || (!strcmp(own, "integer") && !strcmp(type, "number"));
}

static bool has_a_type(struct json_object *value, struct json_object *types)
{
	if (json_object_is_type(types, json_type_string))
		return has_type(value, json_object_get_string(types));
	for (size_t i = 0; i < json_object_array_length(types); i++) {
		if (has_type(value, json_object_get_string(json_object_array_get_idx(types, i))))
			return true;
	}
	return false;
}

static bool matches(const char *text, const char *pattern)
{
	regex_t expression;
	bool yes;

	assert_int_equal(regcomp(&expression, pattern, REG_EXTENDED | REG_NOSUB), 0);
	yes = !regexec(&expression, text, 0, NULL, 0);
	regfree(&expression);
	return yes;
}

static bool conforms(struct json_object *value, struct json_object *schema);

static bool members_conform(struct json_object *value, struct json_object *properties)
{
	json_object_object_foreach(value, key, member)
	{
		struct json_object *schema;

		if (!json_object_object_get_ex(properties, key, &schema)) {
			print_message("the schema does not know %s\n", key);
			return false;
		}
		if (!conforms(member, schema)) {
			print_message("%s is %s\n", key, json_object_to_json_string(member));
			return false;
		}
	}
	return true;
}

static bool all_there(struct json_object *value, struct json_object *required)
{
	for (size_t i = 0; i < json_object_array_length(required); i++) {
		const char *key = json_object_get_string(json_object_array_get_idx(required, i));

		if (!json_object_object_get_ex(value, key, NULL)) {
			print_message("%s is required\n", key);
			return false;
		}
	}
	return true;
}

/* What is no keyword for a type does not hold for it: a pattern says nothing about null. */
static bool keyword_holds(struct json_object *value, const char *keyword, struct json_object *what)
{
	enum json_type type = json_object_get_type(value);

	if (!strcmp(keyword, "type"))
		return has_a_type(value, what);
	if (!strcmp(keyword, "const"))
		return json_object_equal(value, what);
	if (!strcmp(keyword, "minimum"))
		return type != json_type_int ||
		       json_object_get_int64(what) <= json_object_get_int64(value);
	if (!strcmp(keyword, "maximum"))
		return type != json_type_int || json_object_get_int64(value) < 0 ||
		       json_object_get_uint64(what) >= json_object_get_uint64(value);
	if (!strcmp(keyword, "pattern"))
		return type != json_type_string ||
		       matches(json_object_get_string(value), json_object_get_string(what));
	if (!strcmp(keyword, "properties"))
		return type != json_type_object || members_conform(value, what);
	if (!strcmp(keyword, "required"))
		return type != json_type_object || all_there(value, what);
	if (!strcmp(keyword, "items")) {
		for (size_t i = 0; type == json_type_array && i < json_object_array_length(value);
		     i++) {
			if (!conforms(json_object_array_get_idx(value, i), what))
				return false;
		}
		return true;
	}
	/* Said for readers; formats are no matter of names and types. */
	return !strcmp(keyword, "description") || !strcmp(keyword, "anyOf") ||
	       !strcmp(keyword, "contentEncoding") || !strcmp(keyword, "additionalProperties");
}

static bool conforms(struct json_object *value, struct json_object *schema)
{
	json_object_object_foreach(schema, keyword, what)
	{
		if (!keyword_holds(value, keyword, what)) {
			print_message("%s %s does not hold\n", keyword,
				      json_object_to_json_string(what));
			return false;
		}
	}
	return true;
}

/* ---- records ---- */

static struct sf_encoder *make_encoder(const struct sf_fieldset *fields)
{
	static const struct sf_envelope envelope = {
		.host_name = "h\xff", .host_id = "i", .boot_id = "b", .query = "q"};
	struct sf_encoder *encoder = sf_encoder_new(&envelope, fields, 1u << SF_TABLE_TCP);

	sf_encoder_run(encoder, 1, 4026531840);
	return encoder;
}

static struct json_object *make_record(struct sf_encoder *encoder, uint8_t state)
{
	static const uint16_t lengths[] = {[SF_PART_INFO] = sizeof(struct sf_tcp_info),
					   [SF_PART_VEGAS] = 16,
					   [SF_PART_CONG] = 16,
					   [SF_PART_TOS] = 1,
					   [SF_PART_TCLASS] = 1,
					   [SF_PART_SKMEM] = 36,
					   [SF_PART_DCTCP] = 16,
					   [SF_PART_V6ONLY] = 1,
					   [SF_PART_MARK] = 4,
					   [SF_PART_BBR] = 20,
					   [SF_PART_CLASS_ID] = 4,
					   [SF_PART_CGROUP] = 8,
					   [SF_PART_SOCKOPT] = 2};
	struct sf_view view = {.table = SF_TABLE_TCP, .release = 0x070000};
	char *room = malloc(sf_encoder_most(encoder));
	struct json_object *record;
	struct reply reply;
	uint8_t bytes[512];
	char *end;

	reply_begin(&reply, draw(&seed) % 2 ? 2 : 10, state);
	draw_bytes(&seed, reply.bytes + 2, sizeof(struct sf_inet_msg) - 2);
	if (state != SF_TIME_WAIT)
		reply_add(&reply, SF_PART_SHUTDOWN, "", 1);
	for (unsigned i = 1; i < SF_COUNT(lengths); i++) {
		draw_bytes(&seed, bytes, lengths[i]);
		if (lengths[i] && draw(&seed) % 4)
			reply_add(&reply, i, bytes, lengths[i]);
	}
	assert_int_equal(sf_view_index(&view, reply.bytes, reply.length), 0);
	end = sf_encode_socket(encoder, &view, 0, room);
	record = judge_line(room, (size_t)(end - room));
	free(room);
	return record;
}

/* The schema of a type; `whole` is the document. */
static struct json_object *schema_of(struct json_object *whole, const char *type)
{
	struct json_object *either = get(whole, "oneOf");

	for (size_t i = 0; i < json_object_array_length(either); i++) {
		struct json_object *schema = json_object_array_get_idx(either, i);
		const char *own = json_object_get_string(
			get(get(get(schema, "properties"), "type"), "const"));

		if (!strcmp(own, type))
			return schema;
	}
	fail_msg("no schema of type %s", type);
	return NULL;
}

static void every_socket_record_conforms_to_the_schema(void **state)
{
	static const uint8_t states[] = {SF_ESTABLISHED, SF_LISTEN, SF_CLOSE, SF_TIME_WAIT, 77};
	struct sf_fieldset all = everything();
	sf_cleanup(sf_encoder_free_p) struct sf_encoder *encoder = make_encoder(&all);
	struct json_object *whole = parse(print(sf_schema_json_schema, &all));
	struct json_object *sockets = schema_of(whole, "socket"), *runs = schema_of(whole, "run");

	(void)state;
	for (unsigned i = 0; i < 100; i++) {
		struct json_object *record = make_record(encoder, states[i % SF_COUNT(states)]);

		assert_true(conforms(record, sockets));
		assert_false(json_object_equal(get(record, "type"),
					       get(get(get(runs, "properties"), "type"), "const")));
		json_object_put(record);
	}
	json_object_put(whole);
}

static void a_run_record_conforms_to_the_schema(void **state)
{
	static const struct sf_run_walk walk = {UINT64_MAX, "tcp", 1};
	static const struct sf_run_error error = {NULL, "EIO", "\xff"};
	static const char *const absent[] = {"sctp"};
	const struct sf_run_facts facts[] = {{.first = true},
					     {.previous_run = 1,
					      .interval_ms = 10,
					      .matched = UINT64_MAX,
					      .partial = true,
					      .walks = 1,
					      .walk = &walk,
					      .errors = 1,
					      .error = &error,
					      .absents = 1,
					      .absent = absent}};
	struct sf_fieldset all = everything();
	sf_cleanup(sf_encoder_free_p) struct sf_encoder *encoder = make_encoder(&all);
	struct json_object *whole = parse(print(sf_schema_json_schema, &all));

	(void)state;
	for (unsigned i = 0; i < SF_COUNT(facts); i++) {
		sf_cleanup(sf_buf_finish) struct sf_buf line = {0};
		struct json_object *record;

		sf_encode_run(encoder, &facts[i], &line);
		record = judge_line(line.data, line.length);
		assert_true(conforms(record, schema_of(whole, "run")));
		json_object_put(record);
	}
	json_object_put(whole);
}

static void the_records_outside_of_runs_conform_to_the_schema(void **state)
{
	static const struct sf_envelope of_none = {
		.host_name = "h\xff", .host_id = "i", .boot_id = "b"};
	static const struct sf_envelope of_one = {
		.host_name = "h", .host_id = "i", .boot_id = "b", .query = "q"};
	static const struct sf_start_last last = {"q", "b", UINT64_MAX};
	const struct sf_start_facts start = {.version = "1",
					     .kernel = "k\xff",
					     .config_hash = "0",
					     .output = "o",
					     .lasts = 1,
					     .last = &last};
	const struct sf_gap_facts gap = {
		.output = "o", .reason = "queue_full", .last_run = UINT64_MAX, .records = 1};
	struct sf_fieldset all = everything();
	struct json_object *whole = parse(print(sf_schema_json_schema, &all));
	sf_cleanup(sf_buf_finish) struct sf_buf starts = {0}, gaps = {0};
	struct json_object *started, *gapped;

	(void)state;
	sf_encode_start(&of_none, &start, &starts);
	sf_encode_gap(&of_one, &gap, &gaps);
	started = judge_line(starts.data, starts.length);
	gapped = judge_line(gaps.data, gaps.length);
	assert_true(conforms(started, schema_of(whole, "start")));
	assert_true(conforms(gapped, schema_of(whole, "gap")));
	assert_false(conforms(started, schema_of(whole, "gap")));
	json_object_put(started);
	json_object_put(gapped);
	json_object_put(whole);
}

static void the_schema_knows_each_field_and_refuses_a_wrong_value(void **state)
{
	struct sf_fieldset all = everything();
	struct json_object *whole = parse(print(sf_schema_json_schema, &all));
	struct json_object *properties = get(schema_of(whole, "socket"), "properties");

	(void)state;
	assert_string_equal(json_object_get_string(get(whole, "$schema")),
			    "https://json-schema.org/draft/2020-12/schema");
	for (unsigned id = 0; id < SF_FIELD_COUNT; id++) {
		const char *name = sf_fields[id].name, *dot = strchr(name, '.');
		char group[64];
		struct json_object *at = properties, *wrong = json_object_new_object();

		snprintf(group, sizeof(group), "%.*s", (int)(dot ? dot - name : 0), name);
		if (dot)
			at = get(get(properties, group), "properties");
		at = get(at, dot ? dot + 1 : name);
		if (!at)
			fail_msg("the schema does not know %s", name);
		assert_string_equal(json_object_get_string(get(at, "description")),
				    sf_fields[id].help);
		assert_false(has_a_type(wrong, get(at, "type")));
		assert_int_equal(has_a_type(NULL, get(at, "type")), sf_fields[id].nullable);
		json_object_put(wrong);
	}
	json_object_put(whole);
}

static void the_json_list_says_what_the_table_says(void **state)
{
	struct sf_fieldset all = everything();
	struct json_object *list = parse(print(sf_schema_json, &all));

	(void)state;
	assert_int_equal(json_object_array_length(list), SF_FIELD_COUNT);
	for (unsigned id = 0; id < SF_FIELD_COUNT; id++) {
		struct json_object *object = json_object_array_get_idx(list, id);

		assert_string_equal(json_object_get_string(get(object, "name")),
				    sf_fields[id].name);
		assert_string_equal(json_object_get_string(get(object, "type")),
				    sf_field_type(&sf_fields[id]));
		assert_string_equal(json_object_get_string(get(object, "since")),
				    sf_fields[id].since);
		assert_string_equal(json_object_get_string(get(object, "source")),
				    sf_fields[id].source);
		assert_string_equal(json_object_get_string(get(object, "when")),
				    sf_fields[id].when_text);
		assert_string_equal(json_object_get_string(get(object, "null")),
				    sf_fields[id].null_text);
		assert_string_equal(json_object_get_string(get(object, "help")),
				    sf_fields[id].help);
	}
	json_object_put(list);
}

/* Lines that begin with `start` and a name in the set; *lines of all. */
static unsigned count_rows(const char *text, const char *start, const struct sf_fieldset *fields,
			   unsigned *lines)
{
	unsigned found = 0;

	*lines = 0;
	for (const char *line = text; *line; line = strchr(line, '\n') + 1) {
		size_t length;

		++*lines;
		if (strncmp(line, start, strlen(start)))
			continue;
		length = strcspn(line + strlen(start), " `");
		for (unsigned id = 0; id < SF_FIELD_COUNT; id++) {
			if (sf_fieldset_has(fields, id) && strlen(sf_fields[id].name) == length &&
			    !strncmp(line + strlen(start), sf_fields[id].name, length))
				found++;
		}
	}
	return found;
}

static void whole_table(const struct sf_fieldset *fields, FILE *file)
{
	assert_int_equal(sf_schema_table(fields, SIZE_MAX, file), 0);
}

static size_t columns_room;
static size_t columns_left_out;

static void narrow_table(const struct sf_fieldset *fields, FILE *file)
{
	columns_left_out = sf_schema_table(fields, columns_room, file);
}

static void a_narrow_list_leaves_columns_out_and_never_name_and_help(void **state)
{
	struct sf_fieldset some = {0};
	size_t before = 6;

	(void)state;
	sf_fieldset_add(&some, SF_FIELD_TCP_RTT);
	sf_fieldset_add(&some, SF_FIELD_SUBFLOW_ID_LOC);
	for (columns_room = 1; columns_room < 300; columns_room++) {
		char *text = print(narrow_table, &some);

		assert_non_null(strstr(text, sf_fields[SF_FIELD_TCP_RTT].name));
		assert_non_null(strstr(text, sf_fields[SF_FIELD_TCP_RTT].help));
		for (char *line = text; columns_left_out < 6 && *line; line = strchr(line, '\n') + 1)
			assert_true(strcspn(line, "\n") <= columns_room);
		assert_true(columns_left_out <= before);
		before = columns_left_out;
		free(text);
	}
	assert_int_equal(before, 0);
}

static void a_list_shows_the_wanted_fields_alone_a_line_each(void **state)
{
	struct sf_fieldset some = {0};
	unsigned lines;
	char *text;

	(void)state;
	sf_fieldset_add(&some, SF_FIELD_STATE);
	sf_fieldset_add(&some, SF_FIELD_TCP_RTT);
	sf_fieldset_add(&some, SF_FIELD_SUBFLOW_ID_LOC);
	text = print(whole_table, &some);
	assert_int_equal(count_rows(text, "", &some, &lines), 3);
	assert_int_equal(lines, 4);
	free(text);
	text = print(sf_schema_markdown, &some);
	assert_int_equal(count_rows(text, "| `", &some, &lines), 3);
	assert_int_equal(lines, 5);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_socket_record_conforms_to_the_schema),
		cmocka_unit_test(a_run_record_conforms_to_the_schema),
		cmocka_unit_test(the_records_outside_of_runs_conform_to_the_schema),
		cmocka_unit_test(the_schema_knows_each_field_and_refuses_a_wrong_value),
		cmocka_unit_test(the_json_list_says_what_the_table_says),
		cmocka_unit_test(a_list_shows_the_wanted_fields_alone_a_line_each),
		cmocka_unit_test(a_narrow_list_leaves_columns_out_and_never_name_and_help),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
