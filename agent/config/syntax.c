/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libyaml's events one by one; where one stands in the file's bytes; and its complaints about
 * syntax in words that say what to write instead.
 */
#include <string.h>

#include "parser.h"

/*
 * libyaml's marks count characters, and lines that end by U+0085 or U+2028 too, which end none for
 * us and for what shows an excerpt: so lines are counted here.
 */
void sf_spot_move(struct sf_spot *spot, const struct sf_text *file, const yaml_mark_t *mark)
{
	const char *text = file->text;

	if (mark->index < spot->characters || !spot->line)
		*spot = (struct sf_spot){.line = 1, .column = 1};
	while (spot->characters < mark->index && spot->bytes < file->length) {
		bool newline = text[spot->bytes] == '\n';

		do
			spot->bytes++;
		while (spot->bytes < file->length && (text[spot->bytes] & 0xc0) == 0x80);
		spot->characters++;
		spot->line += newline;
		spot->column = newline ? 1 : spot->column + 1;
	}
}

/* What users meant when libyaml says this. */
static const struct hint {
	const char *text, *hint;
	bool at_begin; /* what is wrong is where the context begins, not where libyaml noticed */
} hints[] = {
	{"cannot start any token", "put it in quotes: YAML reads a leading % @ ` itself"},
	{"quoted scalar, found unexpected end of stream", "close these quotes", true},
	{"alias", "put it in quotes: YAML reads a leading * itself"},
	{"anchor", "put it in quotes: YAML reads a leading & itself"},
	{"tag", "put it in quotes: YAML reads a leading ! itself"},
	{"mapping values are not allowed",
	 "put a value with a colon in quotes; keys of one map are indented alike"},
	{"did not find expected ',' or", "close it; a text in it with { } [ ] or a comma, such as "
					 "${NAME}, needs quotes"},
	{"did not find expected key",
	 "keys of one map are indented alike; put a value with quotes or commas in quotes"},
	{"could not find expected ':'", "a key needs a colon and a blank behind it", true},
	{"unknown escape character",
	 "in double quotes write \\\\ for a backslash, or use single quotes"},
	{"document start", "one file is one document"},
	{"control characters", "write the file in UTF-8, without control characters"},
	{"UTF-8", "write the file in UTF-8"},
	{"Unicode character", "write the file in UTF-8"},
};

static const struct hint *find_hint(const char *said)
{
	static const struct hint none = {0};

	for (size_t i = 0; i < SF_COUNT(hints); i++)
		if (strstr(said, hints[i].text))
			return &hints[i];
	return &none;
}

static void complain_syntax(struct sf_parser *p)
{
	const yaml_parser_t *yaml = &p->yaml;
	const char *problem = yaml->problem ?: "out of memory";
	bool has_context = yaml->context;
	const char *said = sf_arena_format(p->arena, "%s%s%s", yaml->context ?: "",
					   has_context ? ", " : "", problem);
	const struct hint *hint = find_hint(said);
	const yaml_mark_t *mark =
		hint->at_begin && has_context ? &yaml->context_mark : &yaml->problem_mark;
	bool elsewhere = has_context && yaml->context_mark.line != mark->line;
	size_t at = yaml->problem_offset;

	if (yaml->error != YAML_READER_ERROR) {
		sf_spot_move(&p->spot, p->file, mark);
		at = p->spot.bytes;
	}
	if (elsewhere)
		said = sf_arena_format(p->arena, "%s that begins in line %zu, %s", yaml->context,
				       yaml->context_mark.line + 1, problem);
	sf_complain(p->complaints, p->file, at, 1,
		    at < p->file->length && p->file->text[at] == '\t'
			    ? "indent with blanks, not with tabs"
			    : hint->hint,
		    "no YAML: %s", said);
}

int sf_parser_next(struct sf_parser *p, yaml_event_t *event)
{
	if (yaml_parser_parse(&p->yaml, event))
		return 0;
	complain_syntax(p);
	return -EINVAL;
}
