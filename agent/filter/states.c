/* SPDX-License-Identifier: Apache-2.0 */
/*
 * States and groups of states: their names as ss has them, the sets that they stand for, which of
 * them a table knows, and how leading clauses gather. A set has the bits of 1 << SF_ESTABLISHED
 * ...; bound-inactive is bit 13, as it is asked for.
 */
#include <strings.h>

#include "filter/stages.h"

#define BIT(state) (1u << (state))
/* Every state of any table; NEW_SYN_RECV is asked for and shown as syn-recv. */
#define EVERY  ((BIT(SF_STATE_COUNT) - 1) & ~(BIT(0) | BIT(SF_NEW_SYN_RECV)))
#define CLOSED (BIT(SF_CLOSE) | BIT(SF_BOUND_INACTIVE))
#define BUCKET (BIT(SF_SYN_RECV) | BIT(SF_TIME_WAIT))
/* A socket that has ended is closed; the event says no more. */
#define ENDED BIT(SF_CLOSE)

static const struct {
	const char *name;
	uint32_t set;
} names[] = {
	/* of two names for a set, the first is the canonical one */
	{"established", BIT(SF_ESTABLISHED)},
	{"syn-sent", BIT(SF_SYN_SENT)},
	{"syn-recv", BIT(SF_SYN_RECV)},
	{"fin-wait-1", BIT(SF_FIN_WAIT_1)},
	{"fin-wait-2", BIT(SF_FIN_WAIT_2)},
	{"time-wait", BIT(SF_TIME_WAIT)},
	{"unconnected", BIT(SF_CLOSE)},
	{"close-wait", BIT(SF_CLOSE_WAIT)},
	{"last-ack", BIT(SF_LAST_ACK)},
	{"listening", BIT(SF_LISTEN)},
	{"closing", BIT(SF_CLOSING)},
	{"bound-inactive", BIT(SF_BOUND_INACTIVE)},
	{"all", EVERY},
	{"connected", EVERY & ~(CLOSED | BIT(SF_LISTEN))},
	{"synchronized", EVERY & ~(CLOSED | BIT(SF_LISTEN) | BIT(SF_SYN_SENT))},
	{"bucket", BUCKET},
	{"big", EVERY & ~BUCKET},
	{"closed", BIT(SF_CLOSE)},
	{"close", BIT(SF_CLOSE)},
	{"syn-rcv", BIT(SF_SYN_RECV)},
};

/* By table. TCP 7 is always bound-inactive: the kernel shows no other closed TCP socket. */
static const struct {
	uint32_t known, hidden; /* hidden: unless a state is named, as in ss without -a and -l */
} tables[SF_TABLE_COUNT] = {
	[SF_TABLE_TCP] = {EVERY & ~BIT(SF_CLOSE), BIT(SF_LISTEN) | BIT(SF_BOUND_INACTIVE) | BUCKET},
};

uint32_t sf_states_known(uint32_t asked)
{
	uint32_t set = 0;

	if (asked & SF_TABLES_ENDED)
		return ENDED;
	for (unsigned i = 0; i < SF_TABLE_COUNT; i++)
		set |= asked & 1u << i ? tables[i].known : 0;
	return set;
}

uint32_t sf_states_usual(uint32_t asked)
{
	uint32_t set = 0;

	if (asked & SF_TABLES_ENDED)
		return ENDED;
	for (unsigned i = 0; i < SF_TABLE_COUNT; i++)
		set |= asked & 1u << i ? tables[i].known & ~tables[i].hidden : 0;
	return set;
}

uint32_t sf_states_of(const struct sf_view *view)
{
	unsigned state = sf_view_state(view);

	if (view->class == SF_CLASS_ENDED)
		return ENDED;
	if (state == SF_BOUND_INACTIVE) /* asked for by this number, answered as CLOSE */
		return 0;
	if (state == SF_CLOSE && view->table == SF_TABLE_TCP)
		state = SF_BOUND_INACTIVE;
	return state < SF_STATE_COUNT ? BIT(state) : 0;
}

const char *sf_states_name(uint32_t set)
{
	uint32_t known = sf_states_known(SF_TABLES_ALL);

	for (size_t i = 0; set && i < SF_COUNT(names); i++) {
		if ((names[i].set & known) == set)
			return names[i].name;
	}
	return set == ENDED ? "closed" : NULL;
}

/* `state` unites, `exclude` subtracts; an `exclude` that comes first subtracts from all. */
uint32_t sf_states_gather(const struct node *clauses, uint32_t known)
{
	uint32_t set = clauses && clauses->test.negate ? known : 0;

	for (; clauses; clauses = clauses->next) {
		if (clauses->test.negate)
			set &= ~clauses->test.states;
		else
			set |= clauses->test.states;
	}
	return set;
}

static unsigned clauses_of(uint32_t set)
{
	unsigned bits = (unsigned)__builtin_popcount(set);

	return (set & BUCKET) == BUCKET ? bits - 1 : bits;
}

static void print_each(struct sf_buf *buf, const char *word, uint32_t set)
{
	if ((set & BUCKET) == BUCKET) {
		sf_buf_format(buf, " %s bucket", word);
		set &= ~BUCKET;
	}
	for (unsigned state = 0; state < SF_STATE_COUNT; state++) {
		if (set & BIT(state))
			sf_buf_format(buf, " %s %s", word, sf_states_name(BIT(state)));
	}
}

/* The fewest clauses: one by one, or a group without some. Of equals, the group. */
void sf_states_print(struct sf_buf *buf, uint32_t set)
{
	sf_cleanup(sf_buf_finish) struct sf_buf text = {0};
	uint32_t known = sf_states_known(SF_TABLES_ALL), base = 0;
	const char *group = NULL;
	unsigned least = clauses_of(set) + 1;

	for (size_t i = 0; i < SF_COUNT(names); i++) {
		uint32_t whole = names[i].set & known;
		unsigned count = 1 + clauses_of(whole & ~set);

		if (!whole || set & ~whole || count >= least)
			continue;
		group = names[i].name;
		base = whole;
		least = count;
	}
	if (group && !(base == known &&
		       base != set)) /* an `exclude` that comes first says `state all` itself */
		sf_buf_format(&text, " state %s", group);
	if (group)
		print_each(&text, "exclude", base & ~set);
	else
		print_each(&text, "state", set);
	sf_buf_text(buf, text.length ? text.data + 1 : "state != all");
}

void sf_states_list(struct sf_buf *buf, uint32_t set)
{
	const char *comma = "";

	for (unsigned state = 0; state < SF_STATE_COUNT; state++) {
		if (!(set & BIT(state)))
			continue;
		sf_buf_format(buf, "%s%s", comma, sf_states_name(BIT(state)));
		comma = ", ";
	}
}

/* ---- the predicate ---- */

static bool holds_state(const struct test *test, const struct sf_view *view)
{
	return ((sf_states_of(view) & test->states) != 0) != test->negate;
}

static const char *name_at(const void *known, size_t i)
{
	return names[i].set & *(const uint32_t *)known ? names[i].name : NULL;
}

/* ss itself prints ESTAB and LISTEN. */
const char *sf_state_begins(const char *word, size_t length, uint32_t known)
{
	for (size_t i = 0; i < SF_COUNT(names); i++) {
		if (names[i].set & known && length > 2 && !strncasecmp(names[i].name, word, length))
			return names[i].name;
	}
	return NULL;
}

static const char *near_name(const struct node *node, uint32_t known)
{
	const char *begun = sf_state_begins(node->word, node->length, known);

	return begun ?: sf_nearest(node->word, node->length, SF_COUNT(names), name_at, &known);
}

static void complain_unknown(struct reading *r, const struct node *node)
{
	if (r->tables & SF_TABLES_ENDED)
		sf_filter_wrong(r, node->value, "leave the state out",
				"a socket that has ended is in no state any more, nor in \"%s\"",
				node->word);
	else
		sf_filter_wrong(r, node->value,
				"a closed TCP socket is shown only when it is bound: write "
				"bound-inactive",
				"no table that is asked knows the state \"%s\"", node->word);
}

void sf_read_state(struct reading *r, struct node *node)
{
	uint32_t known = sf_states_known(r->tables);
	const char *near;

	node->test.holds = holds_state;
	node->test.negate = node->op == OP_NE || !node->predicate->ops;
	node->has_state = true;
	for (size_t i = 0; i < SF_COUNT(names); i++) {
		if (strlen(names[i].name) != node->length ||
		    strncasecmp(names[i].name, node->word, node->length))
			continue;
		node->test.states = names[i].set & known;
		node->states = node->test.negate ? known & ~node->test.states : node->test.states;
		node->exact = true;
		if (!node->test.states)
			complain_unknown(r, node);
		return;
	}
	near = near_name(node, known);
	sf_filter_wrong(r, node->value,
			near ? sf_arena_format(r->arena, "did you mean \"%s\"?", near)
			     : "states: established syn-sent syn-recv fin-wait-1 fin-wait-2 "
			       "time-wait close-wait last-ack "
			       "listening closing bound-inactive; groups: all connected "
			       "synchronized bucket big",
			"no state is named \"%s\"", node->word);
}

void sf_print_state(const struct node *node, struct sf_buf *buf)
{
	sf_buf_text(buf, sf_states_name(node->test.states));
}
