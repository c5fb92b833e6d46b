/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of the parser share: parse.c reads chains and parentheses, leaf.c single
 * predicates and the errors in them, list.c what stands behind `in`.
 */
#pragma once

#include "filter/stages.h"

struct parser {
	struct reading *r;
	const struct token *begin, *at;
	/* of the normal form, around all that follows the states: it is no depth */
	const struct token *free_paren;
	bool gave_up; /* nested too deep: the rest of the text is not read */
	unsigned depth;
};

static inline bool sf_parse_is_value(const struct token *token)
{
	return token->kind == TOKEN_WORD || token->kind == TOKEN_STRING;
}
struct node *sf_parse_node(struct parser *, enum node_kind, struct place);
struct place sf_parse_span(struct place from, struct place to);
/* "`in`", or "the end": what was found where something else was expected. */
const char *sf_parse_found(struct parser *);
/* Behind an error: on to the next `and`, `or`, `)` or the end, over whole parentheses. */
struct node *sf_parse_wrong(struct parser *, struct place);
struct node *sf_parse_leaf(struct parser *);
/* list.c: what stands behind `in`; false: no list does. */
bool sf_parse_list(struct parser *, struct node *leaf);
/* The hint where a value of `leaf` was expected. */
const char *sf_parse_example(struct parser *, const struct node *leaf);

/* slip.c */
void sf_parse_torn_value(struct parser *); /* behind a value: `100 ms`, `8000 - 8999` */
/* A list without its parentheses, as it was meant: "write sport in (80, 443)"; or NULL. */
const char *sf_parse_meant_list(struct parser *, const struct node *leaf, const struct token *);
void sf_parse_commas(struct parser *, const struct node *leaf);
void sf_parse_has_compared(struct parser *, const struct node *leaf);
