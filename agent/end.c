/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The order of the end: no more ticks; the runs under way are cut short and close with their run
 * records; outputs write what waits, as long as they make progress; then the loop stops.
 */
#include "life.h"

/* How long outputs may write on at the end, and how often we look whether they do. */
enum { DRAIN_US = 10 * 1000 * 1000, LOOK_US = 250 * 1000 };

static uint64_t sum_delivered(const struct sf_agent *a)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < a->outputs; i++) {
		struct sf_counts counts;

		sf_output_counts(a->output[i], &counts);
		sum += counts.delivered;
	}
	return sum;
}

void sf_agent_end_now(struct sf_agent *a)
{
	a->phase = SF_ENDED;
	sf_loop_stop(a->loop, 0);
}

/*
 * --once waits for its outputs for ever; a signal's end as long as they get something out, and ten
 * seconds at most.
 */
void sf_agent_look_at_drain(void *arg)
{
	struct sf_agent *a = arg;
	uint64_t delivered = sum_delivered(a);
	bool stuck = delivered == a->last_delivered &&
		     sf_clock_mono() >= a->deadline - DRAIN_US + 4 * LOOK_US;

	if (sf_clock_mono() >= a->deadline || stuck) {
		sf_agent_end_now(a);
		return;
	}
	a->last_delivered = delivered;
	sf_timer_set(a->end_timer, sf_clock_mono() + LOOK_US);
}

static void bound_drain(struct sf_agent *a)
{
	a->deadline = sf_clock_mono() + DRAIN_US;
	a->last_delivered = sum_delivered(a);
	sf_timer_set(a->end_timer, sf_clock_mono() + LOOK_US);
}

bool sf_agent_busy(const struct sf_agent *a)
{
	for (size_t i = 0; i < a->jobs; i++) {
		if (sf_job_busy(a->job[i]))
			return true;
	}
	return false;
}

/* When the last run has come back: everything that will be is with the outputs. */
void sf_agent_drain_if_idle(struct sf_agent *a, bool bounded)
{
	if (a->phase != SF_COLLECTING_LAST || sf_agent_busy(a))
		return;
	a->phase = SF_DRAINING;
	a->undrained = a->outputs;
	if (bounded)
		bound_drain(a);
	for (size_t i = 0; i < a->outputs; i++)
		sf_output_drain(a->output[i]);
}

void sf_agent_end(struct sf_agent *a)
{
	for (size_t i = 0; i < a->jobs; i++)
		sf_job_stop(a->job[i]);
	sf_collector_cancel(a->collector);
	sf_outputs_interrupt(a->output, a->outputs);
	if (a->phase == SF_RUNNING)
		a->phase = SF_COLLECTING_LAST;
	sf_agent_drain_if_idle(a, true);
}
