/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How long a field can become in a record: so much room is kept before anything is written.
 */
#include "record/step.h"

#define UNKNOWN_MOST 30 /* "unknown-18446744073709551615" */

static const uint8_t mosts[SF_TYPE_COUNT] = {
	[SF_TYPE_U8] = 20,   [SF_TYPE_U16] = 20,
	[SF_TYPE_U32] = 20,  [SF_TYPE_U64] = 20,
	[SF_TYPE_I32] = 11,  [SF_TYPE_PORT] = 5,
	[SF_TYPE_BOOL] = 5,  [SF_TYPE_RATIO] = 28,
	[SF_TYPE_ID64] = 22, [SF_TYPE_WORD] = UNKNOWN_MOST,
	[SF_TYPE_WORDS] = 2, [SF_TYPE_IP] = 47,
};

size_t sf_key_length(const struct sf_field *field)
{
	return strlen(leaf(field->name)) + strlen(",\"\":");
}

/* The text of a bit, `,"sack"`; returns its length. */
size_t sf_bit_text(const struct sf_words *words, unsigned bit, char *out, size_t room)
{
	const char *name = sf_word(words, bit);
	size_t length;

	if (!name)
		return (size_t)snprintf(out, room, ",\"unknown-%u\"", bit);
	length = strlen(name) + strlen(",\"\"");
	if (length < room)
		stpcpy(stpcpy(stpcpy(out, ",\""), name), "\"");
	return length;
}

static size_t longest_word(const struct sf_words *words, size_t most)
{
	for (; words; words = words->more) {
		for (unsigned i = 0; i < words->count; i++) {
			const char *name = words->names[i];

			if (name && strlen(name) + 2 > most)
				most = strlen(name) + 2;
		}
	}
	return most;
}

size_t sf_list_most(const struct sf_field *field, size_t length)
{
	size_t count, most = mosts[field->type];

	if (field->list == SF_LIST_BITS)
		return length > BITS_MOST ? 0 : 8 * length * strlen("8192,");
	count = length / field->stride;
	if (field->type == SF_TYPE_U32)
		most = strlen("4294967295");
	if (field->type == SF_TYPE_HEX)
		most = 3u * field->size + 1;
	if (field->type == SF_TYPE_WORD)
		most = longest_word(field->words, most);
	return count * (most + 1) + SCRIBBLE;
}

size_t sf_step_most(const struct sf_field *field)
{
	size_t most = mosts[field->type];

	if (is_text(field))
		return sf_text_most(strlen(leaf(field->name)), TEXT_MOST);
	if (field->list)
		return sf_key_length(field) + strlen("[]"); /* its elements: sf_list_most */
	if (field->type == SF_TYPE_HEX)
		most = 3u * field->size + 1;
	if (field->type == SF_TYPE_WORDS) {
		char scratch[1];

		for (unsigned bit = 0; bit < 64; bit++)
			most += sf_bit_text(field->words, bit, scratch, 0);
	}
	if (field->type == SF_TYPE_WORD)
		most = longest_word(field->words, most);
	return sf_key_length(field) + most;
}
