/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `sockfeed fields` and `sockfeed help`: what there is, from the tables that the program itself
 * works by.
 */
#include <string.h>
#include <unistd.h>

#include <sockfeed/record.h>

#include "show/sheet.h"
#include "verbs.h"

static void print_table(const struct sf_fieldset *set, FILE *file)
{
	bool terminal = isatty(STDOUT_FILENO);
	size_t unfit = sf_schema_table(set, terminal ? sf_terminal_width() : SIZE_MAX, file);

	if (unfit && isatty(STDERR_FILENO)) {
		fflush(file);
		fprintf(stderr, "%zu column%s not fit; try | less -S\n", unfit,
			unfit == 1 ? " does" : "s do");
	}
}

static const struct {
	const char *name;
	void (*print)(const struct sf_fieldset *, FILE *);
} formats[] = {{"table", print_table},
	       {"json", sf_schema_json},
	       {"json-schema", sf_schema_json_schema},
	       {"markdown", sf_schema_markdown}};

enum { FIELDS_FORMAT };
const struct sf_option sf_fields_options[] = {
	[FIELDS_FORMAT] = {"format", 0, SF_OPTION_TEXT, "FORMAT",
			   "table (default), json, json-schema, markdown"},
	{0},
};

const struct sf_option sf_help_options[] = {{0}};

struct sf_list sf_split(struct sf_arena *arena, const char *name, const char *list)
{
	struct sf_list ret = {
		.items = sf_arena_alloc(arena, (strlen(list) / 2 + 1) * sizeof(struct sf_text))};

	for (const char *at = list; *at; at += strspn(at, ", ")) {
		size_t length = strcspn(at, ", ");

		if (length)
			ret.items[ret.count++] =
				(struct sf_text){.name = name,
						 .line = 1,
						 .column = (unsigned)(at - list) + 1,
						 .text = sf_arena_copy(arena, at, length),
						 .length = length};
		at += length;
	}
	return ret;
}

static int select_fields(const struct sf_arguments *arguments, struct sf_fieldset *set)
{
	sf_cleanup(sf_complaints_free_p) struct sf_complaints *complaints = sf_complaints_new();
	sf_cleanup(sf_buf_finish) struct sf_buf joined = {0};
	struct sf_arena *arena = sf_arena_new();
	struct sf_list words;
	int r;

	for (size_t i = 0; i < arguments->rests; i++)
		sf_buf_format(&joined, "%s ", arguments->rest[i]);
	words = sf_split(arena, "fields", arguments->rests ? joined.data : "all");
	r = sf_fields_select(words.items, words.count, set, complaints);
	sf_complaints_print(complaints, stderr);
	sf_arena_free(arena);
	return r < 0 ? SF_EXIT_USAGE : 0;
}

int sf_verb_fields(const struct sf_arguments *arguments)
{
	const char *format = arguments->text[FIELDS_FORMAT] ?: formats[0].name;
	struct sf_fieldset set = {0};
	size_t i = 0;

	while (i < SF_COUNT(formats) && strcmp(formats[i].name, format))
		i++;
	if (i == SF_COUNT(formats)) {
		sf_say("no format is named \"%s\": table, json, json-schema or markdown", format);
		return SF_EXIT_USAGE;
	}
	if (select_fields(arguments, &set) != 0)
		return SF_EXIT_USAGE;
	formats[i].print(&set, stdout);
	return fflush(stdout) == 0 && !ferror(stdout) ? 0 : SF_EXIT_FAILED;
}

static void print_verb(const struct sf_verb *verb, FILE *file)
{
	fprintf(file, "Usage: sockfeed %s%s%s\n\n%s.\n", verb->name, *verb->usage ? " " : "",
		verb->usage, verb->help);
	if (verb->options->name)
		fputs("\nOptions:\n", file);
	for (const struct sf_option *o = verb->options; o->name; o++) {
		char left[64];

		if (o->letter)
			snprintf(left, sizeof(left), "-%c, --%s %s", o->letter, o->name,
				 o->value ?: "");
		else
			snprintf(left, sizeof(left), "    --%s %s", o->name, o->value ?: "");
		fprintf(file, "  %-24s  %s\n", left, o->help);
	}
	if (*verb->more)
		fprintf(file, "\n%s", verb->more);
}

static void print_all(FILE *file)
{
	fputs("sockfeed asks the kernel about sockets and streams what it says as JSON "
	      "records.\n\n"
	      "Usage: sockfeed VERB [OPTIONS] ...\n\nVerbs:\n",
	      file);
	for (const struct sf_verb *verb = sf_verbs; verb->name; verb++)
		fprintf(file, "  %-8s  %s\n", verb->name, verb->help);
	fputs("\n`sockfeed help VERB` says more; `sockfeed --version` which version this is.\n\n"
	      "Try: sockfeed query state established\n"
	      "     sockfeed query 'tcp.rtt_us > 100ms' --fields local,peer,tcp.rtt_us\n"
	      "     sockfeed fields tcp\n"
	      "     sockfeed run --once --stdout\n\n"
	      "Exit status: 0 done; 1 something failed; 2 wrong usage; 78 a wrong "
	      "configuration.\n",
	      file);
}

void sf_help_print(const struct sf_verb *verb, FILE *file)
{
	if (verb)
		print_verb(verb, file);
	else
		print_all(file);
}
