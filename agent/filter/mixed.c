/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `and` beside `or` without parentheses: ss reads it from left to right, its manual as `and`
 * first. We refuse it and print both readings as text to copy: `and` binding tighter, `or` binding
 * tighter.
 */
#include "filter/stages.h"

/* As written, on one line: comments, which would not end there, fall out. */
static void operand(struct sf_buf *buf, const struct reading *r, const struct node *node)
{
	const char *begin = r->text->text + node->place.offset, *end = begin + node->place.length;
	bool quoted = false;

	for (const char *at = begin; at < end; at++) {
		size_t comment = quoted ? 0 : sf_filter_comment(begin, at, end);

		at += comment;
		if (at == end)
			return;
		if (*at == '"')
			quoted = !quoted;
		if (quoted && *at == '\\' && at + 1 < end)
			sf_buf_add(buf, at++, 2);
		else if (quoted && *at != '"')
			sf_filter_quote_byte(buf, *at);
		else
			sf_buf_add(buf, *at >= '\t' && *at <= '\r' ? " " : at, 1);
	}
}

/* The chain with parentheses around each run of operands that `tight` joins. */
static void reading(struct sf_buf *buf, const struct reading *r, const struct node *first,
		    enum token_kind tight)
{
	bool open = false;

	for (const struct node *node = first; node; node = node->next) {
		bool joined = node != first && node->join == tight;
		bool opens = !joined && node->next && node->next->join == tight;

		if (open && !joined) {
			sf_buf_text(buf, ")");
			open = false;
		}
		if (node != first)
			sf_buf_text(buf, node->join == TOKEN_AND ? " and " : " or ");
		if (opens)
			sf_buf_text(buf, "(");
		open = open || opens;
		operand(buf, r, node);
	}
	if (open)
		sf_buf_text(buf, ")");
}

void sf_filter_mixed(struct reading *r, const struct node *first, const struct node *last)
{
	struct place place = {first->place.offset,
			      last->place.offset + last->place.length - first->place.offset};
	sf_cleanup(sf_buf_finish) struct sf_buf hint = {0};

	sf_buf_text(&hint, "write either\n      ");
	reading(&hint, r, first, TOKEN_AND);
	sf_buf_text(&hint, "\n    or\n      ");
	reading(&hint, r, first, TOKEN_OR);
	sf_filter_wrong(r, place, hint.data,
			"`and` beside `or` needs parentheses; without an operator stands `and`");
}
