/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The normal form: the states clause, then `and` and the rest in parentheses; a parenthesis around
 * every chain inside another and behind every `not`; canonical words. It parses to itself.
 */
#include "filter/stages.h"

void sf_filter_quote(struct sf_buf *buf, const char *bytes, size_t length)
{
	sf_buf_text(buf, "\"");
	for (size_t i = 0; i < length; i++) {
		if (bytes[i] == '"' || bytes[i] == '\\')
			sf_buf_text(buf, "\\");
		sf_buf_add(buf, &bytes[i], 1);
	}
	sf_buf_text(buf, "\"");
}

/* `state X` has no operator, `autobound` no value; all others have both. */
void sf_print_leaf(struct sf_buf *buf, const struct node *leaf)
{
	bool state = leaf->has_state;
	enum op op = leaf->test.negate ? OP_NE : leaf->op == OP_NONE ? OP_EQ : leaf->op;

	sf_buf_text(buf, state ? "state" : leaf->field ? leaf->field->name : leaf->predicate->name);
	if (!leaf->predicate->valued)
		return;
	sf_buf_format(buf, " %s%s", state && op == OP_EQ ? "" : sf_op_name(op),
		      state && op == OP_EQ ? "" : " ");
	leaf->predicate->print(leaf, buf);
}

static void print_node(struct sf_buf *buf, const struct node *node, bool outermost)
{
	const char *join = node->kind == NODE_AND ? " and " : " or ";
	bool parens = !outermost && (node->kind == NODE_AND || node->kind == NODE_OR);

	if (node->kind == NODE_LEAF) {
		sf_print_leaf(buf, node);
		return;
	}
	if (node->kind == NODE_NOT)
		sf_buf_text(buf, "not (");
	else if (parens)
		sf_buf_text(buf, "(");
	for (const struct node *child = node->child; child; child = child->next) {
		print_node(buf, child, node->kind == NODE_NOT);
		if (child->next)
			sf_buf_text(buf, join);
	}
	if (node->kind == NODE_NOT || parens)
		sf_buf_text(buf, ")");
}

void sf_filter_print(const struct sf_filter *filter, struct sf_buf *buf)
{
	const struct checked *checked = &filter->checked;
	/* a state somewhere in the rest keeps the usual states out: all needs no word */
	bool clause = !checked->tree || !checked->tree->has_state ||
		      checked->clause != sf_states_known(UINT32_MAX);

	if (clause)
		sf_states_print(buf, checked->clause);
	if (!checked->tree)
		return;
	sf_buf_text(buf, clause ? " and (" : "");
	print_node(buf, checked->tree, true);
	sf_buf_text(buf, clause ? ")" : "");
}
