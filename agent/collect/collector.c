/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sweeps come from the loop through one bounded channel, batches go back through another. A dump is
 * one long system call when few sockets match: that is why this is a thread of its own (sweeper.c).
 */
#include <stdlib.h>

#include "sweeper.h"

/*
 * What lies between the two threads: so much, and so much more for each query, that neither waits
 * for the other's turn. Queries that are alike fill their batches at the same moment.
 */
enum { MESSAGES = 4, MESSAGES_OF_QUERY = 2 };

/*
 * A namespace that is gone for everybody else keeps its interfaces as long as we hold it: however
 * seldom it is asked.
 */
enum { TIDY_US = 5000000 };

struct sf_collector {
	struct sf_sweeper sweeper;
	struct sf_source *wake;
	struct sf_thread *thread;
	struct sf_collector_events events;
	struct sf_source *timer; /* of the next sweep that tidies */
	bool ticks;		 /* it is set */
};

static void handle(struct sf_collector *c, struct sf_message *message)
{
	struct sf_message m = *message;

	free(message);
	if (m.batch)
		c->events.batch(c->events.arg, m.run, m.batch);
	else
		c->events.ended(c->events.arg, m.run);
}

static void set_timer(struct sf_collector *c)
{
	if (c->ticks || !atomic_load(&c->sweeper.holds))
		return;
	c->ticks = true;
	sf_timer_set(c->timer, sf_clock_mono() + TIDY_US);
}

static void on_timer(void *arg)
{
	struct sf_collector *c = arg;

	c->ticks = false;
	if (!atomic_exchange(&c->sweeper.tidies, true))
		sf_collector_start(c, sf_new(struct sf_sweep));
	set_timer(c);
}

static void take_messages(void *arg)
{
	struct sf_collector *c = arg;
	struct sf_message *message;

	while ((message = sf_channel_try_take(c->sweeper.messages)))
		handle(c, message);
	set_timer(c);
}

void sf_collector_start(struct sf_collector *c, struct sf_sweep *sweep)
{
	sf_channel_try_put(c->sweeper.sweeps, sweep);
}

void sf_collector_cancel(struct sf_collector *c)
{
	atomic_store(&c->sweeper.cancel, true);
}

int sf_collector_new(struct sf_loop *loop, struct sf_pool *pool, uint32_t release, size_t queries,
		     const struct sf_collector_events *events, struct sf_collector **ret,
		     struct sf_err *err)
{
	struct sf_collector *c = sf_new(struct sf_collector);
	int r = sf_loop_wake(loop, take_messages, c, &c->wake, err);

	c->sweeper.pool = pool;
	c->events = *events;
	c->sweeper.sweeps = sf_channel_new(queries + 1); /* and one that tidies */
	c->sweeper.messages = sf_channel_new(MESSAGES + queries * MESSAGES_OF_QUERY);
	c->sweeper.walker = sf_walker_new(release);
	c->sweeper.questions = sf_questions_new();
	if (r == 0)
		r = sf_loop_timer(loop, on_timer, c, &c->timer, err);
	if (r == 0) {
		sf_channel_wakes(c->sweeper.messages, c->wake);
		r = sf_thread_start("collector", sf_sweeper_work, &c->sweeper, &c->thread, err);
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
	struct sf_message *message;

	if (!c)
		return;
	sf_collector_cancel(c);
	sf_channel_wakes(c->sweeper.messages, NULL);
	sf_channel_close(c->sweeper.sweeps);
	/* What the thread still sends is counted like everything before. */
	while (c->thread && (message = sf_channel_take(c->sweeper.messages)))
		handle(c, message);
	sf_thread_join(c->thread);
	sf_source_remove(c->wake);
	sf_source_remove(c->timer);
	sf_channel_free(c->sweeper.sweeps);
	sf_channel_free(c->sweeper.messages);
	sf_walker_free(c->sweeper.walker);
	sf_questions_free(c->sweeper.questions);
	free(c);
}
