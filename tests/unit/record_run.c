/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What stands around a socket and what closes a run: the envelope, whatever bytes its names are made of, and the run
 * record with all its keys.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include <sockfeed/record.h>

#include "judge.h"
#include "replies.h"

#define NOON 1763985600123456u /* 2025-11-24T12:00:00.123456Z */

static uint64_t seed = 0x9e3779b97f4a7c15;

static const char *const label_names[] = {"cluster", "role"}, *const label_values[] = {"edge",
										       "web"};
static const struct sf_envelope envelope = {.host_name = "web-1",
					    .host_id = "0123456789abcdef0123456789abcdef",
					    .boot_id = "01234567-89ab-cdef-0123-456789abcdef",
					    .query = "slow_https",
					    .labels = 2,
					    .label_names = label_names,
					    .label_values = label_values};

static struct sf_encoder *make(const struct sf_envelope *what)
{
	struct sf_fieldset fields = {0};

	sf_fieldset_add(&fields, SF_FIELD_STATE);
	return sf_encoder_new(what, &fields, 1u << SF_TABLE_TCP);
}

static void encode(struct sf_encoder *encoder, struct sf_buf *line)
{
	struct sf_view view = {.table = SF_TABLE_TCP};
	char *room = malloc(sf_encoder_most(encoder));
	struct reply reply;

	reply_begin(&reply, 2, SF_LISTEN);
	assert_int_equal(sf_view_index(&view, reply.bytes, reply.length), 0);
	line->length = 0;
	sf_buf_add(line, room, (size_t)(sf_encode_socket(encoder, &view, 17, room) - room));
	free(room);
	json_object_put(judge_line(line->data, line->length));
}

#define IDENTITY                                                                                  \
	"\"host\":{\"name\":\"web-1\",\"id\":\"0123456789abcdef0123456789abcdef\","               \
	"\"boot_id\":\"01234567-89ab-cdef-0123-456789abcdef\"},\"labels\":{\"cluster\":\"edge\"," \
	"\"role\":\"web\"},"                                                                      \
	"\"query\":\"slow_https\""

static void the_envelope_comes_first(void **state)
{
	sf_cleanup(sf_encoder_free_p) struct sf_encoder *encoder = make(&envelope);
	sf_cleanup(sf_buf_finish) struct sf_buf line = {0};

	(void)state;
	sf_encoder_run(encoder, 86400123456, 4026531840);
	sf_encoder_time(encoder, NOON);
	encode(encoder, &line);
	assert_string_equal(line.data, "{\"time\":\"2025-11-24T12:00:00.123456Z\",\"type\":"
				       "\"socket\",\"schema\":1," IDENTITY
				       ",\"run\":86400123456,\"seq\":17,\"netns\":{\"inode\":"
				       "4026531840},\"state\":\"listening\"}\n");
}

static void without_labels_and_namespace_their_keys_are_left_out(void **state)
{
	const struct sf_envelope bare = {
		.host_name = "h", .host_id = "", .boot_id = "b", .query = "query"};
	sf_cleanup(sf_encoder_free_p) struct sf_encoder *encoder = make(&bare);
	sf_cleanup(sf_buf_finish) struct sf_buf line = {0};

	(void)state;
	encode(encoder, &line);
	assert_string_equal(line.data, "{\"time\":\"1970-01-01T00:00:00.000000Z\",\"type\":"
				       "\"socket\",\"schema\":1,\"host\":{\"name\":\"h\","
				       "\"id\":\"\",\"boot_id\":\"b\"},\"query\":\"query\",\"run\":"
				       "0,\"seq\":17,\"state\":\"listening\"}\n");
}

static void a_new_run_keeps_the_time_and_a_new_time_the_run(void **state)
{
	sf_cleanup(sf_encoder_free_p) struct sf_encoder *encoder = make(&envelope);
	sf_cleanup(sf_buf_finish) struct sf_buf line = {0};

	(void)state;
	sf_encoder_time(encoder, NOON);
	sf_encoder_run(encoder, UINT64_MAX, 7);
	sf_encoder_run(encoder, 5, 0);
	encode(encoder, &line);
	assert_non_null(strstr(line.data, "{\"time\":\"2025-11-24T12:00:00.123456Z\",\"type\":"));
	assert_non_null(strstr(line.data, ",\"run\":5,\"seq\":17,\"state\""));
	sf_encoder_time(encoder, NOON + 1);
	encode(encoder, &line);
	assert_non_null(strstr(line.data, "{\"time\":\"2025-11-24T12:00:00.123457Z\",\"type\":"));
	assert_non_null(strstr(line.data, ",\"run\":5,\"seq\":17,\"state\""));
}

/* ---- strange bytes ---- */

/* The bytes of `name` in `object`: of its twin where there is one. */
static void assert_bytes(struct json_object *object, const char *name, const char *bytes)
{
	char twin[64], decoded[128];
	struct json_object *value;
	int length;

	snprintf(twin, sizeof(twin), "%s_base64", name);
	if (json_object_object_get_ex(object, twin, &value)) {
		length =
			judge_base64(json_object_get_string(value),
				     (size_t)json_object_get_string_len(value), (uint8_t *)decoded);
		assert_int_equal(length, strlen(bytes));
		assert_memory_equal(decoded, bytes, strlen(bytes));
		assert_true(json_object_object_get_ex(object, name, &value));
		assert_string_not_equal(json_object_get_string(value), bytes);
	} else {
		assert_true(json_object_object_get_ex(object, name, &value));
		assert_string_equal(json_object_get_string(value), bytes);
	}
}

static void draw_name(char out[32])
{
	size_t length = draw(&seed) % 32;

	for (size_t i = 0; i < length; i++)
		out[i] = (char)(draw(&seed) % 4 ? 1 + draw(&seed) % 255 : 'a' + draw(&seed) % 26);
	out[length] = '\0';
}

static void any_bytes_of_an_envelope_can_be_recovered(void **state)
{
	sf_cleanup(sf_buf_finish) struct sf_buf line = {0};

	(void)state;
	for (unsigned i = 0; i < 20000; i++) {
		char texts[6][32];
		const char *const values[] = {texts[4], texts[5]};
		const struct sf_envelope strange = {.host_name = texts[0],
						    .host_id = texts[1],
						    .boot_id = texts[2],
						    .query = texts[3],
						    .labels = 2,
						    .label_names = label_names,
						    .label_values = values};
		struct json_object *record, *object;
		struct sf_encoder *encoder;

		for (unsigned j = 0; j < SF_COUNT(texts); j++)
			draw_name(texts[j]);
		encoder = make(&strange);
		encode(encoder, &line);
		sf_encoder_free(encoder);
		record = judge_line(line.data, line.length);
		assert_bytes(record, "query", texts[3]);
		assert_true(json_object_object_get_ex(record, "host", &object));
		assert_bytes(object, "name", texts[0]);
		assert_bytes(object, "id", texts[1]);
		assert_bytes(object, "boot_id", texts[2]);
		assert_true(json_object_object_get_ex(record, "labels", &object));
		assert_bytes(object, "cluster", texts[4]);
		assert_bytes(object, "role", texts[5]);
		json_object_put(record);
	}
}

/* ---- the run record ---- */

static void close_run(struct sf_encoder *encoder, const struct sf_run_facts *facts,
		      struct sf_buf *line)
{
	line->length = 0;
	sf_encode_run(encoder, facts, line);
	json_object_put(judge_line(line->data, line->length));
}

static void a_run_record_has_all_keys(void **state)
{
	static const struct sf_run_walk walks[] = {{1764000000, "tcp", 2}, {UINT64_MAX, "tcp", 0}};
	static const char *const absent[] = {"mptcp", "vsock"};
	static const struct sf_run_error errors[] = {{"sctp", "ENOENT", "no such table"},
						     {"tcp", NULL, "a \"quote\""}};
	const struct sf_run_facts facts = {.wall_us = NOON,
					   .run = 86400123456,
					   .previous_run = 86390123456,
					   .seq = 12,
					   .interval_ms = 10000,
					   .skipped = 3,
					   .records = 12,
					   .seen = 4000,
					   .matched = 15,
					   .duplicates = 2,
					   .duration_us = 1234,
					   .partial = true,
					   .walks = 2,
					   .absents = 2,
					   .errors = 2,
					   .walk = walks,
					   .absent = absent,
					   .error = errors};
	sf_cleanup(sf_encoder_free_p) struct sf_encoder *encoder = make(&envelope);
	sf_cleanup(sf_buf_finish) struct sf_buf line = {0};

	(void)state;
	sf_encoder_run(encoder, 86400123456, 4026531840);
	close_run(encoder, &facts, &line);
	assert_string_equal(
		line.data,
		"{\"time\":\"2025-11-24T12:00:00.123456Z\",\"type\":\"run\",\"schema\":1," IDENTITY
		",\"run\":86400123456,\"seq\":12,"
		"\"netns\":{\"inode\":4026531840},\"previous_run\":86390123456,\"interval_ms\":"
		"10000,\"skipped\":3,\"records\":12,"
		"\"sockets_seen\":4000,\"sockets_matched\":15,\"cut\":3,\"duplicates\":2,"
		"\"walks\":[{\"id\":1764000000,\"table\":\"tcp\",\"dumps\":2},{\"id\":"
		"18446744073709551615,\"table\":\"tcp\",\"dumps\":0}],"
		"\"duration_us\":1234,\"partial\":true,\"absent\":[\"mptcp\",\"vsock\"],"
		"\"errors\":[{\"table\":\"sctp\",\"code\":\"ENOENT\",\"message\":\"no such "
		"table\"},"
		"{\"table\":\"tcp\",\"code\":null,\"message\":\"a \\\"quote\\\"\"}]}\n");
}

static void a_run_without_anything_has_the_same_keys(void **state)
{
	sf_cleanup(sf_encoder_free_p) struct sf_encoder *encoder = make(&envelope);
	sf_cleanup(sf_buf_finish) struct sf_buf line = {0};

	(void)state;
	close_run(encoder, &(struct sf_run_facts){.first = true}, &line);
	assert_string_equal(
		line.data,
		"{\"time\":\"1970-01-01T00:00:00.000000Z\",\"type\":\"run\",\"schema\":1," IDENTITY
		",\"run\":0,\"seq\":0,"
		"\"previous_run\":null,\"interval_ms\":null,\"skipped\":0,\"records\":0,\"sockets_"
		"seen\":0,\"sockets_matched\":0,"
		"\"cut\":0,\"duplicates\":0,\"walks\":[],\"duration_us\":0,\"partial\":false,"
		"\"absent\":[],\"errors\":[]}\n");
}

static void a_run_record_is_added_behind_what_is_there(void **state)
{
	sf_cleanup(sf_encoder_free_p) struct sf_encoder *encoder = make(&envelope);
	sf_cleanup(sf_buf_finish) struct sf_buf line = {0};

	(void)state;
	sf_buf_text(&line, "before\n");
	sf_encode_run(encoder, &(struct sf_run_facts){.first = true}, &line);
	assert_memory_equal(line.data, "before\n{\"time\"", strlen("before\n{\"time\""));
	json_object_put(judge_line(line.data + 7, line.length - 7));
}

static void any_bytes_of_an_error_can_be_recovered(void **state)
{
	sf_cleanup(sf_encoder_free_p) struct sf_encoder *encoder = make(&envelope);
	sf_cleanup(sf_buf_finish) struct sf_buf line = {0};

	(void)state;
	for (unsigned i = 0; i < 5000; i++) {
		char message[32];
		const struct sf_run_error error = {"tcp", "EIO", message};
		struct json_object *record, *errors;

		draw_name(message);
		close_run(encoder, &(struct sf_run_facts){.errors = 1, .error = &error}, &line);
		record = judge_line(line.data, line.length);
		assert_true(json_object_object_get_ex(record, "errors", &errors));
		assert_bytes(json_object_array_get_idx(errors, 0), "message", message);
		json_object_put(record);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_envelope_comes_first),
		cmocka_unit_test(without_labels_and_namespace_their_keys_are_left_out),
		cmocka_unit_test(a_new_run_keeps_the_time_and_a_new_time_the_run),
		cmocka_unit_test(any_bytes_of_an_envelope_can_be_recovered),
		cmocka_unit_test(a_run_record_has_all_keys),
		cmocka_unit_test(a_run_without_anything_has_the_same_keys),
		cmocka_unit_test(a_run_record_is_added_behind_what_is_there),
		cmocka_unit_test(any_bytes_of_an_error_can_be_recovered),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
