/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The columns of the table for people, and what stands in one cell of them.
 */
#pragma once

#include <sockfeed/record.h>

struct sf_column {
	unsigned field; /* enum sf_field_id */
	const char *heading;
	bool usual; /* chosen by us: ends are joined, headings are short, rates are rounded */
	bool right; /* numbers stand at the right */
};

#define SF_USUAL_COLUMNS   15
#define SF_USUAL_ESSENTIAL 3 /* so many of the first in rank are shown however narrow it is */

/*
 * The columns that most want of these tables, in the order of a line; rank[0] is the index of the
 * most wanted. Returns how many. Of several tables the first in rank is the table's name.
 */
size_t sf_columns_usual(uint32_t tables, struct sf_column columns[SF_USUAL_COLUMNS],
			uint16_t rank[SF_USUAL_COLUMNS]);
/* A column that was asked for by its field's name: the field and nothing else. */
struct sf_column sf_column_named(unsigned field);

/* Adds the value; "-" where it is absent. */
void sf_cell_write(const struct sf_column *, const struct sf_view *view, struct sf_buf *text);
/* What someone in an incident looks for first. */
bool sf_cell_trouble(const struct sf_column *, const struct sf_view *view);

/* ends.c: the own end and the other one, `*` for what is not there. */
void sf_end_add_local(const struct sf_view *view, struct sf_buf *text);
void sf_end_add_peer(const struct sf_view *view, struct sf_buf *text);
