/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The watcher's thread. Events come in bursts: they are left to gather for a moment, as waking up
 * for each one costs more than reading it; the receive buffer is sized for more than that. What is
 * written waits for company too, a second at most, then its batch goes on its way. The thread
 * judges and writes itself: what waits for a slow output stays in the receive buffer, whose losses
 * are counted.
 */
#include <poll.h>
#include <stdlib.h>
#include <time.h>

#include "watching.h"

enum { GATHER_NS = 5 * 1000 * 1000, FLUSH_US = 1000 * 1000 };
/* What an event takes of a receive buffer, and the rate that a small one should stand. */
enum { EVENT_ROOM = 1280, EVENTS_A_SECOND = 50000 };
/* Receive calls of one callback: turns want theirs, too. A turn empties the largest buffer. */
enum { READS = 100, READS_OF_TURN = 20000 };

static void send(struct sf_watcher *w, const struct sf_run *run, struct sf_batch *batch)
{
	struct sf_watcher_message *message = sf_new(struct sf_watcher_message);

	*message = (struct sf_watcher_message){*run, batch};
	sf_channel_put(w->messages, message);
}

static void full_batch(void *arg, struct sf_run *run, struct sf_batch *batch)
{
	struct sf_watcher *w = arg;
	const struct sf_plan *plan = run->plan;

	batch = sf_pool_trim(w->state.pool, batch);
	sf_outputs_charge(plan->output, plan->outputs, batch->length);
	send(w, run, batch);
}

static void run_ended(void *arg, struct sf_run *run)
{
	send(arg, run, NULL);
}

static void on_received(void *arg, uint64_t wall_us)
{
	struct sf_watcher *w = arg;

	sf_watched_time(w->watched, w->count, wall_us);
}

static void on_ended(void *arg, const struct sf_view *view, int32_t nsid)
{
	struct sf_watcher *w = arg;

	sf_watched_add(w->watched, &w->state, view, nsid);
}

static void wait_for_outputs(struct sf_watcher *w)
{
	for (size_t i = 0; i < w->count; i++) {
		const struct sf_plan *plan = w->watched[i].run.plan;

		sf_outputs_wait(plan->output, plan->outputs, SF_BATCH_SIZE, &w->cancel);
	}
}

/* All that waits, by so many calls at most. */
static void read_events(struct sf_watcher *w, unsigned most)
{
	const struct sf_watch_calls calls = {on_received, on_ended, w};
	int count = 1;

	for (; most && count > 0; most--) {
		wait_for_outputs(w);
		sf_watched_renew(&w->state);
		count = sf_watch_read(w->state.watch, &calls);
	}
}

static void begin_flush(struct sf_watcher *w)
{
	for (size_t i = 0; !w->flushing && i < w->count; i++) {
		if (!w->watched[i].share.batch)
			continue;
		w->flushing = true;
		sf_timer_set(w->flush, sf_clock_mono() + FLUSH_US);
	}
}

static void on_readable(void *arg, uint32_t events)
{
	struct sf_watcher *w = arg;
	const struct timespec moment = {.tv_nsec = w->gather};

	(void)events;
	nanosleep(&moment, NULL);
	read_events(w, READS);
	begin_flush(w);
}

static void on_flush(void *arg)
{
	struct sf_watcher *w = arg;

	w->flushing = false;
	for (size_t i = 0; i < w->count; i++)
		sf_share_flush(&w->watched[i].share);
}

/* Half of the receive buffer takes so many a second while they gather. */
static long time_to_gather(const struct sf_watch *watch)
{
	uint64_t events = sf_watch_buffer(watch) / 2 / EVENT_ROOM;
	uint64_t ns = events * 1000000000 / EVENTS_A_SECOND;

	return ns < GATHER_NS ? (long)ns : GATHER_NS;
}

static void subscribe(struct sf_watcher *w)
{
	struct sf_watch *watch = NULL;
	int r = sf_watch_open(&w->setup, &watch, &w->state.err);

	if (r == 0)
		r = sf_loop_descriptor(w->inner, sf_watch_fd(watch), POLLIN, on_readable, w,
				       &w->readable, &w->state.err);
	w->state.refused = r;
	if (r < 0) {
		sf_watch_free(watch);
		return;
	}
	w->state.watch = watch;
	w->state.lost = 0;
	w->gather = time_to_gather(watch);
}

static void end_run(struct sf_watcher *w, struct sf_watched *one, uint64_t skipped, bool last)
{
	sf_watched_end(one, &w->state, skipped, last);
	if (!w->state.watch)
		subscribe(w);
	if (!last)
		sf_watched_begin(one, &w->state);
}

static void take_turn(struct sf_watcher *w, const struct sf_turn *turn)
{
	size_t live = 0;

	if (w->state.watch) {
		read_events(w, READS_OF_TURN);
		w->state.lost = sf_watch_lost(w->state.watch);
	}
	sf_watched_look(&w->state);
	for (size_t i = 0; i < w->count; i++) {
		struct sf_watched *one = &w->watched[i];

		if (one->live && (!turn->job || turn->job == one->run.job))
			end_run(w, one, turn->skipped, turn->last);
		live += one->live;
	}
	if (!live)
		sf_loop_stop(w->inner, 0);
}

static void on_turn(void *arg)
{
	struct sf_watcher *w = arg;
	struct sf_turn *turn;

	while ((turn = sf_channel_try_take(w->turns))) {
		take_turn(w, turn);
		free(turn);
	}
	begin_flush(w);
}

int sf_watching_begin(struct sf_watcher *w, struct sf_err *err)
{
	int r = sf_loop_new(&w->inner, err);

	if (r == 0)
		r = sf_loop_wake(w->inner, on_turn, w, &w->turned, err);
	if (r == 0)
		r = sf_loop_timer(w->inner, on_flush, w, &w->flush, err);
	if (r < 0)
		return r;
	sf_channel_wakes(w->turns, w->turned);
	w->state.calls = &w->calls;
	w->calls = (struct sf_collect_calls){.batch = full_batch, .ended = run_ended, .arg = w};
	subscribe(w);
	sf_watched_look(&w->state);
	for (size_t i = 0; i < w->count; i++)
		sf_watched_begin(&w->watched[i], &w->state);
	return 0;
}

void sf_watching(void *arg)
{
	struct sf_watcher *w = arg;

	sf_loop_run(w->inner);
	sf_channel_close(w->messages);
}
