/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What of a filter the kernel's filter cannot leave out, for `explain`: each comparison with the
 * reason, found out from the parts that the sieve itself is made of. The judge decides about all of
 * the filter anyway; these are the comparisons for which it gets to see every socket.
 */
#include <stdlib.h>

#include "filter/sieve.h"

struct search {
	struct sieving sieving;
	struct sf_buf *out;
	unsigned found;
};

/* What an operation needs that not every kernel takes from everybody. */
static const char *const needed[SF_BC_COUNT] = {
	[SF_BC_DEV_COND] = "dev, which needs Linux 4.8",
	[SF_BC_MARK_COND] = "fwmark, which needs Linux 4.9 and CAP_NET_ADMIN",
	[SF_BC_CGROUP_COND] = "cgroup, which needs Linux 5.8",
};

static enum sf_bc_code code_of(enum operand operand)
{
	switch (operand) {
	case OPERAND_NONE:
		return SF_BC_NOP;
	case OPERAND_SPORT:
		return SF_BC_S_GE;
	case OPERAND_DPORT:
		return SF_BC_D_GE;
	case OPERAND_SRC:
	case OPERAND_FAMILY:
		return SF_BC_S_COND;
	case OPERAND_DST:
		return SF_BC_D_COND;
	case OPERAND_DEV:
		return SF_BC_DEV_COND;
	case OPERAND_MARK:
		return SF_BC_MARK_COND;
	case OPERAND_CGROUP:
		return SF_BC_CGROUP_COND;
	}
	return SF_BC_NOP;
}

static bool is_all(struct search *s, const struct node *node, bool negative)
{
	return sf_sieve_tree(&s->sieving, node, negative)->kind == PART_ALL;
}

/* Why a leaf by itself says nothing to the kernel. */
static void print_reason(struct search *s, const struct node *leaf, bool negative)
{
	enum sf_bc_code code = code_of(leaf->test.operand);

	if (leaf->has_state)
		sf_buf_text(s->out, "the kernel's filter sees no state; the request asks for those "
				    "that may hold");
	else if (leaf->other)
		sf_buf_text(s->out, "the kernel's filter compares no field with another");
	else if (leaf->predicate->name && !strcmp(leaf->predicate->name, "has"))
		sf_buf_text(s->out, "the kernel's filter does not know what is absent");
	else if (leaf->test.operand == OPERAND_NONE)
		sf_buf_format(s->out, "the kernel's filter cannot compare %s",
			      leaf->test.field ? leaf->test.field->source : leaf->predicate->name);
	else if (negative && !leaf->test.same)
		sf_buf_text(s->out, "not exact under `not`: absent is 0 for the kernel's filter");
	else if (!(s->sieving.operations >> code & 1))
		sf_buf_format(s->out, "this kernel's filter takes no %s",
			      needed[code] ?: leaf->predicate->name);
	else if (leaf->test.shape == SHAPE_ONE)
		sf_buf_text(s->out, "it holds for every value");
	else
		sf_buf_format(s->out, "more than %u values", SF_SIEVE_TERMS);
}

static void print_leaf(struct search *s, const struct node *leaf, bool negative, const char *chain)
{
	bool own = is_all(s, leaf, negative);

	if (!own && !chain)
		return;
	sf_buf_text(s->out, s->found++ ? "  " : "left to the judge:\n  ");
	sf_print_leaf(s->out, leaf);
	sf_buf_text(s->out, ": ");
	if (own)
		print_reason(s, leaf, negative);
	else
		sf_buf_text(s->out, chain);
	sf_buf_text(s->out, "\n");
}

/* `chain`: why all of a chain around it is lost, or NULL. */
static void search(struct search *s, const struct node *node, bool negative, const char *chain)
{
	bool is_and = (node->kind == NODE_AND) != negative, part = false;

	switch (node->kind) {
	case NODE_NOT:
		search(s, node->child, !negative, chain);
		return;
	case NODE_LEAF:
		print_leaf(s, node, negative, chain);
		return;
	case NODE_AND:
	case NODE_OR:
		for (const struct node *child = node->child; child && !is_and; child = child->next)
			part = part || is_all(s, child, negative);
		if (part)
			chain = "what it is joined with is enough too, and the kernel's filter "
				"cannot compare that";
		else if (!is_and && is_all(s, node, negative))
			chain = "together with what it is joined with it leaves no socket out";
		for (const struct node *child = node->child; child; child = child->next)
			search(s, child, negative, chain);
		return;
	case NODE_GATHER:
	case NODE_WRONG:
		break;
	}
}

/* Too much for the kernel's check: the sieve was made coarser. */
static void search_coarse(struct search *s, const struct node *tree)
{
	struct code code = {.arena = s->sieving.arena, .operations = s->sieving.operations};

	code.bytes = sf_alloc(SF_BC_MOST);
	sf_sieve_emit(&code, sf_sieve_tree(&s->sieving, tree, false));
	free(code.bytes);
	if (!code.full && code.terms <= SF_SIEVE_TERMS)
		return;
	sf_buf_format(
		s->out,
		"%s  what the bytecode lets pass besides: all would take %s%u comparisons, the "
		"kernel checks %u quickly\n",
		s->found++ ? "" : "left to the judge:\n", code.full ? "over " : "", code.terms,
		SF_SIEVE_TERMS);
}

void sf_filter_left(const struct sf_filter *filter, uint32_t operations, struct sf_buf *out)
{
	const struct node *tree = filter->checked.tree;
	struct search s = {.sieving = {sf_arena_new(), operations}, .out = out};

	if (tree) {
		search(&s, tree, false, NULL);
		search_coarse(&s, tree);
	}
	if (!s.found)
		sf_buf_text(out, "left to the judge: nothing\n");
	sf_arena_free(s.sieving.arena);
}
