/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sets of numbers as sorted ranges, none next to another: what the sieve unites, turns round and
 * makes coarser. A coarser set has every number of the finer one.
 */
#include <stdlib.h>

#include "filter/sieve.h"

static int by_low(const void *a, const void *b)
{
	const struct range *one = a, *other = b;

	return one->low < other->low ? -1 : one->low > other->low;
}

/* Empty ones (low > high) fall out. */
struct ranges sf_ranges_join(struct range *range, unsigned count)
{
	struct ranges set = {.range = range};

	if (count)
		qsort(range, count, sizeof(*range), by_low);
	for (unsigned i = 0; i < count; i++) {
		struct range *last = set.count ? &range[set.count - 1] : NULL;

		if (range[i].low > range[i].high)
			continue;
		if (!last || (last->high != UINT64_MAX && last->high + 1 < range[i].low))
			range[set.count++] = range[i];
		else if (last->high < range[i].high)
			last->high = range[i].high;
	}
	return set;
}

struct ranges sf_ranges_rest(struct sf_arena *arena, struct ranges set, uint64_t most)
{
	struct ranges rest = {
		.range = sf_arena_alloc(arena, (set.count + 1) * sizeof(struct range))};
	uint64_t low = 0;

	for (unsigned i = 0; i < set.count; i++) {
		if (set.range[i].low > low)
			rest.range[rest.count++] = (struct range){low, set.range[i].low - 1};
		if (set.range[i].high >= most)
			return rest;
		low = set.range[i].high + 1;
	}
	rest.range[rest.count++] = (struct range){low, most};
	return rest;
}

static uint64_t gap_behind(const struct range *range)
{
	return range[1].low - range[0].high - 1;
}

static int by_number(const void *a, const void *b)
{
	const uint64_t *one = a, *other = b;

	return *one < *other ? -1 : *one > *other;
}

struct ranges sf_ranges_coarsen(struct sf_arena *arena, struct ranges set, unsigned most)
{
	struct ranges coarse = {0};
	unsigned closed, of_widest = 0;
	uint64_t *gaps, widest;

	if (set.count <= most || !most)
		return set;
	gaps = sf_arena_alloc(arena, (set.count - 1) * sizeof(*gaps));
	for (unsigned i = 0; i + 1 < set.count; i++)
		gaps[i] = gap_behind(&set.range[i]);
	qsort(gaps, set.count - 1, sizeof(*gaps), by_number);
	closed = set.count - most;
	widest = gaps[closed - 1];
	for (unsigned i = 0; i < closed; i++)
		of_widest += gaps[i] == widest;

	coarse.range = sf_arena_alloc(arena, most * sizeof(*coarse.range));
	for (unsigned i = 0; i < set.count; i++) {
		uint64_t gap = i ? gap_behind(&set.range[i - 1]) : UINT64_MAX;

		if (i && (gap < widest || (gap == widest && of_widest))) {
			of_widest -= gap == widest;
			coarse.range[coarse.count - 1].high = set.range[i].high;
		} else {
			coarse.range[coarse.count++] = set.range[i];
		}
	}
	return coarse;
}

uint64_t sf_ranges_numbers(struct ranges set, uint64_t most)
{
	uint64_t numbers = 0;

	for (unsigned i = 0; i < set.count; i++) {
		uint64_t more = set.range[i].high - set.range[i].low;

		if (more >= most - numbers)
			return most;
		numbers += more + 1;
	}
	return numbers;
}
