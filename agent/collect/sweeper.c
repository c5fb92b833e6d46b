/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The collector's thread: sweeps one after another. One of many namespaces lets another in between
 * two of them, and then goes on for as long as that took, so that neither starves the other.
 */
#include <sched.h>
#include <stdlib.h>

#include "sweeper.h"
#include "targets.h"

/*
 * Batches come back in clumps from an output that waits for answers. They are used again as long as
 * the walk lasts: new pages for each cost a fifth of a run (measured).
 */
enum { SPARE = 16 };

enum {
	DEEP = 8,	  /* sweeps within one another: the stack is small */
	TURN_US = 100000, /* after a long one others wait no longer than that */
};

struct under_way { /* a sweep */
	struct sf_sweeper *sweeper;
	struct sf_targets targets;
	uint64_t turn; /* mono: before that nobody else has one */
};

static void send(struct sf_sweeper *s, struct sf_run *run, struct sf_batch *batch)
{
	struct sf_message *message = sf_new(struct sf_message);

	*message = (struct sf_message){run, batch};
	sf_channel_put(s->messages, message);
}

static int pause_walk(void *arg, uint64_t *waited)
{
	struct under_way *way = arg;
	struct sf_sweeper *s = way->sweeper;

	*waited = sf_targets_wait(&way->targets, &s->cancel);
	return atomic_load_explicit(&s->cancel, memory_order_relaxed) ? -ECANCELED : 0;
}

static void full_batch(void *arg, struct sf_run *run, struct sf_batch *batch)
{
	struct under_way *way = arg;
	struct sf_sweeper *s = way->sweeper;

	batch = sf_pool_trim(s->pool, batch);
	sf_outputs_charge(run->plan->output, run->plan->outputs, batch->length);
	send(s, run, batch);
}

static void run_ended(void *arg, struct sf_run *run)
{
	struct under_way *way = arg;

	send(way->sweeper, run, NULL);
}

static bool goes_abroad(const struct sf_sweep *sweep)
{
	for (size_t i = 0; i < sweep->count; i++) {
		if (!sf_netns_choice_self(sweep->run[i]->plan->netns))
			return true;
	}
	return false;
}

static void give_turn(void *arg);

static void collect(struct sf_sweeper *s, const struct sf_sweep *sweep)
{
	struct under_way way = {.sweeper = s};
	const struct sf_collect_calls calls = {pause_walk, full_batch, run_ended,
					       s->deep < DEEP ? give_turn : NULL, &way};

	if (goes_abroad(sweep))
		atomic_store(&s->holds, true);
	sf_targets_find(&way.targets, sweep->run, sweep->count);
	s->deep++;
	sf_collect(s->walker, s->questions, s->pool, sweep->run, sweep->count, &calls);
	s->deep--;
	sf_targets_finish(&way.targets);
}

static void tidy(struct sf_sweeper *s)
{
	atomic_store(&s->holds, sf_walker_tidy(s->walker) != 0);
	atomic_store(&s->tidies, false);
}

static void work_off(struct sf_sweeper *s, struct sf_sweep *sweep)
{
	if (sweep->count)
		collect(s, sweep);
	else
		tidy(s);
	free(sweep);
}

static void give_turn(void *arg)
{
	struct under_way *way = arg;
	struct sf_sweeper *s = way->sweeper;
	uint64_t begin = sf_clock_mono(), took;
	struct sf_sweep *sweep = begin < way->turn ? NULL : sf_channel_try_take(s->sweeps);

	if (!sweep)
		return;
	work_off(s, sweep);
	took = sf_clock_mono() - begin;
	way->turn = begin + took + (took < TURN_US ? took : TURN_US);
}

void sf_sweeper_work(void *arg)
{
	struct sf_sweeper *s = arg;
	struct sf_sweep *sweep;

	/*
	 * sched(7): as a batch job its wake-up takes no processor away from the loop, nor from
	 * anybody else who is at work here: a walk can wait for the end of a callback, not the
	 * other way round.
	 */
	sched_setscheduler(0, SCHED_BATCH, &(struct sched_param){0});
	while ((sweep = sf_channel_take(s->sweeps))) {
		sf_pool_keep(s->pool, SPARE);
		work_off(s, sweep);
		sf_pool_keep(s->pool, 1);
	}
	sf_channel_close(s->messages);
}
