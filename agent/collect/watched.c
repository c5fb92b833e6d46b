/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A run of a closed query: as that of a sweep, but for its source. It is as long as its interval,
 * and what the receive buffer had no room for is an error of it.
 */
#include <string.h>

#include "watched.h"

/* What is said of all of them is said of the first. */
static enum sf_table first_table(const struct sf_plan *plan)
{
	return (enum sf_table)__builtin_ctz(plan->tables);
}

/* Of a table that nobody answers for nothing is told either. */
static void probe(struct sf_watched *one, const struct sf_watch_state *state)
{
	for (unsigned table = 0; table < SF_TABLE_COUNT; table++) {
		struct sf_walk walk = {0};

		if (!(one->run.plan->tables >> table & 1))
			continue;
		sf_walker_probe(state->walker, 1u << table, &walk);
		walk.partial = walk.errors != 0;
		sf_share_answered(&one->share, table, &walk);
	}
}

void sf_watched_begin(struct sf_watched *one, struct sf_watch_state *state)
{
	struct sf_run *run = &one->run;

	run->previous_run = run->run;
	run->first = !run->run;
	run->run = sf_run_number(run->run);
	run->said.count = 0;
	one->shared = (struct sf_shared){.pool = state->pool,
					 .calls = state->calls,
					 .walker = state->walker,
					 .home = sf_walker_netns(state->walker),
					 .start = sf_clock_mono(),
					 .full = state->full};
	one->lost = state->lost;
	one->placeless = 0;
	one->live = true;
	sf_share_begin(&one->share, run, &one->shared);
	one->share.number = one->number;
	sf_share_enter(&one->share);
	one->share.here = true;
	one->shared.table = first_table(run->plan);
	one->netns = one->shared.home;
	if (!sf_netns_choice_self(run->plan->netns))
		one->share.netns = 0;
	if (state->watch)
		probe(one, state);
}

static void say_lost(struct sf_walk *walk, enum sf_table table)
{
	struct sf_err err;

	if (!walk->lost)
		return;
	sf_fail(&err, -ENOBUFS,
		"the receive buffer overflowed, %llu sockets that ended are lost: raise "
		"receive_buffer",
		(unsigned long long)walk->lost);
	sf_walk_fail(walk, table, -ENOBUFS, &err);
}

/* Their events were read after their namespace: nobody can say any more which one it was. */
static void say_placeless(const struct sf_watched *one, struct sf_walk *walk, enum sf_table table)
{
	struct sf_err err;

	if (!one->placeless)
		return;
	sf_fail(&err, -ENOENT, "%llu sockets that ended are lost: their namespace was gone before",
		(unsigned long long)one->placeless);
	sf_walk_fail(walk, table, -ENOENT, &err);
	walk->lost += one->placeless;
}

/* Namespaces that are wanted and tell nothing. */
static void say_unheard(struct sf_watched *one, const struct sf_watch_state *state)
{
	const struct sf_plan *plan = one->run.plan;
	struct sf_walk *walk = &one->shared.walk;
	int r = sf_watch_abroad(state->watch);
	struct sf_err err;

	if (r == 0) {
		sf_walker_unnumbered(state->walker, plan->netns, one->number, walk);
		return;
	}
	sf_fail(&err, r, "other namespaces are not heard: CAP_NET_BROADCAST is needed");
	sf_walk_fail(walk, one->shared.table, r, &err);
}

void sf_watched_end(struct sf_watched *one, const struct sf_watch_state *state, uint64_t skipped,
		    bool last)
{
	struct sf_walk *walk = &one->shared.walk;
	enum sf_table table = one->shared.table;

	if (!state->watch)
		sf_walk_fail(walk, table, state->refused, &state->err);
	else if (!sf_netns_choice_self(one->run.plan->netns))
		say_unheard(one, state);
	walk->lost = state->lost - one->lost;
	say_lost(walk, table);
	say_placeless(one, walk, table);
	walk->partial = walk->errors != 0;
	one->run.skipped = skipped;
	one->run.last = last;
	one->live = false;
	sf_share_end(&one->share, 0);
}

void sf_watched_time(struct sf_watched *all, size_t count, uint64_t wall_us)
{
	for (struct sf_watched *one = all; one < all + count; one++) {
		one->shared.wall_us = wall_us;
		sf_encoder_time(one->run.plan->encoder, wall_us);
	}
}

/* The first of the queries up to this one that wants the same fields. */
static struct sf_share *first_alike(struct sf_watched *one, const struct sf_watched *last)
{
	const struct sf_fieldset *fields = &last->run.plan->fields;

	while (memcmp(&one->run.plan->fields, fields, sizeof(*fields)))
		one++;
	return &one->share;
}

static bool wants(const struct sf_plan *plan, const struct sf_view *view)
{
	return (plan->include_unconnected || !sf_view_unconnected(view)) &&
	       sf_filter_judge(plan->filter, view);
}

void sf_watched_look(struct sf_watch_state *state)
{
	if (!state->abroad)
		return;
	sf_walker_look(state->walker, state->choice, state->count);
	sf_walker_number(state->walker);
}

void sf_watched_renew(struct sf_watch_state *state)
{
	if (!state->abroad || !sf_walker_renumbered(state->walker))
		return;
	state->strangers = 0;
	sf_watched_look(state);
}

static bool is_strange(const struct sf_watch_state *state, int32_t nsid)
{
	for (unsigned i = 0; i < state->strangers; i++) {
		if (state->stranger[i] == nsid)
			return true;
	}
	return state->strangers == SF_COUNT(state->stranger);
}

/* One that came since we looked is looked for once: it may be one that nobody wants. */
static int place_of(struct sf_watch_state *state, int32_t nsid)
{
	int at = sf_walker_numbered(state->walker, nsid);

	if (at >= 0)
		return at;
	sf_watched_renew(state);
	if (is_strange(state, nsid))
		return at;
	state->stranger[state->strangers++] = nsid;
	sf_watched_look(state);
	return sf_walker_numbered(state->walker, nsid);
}

static void add(struct sf_watched *one, struct sf_share *alike, const struct sf_view *view,
		uint32_t netns)
{
	if (one->netns != netns)
		sf_encoder_run(one->run.plan->encoder, one->run.run, netns);
	one->netns = netns;
	one->share.written = &alike->own;
	sf_share_add(&one->share, view);
}

void sf_watched_add(struct sf_watched *all, struct sf_watch_state *state,
		    const struct sf_view *view, int32_t nsid)
{
	int at = place_of(state, nsid);
	uint32_t netns = at < 0 ? 0 : sf_walker_inode(state->walker, (size_t)at);

	for (struct sf_watched *one = all; one < all + state->count; one++) {
		bool placeless;

		one->share.own.length = 0;
		if (!one->live || !(one->run.plan->tables >> view->table & 1))
			continue;
		placeless = at < 0 && sf_netns_choice_all(one->run.plan->netns);
		if (!placeless &&
		    (at < 0 || !sf_walker_chosen(state->walker, (size_t)at, one->number)))
			continue;
		one->shared.walk.seen++;
		if (!wants(one->run.plan, view))
			continue;
		if (placeless)
			one->placeless++;
		else
			add(one, first_alike(all, one), view, netns);
	}
}
