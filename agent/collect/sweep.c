/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Who is due together starts together. Nobody waits for more than 20 ms, and only for a tick that
 * is sure to come: so no timer is needed here, the last one's own tick starts the sweep. Few jobs,
 * some ticks a second: lists are walked.
 */
#include <stdlib.h>

#include "sweep.h"

/*
 * Whatever tables they read: who reads the same one shares its walk, the others follow in turn.
 * Cases:
 *
 *   event                               what has joined, if any
 *   tick, another idle one is due       waits for that one
 *     within 20 ms of the first joined
 *   tick, none is                       starts: alone, when nothing else has joined
 *   tick of a busy job                  not touched: busy jobs are not waited for, their ticks are
 *                                       skipped and counted
 *   tick that is late, as others are    waits for those that are due already: they come next
 *   start of the agent, --once,         starts at once, with every idle job (at the start: those
 *     SIGUSR1                           that run on start)
 *   one that is waited for stops or     looked at again: starts when nobody else is waited for
 *     leaves
 *   a run comes back                    not touched: at the next look its job may be waited for
 *   the end                             starts, so that each run closes with its record
 *   freed                               is forgotten
 */

struct waiting { /* those who have joined, in the order of their plans: a question is known again */
	struct sf_seat *first;
	size_t count;
	uint64_t due; /* of the first that was due */
};

struct sf_sweeps {
	struct sf_collector *collector;
	struct sf_seat *seats;
	struct waiting waiting;
};

struct sf_sweeps *sf_sweeps_new(struct sf_collector *collector)
{
	struct sf_sweeps *sweeps = sf_new(struct sf_sweeps);

	sweeps->collector = collector;
	return sweeps;
}

void sf_sweeps_free(struct sf_sweeps *sweeps)
{
	free(sweeps);
}

void sf_sweeps_seat(struct sf_sweeps *sweeps, struct sf_seat *seat)
{
	seat->next = sweeps->seats;
	sweeps->seats = seat;
}

static void forget(struct waiting *waiting, const struct sf_seat *seat)
{
	struct sf_seat **at = &waiting->first;

	while (*at && *at != seat)
		at = &(*at)->joined;
	if (!*at)
		return;
	*at = seat->joined;
	waiting->count--;
}

void sf_sweeps_leave(struct sf_sweeps *sweeps, struct sf_seat *seat)
{
	struct sf_seat **at = &sweeps->seats;

	while (*at != seat)
		at = &(*at)->next;
	*at = seat->next;
	forget(&sweeps->waiting, seat);
}

void sf_sweeps_join(struct sf_sweeps *sweeps, struct sf_seat *seat, uint64_t due)
{
	struct waiting *waiting = &sweeps->waiting;
	struct sf_seat **at = &waiting->first;

	while (*at && (*at)->run.plan->number < seat->run.plan->number)
		at = &(*at)->joined;
	seat->joined = *at;
	*at = seat;
	seat->busy = true;
	if (!waiting->count++ || due < waiting->due)
		waiting->due = due;
}

static void start(struct sf_sweeps *sweeps, struct waiting *waiting)
{
	struct sf_sweep *sweep = sf_alloc(sizeof(*sweep) + waiting->count * sizeof(sweep->run[0]));

	for (struct sf_seat *seat = waiting->first; seat; seat = seat->joined)
		sweep->run[sweep->count++] = &seat->run;
	*waiting = (struct waiting){0};
	sf_collector_start(sweeps->collector, sweep);
}

static bool is_awaited(const struct sf_sweeps *sweeps, uint64_t until)
{
	for (const struct sf_seat *seat = sweeps->seats; seat; seat = seat->next) {
		if (!seat->busy && seat->due <= until)
			return true;
	}
	return false;
}

void sf_sweeps_look(struct sf_sweeps *sweeps, uint64_t mono)
{
	uint64_t until = sweeps->waiting.due + SF_TOGETHER_US;

	if (sweeps->waiting.count && !is_awaited(sweeps, until > mono ? until : mono))
		sf_sweeps_start(sweeps);
}

void sf_sweeps_start(struct sf_sweeps *sweeps)
{
	if (sweeps->waiting.count)
		start(sweeps, &sweeps->waiting);
}
