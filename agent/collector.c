/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sweeps come from the loop through one bounded channel, batches go back through another. A dump is
 * one long system call when few sockets match: that is why this is a thread of its own.
 */
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "collector.h"

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

struct target { /* an output of the sweep under way */
	struct sf_output *output;
	size_t need; /* what may be handed over to it after one receive: a batch of each run */
};

struct sf_collector {
	struct sf_walker *walker;
	struct sf_questions *questions;
	struct sf_pool *pool;
	struct sf_channel *sweeps, *messages;
	struct sf_source *wake;
	struct sf_thread *thread;
	struct sf_collector_events events;
	atomic_bool cancel;
	size_t targets;
	struct target *target;
};

static void send(struct sf_collector *c, struct sf_run *run, struct sf_batch *batch)
{
	struct message *message = sf_new(struct message);

	*message = (struct message){run, batch};
	sf_channel_put(c->messages, message);
}

/* ---- in the collector's thread ---- */

static void add_target(struct sf_collector *c, struct sf_output *output, size_t runs)
{
	size_t at = 0;

	while (at < c->targets && c->target[at].output != output)
		at++;
	if (at == c->targets)
		c->target[c->targets++] = (struct target){.output = output};
	c->target[at].need += sf_collect_batch(runs);
}

static void find_targets(struct sf_collector *c, const struct sf_sweep *sweep)
{
	size_t most = 0;

	for (size_t i = 0; i < sweep->count; i++)
		most += sweep->run[i]->plan->outputs;
	c->target = sf_realloc(c->target, (most ?: 1) * sizeof(*c->target));
	c->targets = 0;
	for (size_t i = 0; i < sweep->count; i++) {
		const struct sf_plan *plan = sweep->run[i]->plan;

		for (size_t o = 0; o < plan->outputs; o++)
			add_target(c, plan->output[o], sweep->count);
	}
}

static int pause_walk(void *arg, uint64_t *waited)
{
	struct sf_collector *c = arg;

	*waited = 0;
	for (size_t i = 0; i < c->targets; i++)
		*waited += sf_outputs_wait(&c->target[i].output, 1, c->target[i].need, &c->cancel);
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

static void work(void *arg)
{
	struct sf_collector *c = arg;
	struct sf_collect_calls calls = {pause_walk, full_batch, run_ended, c};
	struct sf_sweep *sweep;

	/*
	 * sched(7): as a batch job its wake-up takes no processor away from the loop, nor from
	 * anybody else who is at work here: a walk can wait for the end of a callback, not the
	 * other way round.
	 */
	sched_setscheduler(0, SCHED_BATCH, &(struct sched_param){0});
	while ((sweep = sf_channel_take(c->sweeps))) {
		find_targets(c, sweep);
		sf_pool_keep(c->pool, SPARE);
		sf_collect(c->walker, c->questions, c->pool, sweep->run, sweep->count, &calls);
		sf_pool_keep(c->pool, 1);
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

static void take_messages(void *arg)
{
	struct sf_collector *c = arg;
	struct message *message;

	while ((message = sf_channel_try_take(c->messages)))
		handle(c, message);
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
	c->sweeps = sf_channel_new(queries);
	c->messages = sf_channel_new(MESSAGES + queries * MESSAGES_OF_QUERY);
	c->walker = sf_walker_new(release);
	c->questions = sf_questions_new();
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
	sf_channel_free(c->sweeps);
	sf_channel_free(c->messages);
	sf_walker_free(c->walker);
	sf_questions_free(c->questions);
	free(c->target);
	free(c);
}
