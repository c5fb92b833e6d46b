/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines, columns and excerpts of a text that a user wrote. A column is one character; a byte that
 * is not UTF-8 is one too. A text's last newlines end its last line and begin no other: "something
 * is missing at the end" is shown where one would write it.
 */
#include <string.h>

#include "base/complain.h"
#include "base/utf8.h"

enum {
	WIDTH = 96,
	BEFORE = 60
}; /* columns of an excerpt; of those before the caret, where it must be cut */

struct line {
	const char *begin, *end; /* without its newline */
};

/* A character's bytes; quick where it is ASCII, as in a line of a megabyte. */
static size_t step(const char *at, const char *end)
{
	int shown;

	return (unsigned char)*at < 0x80 ? 1 : sf_utf8_step(at, (size_t)(end - at), &shown);
}

static size_t steps(const char *begin, const char *end)
{
	size_t count = 0;

	for (; begin < end; count++)
		begin += step(begin, end);
	return count;
}

void sf_show(struct sf_buf *buf, const char *bytes, size_t length)
{
	for (size_t at = 0; at < length;) {
		int shown;
		size_t step = sf_utf8_step(bytes + at, length - at, &shown);

		if (shown)
			sf_buf_add(buf, bytes + at, step);
		else
			sf_buf_text(buf, bytes[at] == '\t' ? " " : "?");
		at += step;
	}
}

static const char *text_end(const struct sf_text *text)
{
	const char *end = text->text + text->length;

	while (end > text->text && (end[-1] == '\n' || end[-1] == '\r'))
		end--;
	return end;
}

static const char *byte_at(const struct sf_text *text, size_t offset)
{
	const char *end = text_end(text);

	return offset < (size_t)(end - text->text) ? text->text + offset : end;
}

static struct line line_around(const struct sf_text *text, const char *at)
{
	const char *end = text_end(text);
	const char *before = memrchr(text->text, '\n', (size_t)(at - text->text));
	const char *after = memchr(at, '\n', (size_t)(end - at));
	struct line line = {before ? before + 1 : text->text, after ?: end};

	if (line.end > at && line.end[-1] == '\r')
		line.end--;
	return line;
}

bool sf_text_has_lines(const struct sf_text *text)
{
	return memchr(text->text, '\n', (size_t)(text_end(text) - text->text)) != NULL;
}

struct sf_place sf_place_of(const struct sf_text *text, size_t offset)
{
	const char *at = byte_at(text, offset), *begin = text->text, *newline;
	struct sf_place place = {1, 1};

	while ((newline = memchr(begin, '\n', (size_t)(at - begin)))) {
		place.line++;
		begin = newline + 1;
	}
	place.column += (unsigned)steps(begin, at);
	return place;
}

/* The part of a line that is shown: `from` and `to` in columns. */
static void cut(size_t columns, size_t caret, size_t *from, size_t *to)
{
	*from = 0;
	*to = columns;
	if (columns <= WIDTH)
		return;
	if (caret > BEFORE)
		*from = caret - BEFORE;
	if (*from + WIDTH > columns)
		*from = columns - WIDTH;
	*to = *from + WIDTH;
}

static const char *skip(const char *at, const char *end, size_t columns)
{
	while (columns-- && at < end)
		at += step(at, end);
	return at;
}

struct sf_excerpt sf_excerpt_of(const struct sf_text *text, size_t offset, size_t length)
{
	struct line line = line_around(text, byte_at(text, offset));
	const char *at = byte_at(text, offset), *last;
	struct sf_excerpt excerpt;
	struct sf_buf shown = {0};
	size_t from, to;

	last = length < (size_t)(line.end - at) ? at + length : line.end;
	while (line.begin < at && (*line.begin == ' ' || *line.begin == '\t'))
		line.begin++;
	excerpt.at = steps(line.begin, at);
	cut(steps(line.begin, line.end), excerpt.at, &from, &to);
	excerpt.count = steps(at, last);
	if (excerpt.count > to - excerpt.at)
		excerpt.count = to - excerpt.at;
	if (!excerpt.count)
		excerpt.count = 1;
	excerpt.at -= from;
	if (from) {
		sf_buf_text(&shown, "...");
		excerpt.at += 3;
	}
	last = skip(line.begin, line.end, to);
	at = skip(line.begin, line.end, from);
	sf_show(&shown, at, (size_t)(last - at));
	if (last < line.end)
		sf_buf_text(&shown, "...");
	excerpt.text = sf_buf_take(&shown);
	return excerpt;
}
