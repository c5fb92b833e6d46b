/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The normal form: the states clause, then `and` and the rest in parentheses; a parenthesis around
 * every chain inside another and behind every `not`; canonical words. It parses to itself.
 */
#include "filter/stages.h"

/* What has an order as it was merged. */
static void print_ranges(struct sf_buf *buf, const struct node *set)
{
	struct node one = *set;

	for (unsigned i = 0; i < set->test.set.count; i++) {
		const struct range *range = &set->test.set.range[i];

		sf_buf_text(buf, i ? ", " : "");
		one.number = range->low ^ set->test.sign;
		set->predicate->print(&one, buf);
		if (range->low == range->high)
			continue;
		sf_buf_text(buf, "-");
		one.number = range->high ^ set->test.sign;
		set->predicate->print(&one, buf);
	}
}

static void print_elements(struct sf_buf *buf, const struct node *set)
{
	const struct test *test = set->test.shape == SHAPE_TESTS ? set->test.any.test : NULL;
	struct node one = *set;

	one.elements = NULL;
	for (const struct element *e = set->elements; e; e = e->next) {
		sf_buf_text(buf, e == set->elements ? "" : ", ");
		one.word = e->word;
		one.length = e->length;
		one.number = e->number;
		if (test)
			one.test = *test++;
		set->predicate->print(&one, buf);
	}
}

/* Ports of other tables than inet's say by a word of which: they stay as they were written. */
static bool is_as_merged(const struct node *set)
{
	bool ordered = sf_predicate_ops(set->predicate, set->field) & 1u << OP_LT;
	bool local = set->predicate->read == sf_read_port && set->test.operand == OPERAND_NONE;

	return set->ranged && ordered && !local;
}

static void print_set(struct sf_buf *buf, const struct node *set)
{
	sf_buf_text(buf, " in (");
	if (set->has_state)
		sf_states_list(buf, set->test.states, set->known);
	else if (is_as_merged(set))
		print_ranges(buf, set);
	else
		print_elements(buf, set);
	sf_buf_text(buf, ")");
}

/* `state X` and `has X` have no operator, `autobound` no value; all others have both. */
void sf_print_leaf(struct sf_buf *buf, const struct node *leaf)
{
	bool state = leaf->has_state;
	enum op op = leaf->op;

	if (op == OP_NONE || op == OP_IN) /* `exclude X`; a list of states that has a name */
		op = leaf->test.negate ? OP_NE : OP_EQ;
	sf_buf_text(buf, state ? "state" : leaf->field ? leaf->field->name : leaf->predicate->name);
	if (!leaf->predicate->valued)
		return;
	if (leaf->elements && !(state && sf_states_name(leaf->test.states, leaf->known))) {
		print_set(buf, leaf);
		return;
	}
	sf_buf_text(buf, " ");
	if (state ? op != OP_EQ : leaf->predicate->ops)
		sf_buf_format(buf, "%s ", sf_op_name(op));
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
	bool clause = !checked->ended && (!checked->tree || !checked->tree->has_state ||
					  checked->clause != checked->known);

	if (checked->ended && !checked->tree)
		sf_buf_text(buf, "state all");
	if (clause)
		sf_states_print(buf, checked->clause, checked->known);
	if (!checked->tree)
		return;
	sf_buf_text(buf, clause ? " and (" : "");
	print_node(buf, checked->tree, true);
	sf_buf_text(buf, clause ? ")" : "");
}
