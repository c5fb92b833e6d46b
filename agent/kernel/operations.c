/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which operations of its filter the kernel takes, and which tables it has, found out by asking:
 * not every kernel has all of them, and not every process may compare marks. No state is asked for:
 * the kernel checks the bytecode, says what it thinks of it, and then has nothing to look through.
 */
#include "walk.h"

/* Those of 2.6.14. */
#define FIRST ((1u << SF_BC_DEV_COND) - 1)

/*
 * The smallest bytecode with an operation: itself, an argument of zeros, both ways to the end. Of
 * those that came with the same kernel one is tried.
 */
#define OP(code, length)             \
	{                            \
		code, length, length \
	}

static const struct {
	uint32_t operations;
	struct sf_bc_op op; /* op.yes bytes of bytecode begin here */
	uint8_t argument[8];
} probes[] = {
	/* refused, it was not for its operation: then no answer counts */
	{FIRST, OP(SF_BC_S_GE, 8)},
	{1u << SF_BC_DEV_COND, OP(SF_BC_DEV_COND, 8)},
	{1u << SF_BC_MARK_COND, OP(SF_BC_MARK_COND, 12)},
	{1u << SF_BC_S_EQ | 1u << SF_BC_D_EQ, OP(SF_BC_S_EQ, 8)},
	{1u << SF_BC_CGROUP_COND, OP(SF_BC_CGROUP_COND, 12)},
};

uint32_t sf_walker_operations(struct sf_walker *walker)
{
	uint32_t operations = 0;

	if (walker->source.walk)
		return 0;
	for (size_t i = 0; i < SF_COUNT(probes) && !walker->operations; i++) {
		const struct sf_ask ask = {.bytecode = (const uint8_t *)&probes[i].op,
					   .bytecode_length = probes[i].op.yes};
		int r = sf_walker_try(walker, &ask);

		if (r == 0)
			operations |= probes[i].operations;
		else if (i == 0 || (r != -EINVAL && r != -EPERM))
			return FIRST | operations; /* for now */
	}
	walker->operations |= operations;
	return walker->operations;
}

void sf_walker_probe(struct sf_walker *walker, uint32_t tables, struct sf_walk *walk)
{
	walk->release = walker->release;
	for (unsigned table = 0; table < SF_TABLE_COUNT; table++) {
		const struct sf_ask ask = {.table = table};
		int r = tables >> table & 1 ? sf_walker_try(walker, &ask) : 0;

		if (r < 0)
			sf_walk_fail(walk, table, r, &(struct sf_err){0});
	}
}
