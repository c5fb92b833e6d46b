/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A socket's record against the answer that it was made of: each field as sf_field_read reads it, printed by printf.
 * Include behind <cmocka.h> or "abort.h".
 */
#pragma once

#include <inttypes.h>
#include <stdio.h>

#include <sockfeed/record.h>

#include "judge.h"

/* ---- what a field should say ---- */

static inline void expect_word(const struct sf_words *words, uint64_t number, char *text)
{
	const char *name = sf_word(words, number);

	if (name)
		sprintf(text, "\"%s\"", name);
	else
		sprintf(text, "\"unknown-%" PRIu64 "\"", words->more ? number % SF_WORDS_SPACE : number);
}

static inline void expect_words(const struct sf_words *words, uint64_t bits, char *text)
{
	*text++ = '[';
	for (unsigned bit = 0; bit < 64; bit++) {
		if (bits >> bit & 1) {
			expect_word(words, bit, text);
			text += strlen(text);
			*text++ = ',';
		}
	}
	strcpy(text - (bits != 0), "]");
}

static inline void expect_ratio(double ratio, char *text)
{
	if (ratio >= 0x1p64) {
		sprintf(text, "%" PRIu64, UINT64_MAX);
		return;
	}
	text += sprintf(text, "%.6f", ratio);
	while (text[-1] == '0')
		*--text = '\0';
	if (text[-1] == '.')
		text[-1] = '\0';
}

static inline void expect_address(const struct sf_value *value, char *text)
{
	char bare[64]; /* how addresses are printed is told in record_writers.c */

	*sf_write_ip(bare, value->bytes, value->length) = '\0';
	sprintf(text, "\"%s\"", bare);
}

static inline void expect_hex(const struct sf_value *value, char *text)
{
	*text++ = '"';
	for (uint32_t i = 0; i < value->length; i++)
		text += sprintf(text, "%s%02x", i ? ":" : "", value->bytes[i]);
	strcpy(text, "\"");
}

/* All but text, which has no single form. Of a list an element. */
static inline void expect(const struct sf_field *field, const struct sf_value *value, char *text)
{
	switch (field->type) {
	case SF_TYPE_U8:
	case SF_TYPE_U16:
	case SF_TYPE_U32:
	case SF_TYPE_U64:
	case SF_TYPE_PORT:
		sprintf(text, "%" PRIu64, value->number);
		break;
	case SF_TYPE_I32:
		sprintf(text, "%" PRIi64, (int64_t)value->number);
		break;
	case SF_TYPE_BOOL:
		strcpy(text, value->number ? "true" : "false");
		break;
	case SF_TYPE_RATIO:
		expect_ratio(value->real, text);
		break;
	case SF_TYPE_ID64:
		sprintf(text, "\"%" PRIu64 "\"", value->number);
		break;
	case SF_TYPE_WORD:
		expect_word(field->words, value->number, text);
		break;
	case SF_TYPE_WORDS:
		expect_words(field->words, value->number, text);
		break;
	case SF_TYPE_IP:
		expect_address(value, text);
		break;
	case SF_TYPE_HEX:
		expect_hex(value, text);
		break;
	case SF_TYPE_TEXT:
	case SF_TYPE_BYTES:
	case SF_TYPE_COUNT:
		fail();
	}
}

/* ---- a record against its answer ---- */

/* The string or its twin: the very bytes. Returns how many keys that takes. */
static inline int judge_bytes(struct json_object *record, const char *name, struct json_object *string,
		      const struct sf_value *value)
{
	struct json_object *twin;
	uint8_t decoded[512];
	char twin_name[64];

	snprintf(twin_name, sizeof(twin_name), "%s_base64", name);
	if (!judge_find(record, twin_name, &twin)) {
		assert_int_equal(json_object_get_string_len(string), value->length);
		assert_memory_equal(json_object_get_string(string), value->bytes, value->length);
		return 1;
	}
	assert_int_equal(judge_base64(json_object_get_string(twin),
				      (size_t)json_object_get_string_len(twin), decoded),
			 value->length);
	assert_memory_equal(decoded, value->bytes, value->length);
	assert_true(json_object_get_string_len(string) != (int)value->length ||
		    memcmp(json_object_get_string(string), value->bytes, value->length));
	return 2;
}

static inline void judge_list(const struct sf_field *field, struct json_object *array, const struct sf_value *list)
{
	struct sf_value element;
	size_t count = 0;
	uint32_t at = 0;

	assert_true(json_object_is_type(array, json_type_array));
	for (; sf_list_next(field, list, &at, &element); count++) {
		char text[512];

		expect(field, &element, text);
		assert_true(count < json_object_array_length(array));
		if (!judge_same(json_object_array_get_idx(array, count), text))
			fail_msg("%s has %s, should have %s", field->name,
				 json_object_to_json_string(json_object_array_get_idx(array, count)), text);
	}
	assert_int_equal(json_object_array_length(array), count);
}

static inline bool is_text(const struct sf_field *field)
{
	return field->type == SF_TYPE_TEXT || field->type == SF_TYPE_BYTES;
}

/* Returns how many keys the field takes. */
static inline int judge_field(struct json_object *record, const struct sf_field *field,
		       const struct sf_view *view)
{
	struct sf_value value = {0};
	enum sf_presence presence = sf_field_read(field, view, &value);
	struct json_object *got = NULL;
	bool found = judge_find(record, field->name, &got);
	char text[2048];

	if (presence == SF_PRESENT && is_text(field) && value.length > 256)
		presence = SF_ABSENT; /* no name of the kernel's is so long */
	if (presence == SF_PRESENT && field->list == SF_LIST_BITS && value.length > 1024)
		presence = SF_ABSENT; /* nor so many groups */
	if (found != (presence != SF_ABSENT))
		fail_msg("%s should be %s", field->name, found ? "absent" : "there");
	if (!found)
		return 0;
	if (presence == SF_PRESENT && is_text(field))
		return judge_bytes(record, field->name, got, &value);
	if (field->list) {
		judge_list(field, got, &value);
		return 1;
	}
	if (presence == SF_NULL)
		strcpy(text, "null");
	else
		expect(field, &value, text);
	if (!judge_same(got, text))
		fail_msg("%s is %s, should be %s", field->name, json_object_to_json_string(got),
			 text);
	return 1;
}

static inline bool is_group(const char *name)
{
	for (unsigned id = 0; id < SF_FIELD_COUNT; id++) {
		const char *dot = strchr(sf_fields[id].name, '.');

		if (dot && strlen(name) == (size_t)(dot - sf_fields[id].name) &&
		    !memcmp(name, sf_fields[id].name, strlen(name)))
			return true;
	}
	return false;
}

/* Keys at the top, and in the groups of fields; a group itself counts as nothing and is never empty. */
static inline int judge_keys(struct json_object *record)
{
	int count = 0;

	json_object_object_foreach(record, key, value)
	{
		if (is_group(key)) {
			assert_true(json_object_object_length(value) > 0);
			count += json_object_object_length(value);
		} else {
			count++;
		}
	}
	return count;
}
