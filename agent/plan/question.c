/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A sieve of many terms takes longer to make than a walk over few sockets: it is made once for each
 * set of plans that are asked together. A plan is known by its number, not by its place in memory,
 * which another may have taken.
 */
#include <stdlib.h>

#include "collect/collect.h"

enum { REMEMBERED = 8 + SF_TABLE_COUNT };

struct question {
	size_t count; /* 0: none */
	enum sf_table table;
	uint64_t *plans;
	const struct sf_filter *more;
	uint32_t operations; /* of the kernel, when the sieve was made */
	struct sf_ask ask;
	struct sf_sieve sieve;
};

struct sf_questions {
	struct question question[REMEMBERED];
	unsigned next; /* the one that was made longest ago */
};

struct sf_questions *sf_questions_new(void)
{
	return sf_new(struct sf_questions);
}

static void finish(struct question *q)
{
	free(q->plans);
	sf_sieve_finish(&q->sieve);
}

void sf_questions_free(struct sf_questions *questions)
{
	for (unsigned i = 0; questions && i < REMEMBERED; i++)
		finish(&questions->question[i]);
	free(questions);
}

static bool is_same(const struct question *q, enum sf_table table, struct sf_run *const *runs,
		    size_t count, const struct sf_filter *more, uint32_t operations)
{
	if (q->count != count || q->table != table || q->more != more ||
	    q->operations != operations)
		return false;
	for (size_t i = 0; i < count; i++) {
		if (q->plans[i] != runs[i]->plan->number)
			return false;
	}
	return true;
}

static void add(struct sf_ask *ask, const struct sf_needs *needs)
{
	ask->states |= needs->states;
	ask->ext |= needs->ext;
}

static void make_sieve(struct question *q, const struct sf_filter *const *filters, size_t count)
{
	sf_sieve_make(&q->sieve, filters, count, q->operations);
	q->ask.sport = q->sieve.sport;
	q->ask.dport = q->sieve.dport;
	q->ask.bytecode = (const uint8_t *)q->sieve.bytecode.data;
	q->ask.bytecode_length = q->sieve.bytecode.length;
}

static void make(struct question *q, enum sf_table table, struct sf_run *const *runs, size_t count,
		 const struct sf_filter *more, uint32_t operations)
{
	sf_cleanup(sf_free_p) const struct sf_filter **filters =
		sf_alloc((count + 1) * sizeof(*filters));
	struct sf_needs needs;

	finish(q);
	*q = (struct question){.count = count,
			       .table = table,
			       .plans = sf_alloc(count * sizeof(*q->plans)),
			       .more = more,
			       .operations = operations,
			       .ask.table = table};
	for (size_t i = 0; i < count; i++) {
		const struct sf_plan *plan = runs[i]->plan;

		q->plans[i] = plan->number;
		filters[i] = plan->filter;
		add(&q->ask, &plan->needs[table]);
	}
	filters[count] = more;
	if (more) {
		sf_filter_needs(more, table, &needs);
		add(&q->ask, &needs);
	}
	if (sf_tables[table].filtered)
		make_sieve(q, filters, count + !!more);
}

const struct sf_ask *sf_questions_ask(struct sf_questions *questions, struct sf_walker *walker,
				      enum sf_table table, struct sf_run *const *runs, size_t count,
				      const struct sf_filter *more)
{
	uint32_t operations = sf_walker_operations(walker);
	struct question *q;

	for (unsigned i = 0; i < REMEMBERED; i++) {
		if (is_same(&questions->question[i], table, runs, count, more, operations))
			return &questions->question[i].ask;
	}
	q = &questions->question[questions->next];
	questions->next = (questions->next + 1) % REMEMBERED;
	make(q, table, runs, count, more, operations);
	return &q->ask;
}
