/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is wrong in what a user wrote: kept as it is found, in any order, printed by file and place.
 * All of it is reported in one run, up to a thousand; of those above, only the number.
 */
#include <stdlib.h>
#include <string.h>

#include "base/complain.h"

enum { KEPT_MOST = 1000 };

struct sf_complaints {
	struct sf_complaint *items;
	size_t count, errors, warnings, files;
};

struct sf_complaints *sf_complaints_new(void)
{
	return sf_new(struct sf_complaints);
}

static void finish(struct sf_complaint *c)
{
	free(c->name);
	free(c->within);
	free(c->message);
	free(c->hint);
	free(c->excerpt.text);
}

void sf_complaints_free(struct sf_complaints *complaints)
{
	if (!complaints)
		return;
	for (size_t i = 0; i < complaints->count; i++)
		finish(&complaints->items[i]);
	free(complaints->items);
	free(complaints);
}

void sf_complaints_free_p(struct sf_complaints **complaints)
{
	sf_complaints_free(*complaints);
}

size_t sf_complaints_errors(const struct sf_complaints *complaints)
{
	return complaints->errors;
}

size_t sf_complaints_warnings(const struct sf_complaints *complaints)
{
	return complaints->warnings;
}

static char *copy(const char *text)
{
	return text ? sf_strdup(text) : NULL;
}

static bool equal(const char *a, const char *b)
{
	return a == b || (a && b && !strcmp(a, b));
}

static bool again(const struct sf_complaint *a, const struct sf_complaint *b)
{
	return a->offset == b->offset && a->warning == b->warning &&
	       a->begins.line == b->begins.line && a->begins.column == b->begins.column &&
	       !strcmp(a->message, b->message) && equal(a->within, b->within) &&
	       !strcmp(a->name, b->name);
}

static size_t file_of(struct sf_complaints *complaints, const char *name)
{
	for (size_t i = 0; i < complaints->count; i++)
		if (!strcmp(complaints->items[i].name, name))
			return complaints->items[i].file;
	return complaints->files++;
}

static void keep(struct sf_complaints *complaints, struct sf_complaint *c,
		 const struct sf_text *text, size_t length)
{
	bool inside = c->begins.line > 0;

	c->file = file_of(complaints, c->name);
	c->order = complaints->count;
	c->place = c->begins;
	if (text->text) {
		struct sf_place place = sf_place_of(text, c->offset);

		c->excerpt = sf_excerpt_of(text, c->offset, length);
		if (inside)
			c->inner = place;
		else
			c->place = place;
		if (inside && !sf_text_has_lines(text))
			c->inner.line = 0;
	}
	complaints->items =
		sf_realloc(complaints->items, (complaints->count + 1) * sizeof(*complaints->items));
	complaints->items[complaints->count++] = *c;
}

static void add(struct sf_complaints *complaints, bool warning, const struct sf_text *text,
		size_t offset, size_t length, const char *hint, const char *format, va_list args)
{
	bool shown = text->file && !text->within; /* in the file's own line */
	const struct sf_text *where = shown ? text->file : text;
	struct sf_buf message = {0};
	struct sf_complaint c = {.name = sf_strdup(where->name ?: ""),
				 .within = copy(where->within),
				 .hint = copy(hint),
				 .offset = offset + (shown ? text->at : 0),
				 .begins = {where->line, where->column},
				 .warning = warning};

	sf_buf_vformat(&message, format, args);
	c.message = sf_buf_take(&message);
	for (size_t i = 0; i < complaints->count; i++)
		if (again(&complaints->items[i], &c)) {
			finish(&c);
			return;
		}
	if (warning)
		complaints->warnings++;
	else
		complaints->errors++;
	if (complaints->count < KEPT_MOST)
		keep(complaints, &c, where, length);
	else
		finish(&c);
}

void sf_complain(struct sf_complaints *complaints, const struct sf_text *text, size_t offset,
		 size_t length, const char *hint, const char *message, ...)
{
	va_list args;

	va_start(args, message);
	add(complaints, false, text, offset, length, hint, message, args);
	va_end(args);
}

void sf_warn(struct sf_complaints *complaints, const struct sf_text *text, size_t offset,
	     size_t length, const char *hint, const char *message, ...)
{
	va_list args;

	va_start(args, message);
	add(complaints, true, text, offset, length, hint, message, args);
	va_end(args);
}

static int compare(size_t a, size_t b)
{
	return (a > b) - (a < b);
}

static int by_place(const void *left, const void *right)
{
	const struct sf_complaint *a = *(const struct sf_complaint *const *)left;
	const struct sf_complaint *b = *(const struct sf_complaint *const *)right;
	int r = compare(a->file, b->file) ?: compare(a->place.line, b->place.line);

	r = r ?: compare(a->place.column, b->place.column);
	r = r ?: compare(a->inner.line, b->inner.line);
	r = r ?: compare(a->inner.column, b->inner.column);
	return r ?: compare(a->order, b->order);
}

static void print_lines(struct sf_buf *out, const char *indent, const char *text)
{
	while (*text) {
		size_t length = strcspn(text, "\n");

		sf_buf_text(out, indent);
		sf_show(out, text, length);
		sf_buf_text(out, "\n");
		text += length + (text[length] == '\n');
	}
}

static void print(struct sf_buf *out, const struct sf_complaint *c)
{
	const char *name = c->name;

	sf_show(out, name, strlen(name));
	if (*name && c->place.line)
		sf_buf_format(out, ":%u:%u", c->place.line, c->place.column);
	sf_buf_format(out, "%s%s: ", *name ? ": " : "", c->warning ? "warning" : "error");
	if (c->within) {
		sf_buf_text(out, "in ");
		sf_show(out, c->within, strlen(c->within));
		if (c->inner.line)
			sf_buf_format(out, ", line %u", c->inner.line);
		if (c->inner.column)
			sf_buf_format(out, ", column %u", c->inner.column);
		sf_buf_text(out, ": ");
	}
	sf_show(out, c->message, strlen(c->message));
	sf_buf_text(out, "\n");
	if (c->excerpt.text) {
		sf_buf_format(out, "    %s\n    %*s", c->excerpt.text, (int)c->excerpt.at, "");
		for (size_t i = 0; i < c->excerpt.count; i++)
			sf_buf_text(out, "^");
		sf_buf_text(out, "\n");
	}
	if (c->hint)
		print_lines(out, "  ", c->hint);
}

void sf_complaints_print(const struct sf_complaints *complaints, FILE *file)
{
	sf_cleanup(sf_buf_finish) struct sf_buf out = {0};
	sf_cleanup(sf_free_p) const struct sf_complaint **sorted =
		sf_alloc(complaints->count * sizeof(*sorted));
	size_t more = complaints->errors + complaints->warnings - complaints->count;

	for (size_t i = 0; i < complaints->count; i++)
		sorted[i] = &complaints->items[i];
	qsort(sorted, complaints->count, sizeof(*sorted), by_place);
	for (size_t i = 0; i < complaints->count; i++)
		print(&out, sorted[i]);
	if (more)
		sf_buf_format(&out, "and %zu more\n", more);
	if (out.length)
		fwrite(out.data, 1, out.length, file);
}
