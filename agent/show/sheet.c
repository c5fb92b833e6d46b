/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows are gathered until there are a thousand or the table ends, columns are made as wide as these
 * need and stay so. Where a line is too narrow for all columns the least wanted are left out; no
 * cell is ever cut.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "sheet.h"

enum { ROWS = 1000, COLUMNS = SF_FIELD_COUNT, GAP = 2 };

_Static_assert(COLUMNS <= UINT16_MAX, "rank");

struct cell {
	char *text;
	bool trouble;
};

struct sf_sheet {
	void (*write)(void *arg, const char *text, size_t length);
	void *arg;
	bool terminal, colour, laid_out, below; /* below: another table stands above this one */
	size_t columns, essential, unfit;
	struct sf_column column[COLUMNS];
	uint16_t rank[COLUMNS]; /* indexes of columns, the most wanted first */
	size_t width[COLUMNS];	/* 0: left out */
	size_t rows;
	struct cell *cells; /* ROWS x columns */
	char *title;	    /* or NULL */
	struct sf_buf text;
};

static bool wants_colour(void)
{
	const char *no_colour = getenv("NO_COLOR"), *kind = getenv("TERM");

	return !(no_colour && *no_colour) && !(kind && !strcmp(kind, "dumb"));
}

struct sf_sheet *sf_sheet_new(const struct sf_fieldset *wanted, uint32_t tables, bool terminal,
			      void (*write)(void *arg, const char *text, size_t length), void *arg)
{
	struct sf_sheet *sheet = sf_new(struct sf_sheet);

	sheet->write = write;
	sheet->arg = arg;
	sheet->terminal = terminal;
	sheet->colour = terminal && wants_colour();
	sheet->essential = wanted ? 1 : SF_USUAL_ESSENTIAL + !!(tables & (tables - 1));
	if (!wanted)
		sheet->columns = sf_columns_usual(tables, sheet->column, sheet->rank);
	for (unsigned id = 0; wanted && id < SF_FIELD_COUNT; id++) {
		if (!sf_fieldset_has(wanted, id) || !(sf_fields[id].tables & tables))
			continue;
		sheet->rank[sheet->columns] = (uint16_t)sheet->columns;
		sheet->column[sheet->columns++] = sf_column_named(id);
	}
	sheet->cells = sf_alloc(ROWS * sheet->columns * sizeof(struct cell));
	return sheet;
}

void sf_sheet_free(struct sf_sheet *sheet)
{
	if (!sheet)
		return;
	for (size_t i = 0; i < sheet->rows * sheet->columns; i++)
		free(sheet->cells[i].text);
	free(sheet->cells);
	sf_buf_finish(&sheet->text);
	free(sheet->title);
	free(sheet);
}

size_t sf_sheet_unfit(const struct sf_sheet *sheet)
{
	return sheet->column[0].usual ? 0 : sheet->unfit;
}

size_t sf_terminal_width(void)
{
	struct winsize size;

	return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col ? size.ws_col : 80;
}

/* Characters of text in UTF-8. */
static size_t length_of(const char *text)
{
	size_t length = 0;

	for (; *text; text++)
		length += (*text & 0xc0) != 0x80;
	return length;
}

/* The most wanted columns that fit into a line; the essential ones stay even where they do not. */
static void fit(struct sf_sheet *sheet)
{
	size_t left = sheet->terminal ? sf_terminal_width() : SIZE_MAX, shown = 0;

	for (; shown < sheet->columns; shown++) {
		size_t need = sheet->width[sheet->rank[shown]] + (shown ? GAP : 0);

		if (need > left && shown >= sheet->essential)
			break;
		left -= need < left ? need : left;
	}
	sheet->unfit = sheet->columns - shown;
	for (; shown < sheet->columns; shown++)
		sheet->width[sheet->rank[shown]] = 0;
}

/* The headings (NULL) or a row, without blanks at the line's end. */
static void add_line(struct sf_sheet *sheet, const struct cell *cells)
{
	size_t blanks = 0;

	for (size_t c = 0; c < sheet->columns; c++) {
		const char *text = cells ? cells[c].text : sheet->column[c].heading;
		bool coloured = cells && cells[c].trouble && sheet->colour;
		size_t length = length_of(text), pad = 0;

		if (!sheet->width[c])
			continue;
		if (length < sheet->width[c])
			pad = sheet->width[c] - length;
		if (sheet->column[c].right) {
			blanks += pad;
			pad = 0;
		}
		sf_buf_format(&sheet->text, "%*s%s%s%s", (int)blanks, "",
			      coloured ? "\033[31m" : "", text, coloured ? "\033[0m" : "");
		blanks = pad + GAP;
	}
	sf_buf_text(&sheet->text, "\n");
}

static void lay_out(struct sf_sheet *sheet)
{
	for (size_t c = 0; c < sheet->columns; c++) {
		sheet->width[c] = length_of(sheet->column[c].heading);
		for (size_t r = 0; r < sheet->rows; r++) {
			size_t length = length_of(sheet->cells[r * sheet->columns + c].text);

			if (length > sheet->width[c])
				sheet->width[c] = length;
		}
	}
	fit(sheet);
	if (sheet->below)
		sf_buf_text(&sheet->text, "\n");
	if (sheet->title)
		sf_buf_format(&sheet->text, "%s\n", sheet->title);
	add_line(sheet, NULL);
	sheet->laid_out = sheet->below = true;
}

static void write_rows(struct sf_sheet *sheet)
{
	if (!sheet->laid_out)
		lay_out(sheet);
	for (size_t r = 0; r < sheet->rows; r++)
		add_line(sheet, sheet->cells + r * sheet->columns);
	for (size_t i = 0; i < sheet->rows * sheet->columns; i++)
		free(sf_take(sheet->cells[i].text));
	sheet->rows = 0;
	sheet->write(sheet->arg, sheet->text.data, sheet->text.length);
	sheet->text.length = 0;
}

void sf_sheet_begin(struct sf_sheet *sheet, const char *title)
{
	sheet->laid_out = false;
	free(sheet->title);
	sheet->title = title ? sf_strdup(title) : NULL;
}

void sf_sheet_add(struct sf_sheet *sheet, const struct sf_view *view)
{
	struct cell *cells = sheet->cells + sheet->rows * sheet->columns;

	for (size_t c = 0; c < sheet->columns; c++) {
		struct sf_buf text = {0};

		sf_cell_write(&sheet->column[c], view, &text);
		cells[c] =
			(struct cell){sf_buf_take(&text), sf_cell_trouble(&sheet->column[c], view)};
	}
	if (++sheet->rows == ROWS)
		write_rows(sheet);
}

void sf_sheet_end(struct sf_sheet *sheet)
{
	if (sheet->rows || !sheet->laid_out)
		write_rows(sheet);
}
