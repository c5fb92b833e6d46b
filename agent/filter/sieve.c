/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Checked trees become what the kernel can leave out: a superset of every tree, always. A `not` is
 * pushed down to the single tests; there it is exact where the kernel answers as the judge does
 * (`same`), anything else becomes true, as does what the kernel cannot compare. States are true
 * too: the kernel is asked for them in the request, bytecode does not see them.
 */
#include <stdlib.h>

#include "filter/sieve.h"

/*
 * A test that is negated in itself (`!=`, `not in`) holds only where the value is there, and there
 * the kernel says the same; under `not` it holds for absent values too, which the kernel compares
 * as 0.
 */
static struct part *leaf_of(struct sieving *s, const struct test *test, bool negative)
{
	if (negative && !test->same)
		return sf_part_new(s, PART_ALL);
	return sf_sieve_test(s, test->operand, test, negative != test->negate);
}

struct part *sf_sieve_tree(struct sieving *s, const struct node *node, bool negative)
{
	struct part *first = NULL, **last = &first;

	switch (node->kind) {
	case NODE_NOT:
		return sf_sieve_tree(s, node->child, !negative);
	case NODE_AND:
	case NODE_OR:
		for (const struct node *child = node->child; child; child = child->next) {
			*last = sf_sieve_tree(s, child, negative);
			last = &(*last)->next;
		}
		return sf_part_chain(s, (node->kind == NODE_AND) != negative, first);
	case NODE_LEAF:
		return leaf_of(s, &node->test, negative);
	case NODE_GATHER:
	case NODE_WRONG:
		break;
	}
	return sf_part_new(s, PART_ALL);
}

/* ---- the header ---- */

/* What of a part demands one certain port, or NULL. In the header 0 is any. */
static struct part *demands_port(struct part *part, bool peer)
{
	struct part *one = part->kind == PART_AND ? part->child : part;

	for (; one; one = part->kind == PART_AND ? one->next : NULL) {
		if (one->kind == PART_PORTS && one->peer == peer && one->ports.count == 1 &&
		    one->ports.range->low == one->ports.range->high && one->ports.range->low)
			return one;
	}
	return NULL;
}

/* The port that every part demands becomes the header's: then the bytecode need not look. */
static uint16_t take_port(struct sieving *s, struct part **parts, size_t count, bool peer)
{
	uint64_t port = 0;

	for (size_t i = 0; i < count; i++) {
		const struct part *one = demands_port(parts[i], peer);

		if (!one || (port && one->ports.range->low != port))
			return 0;
		port = one->ports.range->low;
	}
	for (size_t i = 0; i < count; i++) {
		demands_port(parts[i], peer)->kind = PART_ALL;
		if (parts[i]->kind == PART_AND)
			parts[i] = sf_part_chain(s, true, parts[i]->child);
	}
	return (uint16_t)port;
}

/* ---- all of it ---- */

static void make_bytecode(struct sieving *s, struct part *part, struct code *code)
{
	for (unsigned most = SF_SIEVE_TERMS;; most = most / 4 * 3) {
		sf_part_trim(s, part, most);
		sf_sieve_emit(code, part);
		if (!code->full && code->terms <= SF_SIEVE_TERMS)
			return;
	}
}

void sf_sieve_make(struct sf_sieve *sieve, const struct sf_filter *const *filters, size_t count,
		   uint32_t operations)
{
	struct sieving s = {sf_arena_new(), operations};
	struct code code = {.arena = s.arena, .operations = operations};
	struct part **parts = sf_arena_alloc(s.arena, count * sizeof(struct part *));
	struct part *first = NULL;

	*sieve = (struct sf_sieve){0};
	for (size_t i = 0; i < count; i++)
		parts[i] = filters[i]->checked.tree
				   ? sf_sieve_tree(&s, filters[i]->checked.tree, false)
				   : sf_part_new(&s, PART_ALL);
	sieve->sport = take_port(&s, parts, count, false);
	sieve->dport = take_port(&s, parts, count, true);
	for (size_t i = count; i-- > 0;) {
		parts[i]->next = first;
		first = parts[i];
	}
	code.bytes = sf_realloc(NULL, SF_BC_MOST); /* as much of it is touched as is needed */
	if (first)
		make_bytecode(&s, sf_part_chain(&s, false, first), &code);
	sieve->terms = !!sieve->sport + !!sieve->dport;
	if (code.length && (count == 1 || sieve->terms + code.terms <= SF_SIEVE_SHARED)) {
		sf_buf_add(&sieve->bytecode, code.bytes + SF_BC_MOST - code.length, code.length);
		sieve->terms += code.terms;
	}
	free(code.bytes);
	sf_arena_free(s.arena);
}

void sf_sieve_finish(struct sf_sieve *sieve)
{
	sf_buf_finish(&sieve->bytecode);
}
