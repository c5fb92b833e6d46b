/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libyaml's events one by one; where one stands in the file's bytes; and its complaints about syntax
 * in words that say what to write instead.
 */
#include <string.h>

#include "parser.h"

/* libyaml's marks count characters. Events come in order, so a step from the last place is short. */
size_t sf_parser_byte(struct sf_parser *p, const yaml_mark_t *mark)
{
	const char *text = p->file->text;

	while (p->characters < mark->index && p->bytes < p->file->length) {
		do
			p->bytes++;
		while (p->bytes < p->file->length && (text[p->bytes] & 0xc0) == 0x80);
		p->characters++;
	}
	while (p->characters > mark->index && p->bytes > 0) {
		do
			p->bytes--;
		while (p->bytes > 0 && (text[p->bytes] & 0xc0) == 0x80);
		p->characters--;
	}
	return p->bytes;
}

/* What users meant when libyaml says this. */
static const char *syntax_hint(const char *problem, const char *context)
{
	static const struct {
		const char *text, *hint;
	} hints[] = {
		{"cannot start any token", "put it in quotes (YAML reads a leading % @ ` itself); "
					   "indent with blanks, not with tabs"},
		{"alias", "put it in quotes: YAML reads a leading * itself"},
		{"anchor", "put it in quotes: YAML reads a leading & itself"},
		{"tag", "put it in quotes: YAML reads a leading ! itself"},
		{"mapping values are not allowed",
		 "put a value with a colon in quotes; keys of one map are indented alike"},
		{"did not find expected ',' or", "inside { } and [ ] a text with { } [ ] or a "
						 "comma, such as ${NAME}, needs quotes"},
		{"did not find expected key",
		 "keys of one map are indented alike; put a value with quotes or commas in quotes"},
		{"could not find expected ':'", "a key needs a colon and a blank behind it"},
		{"control characters", "write the file in UTF-8, without control characters"},
		{"UTF-8", "write the file in UTF-8"},
	};

	for (size_t i = 0; i < SF_COUNT(hints); i++)
		if (strstr(problem, hints[i].text) || strstr(context, hints[i].text))
			return hints[i].hint;
	return NULL;
}

static void complain_syntax(struct sf_parser *p)
{
	const yaml_parser_t *yaml = &p->yaml;
	const char *problem = yaml->problem ?: "out of memory", *context = yaml->context ?: "";
	size_t at = yaml->error == YAML_READER_ERROR ? yaml->problem_offset
						     : sf_parser_byte(p, &yaml->problem_mark);
	const char *hint = syntax_hint(problem, context);

	if (yaml->context)
		sf_complain(p->complaints, p->file, at, 1, hint,
			    "no YAML: %s, %s that begins in line %zu", problem, context,
			    yaml->context_mark.line + 1);
	else
		sf_complain(p->complaints, p->file, at, 1, hint, "no YAML: %s", problem);
}

int sf_parser_next(struct sf_parser *p, yaml_event_t *event)
{
	if (yaml_parser_parse(&p->yaml, event))
		return 0;
	complain_syntax(p);
	return -EINVAL;
}
