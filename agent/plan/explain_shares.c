/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which queries of a configuration share walks of a table: those of the same namespaces whose ticks
 * meet. All ticks stand on one grid, so two intervals meet at each multiple of both; where they
 * differ by less than what counts as together they meet more often.
 */
#include <stdlib.h>
#include <string.h>

#include "explain.h"
#include "collect/sweep.h"

#define YEAR_US (365ull * 24 * 3600 * 1000 * 1000)

struct others { /* of one plan and table: how often each meets it */
	struct sf_plan *const *plans;
	size_t count, which;
	enum sf_table table;
	const char *walk; /* "a walk", "the walk of udp" */
	uint64_t *every;  /* us; 0: never, it is the plan itself or does not read the table */
};

static uint64_t common_divisor(uint64_t a, uint64_t b)
{
	while (b) {
		uint64_t rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

/* The least common multiple; 0: above a year. */
static uint64_t meet(uint64_t a, uint64_t b)
{
	unsigned __int128 every = (unsigned __int128)a / common_divisor(a, b) * b;

	return every > YEAR_US ? 0 : (uint64_t)every;
}

static bool reads(const struct others *o, size_t i)
{
	return i != o->which && o->plans[i]->mode == o->plans[o->which]->mode &&
	       o->plans[i]->tables >> o->table & 1;
}

/* All that one walks of the table for, the other does. */
static bool is_alike(const struct others *o, size_t i)
{
	return reads(o, i) && sf_netns_choice_same(o->plans[o->which]->netns, o->plans[i]->netns);
}

static bool comes(const struct others *o, size_t i, uint64_t at)
{
	return i == o->which || (o->every[i] && at % o->every[i] == 0);
}

/* ---- what they ask for together ---- */

/* Bytecode without a comparison leaves out every socket: no interface has that name. */
static bool leaves_out(const struct sf_sieve *sieve)
{
	return sieve->terms || sieve->bytecode.length;
}

/* Why the kernel leaves out nothing for all of them, though it may for some. */
static void print_why_none(const struct sf_plan *const *plans, size_t count, uint32_t operations,
			   struct sf_buf *out)
{
	unsigned terms = 0;

	for (size_t i = 0; i < count; i++) {
		const struct sf_filter *filter = plans[i]->filter;
		struct sf_sieve sieve;
		bool some;

		sf_sieve_make(&sieve, &filter, 1, operations);
		some = leaves_out(&sieve);
		terms += sieve.terms;
		sf_sieve_finish(&sieve);
		if (!some) {
			sf_buf_format(out, "as it cannot for %s", plans[i]->query);
			return;
		}
	}
	if (terms > SF_SIEVE_SHARED)
		sf_buf_format(out, "as that would take more than %u comparisons", SF_SIEVE_SHARED);
	else
		sf_buf_text(out, "as together they want all");
}

static void print_sieve(const struct sf_plan *const *plans, size_t count, uint32_t operations,
			struct sf_buf *out)
{
	sf_cleanup(sf_free_p) const struct sf_filter **filters = sf_alloc(count * sizeof(*filters));
	sf_cleanup(sf_sieve_finish) struct sf_sieve sieve;

	for (size_t i = 0; i < count; i++)
		filters[i] = plans[i]->filter;
	sf_sieve_make(&sieve, filters, count, operations);
	if (leaves_out(&sieve)) {
		sf_buf_format(out, "the kernel leaves out what none of them wants, %u comparison%s",
			      sieve.terms, sieve.terms == 1 ? "" : "s");
		return;
	}
	sf_buf_text(out, "the kernel leaves out nothing, ");
	print_why_none(plans, count, operations, out);
}

static void print_names(const struct others *o, uint64_t at, struct sf_buf *out)
{
	const char *before = "";

	for (size_t i = 0; i < o->count; i++) {
		if (i == o->which || !comes(o, i, at))
			continue;
		sf_buf_format(out, "%s%s", before, o->plans[i]->query);
		before = ", ";
	}
}

static void print_group(const struct others *o, uint64_t at, uint32_t operations,
			struct sf_buf *out)
{
	sf_cleanup(sf_free_p) const struct sf_plan **group = sf_alloc(o->count * sizeof(*group));
	uint32_t states = 0, ext = 0;
	size_t count = 0;

	for (size_t i = 0; i < o->count; i++) {
		if (!comes(o, i, at))
			continue;
		group[count++] = o->plans[i];
		states |= o->plans[i]->needs[o->table].states;
		ext |= o->plans[i]->needs[o->table].ext;
	}
	sf_buf_format(out, "shares %s with ", o->walk);
	print_names(o, at, out);
	sf_buf_text(out, " every ");
	sf_unit_print(out, SF_UNIT_US, at, 0);
	sf_buf_text(out, ": ");
	if (sf_tables[o->table].filtered)
		print_sieve(group, count, operations, out);
	else
		sf_buf_text(out, "the kernel leaves out nothing there");
	sf_buf_text(out, "\n  states:");
	sf_explain_states(states, out);
	sf_buf_text(out, "\n  attributes:");
	sf_explain_attributes(o->table, ext, out);
	sf_buf_text(out, "\n");
}

/* Ticks that do not meet, but come so close that they are one. */
static void print_close(const struct others *o, struct sf_buf *out)
{
	const struct sf_plan *plan = o->plans[o->which];
	const char *before = "";

	for (size_t i = 0; i < o->count; i++) {
		uint64_t interval = o->plans[i]->interval,
			 step = common_divisor(plan->interval, interval);

		if (!is_alike(o, i) || step > SF_TOGETHER_US || step == plan->interval ||
		    step == interval)
			continue;
		if (!*before)
			sf_buf_format(out, "shares %s with ", o->walk);
		sf_buf_format(out, "%s%s", before, o->plans[i]->query);
		before = ", ";
	}
	if (*before == ',')
		sf_buf_text(out, " whenever their ticks are 20 ms from each other at most\n");
}

/* Which namespaces there are is known when it is asked. */
static void print_partly(const struct others *o, struct sf_buf *out)
{
	const char *before = "";

	for (size_t i = 0; i < o->count; i++) {
		const struct sf_plan *other = o->plans[i];

		if (!reads(o, i) || is_alike(o, i) ||
		    !meet(o->plans[o->which]->interval, other->interval))
			continue;
		if (!*before)
			sf_buf_format(out, "where both ask the same namespaces, shares %s with ",
				      o->walk);
		sf_buf_format(out, "%s%s", before, other->query);
		before = ", ";
	}
	if (*before)
		sf_buf_text(out, " when their ticks meet\n");
}

static void print_walks(const struct others *o, uint32_t operations, struct sf_buf *out)
{
	uint64_t last = 0;

	for (size_t i = 0; i < o->count; i++)
		o->every[i] = is_alike(o, i)
				      ? meet(o->plans[o->which]->interval, o->plans[i]->interval)
				      : 0;
	for (;;) {
		uint64_t next = UINT64_MAX;

		for (size_t i = 0; i < o->count; i++) {
			if (o->every[i] > last && o->every[i] < next)
				next = o->every[i];
		}
		if (next == UINT64_MAX)
			break;
		print_group(o, next, operations, out);
		last = next;
	}
	print_close(o, out);
	print_partly(o, out);
}

void sf_explain_shares(struct sf_plan *const *plans, size_t count, size_t which,
		       uint32_t operations, struct sf_buf *out)
{
	sf_cleanup(sf_free_p) uint64_t *every = sf_alloc(count * sizeof(*every));
	uint32_t tables = plans[which]->tables;
	size_t begin = out->length;

	if (plans[which]->mode == SF_CLOSED)
		return;
	for (unsigned table = 0; table < SF_TABLE_COUNT; table++) {
		char walk[40] = "a walk";

		if (tables & (tables - 1))
			snprintf(walk, sizeof(walk), "the walk of %s", sf_tables[table].name);
		if (tables >> table & 1)
			print_walks(&(struct others){plans, count, which, table, walk, every},
				    operations, out);
	}
	if (out->length == begin)
		sf_buf_text(out, "shares no walk\n");
}
