/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sweeps come from the loop through one bounded channel, batches go back through another. A dump is
 * one long system call when few sockets match: that is why this is a thread of its own.
 */
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "collector.h"
#include "targets.h"

/*
 * What lies between the two threads: so much, and so much more for each query, that neither waits
 * for the other's turn. Queries that are alike fill their batches at the same moment.
 */
enum { MESSAGES = 4, MESSAGES_OF_QUERY = 2 };

/*
 * Batches come back in clumps from an output that waits for answers. They are used again as long as
 * the walk lasts: new pages for each cost a fifth of a run (measured).
 */
enum { SPARE = 16 };

struct message { /* a batch of a run, or its end */
	struct sf_run *run;
	struct sf_batch *batch; /* NULL: the run has ended */
};

/*
 * A namespace that is gone for everybody else keeps its interfaces as long as we hold it: however
 * seldom it is asked.
 */
enum { TIDY_US = 5000000 };

struct sf_collector {
	struct sf_walker *walker;
	struct sf_questions *questions;
	struct sf_pool *pool;
	struct sf_channel *sweeps, *messages;
	struct sf_source *wake;
	struct sf_thread *thread;
	struct sf_collector_events events;
	atomic_bool cancel;
	atomic_bool holds, tidies; /* other namespaces; a sweep that tidies is under way */
	struct sf_source *timer;   /* of the next one */
	bool ticks;		   /* it is set */
	struct sf_targets targets; /* of the sweep under way */
};

static void send(struct sf_collector *c, struct sf_run *run, struct sf_batch *batch)
{
	struct message *message = sf_new(struct message);

	*message = (struct message){run, batch};
	sf_channel_put(c->messages, message);
}

/* ---- in the collector's thread ---- */

static int pause_walk(void *arg, uint64_t *waited)
{
	struct sf_collector *c = arg;

	*waited = sf_targets_wait(&c->targets, &c->cancel);
	return atomic_load_explicit(&c->cancel, memory_order_relaxed) ? -ECANCELED : 0;
}

static void full_batch(void *arg, struct sf_run *run, struct sf_batch *batch)
{
	struct sf_collector *c = arg;

	batch = sf_pool_trim(c->pool, batch);
	sf_outputs_charge(run->plan->output, run->plan->outputs, batch->length);
	send(c, run, batch);
}

static void run_ended(void *arg, struct sf_run *run)
{
	send(arg, run, NULL);
}

static bool goes_abroad(const struct sf_sweep *sweep)
{
	for (size_t i = 0; i < sweep->count; i++) {
		if (!sf_netns_choice_self(sweep->run[i]->plan->netns))
			return true;
	}
	return false;
}

static void collect(struct sf_collector *c, const struct sf_sweep *sweep)
{
	const struct sf_collect_calls calls = {pause_walk, full_batch, run_ended, c};

	if (goes_abroad(sweep))
		atomic_store(&c->holds, true);
	sf_targets_find(&c->targets, sweep->run, sweep->count);
	sf_pool_keep(c->pool, SPARE);
	sf_collect(c->walker, c->questions, c->pool, sweep->run, sweep->count, &calls);
	sf_pool_keep(c->pool, 1);
}

static void tidy(struct sf_collector *c)
{
	atomic_store(&c->holds, sf_walker_tidy(c->walker) != 0);
	atomic_store(&c->tidies, false);
}

static void work(void *arg)
{
	struct sf_collector *c = arg;
	struct sf_sweep *sweep;

	/*
	 * sched(7): as a batch job its wake-up takes no processor away from the loop, nor from
	 * anybody else who is at work here: a walk can wait for the end of a callback, not the
	 * other way round.
	 */
	sched_setscheduler(0, SCHED_BATCH, &(struct sched_param){0});
	while ((sweep = sf_channel_take(c->sweeps))) {
		if (sweep->count)
			collect(c, sweep);
		else
			tidy(c);
		free(sweep);
	}
	sf_channel_close(c->messages);
}

/* ---- in the loop ---- */

static void handle(struct sf_collector *c, struct message *message)
{
	struct message m = *message;

	free(message);
	if (m.batch)
		c->events.batch(c->events.arg, m.run, m.batch);
	else
		c->events.ended(c->events.arg, m.run);
}

static void set_timer(struct sf_collector *c)
{
	if (c->ticks || !atomic_load(&c->holds))
		return;
	c->ticks = true;
	sf_timer_set(c->timer, sf_clock_mono() + TIDY_US);
}

static void on_timer(void *arg)
{
	struct sf_collector *c = arg;

	c->ticks = false;
	if (!atomic_exchange(&c->tidies, true))
		sf_collector_start(c, sf_new(struct sf_sweep));
	set_timer(c);
}

static void take_messages(void *arg)
{
	struct sf_collector *c = arg;
	struct message *message;

	while ((message = sf_channel_try_take(c->messages)))
		handle(c, message);
	set_timer(c);
}

void sf_collector_start(struct sf_collector *c, struct sf_sweep *sweep)
{
	sf_channel_try_put(c->sweeps, sweep);
}

void sf_collector_cancel(struct sf_collector *c)
{
	atomic_store(&c->cancel, true);
}

int sf_collector_new(struct sf_loop *loop, struct sf_pool *pool, uint32_t release, size_t queries,
		     const struct sf_collector_events *events, struct sf_collector **ret,
		     struct sf_err *err)
{
	struct sf_collector *c = sf_new(struct sf_collector);
	int r = sf_loop_wake(loop, take_messages, c, &c->wake, err);

	c->pool = pool;
	c->events = *events;
	c->sweeps = sf_channel_new(queries + 1); /* and one that tidies */
	c->messages = sf_channel_new(MESSAGES + queries * MESSAGES_OF_QUERY);
	c->walker = sf_walker_new(release);
	c->questions = sf_questions_new();
	if (r == 0)
		r = sf_loop_timer(loop, on_timer, c, &c->timer, err);
	if (r == 0) {
		sf_channel_wakes(c->messages, c->wake);
		r = sf_thread_start("collector", work, c, &c->thread, err);
	}
	if (r < 0) {
		sf_collector_free(c);
		return r;
	}
	*ret = c;
	return 0;
}

void sf_collector_free(struct sf_collector *c)
{
	struct message *message;

	if (!c)
		return;
	sf_collector_cancel(c);
	sf_channel_wakes(c->messages, NULL);
	sf_channel_close(c->sweeps);
	/* What the thread still sends is counted like everything before. */
	while (c->thread && (message = sf_channel_take(c->messages)))
		handle(c, message);
	sf_thread_join(c->thread);
	sf_source_remove(c->wake);
	sf_source_remove(c->timer);
	sf_channel_free(c->sweeps);
	sf_channel_free(c->messages);
	sf_walker_free(c->walker);
	sf_questions_free(c->questions);
	sf_targets_finish(&c->targets);
	free(c);
}
