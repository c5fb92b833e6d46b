/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The room `base`: memory, errors, buffers, the arena, strings of JSON, and the name that was
 * meant.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <json-c/json.h>

#include <sockfeed/base.h>

static uint64_t next_random(uint64_t *seed) /* xorshift64 */
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

static void memory_is_zeroed_and_never_null(void **state)
{
	sf_cleanup(sf_free_p) unsigned char *bytes = sf_alloc(1000);
	sf_cleanup(sf_free_p) void *nothing = sf_alloc(0);

	(void)state;
	for (size_t i = 0; i < 1000; i++)
		assert_int_equal(bytes[i], 0);
	assert_non_null(nothing);
}

static void what_was_taken_is_not_freed(void **state)
{
	char *kept;
	(void)state;
	{
		sf_cleanup(sf_free_p) char *text = sf_strdup("kept");

		kept = sf_take(text);
		assert_null(text);
	}
	assert_string_equal(kept, "kept");
	free(kept);
}

static void a_descriptor_is_closed_once_and_errno_survives(void **state)
{
	int pipes[2], copy;

	(void)state;
	assert_int_equal(pipe(pipes), 0);
	copy = pipes[0];
	errno = ENOENT;
	sf_close_p(&pipes[0]);
	assert_int_equal(errno, ENOENT);
	assert_int_equal(pipes[0], -1);
	assert_int_equal(close(copy), -1);
	sf_close_p(&pipes[0]);
	sf_close_p(&pipes[1]);
}

static void a_failure_returns_its_code_and_cuts_its_sentence(void **state)
{
	char long_text[600];
	struct sf_err err;

	(void)state;
	assert_int_equal(sf_fail(&err, -ENOENT, "no %s", "file"), -ENOENT);
	assert_string_equal(err.text, "no file");
	assert_int_equal(sf_fail(NULL, -EPERM, "nobody listens"), -EPERM);
	memset(long_text, 'x', sizeof(long_text) - 1);
	long_text[sizeof(long_text) - 1] = '\0';
	sf_fail(&err, -1, "%s", long_text);
	assert_int_equal(strlen(err.text), sizeof(err.text) - 1);
}

static void every_errno_has_the_name_of_the_c_library(void **state)
{
	(void)state;
#ifdef __GLIBC__
	for (int code = 1; code < 4096; code++) {
		const char *name = strerrorname_np(code);
		char number[16];

		snprintf(number, sizeof(number), "E%d", code);
		if (name && !strcmp(name, "ENOTSUP"))
			name = "EOPNOTSUPP"; /* one number, two names */
		assert_string_equal(sf_errno_name(code), name ?: number);
		assert_string_equal(sf_errno_name(-code), name ?: number);
	}
#endif
	assert_string_equal(sf_errno_name(EOPNOTSUPP), "EOPNOTSUPP");
	assert_string_equal(sf_errno_name(EAGAIN), "EAGAIN");
	assert_string_equal(sf_errno_name(INT32_MIN), "E2147483648");
}

static void a_buffer_holds_what_was_added_and_ends_with_nul(void **state)
{
	sf_cleanup(sf_buf_finish) struct sf_buf buf = {0};
	size_t length = 0;

	(void)state;
	for (int i = 0; i < 1000; i++) {
		sf_buf_add(&buf, "a\0b", 3);
		sf_buf_text(&buf, "cd");
		sf_buf_format(&buf, "%03d", i);
		length += 8;
		assert_int_equal(buf.length, length);
		assert_int_equal(buf.data[length], '\0');
		assert_true(buf.capacity > length);
	}
	assert_memory_equal(buf.data + 8 * 123, "a\0bcd123", 8);
	sf_buf_add(&buf, NULL, 0);
	assert_int_equal(buf.length, length);
}

static void a_taken_buffer_is_empty_and_an_empty_one_gives_an_empty_text(void **state)
{
	struct sf_buf buf = {0};
	char *empty = sf_buf_take(&buf), *text;

	(void)state;
	assert_string_equal(empty, "");
	sf_buf_text(&buf, "text");
	text = sf_buf_take(&buf);
	assert_string_equal(text, "text");
	assert_null(buf.data);
	assert_int_equal(buf.length, 0);
	free(empty);
	free(text);
}

static void a_piece_of_no_bytes_has_an_address_too(void **state)
{
	struct sf_arena *arena = sf_arena_new();
	(void)state;

	assert_non_null(sf_arena_alloc(arena, 0));
	sf_arena_free(arena);
}

static void pieces_of_an_arena_are_zeroed_aligned_and_apart(void **state)
{
	struct sf_arena *arena = sf_arena_new();
	unsigned char *pieces[300];
	uint64_t seed = 42;
	size_t sizes[300];

	(void)state;
	for (size_t i = 0; i < 300; i++) {
		sizes[i] = next_random(&seed) % (i % 50 ? 200 : 10000);
		pieces[i] = sf_arena_alloc(arena, sizes[i]);
		assert_int_equal((uintptr_t)pieces[i] % _Alignof(max_align_t), 0);
		for (size_t k = 0; k < sizes[i]; k++)
			assert_int_equal(pieces[i][k], 0);
		memset(pieces[i], (int)(i % 251 + 1), sizes[i]);
	}
	for (size_t i = 0; i < 300; i++)
		for (size_t k = 0; k < sizes[i]; k++)
			assert_int_equal(pieces[i][k], i % 251 + 1);
	assert_string_equal(sf_arena_copy(arena, "copied", 4), "copi");
	assert_string_equal(sf_arena_copy(arena, NULL, 0), "");
	assert_string_equal(sf_arena_format(arena, "%d of %s", 3, "all"), "3 of all");
	assert_string_equal(sf_arena_format(arena, "%s", ""), "");
	sf_arena_free(arena);
	sf_arena_free(NULL);
}

static void json_escapes_what_must_be_escaped(void **state)
{
	static const struct {
		const char *bytes, *json;
		size_t length;
	} cases[] = {
		{"", "\"\"", 0},
		{"plain \xc3\xa4 \xf0\x9f\x98\x80", "\"plain \xc3\xa4 \xf0\x9f\x98\x80\"", 13},
		{"\"\\\b\f\n\r\t", "\"\\\"\\\\\\b\\f\\n\\r\\t\"", 7},
		{"\0\x01\x1f\x7f", "\"\\u0000\\u0001\\u001f\x7f\"", 4},
		{"\xff\xc3", "\"\xef\xbf\xbd\xef\xbf\xbd\"", 2},
		{"\xc0\xaf", "\"\xef\xbf\xbd\xef\xbf\xbd\"", 2},		 /* overlong */
		{"\xed\xa0\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"", 3}, /* a surrogate */
		{"\xf4\x90\x80\x80", "\"\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\"", 4},
	};

	(void)state;
	for (size_t i = 0; i < SF_COUNT(cases); i++) {
		sf_cleanup(sf_buf_finish) struct sf_buf buf = {0};

		sf_json_string(&buf, cases[i].bytes, cases[i].length);
		assert_string_equal(buf.data, cases[i].json);
	}
}

static void any_bytes_become_json_that_a_strict_parser_reads(void **state)
{
	uint64_t seed = 7;

	(void)state;
	for (int round = 0; round < 20000; round++) {
		sf_cleanup(sf_buf_finish) struct sf_buf buf = {0};
		struct json_tokener *tokener = json_tokener_new();
		struct json_object *object;
		char bytes[40];
		size_t length = next_random(&seed) % sizeof(bytes);

		for (size_t i = 0; i < length; i++) /* half of them above 0x80 */
			bytes[i] = (char)(next_random(&seed) >> 20);
		sf_json_string(&buf, bytes, length);
		json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
		object = json_tokener_parse_ex(tokener, buf.data, (int)buf.length + 1);
		assert_int_equal(json_tokener_get_error(tokener), json_tokener_success);
		assert_int_equal(json_tokener_get_parse_end(tokener), buf.length);
		assert_true(json_object_is_type(object, json_type_string));
		json_object_put(object);
		json_tokener_free(tokener);
	}
}

static const char *name_at(const void *arg, size_t i)
{
	return ((const char *const *)arg)[i];
}

static void the_name_that_was_meant_is_found(void **state)
{
	static const char *const names[] = {"interval", "timeout", NULL,  "sockets", "filter",
					    "fields",	"limit",   "tcp", ""};
	static const struct {
		const char *name, *meant;
	} cases[] = {
		{"intervall", "interval"},
		{"intreval", "interval"}, /* one swap is one edit */
		{"INTERVAL", "interval"},
		{"tiemotu", "timeout"},
		{"fitler", "filter"},
		{"field", "fields"},
		{"tpc", "tcp"},
		{"udp", NULL}, /* two edits of three letters */
		{"completely_else", NULL},
		{"", NULL},
		{"x", NULL},
		{"a_name_that_is_so_long_that_nobody_slips_over_it_by_accident_anymore", NULL},
	};

	(void)state;
	for (size_t i = 0; i < SF_COUNT(cases); i++) {
		const char *found = sf_nearest(cases[i].name, strlen(cases[i].name),
					       SF_COUNT(names), name_at, names);

		if (cases[i].meant) {
			assert_non_null(found);
			assert_string_equal(found, cases[i].meant);
		} else {
			assert_null(found);
		}
	}
}

static void of_two_names_the_nearer_is_meant(void **state)
{
	static const char *const names[] = {"tcp.rttvar_us", "tcp.rto_us", "tcp.rtt_us"};

	(void)state;
	assert_string_equal(sf_nearest("tcp.rtt_uss", 11, 3, name_at, names), "tcp.rtt_us");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(memory_is_zeroed_and_never_null),
		cmocka_unit_test(what_was_taken_is_not_freed),
		cmocka_unit_test(a_descriptor_is_closed_once_and_errno_survives),
		cmocka_unit_test(a_failure_returns_its_code_and_cuts_its_sentence),
		cmocka_unit_test(every_errno_has_the_name_of_the_c_library),
		cmocka_unit_test(a_buffer_holds_what_was_added_and_ends_with_nul),
		cmocka_unit_test(a_taken_buffer_is_empty_and_an_empty_one_gives_an_empty_text),
		cmocka_unit_test(a_piece_of_no_bytes_has_an_address_too),
		cmocka_unit_test(pieces_of_an_arena_are_zeroed_aligned_and_apart),
		cmocka_unit_test(json_escapes_what_must_be_escaped),
		cmocka_unit_test(any_bytes_become_json_that_a_strict_parser_reads),
		cmocka_unit_test(the_name_that_was_meant_is_found),
		cmocka_unit_test(of_two_names_the_nearer_is_meant),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
