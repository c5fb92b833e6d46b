/* SPDX-License-Identifier: Apache-2.0 */
/*
 * json-c judges what sockfeed's own writers made: strict, UTF-8 checked, nothing behind. Written again by json-c it
 * must be the same bytes, so no key stands twice and nothing is escaped in an odd way. Include behind <cmocka.h>.
 */
#pragma once

#include <json-c/json.h>
#include <string.h>

static inline struct json_object *judge_text(const char *text, size_t length)
{
	struct json_tokener *tokener = json_tokener_new();
	struct json_object *object;
	const char *again;
	size_t size;

	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	object = json_tokener_parse_ex(tokener, text, (int)length);
	/* A number alone ends with the text: json-c has to be told. */
	if (json_tokener_get_error(tokener) == json_tokener_continue)
		object = json_tokener_parse_ex(tokener, "", 1);
	if (json_tokener_get_error(tokener) != json_tokener_success)
		fail_msg("%s in %.*s", json_tokener_error_desc(json_tokener_get_error(tokener)),
			 (int)length, text);
	json_tokener_free(tokener);
	again = json_object_to_json_string_length(
		object, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE, &size);
	if (size != length || memcmp(again, text, length))
		fail_msg("json-c reads\n%.*s\nas\n%s", (int)length, text, again);
	return object;
}

/* One line with its newline, an object. */
static inline struct json_object *judge_line(const char *line, size_t length)
{
	struct json_object *object;

	assert_true(length > 0);
	assert_ptr_equal(memchr(line, '\n', length), line + length - 1);
	object = judge_text(line, length - 1);
	assert_true(json_object_is_type(object, json_type_object));
	return object;
}

/* Where "tcp.rtt_us" lies; false: nothing is there. NULL in *ret is JSON's null. */
static inline bool judge_find(struct json_object *object, const char *name,
			      struct json_object **ret)
{
	const char *dot = strchr(name, '.');
	char group[64];

	if (!dot)
		return json_object_object_get_ex(object, name, ret);
	snprintf(group, sizeof(group), "%.*s", (int)(dot - name), name);
	return json_object_object_get_ex(object, group, &object) &&
	       json_object_object_get_ex(object, dot + 1, ret);
}

static inline bool judge_same(struct json_object *value, const char *text)
{
	return !strcmp(json_object_to_json_string_ext(
			       value, JSON_C_TO_STRING_PLAIN | JSON_C_TO_STRING_NOSLASHESCAPE),
		       text);
}

/* RFC 4648 with padding, bit by bit; returns the number of bytes, or -1. */
static inline int judge_base64(const char *text, size_t length, uint8_t *out)
{
	static const char letters[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	size_t padding = 0, bits;

	while (padding < 2 && padding < length && text[length - 1 - padding] == '=')
		padding++;
	if (length % 4)
		return -1;
	bits = 6 * (length - padding);
	memset(out, 0, bits / 8 + 1);
	for (size_t i = 0; i < bits; i++) {
		const char *letter = strchr(letters, text[i / 6]);

		if (!letter || !*letter)
			return -1;
		if ((letter - letters) >> (5 - i % 6) & 1)
			out[i / 8] |= (uint8_t)(0x80 >> i % 8);
	}
	return (int)(bits / 8);
}
