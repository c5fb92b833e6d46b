/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel's part of a filter becomes bytecode. An operation that holds falls through to the
 * next one, one that does not jumps: the kernel checks code by walking from operation to operation
 * by `yes`, so that `yes` can be nothing but the operation's own length, and where both ways lead
 * elsewhere a JMP follows. `no` ends at an operation, at the end (the socket is shown) or four
 * bytes behind it (it is not).
 *
 * A chain of comparisons with a large set would cost every socket all of them: ports are looked for
 * in a balanced tree.
 */
#include "filter/sieve.h"

/* Targets are distances from the end of the code: they stay the same while it grows. */
enum { ACCEPT = 0, REJECT = -4 };

/* So many ranges at the leaf of a tree: fewer would be more operations for the kernel to check. */
enum { LEAF = 4 };

static void put(struct code *c, enum sf_bc_code code, const void *argument, size_t size, int no)
{
	struct sf_bc_op op = {.code = (uint8_t)code, .yes = (uint8_t)(sizeof(op) + size)};
	uint8_t *at;

	if (c->length + op.yes > SF_BC_MOST) {
		c->full = true;
		return;
	}
	c->length += op.yes;
	op.no = (uint16_t)((int)c->length - no);
	at = c->bytes + SF_BC_MOST - c->length;
	memcpy(at, &op, sizeof(op));
	if (size)
		memcpy(at + sizeof(op), argument, size);
	c->terms += code != SF_BC_JMP;
}

static int front(const struct code *c)
{
	return (int)c->length;
}

/* What stands in front now is reached by falling through. */
static void jump(struct code *c, int target)
{
	if (target != front(c))
		put(c, SF_BC_JMP, NULL, 0, target);
}

/* ---- ports ---- */

struct ways { /* of a set of ports */
	enum sf_bc_code ge, le, eq;
	bool has_eq;
	int yes, no;
};

static void put_port(struct code *c, enum sf_bc_code code, uint64_t port, int no)
{
	const struct sf_bc_op argument = {.no = (uint16_t)port};

	put(c, code, &argument, sizeof(argument), no);
}

/* Of a port that is known to lie within `known`. */
static void emit_range(struct code *c, const struct ways *w, struct range range, struct range known,
		       int no)
{
	bool above = range.low > known.low, below = range.high < known.high;

	jump(c, w->yes);
	if (above && below && range.low == range.high && w->has_eq) {
		put_port(c, w->eq, range.low, no);
		return;
	}
	if (below)
		put_port(c, w->le, range.high, no);
	if (above)
		put_port(c, w->ge, range.low, no);
}

static void emit_tree(struct code *c, const struct ways *w, struct ranges set, struct range known)
{
	struct ranges left = {set.range, set.count / 2},
		      right = {set.range + left.count, set.count - left.count};
	uint64_t bound;
	int target = w->no;

	if (set.count <= LEAF) {
		for (unsigned i = set.count; i-- > 0; target = front(c))
			emit_range(c, w, set.range[i], known, target);
		return;
	}
	bound = left.range[left.count - 1].high;
	emit_tree(c, w, right, (struct range){bound + 1, known.high});
	target = front(c);
	emit_tree(c, w, left, (struct range){known.low, bound});
	put_port(c, w->le, bound, target);
}

static unsigned cost_of(struct ranges set, bool has_eq)
{
	unsigned cost = 0;

	for (unsigned i = 0; i < set.count; i++) {
		bool above = set.range[i].low > 0, below = set.range[i].high < UINT16_MAX;
		bool one = set.range[i].low == set.range[i].high;

		cost += above && below && !(one && has_eq) ? 2 : 1;
	}
	return cost;
}

static void emit_ports(struct code *c, const struct part *part, int yes, int no)
{
	struct ways w = {SF_BC_S_GE, SF_BC_S_LE, SF_BC_S_EQ, .yes = yes, .no = no};
	struct ranges rest = sf_ranges_rest(c->arena, part->ports, UINT16_MAX);
	const struct range any = {0, UINT16_MAX};

	if (part->peer)
		w = (struct ways){SF_BC_D_GE, SF_BC_D_LE, SF_BC_D_EQ, .yes = yes, .no = no};
	w.has_eq = c->operations >> w.eq & 1;
	if (cost_of(rest, w.has_eq) < cost_of(part->ports, w.has_eq)) {
		w.yes = no;
		w.no = yes;
		emit_tree(c, &w, rest, any);
	} else {
		emit_tree(c, &w, part->ports, any);
	}
}

unsigned sf_sieve_cost(const struct part *part, uint32_t operations)
{
	return cost_of(part->ports, operations >> (part->peer ? SF_BC_D_EQ : SF_BC_S_EQ) & 1);
}

/* ---- parts ---- */

static void emit(struct code *, const struct part *, int yes, int no);

/* The last one first: who stands before it falls through to it, or jumps to it. */
static void emit_chain(struct code *c, const struct part *chain, int yes, int no)
{
	const struct part **parts;
	unsigned count = 0;

	for (const struct part *child = chain->child; child; child = child->next)
		count++;
	parts = sf_arena_alloc(c->arena, count * sizeof(struct part *));
	count = 0;
	for (const struct part *child = chain->child; child; child = child->next)
		parts[count++] = child;
	for (unsigned i = count; i-- > 0 && !c->full;) {
		emit(c, parts[i], yes, no);
		if (chain->kind == PART_AND)
			yes = front(c);
		else
			no = front(c);
	}
}

static void emit(struct code *c, const struct part *part, int yes, int no)
{
	switch (part->kind) {
	case PART_ALL:
		jump(c, yes);
		break;
	case PART_NONE:
		jump(c, no);
		break;
	case PART_AND:
	case PART_OR:
		emit_chain(c, part, yes, no);
		break;
	case PART_PORTS:
		emit_ports(c, part, yes, no);
		break;
	case PART_OP:
		jump(c, part->negate ? no : yes);
		put(c, part->code, part->argument, part->size, part->negate ? yes : no);
		break;
	}
}

void sf_sieve_emit(struct code *c, const struct part *part)
{
	c->length = c->terms = 0;
	c->full = false;
	emit(c, part, ACCEPT, REJECT);
}
