/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The watcher as the loop sees it: turns go to its thread through one channel, batches and ended
 * runs come back through another.
 */
#include <stdlib.h>

#include "watching.h"

enum { MESSAGES = 4, MESSAGES_OF_QUERY = 2 }; /* as the collector's */

static void handle(struct sf_watcher *w, struct sf_watcher_message *message)
{
	if (message->batch)
		w->events.batch(w->events.arg, &message->run, message->batch);
	else
		w->events.ended(w->events.arg, &message->run);
	free(message);
}

static void take_messages(void *arg)
{
	struct sf_watcher *w = arg;
	struct sf_watcher_message *message;

	while ((message = sf_channel_try_take(w->messages)))
		handle(w, message);
}

static void send(struct sf_watcher *w, struct sf_turn turn)
{
	struct sf_turn *sent = sf_new(struct sf_turn);

	*sent = turn;
	if (!sf_channel_try_put(w->turns, sent))
		free(sent);
}

void sf_watcher_turn(struct sf_watcher *w, struct sf_job *job, uint64_t skipped, bool last)
{
	send(w, (struct sf_turn){job, skipped, last});
}

void sf_watcher_end(struct sf_watcher *w)
{
	if (!w)
		return;
	atomic_store(&w->cancel, true);
	send(w, (struct sf_turn){.last = true});
}

const char *sf_watcher_note(const struct sf_watcher *w)
{
	return w->note;
}

/* A buffer of less than half is worth a word. */
static void note_buffer(struct sf_watcher *w)
{
	size_t has = w->state.watch ? sf_watch_buffer(w->state.watch) : w->setup.buffer;

	if (has < w->setup.buffer / 2)
		snprintf(w->note, sizeof(w->note),
			 "the receive buffer of closed queries has %zu bytes instead of %zu: raise "
			 "net.core.rmem_max, or run with CAP_NET_ADMIN",
			 has, w->setup.buffer);
}

static void watch_for(struct sf_watcher *w, const struct sf_run *run)
{
	const struct sf_plan *plan = run->plan;

	w->watched[w->count].run = *run;
	w->watched[w->count].number = w->count;
	w->state.choice[w->count++] = plan->netns;
	w->state.abroad |= !sf_netns_choice_self(plan->netns);
	w->setup.everywhere = w->state.abroad;
	w->state.count = w->count;
	w->setup.tables |= plan->tables;
	if (plan->receive_buffer > w->setup.buffer)
		w->setup.buffer = plan->receive_buffer;
}

static int begin(struct sf_watcher *w, struct sf_loop *loop, struct sf_err *err)
{
	int r = sf_loop_wake(loop, take_messages, w, &w->wake, err);

	if (r == 0)
		r = sf_watching_begin(w, err);
	if (r < 0)
		return r;
	sf_channel_wakes(w->messages, w->wake);
	note_buffer(w);
	return sf_thread_start("watcher", sf_watching, w, &w->thread, err);
}

int sf_watcher_new(struct sf_loop *loop, struct sf_pool *pool, uint32_t release,
		   const struct sf_run *runs, size_t count,
		   const struct sf_collector_events *events, struct sf_watcher **ret,
		   struct sf_err *err)
{
	struct sf_watcher *w = sf_alloc(sizeof(*w) + count * sizeof(w->watched[0]));
	int r;

	w->setup.release = release;
	w->state = (struct sf_watch_state){.pool = pool,
					   .walker = sf_walker_new(release),
					   .full = sf_collect_batch(count),
					   .choice = sf_alloc(count * sizeof(w->state.choice[0]))};
	w->events = *events;
	w->turns = sf_channel_new(count + 1);
	w->messages = sf_channel_new(MESSAGES + count * MESSAGES_OF_QUERY);
	for (size_t i = 0; i < count; i++)
		watch_for(w, &runs[i]);
	r = begin(w, loop, err);
	if (r < 0) {
		sf_watcher_free(w);
		return r;
	}
	*ret = w;
	return 0;
}

void sf_watcher_free(struct sf_watcher *w)
{
	struct sf_watcher_message *message;
	struct sf_turn *turn;

	if (!w)
		return;
	sf_watcher_end(w);
	sf_channel_wakes(w->messages, NULL);
	/* What the thread still sends is counted like everything before. */
	while (w->thread && (message = sf_channel_take(w->messages)))
		handle(w, message);
	sf_thread_join(w->thread);
	while ((turn = sf_channel_try_take(w->turns)))
		free(turn);
	sf_source_remove(w->wake);
	sf_loop_free(w->inner);
	sf_channel_free(w->turns);
	sf_channel_free(w->messages);
	sf_watch_free(w->state.watch);
	sf_walker_free(w->state.walker);
	free(w->state.choice);
	free(w);
}
