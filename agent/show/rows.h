/* SPDX-License-Identifier: Apache-2.0 */
/* A small table for people, and how they read counts, sizes and ages. */
#pragma once

#include <sockfeed/base.h>

enum { SF_ROWS_COLUMNS = 8 }; /* at most */

struct sf_rows {		     /* zero but for the first two */
	const char *const *headings; /* `<` before one: its column is to the left */
	size_t columns;
	char **cell;
	size_t cells, capacity;
};

/* The next cell, row by row. */
void sf_rows_put(struct sf_rows *, struct sf_buf *text); /* taken */
void sf_rows_text(struct sf_rows *, const char *text);	 /* made safe; "" is a dash */
void sf_rows_number(struct sf_rows *, uint64_t number);
void sf_rows_size(struct sf_rows *, uint64_t bytes);
void sf_rows_place(struct sf_rows *, uint64_t run, uint64_t seq); /* RUN/SEQ */
/* Below an empty line; nothing when there is no row. The rows are freed. */
void sf_rows_print(struct sf_rows *, struct sf_buf *out);

void sf_amount_text(struct sf_buf *, uint64_t count, const char *one); /* "1 line", "12 lines" */
void sf_size_text(struct sf_buf *, uint64_t bytes);		       /* "17 B", "1.5 MiB" */
void sf_age_text(struct sf_buf *, uint64_t then_us, uint64_t now_us);  /* "95s", "5h" */
void sf_safe_text(struct sf_buf *, const char *text); /* control characters become `?` */
