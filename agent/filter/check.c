/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tree is checked: every value is read, chains inside chains of their kind become one, and for
 * every node the states are found in which it may hold. A state is its set, every other predicate
 * all states; `and` intersects, `or` unites, `not` is the rest only of what is exact (holds in its
 * states and nowhere else). What is exact in the outermost `and` becomes the states clause, the
 * rest is left to be judged; a text without a state has the usual ones.
 */
#include "filter/stages.h"

void sf_filter_wrong(struct reading *r, struct place place, const char *hint, const char *message,
		     ...)
{
	char text[1024];
	va_list args;

	if (++r->errors > SF_FILTER_ERRORS)
		return;
	va_start(args, message);
	vsnprintf(text, sizeof(text), message, args);
	va_end(args);
	if (r->errors == SF_FILTER_ERRORS)
		hint = "there are more errors: the first 100 are told";
	sf_complain(r->complaints, r->text, place.offset, place.length, hint, "%s", text);
}

struct place sf_filter_within(const struct node *leaf, const char *at, size_t length)
{
	if (leaf->quoted) /* escapes: the bytes are not where they seem */
		return leaf->value;
	return (struct place){leaf->value.offset + (uint32_t)(at - leaf->word), (uint32_t)length};
}

void sf_filter_range(struct node *node, uint64_t number, uint64_t least, uint64_t most)
{
	enum op op = node->op;
	bool below = op == OP_LT || op == OP_LE, above = op == OP_GT || op == OP_GE;
	struct test *test = &node->test;

	node->ranged = true;
	test->negate = op == OP_NE;
	test->range.low = below ? least : op == OP_GT ? number + 1 : number;
	test->range.high = above ? most : op == OP_LT ? number - 1 : number;
	if ((op == OP_LT && number <= least) || (op == OP_GT && number >= most)) { /* never */
		test->range.low = 1;
		test->range.high = 0;
	}
}

static struct node *state_leaf(struct reading *r, struct place place, uint32_t set, bool negate)
{
	struct node *leaf = sf_arena_alloc(r->arena, sizeof(*leaf));
	const struct sf_field *field;

	leaf->kind = NODE_LEAF;
	leaf->predicate = sf_predicate_find("state", 5, &field);
	leaf->op = negate ? OP_NE : OP_NONE;
	leaf->place = leaf->name = leaf->value = place;
	leaf->known = sf_states_known(r->tables);
	leaf->word = sf_states_name(set, leaf->known);
	leaf->length = (uint32_t)strlen(leaf->word);
	sf_read_state(r, leaf);
	return leaf;
}

/* What leading clauses gather becomes a node of its own: a state, or states joined by `or`. */
static void spread(struct reading *r, struct node *gather, uint32_t set)
{
	struct node **last = &gather->child, *next = gather->next;
	uint32_t known = sf_states_known(r->tables), rest = known & ~set;

	if (sf_states_name(set, known) || sf_states_name(rest, known)) {
		*gather = *state_leaf(r, gather->place, sf_states_name(set, known) ? set : rest,
				      !sf_states_name(set, known));
		gather->next = next;
		return;
	}
	gather->kind = NODE_OR;
	for (unsigned state = 0; state < SF_STATE_COUNT; state++) {
		if (!(set & 1u << state))
			continue;
		*last = state_leaf(r, gather->place, 1u << state, false);
		last = &(*last)->next;
	}
}

/* A chain inside a chain of its own kind is one chain. */
static void flatten(struct node *group)
{
	for (struct node **at = &group->child; *at;) {
		struct node *child = *at, *last = child->child;

		if (child->kind != group->kind) {
			at = &child->next;
			continue;
		}
		*at = last;
		while (last->next)
			last = last->next;
		last->next = child->next;
		at = &last->next;
	}
}

static void check(struct reading *r, struct node *node)
{
	uint32_t known = sf_states_known(r->tables);

	node->states = node->known = known;
	for (struct node *child = node->child; child; child = child->next) {
		check(r, child);
		node->has_state = node->has_state || child->has_state;
		node->test.cost =
			child->test.cost > node->test.cost ? child->test.cost : node->test.cost;
	}
	switch (node->kind) {
	case NODE_LEAF:
		node->test.cost = node->predicate->cost;
		if (node->elements)
			sf_read_set(r, node);
		else if (!node->predicate->valued || (node->word && !sf_is_bare_range(r, node)))
			node->predicate->read(r, node);
		sf_never_narrow(node, r->tables);
		if (!node->states)
			node->clash[0] = node;
		break;
	case NODE_GATHER:
		node->states = sf_states_gather(node->child, known);
		node->exact = node->has_state = true;
		spread(r, node, node->states);
		break;
	case NODE_NOT:
		node->exact = node->child->exact;
		node->states = node->exact ? known & ~node->child->states : known;
		break;
	case NODE_AND:
		node->exact = true;
		flatten(node);
		for (struct node *child = node->child; child; child = child->next) {
			node->states &= child->states;
			node->exact = node->exact && child->exact;
		}
		if (sf_never_and(r, node, sf_states_usual(r->tables))) {
			node->states = 0;
			node->exact = true;
		}
		break;
	case NODE_OR:
		node->exact = true;
		node->states = 0;
		flatten(node);
		for (struct node *child = node->child; child; child = child->next) {
			node->states |= child->states;
			node->exact = node->exact && child->exact;
		}
		if (!node->states)
			memcpy(node->clash, node->child->clash, sizeof(node->clash));
		for (struct node *child = node->child; child; child = child->next)
			node->exact = node->exact || (child->exact && child->states == known);
		break;
	case NODE_WRONG:
		break;
	}
}

/* Takes what is exact out of the outermost `and`; what is left of it, or NULL. */
static struct node *take_clause(struct node *tree, uint32_t *clause)
{
	if (tree->exact) {
		*clause &= tree->states;
		return NULL;
	}
	if (tree->kind != NODE_AND)
		return tree;
	tree->has_state = false;
	tree->states = UINT32_MAX;
	for (struct node **at = &tree->child; *at;) {
		struct node *child = *at;

		if (child->exact) {
			*clause &= child->states;
			*at = child->next;
			continue;
		}
		tree->has_state = tree->has_state || child->has_state;
		tree->states &= child->states;
		at = &child->next;
	}
	return tree->child->next ? tree : tree->child;
}

void sf_filter_check(struct reading *r, struct node *tree, struct checked *ret)
{
	uint32_t usual = sf_states_usual(r->tables);

	if (tree)
		check(r, tree);
	ret->ended = r->tables & SF_TABLES_ENDED;
	ret->known = sf_states_known(r->tables);
	ret->usual = !tree || !tree->has_state;
	ret->clause = ret->usual ? usual : ret->known;
	ret->tree = tree ? take_clause(tree, &ret->clause) : NULL;
	ret->states = ret->clause & (ret->tree ? ret->tree->states : UINT32_MAX);
	if (ret->states || r->errors)
		return;
	if (ret->clause == usual && ret->tree->states) {
		sf_never_usual(r, ret->tree);
		ret->states = ret->clause;
	} else {
		sf_filter_wrong(r, tree->place, sf_never_why(r, tree),
				"this filter can never hold");
	}
}
