/* SPDX-License-Identifier: Apache-2.0 */
/*
 * When the next tick is due. One rule holds all promises: the next tick is the first of the grid
 * that is at least half an interval later than the one just handled. So neither a clock that was
 * set nor a process that was stopped makes two ticks follow each other closely, and ticks that came
 * meanwhile are counted, never made up for.
 */
#include <sockfeed/loop.h>

/*
 * Two clocks are never read at the same moment; a difference below this is that. Above it the wall
 * clock was slewed or set, and the grid follows. So queries of one interval keep the same ticks to
 * the microsecond.
 */
#define READING_US 1000

/* The first multiple of interval, counted from origin, that is not before `earliest`. */
static uint64_t first_from(uint64_t earliest, __int128 origin, uint64_t interval)
{
	__int128 past = ((__int128)earliest - origin) % interval;

	if (past < 0)
		past += interval;
	return past ? earliest + (interval - (uint64_t)past) : earliest;
}

static __int128 origin(const struct sf_grid *grid)
{
	return grid->align ? (__int128)(grid->phase % grid->interval) - grid->offset : grid->next;
}

void sf_grid_start(struct sf_grid *grid, uint64_t interval, uint64_t phase, bool align,
		   uint64_t mono, uint64_t wall)
{
	*grid = (struct sf_grid){.interval = interval,
				 .phase = phase,
				 .align = align,
				 .offset = (int64_t)(wall - mono),
				 .next = mono};
	grid->next = first_from(mono + 1, origin(grid), interval);
}

uint64_t sf_grid_advance(struct sf_grid *grid, uint64_t mono, uint64_t wall)
{
	int64_t offset = (int64_t)(wall - mono), moved = offset - grid->offset;
	uint64_t interval = grid->interval, before = grid->next, passed;

	if (moved > READING_US || moved < -READING_US)
		grid->offset = offset;
	grid->next = first_from(mono + (interval + 1) / 2, origin(grid), interval);
	if (grid->next <= before)
		return 0;
	/*
	 * where the grid has moved it is not a whole number of intervals: the nearest counts
	 */
	passed = (grid->next - before + interval / 2) / interval;
	return passed ? passed - 1 : 0;
}

uint64_t sf_grid_phase(const char *host_id, uint64_t splay)
{
	uint64_t hash = 0xcbf29ce484222325; /* FNV-1a, 64 bits: offset basis and prime */

	for (; *host_id; host_id++)
		hash = (hash ^ (unsigned char)*host_id) * 0x100000001b3;
	return splay ? hash % splay : 0;
}
