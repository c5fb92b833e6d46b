/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The path of every socket: a view comes from the walk, each run's judge decides, the line goes to
 * the end of that run's batch; the part of it that is the socket's alone is written once for all
 * runs with the same fields. Nothing here allocates, waits or makes a system call for a socket.
 *
 * A run that its time-out ends leaves the walk to the others; the last one takes it along.
 */
#include <stdlib.h>
#include <string.h>

#include "share.h"

struct collection { /* a sweep under way */
	struct sf_shared shared;
	struct sf_walker *walker;
	struct sf_questions *questions;
	uint64_t waited;	/* for outputs, and others: no run's time */
	size_t left;		/* shares that have not ended */
	size_t here;		/* of them, those of the walk at hand */
	struct sf_run **reader; /* room for the runs of these */
	int ended;		/* what ended the sweep; 0: nothing did */
	size_t places;		/* namespaces, of all */
	size_t grouped;		/* runs that were in the last namespace */
	struct sf_run **group;
	size_t shares;
	struct sf_share share[];
};

static void end_share(struct collection *c, struct sf_share *share, int cut)
{
	if (share->ended)
		return;
	c->here -= share->here;
	c->left--;
	sf_share_end(share, cut);
}

static void end_late(struct collection *c)
{
	uint64_t now = sf_clock_mono() - c->waited;

	for (size_t i = 0; i < c->shares; i++) {
		if (now >= c->share[i].deadline)
			end_share(c, &c->share[i], -ETIME);
	}
}

static int received(void *arg, uint64_t wall_us)
{
	struct collection *c = arg;
	uint64_t waited = 0;
	int r = c->shared.calls->pause(c->shared.calls->arg, &waited);

	if (r < 0)
		return r;
	c->waited += waited;
	c->shared.wall_us = wall_us;
	end_late(c);
	for (size_t i = 0; i < c->shares; i++) {
		if (c->share[i].here)
			sf_encoder_time(c->share[i].run->plan->encoder, wall_us);
	}
	return c->here ? 0 : -ETIME;
}

static void on_socket(void *arg, const struct sf_view *view)
{
	struct collection *c = arg;

	for (struct sf_share *share = c->share, *behind = share + c->shares; share < behind;
	     share++) {
		share->own.length = 0; /* who uses it comes later in the list */
		if (share->here && sf_filter_judge(share->run->plan->filter, view))
			sf_share_add(share, view);
	}
}

/* The first of the shares up to this one that wants the same fields. */
static struct sf_share *first_alike(struct sf_share *share, const struct sf_share *last)
{
	const struct sf_fieldset *fields = &last->run->plan->fields;

	while (memcmp(&share->run->plan->fields, fields, sizeof(*fields)))
		share++;
	return share;
}

/* ---- from namespace to namespace ---- */

/* Who wants to be here, whether it can be entered or not. */
static size_t gather(struct collection *c, size_t at, struct sf_run **group)
{
	size_t count = 0;

	for (size_t i = 0; i < c->shares; i++) {
		if (!c->share[i].ended && sf_walker_chosen(c->walker, at, i))
			group[count++] = c->share[i].run;
	}
	return count;
}

/* Who reads the table here; how many there are. */
static size_t gather_readers(struct collection *c, size_t at, enum sf_table table)
{
	size_t count = 0;

	for (size_t i = 0; i < c->shares; i++) {
		struct sf_share *share = &c->share[i];

		share->here = !share->ended && sf_walker_chosen(c->walker, at, i) &&
			      share->run->plan->tables >> table & 1;
		if (share->here)
			c->reader[count++] = share->run;
	}
	return count;
}

static void walk(struct collection *c, size_t at, enum sf_table table)
{
	uint64_t *pass = &c->shared.pass[table];
	const struct sf_ask *ask;
	int r;

	c->shared.table = table;
	c->here = gather_readers(c, at, table);
	if (!c->here)
		return;
	ask = sf_questions_ask(c->questions, c->walker, table, c->reader, c->here, NULL);
	r = sf_walker_walk(c->walker, ask, &(struct sf_walk_calls){received, on_socket, c},
			   &c->shared.walk);
	c->ended = r == -ECANCELED ? r : 0;
	for (size_t i = 0; i < c->shares && !c->ended; i++) {
		struct sf_share *share = &c->share[i];

		if (!share->here)
			continue; /* also when the run is its job's again */
		sf_share_walked(share);
		if (share->places == 1 && !(share->run->plan->tables >> table >> 1))
			end_share(c, share, 0);
	}
	*pass = *pass ?: c->shared.walk.id;
}

static void walk_all(struct collection *c, size_t at)
{
	for (size_t i = 0; i < c->shares; i++) {
		if (!c->share[i].ended && sf_walker_chosen(c->walker, at, i))
			sf_share_enter(&c->share[i]);
	}
	for (unsigned table = 0; table < SF_TABLE_COUNT && !c->ended; table++)
		walk(c, at, table);
}

/* Is there anybody? The same runs as in the last namespace share a walk that goes on here. */
static bool choose_group(struct collection *c, size_t at)
{
	sf_cleanup(sf_free_p) struct sf_run **group = sf_alloc(c->shares * sizeof(*group));
	size_t count = gather(c, at, group);

	if (!count || (count == c->grouped && !memcmp(group, c->group, count * sizeof(*group))))
		return count != 0;
	memset(c->shared.pass, 0, sizeof(c->shared.pass));
	c->grouped = count;
	memcpy(c->group, group, count * sizeof(*group));
	return true;
}

static void visit(struct collection *c, size_t at)
{
	if (choose_group(c, at) && sf_walker_enter(c->walker, at) == 0) {
		walk_all(c, at);
		sf_walker_leave(c->walker);
	}
	for (size_t i = 0; i < c->shares && !c->ended; i++) {
		if (sf_walker_chosen(c->walker, at, i) && --c->share[i].places == 0)
			end_share(c, &c->share[i], 0);
	}
}

/* The next one. */
static size_t go_on(struct collection *c, size_t at)
{
	const struct sf_collect_calls *calls = c->shared.calls;
	struct sf_walker_pause pause;
	uint64_t begin;

	if (!calls->turn || at + 1 == c->places || !c->left || c->ended)
		return at + 1;
	begin = sf_clock_mono();
	pause = sf_walker_pause(c->walker, at);
	calls->turn(calls->arg);
	at = sf_walker_resume(c->walker, &pause, &c->places);
	c->waited += sf_clock_mono() - begin;
	return at;
}

/* How many there are of all, and of each. */
static void look(struct collection *c)
{
	sf_cleanup(sf_free_p) const struct sf_netns_choice **choices =
		sf_alloc(c->shares * sizeof(*choices));

	for (size_t i = 0; i < c->shares; i++)
		choices[i] = c->share[i].run->plan->netns;
	c->places = sf_walker_look(c->walker, choices, c->shares);
	for (size_t i = 0; i < c->shares; i++) {
		for (size_t at = 0; at < c->places; at++)
			c->share[i].places += sf_walker_chosen(c->walker, at, i);
		if (!c->share[i].places)
			end_share(c, &c->share[i], 0);
	}
}

void sf_collect(struct sf_walker *walker, struct sf_questions *questions, struct sf_pool *pool,
		struct sf_run *const *runs, size_t count, const struct sf_collect_calls *calls)
{
	sf_cleanup(sf_free_p) struct sf_run **group = sf_alloc(count * sizeof(*group));
	sf_cleanup(sf_free_p) struct sf_run **reader = sf_alloc(count * sizeof(*reader));
	sf_cleanup(sf_free_p) struct collection *c =
		sf_alloc(sizeof(*c) + count * sizeof(c->share[0]));
	size_t at = 0;

	c->shared = (struct sf_shared){.pool = pool,
				       .calls = calls,
				       .walker = walker,
				       .home = sf_walker_netns(walker),
				       .start = sf_clock_mono(),
				       .full = sf_collect_batch(count)};
	c->walker = walker;
	c->questions = questions;
	c->group = group;
	c->reader = reader;
	c->left = c->shares = count;
	for (size_t i = 0; i < count; i++) {
		sf_share_begin(&c->share[i], runs[i], &c->shared);
		c->share[i].number = i;
		c->share[i].written = &first_alike(c->share, &c->share[i])->own;
	}
	look(c);
	while (at < c->places && c->left && !c->ended) {
		visit(c, at);
		at = go_on(c, at);
	}
	for (size_t i = 0; i < count; i++)
		end_share(c, &c->share[i], c->ended);
}
