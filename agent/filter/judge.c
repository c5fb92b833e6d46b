/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The judge: the checked tree as a flat list of steps, each one question and where to go for yes
 * and for no; every jump goes forward. Cheap questions stand first within their chain. It trusts
 * nothing that the kernel filtered.
 */
#include "filter/stages.h"

/* Steps are made from the last to the first: a target exists before who jumps to it. */
struct compiler {
	struct step *steps;
	unsigned count;
};

static unsigned leaves_of(const struct node *node)
{
	unsigned count = node->kind == NODE_LEAF;

	for (const struct node *child = node->child; child; child = child->next)
		count += leaves_of(child);
	return count;
}

static uint16_t compile(struct compiler *, const struct node *, uint16_t yes, uint16_t no);

/* The chain's last part is compiled first; of parts that cost the same the order stays. */
static uint16_t compile_chain(struct compiler *c, const struct node *chain, uint16_t yes,
			      uint16_t no)
{
	sf_cleanup(sf_free_p) const struct node **parts = NULL;
	uint16_t next = chain->kind == NODE_AND ? yes : no;
	size_t count = 0;

	for (const struct node *child = chain->child; child; child = child->next)
		count++;
	parts = sf_alloc(count * sizeof(*parts));
	count = 0;
	for (const struct node *child = chain->child; child; child = child->next)
		parts[count++] = child;

	for (unsigned cost = SF_COST_MOST; cost-- > 0;) {
		for (size_t i = count; i-- > 0;) {
			if (parts[i]->test.cost != cost)
				continue;
			next = chain->kind == NODE_AND ? compile(c, parts[i], next, no)
						       : compile(c, parts[i], yes, next);
		}
	}
	return next;
}

/* The number, counted from the end, of the step where `node` is begun. */
static uint16_t compile(struct compiler *c, const struct node *node, uint16_t yes, uint16_t no)
{
	switch (node->kind) {
	case NODE_NOT:
		return compile(c, node->child, no, yes);
	case NODE_AND:
	case NODE_OR:
		return compile_chain(c, node, yes, no);
	case NODE_LEAF:
		c->steps[c->count] =
			(struct step){.test = node->test, .leaf = node, .yes = yes, .no = no};
		return (uint16_t)c->count++;
	case NODE_GATHER:
	case NODE_WRONG:
		break; /* none is left after a check without errors */
	}
	return no;
}

static uint16_t from_begin(uint16_t step, unsigned count)
{
	return step == STEP_HOLDS || step == STEP_FAILS ? step : (uint16_t)(count - 1 - step);
}

struct step *sf_filter_compile(struct sf_arena *arena, const struct node *tree, unsigned *count)
{
	struct compiler c = {0};

	*count = tree ? leaves_of(tree) : 0;
	if (!*count)
		return NULL;
	c.steps = sf_arena_alloc(arena, *count * sizeof(*c.steps));
	compile(&c, tree, STEP_HOLDS, STEP_FAILS);
	for (unsigned i = 0, j = *count - 1; i <= j && j < *count; i++, j--) {
		struct step first = c.steps[i];

		c.steps[i] = c.steps[j];
		c.steps[j] = first;
	}
	for (unsigned i = 0; i < *count; i++) {
		c.steps[i].yes = from_begin(c.steps[i].yes, *count);
		c.steps[i].no = from_begin(c.steps[i].no, *count);
	}
	return c.steps;
}

bool sf_filter_judge(const struct sf_filter *filter, const struct sf_view *view)
{
	unsigned at = 0;

	if (!(sf_states_of(view) & filter->checked.states))
		return false;
	if (!filter->count)
		return true;
	while (at < filter->count) {
		const struct step *step = &filter->steps[at];

		at = step->test.holds(&step->test, view) ? step->yes : step->no;
	}
	return at == STEP_HOLDS;
}
