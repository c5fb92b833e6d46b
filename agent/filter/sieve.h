/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of the sieve hand on: sets of numbers (ranges.c), and the part of a filter that
 * the kernel can judge (sieve.c), from which bytecode is made (emit.c). No part is negated but a
 * single operation: a `not` was pushed down to where it is exact, or everything became true.
 */
#pragma once

#include "filter/stages.h"

/* ---- ranges.c ---- */

struct ranges { /* sorted, none next to another */
	struct range *range;
	unsigned count;
};

/* Sorts and joins those of one array, which becomes the set's. */
struct ranges sf_ranges_join(struct range *range, unsigned count);
/* Every number from 0 to `most` that is not in it. */
struct ranges sf_ranges_rest(struct sf_arena *, struct ranges, uint64_t most);
/* The smallest gaps are closed until `most` ranges are left. */
struct ranges sf_ranges_coarsen(struct sf_arena *, struct ranges, unsigned most);
/* How many numbers are in it; `most` where there are more. */
uint64_t sf_ranges_numbers(struct ranges, uint64_t most);

/* ---- parts.c ---- */

struct sieving {
	struct sf_arena *arena;
	uint32_t operations; /* that the kernel takes */
};

enum part_kind {
	PART_ALL,  /* every socket: nothing is known */
	PART_NONE, /* no socket */
	PART_AND,  /* of parts of other kinds, two at least; as PART_OR */
	PART_OR,
	PART_PORTS, /* own or peer's port is in `ports`; neither none nor every port */
	PART_OP	    /* one operation */
};

struct part {
	enum part_kind kind;
	struct part *child, *next;
	struct ranges ports;
	bool peer;
	bool negate;  /* PART_OP alone: it does not hold */
	uint8_t code; /* enum sf_bc_code */
	uint8_t size; /* of the argument behind the operation */
	uint8_t argument[sizeof(struct sf_bc_host) + 16];
};

struct part *sf_part_new(struct sieving *, enum part_kind);
/* PART_PORTS, or what the set comes to. */
struct part *sf_part_ports(struct sieving *, struct ranges, bool peer);
/* Joined by `and` or by `or`; the children are used up. */
struct part *sf_part_chain(struct sieving *, bool is_and, struct part *child);
/* It becomes a superset of itself with `most` comparisons at most, those of a tree not counted. */
void sf_part_trim(struct sieving *, struct part *, unsigned most);

/* ---- sieve.c ---- */

/* `negative`: for what the tree does not hold. */
struct part *sf_sieve_tree(struct sieving *, const struct node *, bool negative);

/* ---- operand.c ---- */

/* `negative`: where the test does not hold. Not its own `negate`. */
struct part *sf_sieve_test(struct sieving *, enum operand, const struct test *, bool negative);

/* ---- emit.c ---- */

struct code {
	struct sf_arena *arena;
	uint32_t operations;
	/* The code grows from its end towards its begin: every jump's target is there first. */
	uint8_t *bytes; /* SF_BC_MOST of them */
	size_t length;
	unsigned terms;
	bool full; /* it did not fit */
};
/* PART_ALL is no code. */
void sf_sieve_emit(struct code *, const struct part *);
/* How many comparisons a set of ports costs, in a chain. */
unsigned sf_sieve_cost(const struct part *ports, uint32_t operations);
