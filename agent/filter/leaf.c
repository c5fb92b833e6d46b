/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One predicate: a name, an operator where one is needed or written, a value where one belongs. The
 * table of predicates says what is allowed; what the value means is for check.c. Here are the
 * errors of this, each with its place, what was expected and the nearest known name.
 */
#include "filter/parse.h"

struct node *sf_parse_node(struct parser *p, enum node_kind kind, struct place place)
{
	struct node *node = sf_arena_alloc(p->r->arena, sizeof(*node));

	node->kind = kind;
	node->op = OP_NONE;
	node->join = TOKEN_AND;
	node->place = place;
	return node;
}

struct place sf_parse_span(struct place from, struct place to)
{
	return (struct place){from.offset, to.offset + to.length - from.offset};
}

const char *sf_parse_found(struct parser *p)
{
	struct place place = p->at->place;

	if (p->at->kind == TOKEN_END)
		return "the end";
	return sf_arena_format(p->r->arena, "`%.*s`", place.length > 60 ? 60 : (int)place.length,
			       p->r->text->text + place.offset);
}

static bool ends_operand(const struct token *token)
{
	return token->kind == TOKEN_END || token->kind == TOKEN_CLOSE || token->kind == TOKEN_AND ||
	       token->kind == TOKEN_OR;
}

static void skip(struct parser *p)
{
	for (unsigned open = 0; p->at->kind != TOKEN_END && (open || !ends_operand(p->at));
	     p->at++) {
		if (p->at->kind == TOKEN_OPEN)
			open++;
		else if (p->at->kind == TOKEN_CLOSE)
			open--;
	}
}

struct node *sf_parse_wrong(struct parser *p, struct place place)
{
	skip(p);
	if (p->at > p->begin && p->at[-1].place.offset > place.offset)
		place = sf_parse_span(place, p->at[-1].place);
	return sf_parse_node(p, NODE_WRONG, place);
}

static struct node *unknown_name(struct parser *p)
{
	const struct token *name = p->at++;
	const char *near = sf_predicate_near(name->text, name->length), *state = NULL;
	const char *hint = "write a predicate such as dport = :443, or a field that `sockfeed "
			   "fields` names";

	if (p->at->op == OP_NONE)
		state = sf_state_begins(name->text, name->length, sf_states_known(p->r->tables));
	if (state)
		hint = sf_arena_format(p->r->arena, "write `state %s`", state);
	else if (near)
		hint = sf_arena_format(p->r->arena, "did you mean \"%s\"?", near);
	sf_filter_wrong(p->r, name->place, hint, "no predicate or field is named \"%s\"",
			name->text);
	/* what looks like a comparison is passed over as one, so that what follows it is read */
	if (p->at->op != OP_NONE && sf_parse_is_value(&p->at[1])) {
		p->at += 2;
		return sf_parse_node(p, NODE_WRONG, sf_parse_span(name->place, p->at[-1].place));
	}
	return sf_parse_wrong(p, name->place);
}

/*
 * Was it meant as an operator, where none need stand? `dport ! 443`, `dport ; 443`, and a word
 * before a parenthesis that holds no filter: `dport within (80, 443)`.
 */
static bool is_operator(const struct token *token)
{
	const struct sf_field *field;

	if (token->kind == TOKEN_OTHER || token->kind == TOKEN_NOT)
		return true;
	if (token->kind != TOKEN_WORD || token[1].kind != TOKEN_OPEN)
		return false;
	return token[2].kind == TOKEN_STRING ||
	       (token[2].kind == TOKEN_WORD &&
		!sf_predicate_find(token[2].text, token[2].length, &field));
}

static const char *expected(struct parser *p, unsigned ops)
{
	sf_cleanup(sf_buf_finish) struct sf_buf list = {0};

	sf_ops_list(&list, ops);
	return sf_arena_format(p->r->arena, "expected one of %s", list.data);
}

const char *sf_parse_example(struct parser *p, const struct node *leaf)
{
	const char *example = sf_predicate_example(leaf->predicate, leaf->field);
	unsigned ops = sf_predicate_ops(leaf->predicate, leaf->field);

	if (p->at->kind == TOKEN_OTHER && *p->at->text == '\'')
		return "write text in double quotes, as in \"cubic\"";
	if (p->at->op == OP_MATCH && p->at[-1].kind == TOKEN_OP)
		return "a regular expression stands behind ~ alone";
	if (p->at->kind == TOKEN_OP && p->at[-1].kind == TOKEN_OP && ops)
		return expected(p, ops);
	if (leaf->op == OP_IN || (p->at->kind == TOKEN_OPEN && ops & 1u << OP_IN))
		return sf_arena_format(p->r->arena, "write the values as in %.*s in (%s)",
				       (int)leaf->name.length, p->r->text->text + leaf->name.offset,
				       example + (*example == ':'));
	return sf_arena_format(p->r->arena, "write a value such as %s", example);
}

static struct node *no_value(struct parser *p, const struct node *leaf)
{
	const struct token *last = p->at - 1;

	sf_filter_wrong(p->r, p->at->kind == TOKEN_END ? last->place : p->at->place,
			sf_parse_example(p, leaf), "a value was expected after `%.*s`, not %s",
			(int)last->place.length, p->r->text->text + last->place.offset,
			sf_parse_found(p));
	return sf_parse_wrong(p, leaf->name);
}

/* `state not established`, `dport ! 443`: meant as `!=`; or NULL. */
static const char *meant_unequal(struct parser *p, unsigned ops, const char *name)
{
	if (p->at->kind != TOKEN_NOT || !sf_parse_is_value(&p->at[1]) || !(ops & 1u << OP_NE))
		return NULL;
	return sf_arena_format(p->r->arena, "write %s != %s", name, p->at[1].text);
}

/* The operator, where one stands; false: none does, and one must. */
static bool read_op(struct parser *p, struct node *leaf, const char *name)
{
	unsigned ops = sf_predicate_ops(leaf->predicate, leaf->field);

	if (p->at->kind == TOKEN_NOT && p->at[1].op == OP_IN && ops & 1u << OP_IN) {
		sf_filter_wrong(p->r, sf_parse_span(p->at->place, p->at[1].place),
				sf_arena_format(p->r->arena, "write not %s in (...)", name),
				"`not` stands before a predicate");
		p->at++;
	}
	if (!ops && p->at->op == OP_IN && leaf->predicate->read == sf_read_state) {
		sf_filter_wrong(p->r, p->at->place, "write not state in (...)",
				"%s takes one state", name);
	} else if (!ops || p->at->op == OP_NONE) {
		if (!leaf->predicate->op_needed && !(ops && is_operator(p->at)))
			return true;
		sf_filter_wrong(p->r, p->at->kind == TOKEN_END ? leaf->name : p->at->place,
				meant_unequal(p, ops, name) ?: expected(p, ops),
				"%s is to be compared with something, here is %s", name,
				sf_parse_found(p));
		return false;
	}
	leaf->op = p->at->op;
	if (ops && !(ops & 1u << leaf->op)) {
		bool pattern = leaf->op == OP_MATCH || leaf->op == OP_UNMATCH;

		sf_filter_wrong(p->r, p->at->place, expected(p, ops),
				pattern ? "%s is not text: %s does not match it"
					: "%s is not ordered: %s does not compare it",
				name, sf_op_name(leaf->op));
		leaf->kind =
			pattern ? NODE_WRONG : leaf->kind; /* its value is not of the field's */
	}
	p->at++;
	return true;
}

struct node *sf_parse_leaf(struct parser *p)
{
	const struct token *name = p->at;
	const struct sf_field *field;
	const struct predicate *predicate = sf_predicate_find(name->text, name->length, &field);
	struct node *leaf;

	if (!predicate)
		return unknown_name(p);
	leaf = sf_parse_node(p, NODE_LEAF, name->place);
	leaf->predicate = predicate;
	leaf->field = field;
	leaf->name = name->place;
	p->at++;
	if (!predicate->valued)
		return leaf;
	if (!read_op(p, leaf, name->text))
		return sf_parse_wrong(p, name->place);
	if (leaf->op == OP_IN) {
		if (!sf_parse_list(p, leaf))
			return sf_parse_wrong(p, name->place);
	} else if (sf_parse_is_value(p->at)) {
		leaf->word = p->at->text;
		leaf->length = p->at->length;
		leaf->quoted = p->at->kind == TOKEN_STRING;
		leaf->value = p->at->place;
		p->at++;
		sf_parse_torn_value(p);
		if (p->at->kind == TOKEN_COMMA)
			sf_parse_commas(p, leaf);
		else if (predicate->read == sf_read_has && p->at->op != OP_NONE)
			sf_parse_has_compared(p, leaf);
	} else {
		return no_value(p, leaf);
	}
	leaf->place = sf_parse_span(name->place, p->at[-1].place);
	return leaf;
}
