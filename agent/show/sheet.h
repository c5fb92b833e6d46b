/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sockets become rows of a table for people. On a terminal columns that do not fit are left out and
 * trouble is coloured (not with NO_COLOR: no-color.org); elsewhere all are there, plain.
 */
#pragma once

#include "cell.h"

struct sf_sheet;
/*
 * `wanted`: the fields that were asked for by name, a column each; NULL: the usual columns. Of
 * either those that the tables have. `write` gets whole lines.
 */
struct sf_sheet *sf_sheet_new(const struct sf_fieldset *wanted, uint32_t tables, bool terminal,
			      void (*write)(void *arg, const char *text, size_t length), void *arg);
void sf_sheet_free(struct sf_sheet *); /* accepts NULL */

/* The next row comes below headings of its own, and these below the title, a line; NULL: none. */
void sf_sheet_begin(struct sf_sheet *, const char *title);
void sf_sheet_add(struct sf_sheet *, const struct sf_view *);
void sf_sheet_end(struct sf_sheet *); /* writes what is left, at least the headings */

size_t sf_terminal_width(void); /* of the one that standard output is */

/* Columns that were asked for by name and did not fit. */
size_t sf_sheet_unfit(const struct sf_sheet *);
