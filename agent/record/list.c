/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The list of fields: aligned columns for a terminal, a table for the documentation, an array of
 * objects for programs. One table of columns makes all three.
 */
#include "record/step.h"

static void add_name(const struct sf_field *field, struct sf_buf *out)
{
	sf_buf_text(out, field->name);
}

static void add_type(const struct sf_field *field, struct sf_buf *out)
{
	sf_buf_text(out, sf_field_type(field));
}

static void add_unit(const struct sf_field *field, struct sf_buf *out)
{
	sf_buf_text(out, field->unit == SF_UNIT_NONE ? "" : sf_unit_name(field->unit));
}

static void add_tables(const struct sf_field *field, struct sf_buf *out)
{
	sf_tables_text(field->tables, out);
}

static void add_source(const struct sf_field *field, struct sf_buf *out)
{
	sf_buf_text(out, field->source);
}

static void add_since(const struct sf_field *field, struct sf_buf *out)
{
	sf_buf_text(out, field->since);
}

static void add_when(const struct sf_field *field, struct sf_buf *out)
{
	sf_buf_text(out, field->when_text);
}

static void add_null(const struct sf_field *field, struct sf_buf *out)
{
	sf_buf_text(out, field->null_text);
}

static void add_help(const struct sf_field *field, struct sf_buf *out)
{
	sf_buf_text(out, field->help);
}

static const struct column {
	const char *key, *title;
	void (*add)(const struct sf_field *, struct sf_buf *);
	unsigned rank; /* in a table for people, 1 the most wanted; 0: not there at all */
} columns[] = {
	/* clang-format off */
	{"name", "name", add_name, 1},
	{"type", "type", add_type, 4},
	{"unit", "unit", add_unit, 3},
	{"tables", "tables", add_tables, 7},
	{"source", "source", add_source, 8},
	{"since", "since", add_since, 5},
	{"when", "when it means something", add_when, 6},
	{"null", "null", add_null, 0},
	{"help", "help", add_help, 2},
	/* clang-format on */
};
enum { ESSENTIAL = 2, GAP = 2 }; /* ESSENTIAL: of that rank, never left out */

/* What a column says of a field, in the room of `text`; NULL: its title. */
static const char *cell(const struct column *column, const struct sf_field *field,
			struct sf_buf *text)
{
	text->length = 0;
	if (field)
		column->add(field, text);
	else
		sf_buf_text(text, column->title);
	return text->length ? text->data : "";
}

static size_t width_of(const struct column *column, const struct sf_fieldset *wanted)
{
	sf_cleanup(sf_buf_finish) struct sf_buf text = {0};
	size_t width = strlen(column->title);

	for (unsigned id = 0; id < SF_FIELD_COUNT; id++) {
		if (sf_fieldset_has(wanted, id) &&
		    strlen(cell(column, &sf_fields[id], &text)) > width)
			width = text.length;
	}
	return width;
}

/* field NULL: the titles. Of width 0 a column is left out; the last one is not padded. */
static void print_row(const struct sf_field *field, const size_t *widths, FILE *file)
{
	sf_cleanup(sf_buf_finish) struct sf_buf memory = {0};

	for (size_t i = 0; i < SF_COUNT(columns); i++) {
		const char *text = cell(&columns[i], field, &memory);

		if (i + 1 == SF_COUNT(columns))
			fprintf(file, "%s\n", *text ? text : "-");
		else if (widths[i])
			fprintf(file, "%-*s  ", (int)widths[i], *text ? text : "-");
	}
}

/* The most wanted first, until one does not fit. */
static size_t choose_columns(const struct sf_fieldset *wanted, size_t room, size_t *widths)
{
	size_t taken = 0, left_out = 0;

	for (unsigned rank = 1; rank < SF_COUNT(columns); rank++) {
		size_t i = 0;

		while (columns[i].rank != rank)
			i++;
		widths[i] = width_of(&columns[i], wanted);
		taken += widths[i] + (rank > 1 ? GAP : 0);
		if (rank <= ESSENTIAL || taken <= room)
			continue;
		widths[i] = 0;
		left_out++;
	}
	return left_out;
}

size_t sf_schema_table(const struct sf_fieldset *wanted, size_t room, FILE *file)
{
	size_t widths[SF_COUNT(columns)] = {0}, left_out = choose_columns(wanted, room, widths);

	print_row(NULL, widths, file);
	for (unsigned id = 0; id < SF_FIELD_COUNT; id++) {
		if (sf_fieldset_has(wanted, id))
			print_row(&sf_fields[id], widths, file);
	}
	return left_out;
}

/* A bar would end the cell. */
static void print_cell(const char *text, FILE *file)
{
	for (; *text; text++) {
		if (*text == '|')
			fputc('\\', file);
		fputc(*text, file);
	}
	fputs(" |", file);
}

void sf_schema_markdown(const struct sf_fieldset *wanted, FILE *file)
{
	sf_cleanup(sf_buf_finish) struct sf_buf text = {0};

	fputs("|", file);
	for (size_t i = 0; i < SF_COUNT(columns); i++)
		fprintf(file, " %s |", columns[i].title);
	fputs("\n|", file);
	for (size_t i = 0; i < SF_COUNT(columns); i++)
		fputs("---|", file);
	fputs("\n", file);
	for (unsigned id = 0; id < SF_FIELD_COUNT; id++) {
		if (!sf_fieldset_has(wanted, id))
			continue;
		fprintf(file, "| `%s` |", sf_fields[id].name);
		for (size_t i = 1; i < SF_COUNT(columns); i++) {
			fputs(" ", file);
			print_cell(cell(&columns[i], &sf_fields[id], &text), file);
		}
		fputs("\n", file);
	}
}

static void add_object(struct sf_buf *out, const struct sf_field *field)
{
	sf_cleanup(sf_buf_finish) struct sf_buf memory = {0};

	for (size_t i = 0; i < SF_COUNT(columns); i++) {
		const char *text = cell(&columns[i], field, &memory);

		sf_buf_format(out, "%s\"%s\":", i ? "," : "{", columns[i].key);
		sf_json_string(out, text, strlen(text));
	}
	sf_buf_text(out, "}");
}

void sf_schema_json(const struct sf_fieldset *wanted, FILE *file)
{
	sf_cleanup(sf_buf_finish) struct sf_buf out = {0};

	for (unsigned id = 0; id < SF_FIELD_COUNT; id++) {
		if (!sf_fieldset_has(wanted, id))
			continue;
		sf_buf_text(&out, out.length ? ",\n" : "[");
		add_object(&out, &sf_fields[id]);
	}
	fprintf(file, "%s]\n", out.length ? out.data : "[");
}
