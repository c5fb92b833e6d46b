/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The order of the end: no more ticks; the runs under way are cut short and close with their run
 * records; outputs write what waits, as long as they make progress; then the loop stops.
 */
#include "life.h"

/*
 * How long outputs may write on at the end, how long without getting a line out, and how often we
 * look. Ten seconds after a SIGTERM container engines kill: the last words must be said by then.
 */
enum { DRAIN_US = 9 * 1000 * 1000, STUCK_US = 1000 * 1000, LOOK_US = 250 * 1000 };

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

/* An end that takes its time says why. */
static void tell(struct sf_agent *a)
{
	for (size_t i = 0; i < a->outputs && !a->told; i++) {
		struct sf_counts counts;

		sf_output_counts(a->output[i], &counts);
		if (counts.waiting)
			sf_log(SF_LOG_INFO,
			       "output %s: %llu records wait to be written; a second signal ends "
			       "without them",
			       sf_output_name(a->output[i]), (unsigned long long)counts.waiting);
	}
	a->told = true;
}

void sf_agent_look_at_drain(void *arg)
{
	struct sf_agent *a = arg;
	uint64_t now = sf_clock_mono(), delivered = sum_delivered(a);

	if (delivered != a->last_delivered) {
		a->last_delivered = delivered;
		a->last_progress = now;
	}
	if (now >= a->deadline || now - a->last_progress >= STUCK_US) {
		sf_agent_end_now(a);
		return;
	}
	tell(a);
	sf_timer_set(a->end_timer, now + LOOK_US);
}

/*
 * --once waits for its outputs for ever; a signal's end as long as they get something out, and
 * nine seconds at most.
 */
static void bound_drain(struct sf_agent *a)
{
	if (a->deadline)
		return;
	a->last_progress = sf_clock_mono();
	a->deadline = a->last_progress + DRAIN_US;
	a->last_delivered = sum_delivered(a);
	sf_timer_set(a->end_timer, a->last_progress + LOOK_US);
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
	sf_sweeps_start(a->sweeps);
	sf_collector_cancel(a->collector);
	sf_watcher_end(a->watcher);
	sf_outputs_interrupt(a->output, a->outputs);
	if (a->phase == SF_RUNNING)
		a->phase = SF_COLLECTING_LAST;
	if (a->phase == SF_DRAINING)
		bound_drain(a);
	sf_agent_drain_if_idle(a, true);
}
