/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes and formatted text go in at the end, one NUL-terminated text comes out. The capacity
 * doubles.
 */
#include <stdlib.h>
#include <string.h>

#include <sockfeed/base.h>

enum { FIRST_CAPACITY = 64 };

void sf_buf_finish(struct sf_buf *buf)
{
	free(buf->data);
	*buf = (struct sf_buf){0};
}

/* Room for length bytes more and the NUL behind them. */
static char *reserve(struct sf_buf *buf, size_t length)
{
	size_t need = buf->length + length + 1;

	if (need > buf->capacity) {
		size_t capacity = buf->capacity ?: FIRST_CAPACITY;

		while (capacity < need)
			capacity *= 2;
		buf->data = sf_realloc(buf->data, capacity);
		buf->capacity = capacity;
	}
	return buf->data + buf->length;
}

void sf_buf_add(struct sf_buf *buf, const void *bytes, size_t length)
{
	char *end = reserve(buf, length);

	if (length)
		memcpy(end, bytes, length);
	end[length] = '\0';
	buf->length += length;
}

void sf_buf_text(struct sf_buf *buf, const char *text)
{
	sf_buf_add(buf, text, strlen(text));
}

void sf_buf_vformat(struct sf_buf *buf, const char *format, va_list args)
{
	va_list again;
	int length;

	va_copy(again, args);
	length = vsnprintf(NULL, 0, format, again);
	va_end(again);
	if (length < 0)
		return;
	vsnprintf(reserve(buf, (size_t)length), (size_t)length + 1, format, args);
	buf->length += (size_t)length;
}

void sf_buf_format(struct sf_buf *buf, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	sf_buf_vformat(buf, format, args);
	va_end(args);
}

char *sf_buf_take(struct sf_buf *buf)
{
	char *text = buf->data ?: sf_strdup("");

	*buf = (struct sf_buf){0};
	return text;
}
