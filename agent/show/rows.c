/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows of texts, columns as wide as they need. Texts of a damaged disk do not reach a terminal as
 * they are.
 */
#include <stdlib.h>
#include <string.h>

#include "rows.h"

#define U(number) ((unsigned long long)(number))

enum { GAP = 2 };

void sf_safe_text(struct sf_buf *out, const char *text)
{
	for (; *text; text++) {
		bool odd = (unsigned char)*text < ' ' || (unsigned char)*text >= 0x7f;

		sf_buf_add(out, odd ? "?" : text, 1);
	}
}

void sf_amount_text(struct sf_buf *out, uint64_t count, const char *one)
{
	sf_buf_format(out, "%llu %s%s", U(count), one,
		      count == 1	      ? ""
		      : !strcmp(one, "batch") ? "es"
					      : "s");
}

void sf_size_text(struct sf_buf *out, uint64_t bytes)
{
	static const char *const units[] = {"B", "KiB", "MiB", "GiB", "TiB"};
	double size = (double)bytes;
	size_t unit = 0;

	while (size >= 1024 && unit + 1 < SF_COUNT(units)) {
		size /= 1024;
		unit++;
	}
	sf_buf_format(out, "%.*f %s", unit ? 1 : 0, size, units[unit]);
}

void sf_age_text(struct sf_buf *out, uint64_t then, uint64_t now)
{
	uint64_t s = now > then ? (now - then) / 1000000 : 0;

	if (s < 120)
		sf_buf_format(out, "%llus", U(s));
	else if (s < 120 * 60)
		sf_buf_format(out, "%llum", U(s / 60));
	else if (s < 48 * 3600)
		sf_buf_format(out, "%lluh", U(s / 3600));
	else
		sf_buf_format(out, "%llud", U(s / (24 * 3600)));
}

void sf_rows_put(struct sf_rows *rows, struct sf_buf *text)
{
	if (rows->cells == rows->capacity) {
		rows->capacity = rows->capacity ? rows->capacity * 2 : 64;
		rows->cell = sf_realloc(rows->cell, rows->capacity * sizeof(*rows->cell));
	}
	rows->cell[rows->cells++] = sf_buf_take(text);
}

void sf_rows_text(struct sf_rows *rows, const char *text)
{
	struct sf_buf cell = {0};

	sf_safe_text(&cell, *text ? text : "-");
	sf_rows_put(rows, &cell);
}

void sf_rows_number(struct sf_rows *rows, uint64_t number)
{
	struct sf_buf cell = {0};

	sf_buf_format(&cell, "%llu", U(number));
	sf_rows_put(rows, &cell);
}

void sf_rows_size(struct sf_rows *rows, uint64_t bytes)
{
	struct sf_buf cell = {0};

	sf_size_text(&cell, bytes);
	sf_rows_put(rows, &cell);
}

void sf_rows_place(struct sf_rows *rows, uint64_t run, uint64_t seq)
{
	struct sf_buf cell = {0};

	sf_buf_format(&cell, "%llu/%llu", U(run), U(seq));
	sf_rows_put(rows, &cell);
}

static void print_row(const struct sf_rows *rows, const char *const *cells, const int *width,
		      struct sf_buf *out)
{
	int blanks = 0;

	for (size_t c = 0; c < rows->columns; c++) {
		bool left = *rows->headings[c] == '<';
		const char *cell = cells[c] + (cells == rows->headings && left);
		int pad = width[c] - (int)strlen(cell);

		sf_buf_format(out, "%*s%s", blanks + (left ? 0 : pad), "", cell);
		blanks = GAP + (left ? pad : 0);
	}
	sf_buf_text(out, "\n");
}

void sf_rows_print(struct sf_rows *rows, struct sf_buf *out)
{
	const char *const *cells = (const char *const *)rows->cell;
	int width[SF_ROWS_COLUMNS] = {0};

	for (size_t c = 0; c < rows->columns; c++)
		width[c] = (int)strlen(rows->headings[c]) - (*rows->headings[c] == '<');
	for (size_t i = 0; i < rows->cells; i++) {
		int *most = &width[i % rows->columns];

		if (*most < (int)strlen(cells[i]))
			*most = (int)strlen(cells[i]);
	}
	if (rows->cells) {
		sf_buf_text(out, "\n");
		print_row(rows, rows->headings, width, out);
	}
	for (size_t i = 0; i < rows->cells; i += rows->columns)
		print_row(rows, cells + i, width, out);
	for (size_t i = 0; i < rows->cells; i++)
		free(rows->cell[i]);
	free(rows->cell);
}
