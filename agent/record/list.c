/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The list of fields: aligned columns for a terminal, a table for the documentation, an array of
 * objects for programs. One table of columns makes all three.
 */
#include "record/step.h"

static const char *get_name(const struct sf_field *field)
{
	return field->name;
}

static const char *get_type(const struct sf_field *field)
{
	return sf_type_name(field->type);
}

static const char *get_unit(const struct sf_field *field)
{
	return field->unit == SF_UNIT_NONE ? "" : sf_unit_name(field->unit);
}

static const char *get_source(const struct sf_field *field)
{
	return field->source;
}

static const char *get_since(const struct sf_field *field)
{
	return field->since;
}

static const char *get_when(const struct sf_field *field)
{
	return field->when_text;
}

static const char *get_null(const struct sf_field *field)
{
	return field->null_text;
}

static const char *get_help(const struct sf_field *field)
{
	return field->help;
}

static const struct column {
	const char *key, *title;
	const char *(*get)(const struct sf_field *);
	bool narrow; /* shown on a terminal too */
} columns[] = {
	/* clang-format off */
	{"name", "name", get_name, true},
	{"type", "type", get_type, true},
	{"unit", "unit", get_unit, true},
	{"source", "source", get_source, true},
	{"since", "since", get_since, true},
	{"when", "when it means something", get_when, true},
	{"null", "null", get_null, false},
	{"help", "help", get_help, true},
	/* clang-format on */
};

static size_t width_of(const struct column *column, const struct sf_fieldset *wanted)
{
	size_t width = strlen(column->title);

	for (unsigned id = 0; id < SF_FIELD_COUNT; id++) {
		if (sf_fieldset_has(wanted, id) && strlen(column->get(&sf_fields[id])) > width)
			width = strlen(column->get(&sf_fields[id]));
	}
	return width;
}

/* field NULL: the titles. The last column is not padded. */
static void print_row(const struct sf_field *field, const size_t *widths, FILE *file)
{
	for (size_t i = 0; i < SF_COUNT(columns); i++) {
		const char *text = field ? columns[i].get(field) : columns[i].title;

		if (!columns[i].narrow)
			continue;
		if (i + 1 == SF_COUNT(columns))
			fprintf(file, "%s\n", *text ? text : "-");
		else
			fprintf(file, "%-*s  ", (int)widths[i], *text ? text : "-");
	}
}

void sf_schema_table(const struct sf_fieldset *wanted, FILE *file)
{
	size_t widths[SF_COUNT(columns)];

	for (size_t i = 0; i < SF_COUNT(columns); i++)
		widths[i] = width_of(&columns[i], wanted);
	print_row(NULL, widths, file);
	for (unsigned id = 0; id < SF_FIELD_COUNT; id++) {
		if (sf_fieldset_has(wanted, id))
			print_row(&sf_fields[id], widths, file);
	}
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
			print_cell(columns[i].get(&sf_fields[id]), file);
		}
		fputs("\n", file);
	}
}

static void add_object(struct sf_buf *out, const struct sf_field *field)
{
	for (size_t i = 0; i < SF_COUNT(columns); i++) {
		const char *text = columns[i].get(field);

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
