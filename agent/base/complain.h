/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A complaint as it is kept: places are counted and the excerpt is cut when it is added, so nothing
 * of the text is needed later.
 */
#pragma once

#include <sockfeed/base.h>

struct sf_place {
	unsigned line, column; /* from 1; 0: nowhere */
};

struct sf_excerpt {
	char *text;   /* NULL: none */
	size_t at;    /* columns before the caret */
	size_t count; /* carets, at least 1 */
};

struct sf_complaint {
	char *name, *within, *message, *hint; /* within and hint may be NULL */
	struct sf_place begins;		      /* where the text begins, as it came */
	size_t offset;			      /* in the text */
	size_t file;			      /* which of the files, in order of addition */
	struct sf_place place;		      /* in the file */
	struct sf_place inner; /* in a text inside a file; line 0: it has one line alone */
	struct sf_excerpt excerpt;
	size_t order;
	bool warning;
};

/*
 * Where in a text a byte is, in characters; behind the last line's last character for a byte behind
 * that.
 */
struct sf_place sf_place_of(const struct sf_text *text, size_t offset);
/* The line around [offset, offset + length), ready to print, to be freed. */
struct sf_excerpt sf_excerpt_of(const struct sf_text *text, size_t offset, size_t length);
/* Whether the text is longer than one line. */
bool sf_text_has_lines(const struct sf_text *text);
/*
 * Adds text as a terminal may show it: control characters and what is not UTF-8 as `?`; a tab as a
 * space.
 */
void sf_show(struct sf_buf *buf, const char *bytes, size_t length);
