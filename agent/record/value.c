/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One value in the general way: for the few fields that no step of their own is worth, and for
 * people, who want no quotes. What people see goes to a terminal: no control character leaves here,
 * C1 (U+0080 to U+009F) included.
 */
#include "record/step.h"

#define NUMBER_MOST 32

static char *put(char *out, const char *text, size_t length)
{
	return mempcpy(out, text, length);
}

static char *put_quote(char *out, bool quoted)
{
	if (quoted)
		*out++ = '"';
	return out;
}

static char *put_word(char *out, const struct sf_words *words, uint64_t number, bool quoted)
{
	const char *name = sf_word(words, number);

	out = put_quote(out, quoted);
	if (name)
		out = put(out, name, strlen(name));
	else
		out = sf_write_u64(put(out, "unknown-", 8), sf_word_unknown(words, number));
	return put_quote(out, quoted);
}

static char *put_words(char *out, const struct sf_words *words, uint64_t bits, bool quoted)
{
	if (quoted)
		*out++ = '[';
	for (unsigned bit = 0; bits; bits >>= 1, bit++) {
		if (!(bits & 1))
			continue;
		out = put_word(out, words, bit, quoted);
		if (bits > 1)
			*out++ = ',';
	}
	if (quoted)
		*out++ = ']';
	return out;
}

static char *put_signed(char *out, int64_t number)
{
	if (number < 0)
		*out++ = '-';
	return sf_write_u64(out, number < 0 ? 0 - (uint64_t)number : (uint64_t)number);
}

static char *put_string(char *out, const struct sf_value *value, bool quoted)
{
	bool exact;
	char *end = sf_write_string(out, value->bytes, value->length, &exact);

	if (quoted)
		return end;
	memmove(out, out + 1, (size_t)(end - out) - 2);
	return end - 2;
}

static char *put_hex(char *out, const struct sf_value *value, bool quoted)
{
	static const char digits[] = "0123456789abcdef";

	out = put_quote(out, quoted);
	for (uint32_t i = 0; i < value->length; i++) {
		if (i)
			*out++ = ':';
		*out++ = digits[value->bytes[i] >> 4];
		*out++ = digits[value->bytes[i] & 15];
	}
	return put_quote(out, quoted);
}

char *sf_value_write(char *out, const struct sf_field *field, const struct sf_value *value,
		     bool quoted)
{
	switch (field->type) {
	case SF_TYPE_U8:
	case SF_TYPE_U16:
	case SF_TYPE_U32:
	case SF_TYPE_U64:
	case SF_TYPE_PORT:
		return sf_write_u64(out, value->number);
	case SF_TYPE_I32:
		return put_signed(out, (int64_t)value->number);
	case SF_TYPE_BOOL:
		return value->number ? put(out, "true", 4) : put(out, "false", 5);
	case SF_TYPE_RATIO:
		return sf_write_ratio(out, value->real);
	case SF_TYPE_ID64:
		return put_quote(sf_write_u64(put_quote(out, quoted), value->number), quoted);
	case SF_TYPE_WORD:
		return put_word(out, field->words, value->number, quoted);
	case SF_TYPE_WORDS:
		return put_words(out, field->words, value->number, quoted);
	case SF_TYPE_IP:
		out = sf_write_ip(put_quote(out, quoted), value->bytes, value->length);
		return put_quote(out, quoted);
	case SF_TYPE_HEX:
		return put_hex(out, value, quoted);
	case SF_TYPE_TEXT:
	case SF_TYPE_BYTES:
		return put_string(out, value, quoted);
	case SF_TYPE_COUNT:
		break;
	}
	return out;
}

static size_t value_most(const struct sf_field *field, const struct sf_value *value)
{
	size_t most = NUMBER_MOST;

	for (const struct sf_words *words = field->words; words; words = words->more) {
		for (unsigned i = 0; i < words->count; i++)
			most += words->names[i] ? strlen(words->names[i]) : 0;
	}
	if (field->type == SF_TYPE_WORDS)
		most += 64 * strlen("\"unknown-63\",");
	if (is_text(field) || field->type == SF_TYPE_HEX)
		most += 6 * (size_t)value->length;
	return most + SCRIBBLE;
}

/* DEL and C1: two bytes, c2 and 80 to 9f. */
static size_t control(const char *text, size_t length)
{
	const uint8_t *bytes = (const uint8_t *)text;

	if (bytes[0] == 0x7f)
		return 1;
	return length > 1 && bytes[0] == 0xc2 && bytes[1] < 0xa0 ? 2 : 0;
}

static void write_one(const struct sf_field *field, const struct sf_value *value,
		      struct sf_buf *out)
{
	sf_cleanup(sf_free_p) char *text = sf_alloc(value_most(field, value));
	size_t length = (size_t)(sf_value_write(text, field, value, false) - text), done = 0;

	for (size_t i = 0, step; i < length; i += step ? step : 1) {
		step = control(text + i, length - i);
		if (!step)
			continue;
		sf_buf_add(out, text + done, i - done);
		sf_buf_add(out, "\xef\xbf\xbd", 3); /* U+FFFD */
		done = i + step;
	}
	sf_buf_add(out, text + done, length - done);
}

void sf_write_value(const struct sf_field *field, const struct sf_value *value, struct sf_buf *out)
{
	struct sf_value element;
	uint32_t at = 0;

	if (!field->list) {
		write_one(field, value, out);
		return;
	}
	for (const char *comma = ""; sf_list_next(field, value, &at, &element); comma = ",") {
		sf_buf_text(out, comma);
		write_one(field, &element, out);
	}
}
