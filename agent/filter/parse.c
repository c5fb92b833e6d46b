/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Tokens become a tree. After an error the parser goes on behind the next `and`, `or` or
 * parenthesis, so that one run tells all errors of a text; what was not understood is NODE_WRONG.
 *
 *   filter  = [clauses] [chain] | clauses (AND | OR) chain
 *   clauses = leading `state X` and `exclude X`, without operators
 *   chain   = unary { [AND] unary } | unary { OR unary }     both in one chain: see mixed.c
 *   unary   = NOT unary | "(" chain ")" | predicate
 */
#include "filter/parse.h"

static struct node *parse_unary(struct parser *);
static struct node *parse_chain(struct parser *, struct node *first);

/* False: too deep; the rest of the text is then given up. */
static bool enter(struct parser *p, bool counts)
{
	p->depth += counts;
	if (p->depth <= SF_FILTER_DEPTH)
		return true;
	sf_filter_wrong(p->r, p->at->place, NULL, "nested deeper than %d", SF_FILTER_DEPTH);
	while (p->at->kind != TOKEN_END)
		p->at++;
	p->gave_up = true;
	return false;
}

static struct node *parse_parens(struct parser *p, bool counts)
{
	const struct token *open = p->at;
	struct node *inner;

	if (!enter(p, counts && open != p->free_paren))
		return sf_parse_node(p, NODE_WRONG, open->place);
	p->at++;
	if (p->at->kind == TOKEN_CLOSE) {
		sf_filter_wrong(p->r, sf_parse_span(open->place, p->at->place),
				"write a predicate such as dport = :443 between them",
				"empty parentheses");
		inner = sf_parse_node(p, NODE_WRONG, open->place);
	} else {
		inner = parse_chain(p, NULL);
	}
	if (p->at->kind == TOKEN_CLOSE) {
		p->at++;
	} else if (!p->gave_up) {
		sf_filter_wrong(p->r, open->place, "close it with )",
				"a parenthesis that is never closed");
	}
	inner->place = sf_parse_span(open->place, p->at[-1].place);
	p->depth -= counts && open != p->free_paren;
	return inner;
}

static struct node *parse_not(struct parser *p)
{
	struct node *node = sf_parse_node(p, NODE_NOT, p->at->place);

	if (!enter(p, true))
		return sf_parse_node(p, NODE_WRONG, node->place);
	p->at++;
	/* `not (` is one level */
	node->child = p->at->kind == TOKEN_OPEN ? parse_parens(p, false) : parse_unary(p);
	node->place = sf_parse_span(node->place, node->child->place);
	p->depth--;
	return node;
}

static struct node *parse_unary(struct parser *p)
{
	struct place place = p->at->place;
	int after = 0; /* length of what wants something on its right */

	switch (p->at->kind) {
	case TOKEN_WORD:
		return sf_parse_leaf(p);
	case TOKEN_OPEN:
		return parse_parens(p, true);
	case TOKEN_NOT:
		return parse_not(p);
	case TOKEN_END:
	case TOKEN_CLOSE:
	case TOKEN_AND:
	case TOKEN_OR:
	case TOKEN_STRING:
	case TOKEN_OP:
	case TOKEN_COMMA:
	case TOKEN_OTHER:
		break;
	}
	if (p->gave_up)
		return sf_parse_node(p, NODE_WRONG, place);
	if (p->at->kind == TOKEN_END && p->at > p->begin) {
		place = p->at[-1].place;
		after = (int)place.length;
	}
	sf_filter_wrong(p->r, place, "write a predicate such as dport = :443 or tcp.rtt_us > 100ms",
			"a predicate was expected%s%.*s%s, not %s", after ? " after `" : "", after,
			after ? p->r->text->text + place.offset : "", after ? "`" : "",
			sf_parse_found(p));
	return sf_parse_wrong(p, place);
}

static struct node *parse_chain(struct parser *p, struct node *first)
{
	struct node *head = first ? first : parse_unary(p), *last = head, *group;
	bool ands = false, ors = false;

	while (p->at->kind != TOKEN_END && p->at->kind != TOKEN_CLOSE) {
		enum token_kind join = p->at->kind == TOKEN_OR ? TOKEN_OR : TOKEN_AND;

		p->at += p->at->kind == TOKEN_AND || p->at->kind == TOKEN_OR;
		ands = ands || join == TOKEN_AND;
		ors = ors || join == TOKEN_OR;
		last->next = parse_unary(p);
		last = last->next;
		last->join = join;
	}
	if (last == head)
		return head;
	if (ands && ors)
		sf_filter_mixed(p->r, head, last);

	group = sf_parse_node(p, ands ? NODE_AND : NODE_OR,
			      sf_parse_span(head->place, last->place));
	group->child = head;
	return group;
}

/* The clauses at the beginning of the text; NULL: there are none. */
static struct node *parse_leading(struct parser *p)
{
	struct node *gather = sf_parse_node(p, NODE_GATHER, p->at->place), **end = &gather->child;
	const struct sf_field *field;

	while (p->at->kind == TOKEN_WORD && p->at[1].op == OP_NONE) {
		const struct predicate *predicate =
			sf_predicate_find(p->at->text, p->at->length, &field);

		if (!predicate || predicate->read != sf_read_state)
			break;
		*end = sf_parse_leaf(p);
		gather->place = sf_parse_span(gather->place, (*end)->place);
		end = &(*end)->next;
	}
	return gather->child ? gather : NULL;
}

struct node *sf_filter_parse(struct reading *r, const struct token *tokens)
{
	struct parser p = {.r = r, .begin = tokens, .at = tokens};
	struct node *tree = parse_leading(&p), *rest, *both;

	if (tree && p.at->kind == TOKEN_AND && p.at[1].kind == TOKEN_OPEN)
		p.free_paren = p.at + 1;
	if (tree && (p.at->kind == TOKEN_AND || p.at->kind == TOKEN_OR)) {
		tree = parse_chain(&p, tree);
	} else if (p.at->kind != TOKEN_END) {
		rest = parse_chain(&p, NULL);
		if (tree) { /* the clauses bind all that follows */
			both = sf_parse_node(&p, NODE_AND, sf_parse_span(tree->place, rest->place));
			both->child = tree;
			tree->next = rest;
			rest = both;
		}
		tree = rest;
	}
	while (p.at->kind == TOKEN_CLOSE) { /* read on: there may be more errors */
		sf_filter_wrong(r, p.at->place, NULL, "a parenthesis that was never opened");
		p.at++;
		if (p.at->kind == TOKEN_AND || p.at->kind == TOKEN_OR)
			p.at++;
		if (p.at->kind != TOKEN_END && p.at->kind != TOKEN_CLOSE)
			parse_chain(&p, NULL);
	}
	return tree;
}
