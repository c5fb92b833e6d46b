/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pairs of keys and values, added to a buffer where records are seldom. Bytes from outside come
 * with the twin that holds them exactly where the string cannot.
 */
#include "record/step.h"

static char *put_name(char *out, const char *name, size_t length, const char *behind)
{
	*out++ = ',';
	*out++ = '"';
	memcpy(out, name, length);
	return stpcpy(out + length, behind);
}

#define TWIN "_base64\":"

size_t sf_text_most(size_t name_length, size_t length)
{
	return strlen(",\"\":") + name_length + 6 * length + 2 + strlen(",\"" TWIN) + name_length +
	       4 * ((length + 2) / 3) + 2 + 8 /* scribbled on */;
}

char *sf_text_write(char *out, const char *name, size_t name_length, const uint8_t *bytes,
		    size_t length)
{
	bool exact;

	out = put_name(out, name, name_length, "\":");
	out = sf_write_string(out, bytes, length, &exact);
	if (exact)
		return out;
	out = put_name(out, name, name_length, TWIN);
	return sf_write_base64(out, bytes, length);
}

void sf_text_add(struct sf_buf *out, const char *name, const char *bytes)
{
	size_t length = strlen(bytes), name_length = strlen(name);
	sf_cleanup(sf_free_p) char *text = sf_alloc(sf_text_most(name_length, length));
	const char *end = sf_text_write(text, name, name_length, (const uint8_t *)bytes, length);

	sf_buf_add(out, text, (size_t)(end - text));
}

void sf_number_add(struct sf_buf *out, const char *key, uint64_t number)
{
	char digits[32];
	const char *end = sf_write_u64(digits, number);

	sf_buf_text(out, key);
	sf_buf_add(out, digits, (size_t)(end - digits));
}

void sf_opening_add(struct sf_buf *out, uint64_t wall_us, const char *type)
{
	char stamp[SF_STAMP_SIZE];

	sf_clock_stamp(stamp, wall_us);
	sf_buf_format(out, "{\"time\":\"%.*s\",\"type\":\"%s\",\"schema\":1", SF_STAMP_SIZE, stamp,
		      type);
}
