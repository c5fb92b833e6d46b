/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What can never hold: an `and` whose parts are met in no state together (narrow.c), or that asks
 * one number to lie in ranges that have nothing in common, or two parts of which one is wrong for
 * every socket (contrary.c). Nothing is concluded from what this host happens to lack: an
 * interface that does not exist yet may come.
 */
#include <stdlib.h>

#include "filter/sieve.h"

/* ---- ranges ---- */

/* Both compare the same number of a socket. */
static bool same_number(const struct node *a, const struct node *b)
{
	if (!a->ranged || !b->ranged)
		return false;
	if (a->test.operand != OPERAND_NONE || b->test.operand != OPERAND_NONE)
		return a->test.operand == b->test.operand;
	return a->test.field == b->test.field;
}

/* The numbers for which a leaf holds; `two` is room for them. count 0: it is not known here. */
static struct ranges ranges_of(const struct node *leaf, struct range two[2])
{
	const struct test *test = &leaf->test;
	struct ranges ranges = {.range = two};

	if (test->shape == SHAPE_RANGES)
		return (struct ranges){(struct range *)test->set.range, test->set.count};
	if (test->range.low > test->range.high)
		return ranges;
	if (!test->negate)
		two[ranges.count++] = test->range;
	if (test->negate && test->range.low > 0)
		two[ranges.count++] = (struct range){0, test->range.low - 1};
	if (test->negate && test->range.high < UINT64_MAX)
		two[ranges.count++] = (struct range){test->range.high + 1, UINT64_MAX};
	return ranges;
}

/* `out` has room for as many as both have together. */
static struct ranges common(struct ranges a, struct ranges b, struct range *out)
{
	struct ranges ranges = {.range = out};

	for (unsigned i = 0, j = 0; i < a.count && j < b.count;) {
		const struct range *x = &a.range[i], *y = &b.range[j];
		uint64_t low = x->low > y->low ? x->low : y->low,
			 high = x->high < y->high ? x->high : y->high;

		if (low <= high)
			out[ranges.count++] = (struct range){low, high};
		if (x->high < y->high)
			i++;
		else
			j++;
	}
	return ranges;
}

/* From `first` on: the leaf that leaves nothing of its number, or NULL. */
static const struct node *excluded(const struct node *chain, const struct node *first)
{
	sf_cleanup(sf_free_p) struct range *memory = NULL;
	struct range two[2];
	struct ranges left = ranges_of(first, two);
	unsigned room = left.count, others = 0, turn = 0;

	for (const struct node *node = chain->child; node != first; node = node->next) {
		if (same_number(first, node))
			return NULL; /* it was seen from there */
	}
	for (const struct node *node = first->next; node; node = node->next) {
		struct range other[2];

		if (!same_number(first, node))
			continue;
		others++;
		room += ranges_of(node, other).count;
	}
	if (!others || !left.count)
		return NULL;
	memory = sf_alloc(2 * room * sizeof(*memory));
	for (const struct node *node = first->next; node; node = node->next) {
		struct range other[2];
		struct ranges ranges = ranges_of(node, other);

		if (!same_number(first, node) || !ranges.count)
			continue;
		left = common(left, ranges, memory + (turn++ % 2 ? room : 0));
		if (!left.count)
			return node;
	}
	return NULL;
}

/* ---- chains ---- */

/* The first part that is met in none of the states of `node`. */
static const struct node *apart(const struct node *chain, const struct node *node)
{
	const struct node *child = chain->child;

	while (child != node && child->states & node->states)
		child = child->next;
	return child == node ? NULL : child;
}

/*
 * The usual states and what none of them has are no contradiction: who named no state did not say
 * so, and the normal form, which names them, is read like the text that it came from.
 */
static bool is_usual_alone(const struct node *chain, uint32_t usual)
{
	uint32_t rest = UINT32_MAX;
	bool found = false;

	for (const struct node *child = chain->child; child; child = child->next) {
		if (child->exact && child->states == usual)
			found = true;
		else
			rest &= child->states;
	}
	return found && rest;
}

bool sf_never_and(struct reading *r, struct node *chain, uint32_t usual)
{
	bool apart_alone = !chain->states && !is_usual_alone(chain, usual);

	for (struct node *child = chain->child; child; child = child->next) {
		const struct node *other = NULL;

		if (!child->states && child->exact) {
			memcpy(chain->clash, child->clash, sizeof(chain->clash));
			return true;
		}
		if (apart_alone)
			other = apart(chain, child);
		if (child->ranged && !other)
			other = excluded(chain, child);
		if (!other)
			other = sf_never_contrary(r, child);
		if (!other)
			continue;
		chain->clash[0] = other;
		chain->clash[1] = child;
		return true;
	}
	return apart_alone;
}
