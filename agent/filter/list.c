/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The list behind `in`: values and ranges in parentheses with commas between them. Each keeps its
 * own place; what they mean is for set.c. Behind an error the reading goes on with the next
 * comma, so that all errors of a list are told.
 */
#include "filter/parse.h"

static bool ends_list(const struct token *token)
{
	return token->kind == TOKEN_CLOSE || token->kind == TOKEN_END || token->kind == TOKEN_AND ||
	       token->kind == TOKEN_OR;
}

/* What is no value is passed over, whole parentheses included. */
static void skip_value(struct parser *p)
{
	for (unsigned open = 0; p->at->kind != TOKEN_END; p->at++) {
		if (!open && (p->at->kind == TOKEN_COMMA || ends_list(p->at)))
			return;
		if (p->at->kind == TOKEN_OPEN)
			open++;
		else if (p->at->kind == TOKEN_CLOSE)
			open--;
	}
}

static struct element *read_value(struct parser *p, const struct node *leaf)
{
	struct element *element;

	if (!sf_parse_is_value(p->at)) {
		const char *before = p->at[-1].kind == TOKEN_COMMA ? "," : "(";

		sf_filter_wrong(p->r, p->at->kind == TOKEN_END ? p->at[-1].place : p->at->place,
				sf_parse_example(p, leaf),
				"a value was expected after `%s`, not %s", before,
				sf_parse_found(p));
		skip_value(p);
		return NULL;
	}
	element = sf_arena_alloc(p->r->arena, sizeof(*element));
	element->place = p->at->place;
	element->word = p->at->text;
	element->length = p->at->length;
	element->quoted = p->at->kind == TOKEN_STRING;
	p->at++;
	return element;
}

/* What stands between two values and is no comma. False: the list ends here. */
static bool no_comma(struct parser *p)
{
	/* `(80 or 443)` is still a list, `(80 or dport = 5` is none any more */
	bool ends = ends_list(p->at) && !(sf_parse_is_value(&p->at[1]) &&
					  (p->at[2].kind == TOKEN_COMMA || ends_list(&p->at[2])));

	sf_filter_wrong(p->r, p->at->place,
			ends ? "end the list with )" : "write a comma between two values",
			"`,` or `)` was expected, not %s", sf_parse_found(p));
	if (ends || sf_parse_is_value(p->at))
		return !ends;
	if (ends_list(p->at)) {
		p->at++;
		return true;
	}
	skip_value(p);
	p->at += p->at->kind == TOKEN_COMMA;
	return p->at[-1].kind == TOKEN_COMMA;
}

static void read_values(struct parser *p, struct node *leaf)
{
	struct element **end = &leaf->elements;

	for (;;) {
		*end = read_value(p, leaf);
		if (*end) {
			end = &(*end)->next;
			sf_parse_torn_value(p);
		}
		if (p->at->kind == TOKEN_COMMA)
			p->at++;
		else if (p->at->kind == TOKEN_CLOSE || p->at->kind == TOKEN_END || !no_comma(p))
			return;
	}
}

bool sf_parse_list(struct parser *p, struct node *leaf)
{
	const struct token *open = p->at;

	if (open->kind != TOKEN_OPEN) {
		sf_filter_wrong(p->r, open->kind == TOKEN_END ? open[-1].place : open->place,
				sf_parse_meant_list(p, leaf, open) ?: sf_parse_example(p, leaf),
				"values in parentheses were expected after `in`, not %s",
				sf_parse_found(p));
		return false;
	}
	p->at++;
	if (p->at->kind == TOKEN_CLOSE)
		sf_filter_wrong(p->r, sf_parse_span(open->place, p->at->place),
				sf_parse_example(p, leaf), "an empty set: nothing is in it");
	else
		read_values(p, leaf);
	if (p->at->kind == TOKEN_CLOSE)
		p->at++;
	else if (p->at->kind == TOKEN_END)
		sf_filter_wrong(p->r, open->place, "close it with )",
				"a parenthesis that is never closed");
	leaf->value = sf_parse_span(open->place, p->at[-1].place);
	return true;
}
