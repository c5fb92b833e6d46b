/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Errands go by one channel and come back by another, in lists. Both have room for all that are
 * under way, so that neither side ever waits for the other. A thread that sleeps is woken for a few
 * at once, or after a moment; for what somebody waits for, immediately. Batches that the spool
 * releases travel back with the errand during which it did.
 */
#include <stdlib.h>

#include "keeper.h"

enum { UNDERWAY = 256, TOGETHER = 4, MOMENT_US = 1000 };

struct sf_keeper {
	struct sf_keeper_events events;
	struct sf_spool *spool; /* of the thread, while there is one */
	struct sf_pool *pool;
	struct sf_channel *in, *out;
	struct sf_source *wake, *moment;
	struct sf_thread *thread;
	struct sf_errand *at_work;	 /* thread: what is released belongs to it */
	struct sf_errand *first, **last; /* loop: those that wait to go */
	size_t underway, appends;	 /* appends: that wait to go */
	struct sf_keeper_state *left;	 /* how the spool was closed */
};

/* ---- the thread ---- */

static void released(void *arg, struct sf_batch *batch)
{
	struct sf_errand *errand = ((struct sf_keeper *)arg)->at_work;

	errand->released =
		sf_realloc(errand->released, (errand->releases + 1) * sizeof(struct sf_batch *));
	errand->released[errand->releases++] = batch;
}

/* What still waited in memory may have pushed older batches out, or have found no place. */
static void look_at_the_end(void *arg, enum sf_spool_step step)
{
	struct sf_keeper *k = arg;

	if (step == SF_SPOOL_CLOSED)
		sf_errand_look(k->spool, k->left);
}

static void run(struct sf_keeper *k, struct sf_errand *errand, uint64_t now)
{
	k->at_work = errand;
	sf_errand_run(errand, k->spool, k->pool, now);
}

/* Somebody waits for its answer. */
static bool is_question(const struct sf_errand *errand)
{
	return errand->kind == SF_ERRAND_READ || errand->kind == SF_ERRAND_GAPS ||
	       errand->kind == SF_ERRAND_TICK;
}

/* What is done goes back together, unless it took too long. */
static void work_off(struct sf_keeper *k, struct sf_errand *first)
{
	uint64_t now = sf_clock_mono(), since = now;

	for (struct sf_errand *errand = first, *next; errand; errand = next) {
		next = errand->next;
		run(k, errand, now);
		now = sf_clock_mono();
		if (next && !is_question(errand) && now < since + MOMENT_US)
			continue;
		errand->next = NULL;
		sf_channel_put(k->out, first);
		first = next;
		since = now;
	}
}

static void work(void *arg)
{
	struct sf_keeper *k = arg;
	struct sf_errand *first;

	while ((first = sf_channel_take(k->in)))
		work_off(k, first);
}

/* ---- the loop ---- */

static void drop_released(struct sf_keeper *k, struct sf_errand *errand)
{
	for (size_t i = 0; i < errand->releases; i++)
		sf_batch_drop(k->pool, errand->released[i]);
	free(errand->released);
}

static void give_back(struct sf_keeper *k, struct sf_errand *errand)
{
	drop_released(k, errand);
	k->events.back(k->events.arg, errand);
	free(errand->owed);
	free(errand);
}

/* All that waits, as far as there is room for it. */
static void push(struct sf_keeper *k)
{
	struct sf_errand *first = k->first, **behind = &k->first;

	for (; *behind && k->underway < UNDERWAY; behind = &(*behind)->next)
		k->underway++;
	k->appends = 0;
	if (behind == &k->first)
		return;
	k->first = sf_take(*behind);
	if (!k->first)
		k->last = &k->first;
	sf_channel_try_put(k->in, first);
}

static void collect(struct sf_keeper *k)
{
	struct sf_errand *errand, *next;

	while ((errand = sf_channel_try_take(k->out))) {
		for (; errand; errand = next) {
			next = errand->next;
			k->underway--;
			give_back(k, errand);
		}
	}
}

static void hear(void *arg)
{
	collect(arg);
	push(arg);
}

static void moment(void *arg)
{
	push(arg);
}

void sf_keeper_send(struct sf_keeper *k, const struct sf_errand *order)
{
	struct sf_errand *errand = sf_new(struct sf_errand);

	*errand = *order;
	*k->last = errand;
	k->last = &errand->next;
	k->appends += errand->kind == SF_ERRAND_APPEND;
	if (k->underway || k->appends == TOGETHER || is_question(errand))
		push(k);
	else if (k->first == errand)
		sf_timer_set(k->moment, sf_clock_mono() + MOMENT_US);
}

static int start(struct sf_keeper *k, struct sf_loop *loop, struct sf_err *err)
{
	int r = sf_loop_wake(loop, hear, k, &k->wake, err);

	if (r == 0)
		r = sf_loop_timer(loop, moment, k, &k->moment, err);
	if (r < 0)
		return r;
	sf_channel_wakes(k->out, k->wake);
	return sf_thread_start("spool", work, k, &k->thread, err);
}

int sf_keeper_new(const struct sf_keeper_setup *setup, struct sf_loop *loop,
		  const struct sf_keeper_events *events, struct sf_keeper_state *state,
		  struct sf_keeper **ret, struct sf_err *err)
{
	struct sf_keeper *k = sf_new(struct sf_keeper);
	const struct sf_spool_setup of_spool = {.conf = setup->conf,
						.boot_id = setup->boot_id,
						.ring_size = setup->ring_size,
						.released = released,
						.step = look_at_the_end,
						.arg = k};
	int r = sf_spool_open(&of_spool, sf_clock_mono(), &k->spool, err);

	if (r < 0) {
		free(k);
		return r;
	}
	k->events = *events;
	k->pool = setup->pool;
	k->in = sf_channel_new(UNDERWAY);
	k->out = sf_channel_new(UNDERWAY);
	k->last = &k->first;
	sf_errand_look(k->spool, state);
	r = start(k, loop, err);
	if (r < 0) {
		sf_keeper_free(k, state);
		return r;
	}
	*ret = k;
	return 0;
}

size_t sf_keeper_runs(const struct sf_keeper *k, const struct sf_spool_run **ret)
{
	return sf_spool_runs(k->spool, ret);
}

void sf_keeper_free(struct sf_keeper *k, struct sf_keeper_state *last)
{
	struct sf_errand closing = {0}, *errand;

	if (!k)
		return;
	sf_channel_close(k->in);
	sf_thread_join(k->thread);
	sf_channel_wakes(k->out, NULL);
	sf_source_remove(k->wake);
	collect(k);
	while ((errand = k->first)) { /* the spool is ours again */
		k->first = errand->next;
		run(k, errand, sf_clock_mono());
		give_back(k, errand);
	}
	sf_source_remove(k->moment);
	k->at_work = &closing;
	k->left = last;
	sf_spool_close(k->spool, sf_clock_mono());
	drop_released(k, &closing);
	sf_channel_free(k->in);
	sf_channel_free(k->out);
	free(k);
}
