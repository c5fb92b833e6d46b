/* SPDX-License-Identifier: Apache-2.0 */
/*
 * States and groups of states: their names as ss has them, the sets that they stand for, and how
 * leading clauses gather; which of them a table knows stands in its line (tables.def). A set has
 * the bits of 1 << SF_ESTABLISHED ...; bound-inactive is bit 13, as it is asked for.
 */
#include <strings.h>

#include "filter/stages.h"

#define BIT(state) (1u << (state))
/* Every state of any table; NEW_SYN_RECV is asked for and shown as syn-recv. */
#define EVERY ((BIT(SF_STATE_COUNT) - 1) & ~(BIT(0) | BIT(SF_NEW_SYN_RECV)))
/* Of those that need no connection to work, and of the others: ss knows both by one name. */
#define UNCONNECTED (BIT(SF_CLOSE) | BIT(SF_IDLE))
#define CLOSED	    (UNCONNECTED | BIT(SF_BOUND_INACTIVE))
#define BUCKET	    (BIT(SF_SYN_RECV) | BIT(SF_TIME_WAIT))
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
	{"unconnected", UNCONNECTED},
	{"close-wait", BIT(SF_CLOSE_WAIT)},
	{"last-ack", BIT(SF_LAST_ACK)},
	{"listening", BIT(SF_LISTEN)},
	{"closing", BIT(SF_CLOSING)},
	{"bound-inactive", BIT(SF_BOUND_INACTIVE)},
	{"cookie-wait", BIT(SF_COOKIE_WAIT)},
	{"cookie-echoed", BIT(SF_COOKIE_ECHOED)},
	{"shutdown-pending", BIT(SF_SHUTDOWN_PENDING)},
	{"shutdown-sent", BIT(SF_SHUTDOWN_SENT)},
	{"shutdown-received", BIT(SF_SHUTDOWN_RECEIVED)},
	{"shutdown-ack-sent", BIT(SF_SHUTDOWN_ACK_SENT)},
	{"idle", BIT(SF_IDLE)},
	{"disconnected", BIT(SF_CLOSE)},
	{"all", EVERY},
	{"connected", EVERY & ~(CLOSED | BIT(SF_LISTEN))},
	{"synchronized", EVERY & ~(CLOSED | BIT(SF_LISTEN) | BIT(SF_SYN_SENT))},
	{"bucket", BUCKET},
	{"big", EVERY & ~BUCKET},
	{"closed", UNCONNECTED},
	{"close", UNCONNECTED},
	{"syn-rcv", BIT(SF_SYN_RECV)},
};

uint32_t sf_states_known(uint32_t asked)
{
	uint32_t set = 0;

	if (asked & SF_TABLES_ENDED)
		return ENDED;
	for (unsigned i = 0; i < SF_TABLE_COUNT; i++)
		set |= asked & 1u << i ? sf_tables[i].known : 0;
	return set;
}

uint32_t sf_states_usual(uint32_t asked)
{
	uint32_t set = 0;

	if (asked & SF_TABLES_ENDED)
		return ENDED;
	for (unsigned i = 0; i < SF_TABLE_COUNT; i++)
		set |= asked & 1u << i ? sf_tables[i].usual : 0;
	return set;
}

uint32_t sf_states_of(const struct sf_view *view)
{
	unsigned state = sf_view_state(view);

	if (view->class == SF_CLASS_ENDED)
		return ENDED;
	return state < SF_STATE_COUNT ? BIT(state) : 0;
}

const char *sf_states_at(size_t i, uint32_t *set)
{
	if (i >= SF_COUNT(names))
		return NULL;
	*set = names[i].set;
	return names[i].name;
}

const char *sf_states_name(uint32_t set, uint32_t known)
{
	if (set == ENDED && known == ENDED)
		return "closed";
	for (size_t i = 0; set && i < SF_COUNT(names); i++) {
		if ((names[i].set & known) == set)
			return names[i].name;
	}
	return NULL;
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

/* What may be written: states, then groups. */
static const char *all_names(struct reading *r, uint32_t known)
{
	sf_cleanup(sf_buf_finish) struct sf_buf text = {0};

	sf_buf_text(&text, "states:");
	for (unsigned state = 0; state < SF_STATE_COUNT; state++) {
		if (known & BIT(state))
			sf_buf_format(&text, " %s", sf_states_name(BIT(state), EVERY));
	}
	sf_buf_text(&text, "; groups: all connected synchronized bucket big");
	return sf_arena_copy(r->arena, text.data, text.length);
}

static const char *near_name(const struct node *node, uint32_t known)
{
	const char *begun = sf_state_begins(node->word, node->length, known);

	return begun ?: sf_nearest(node->word, node->length, SF_COUNT(names), name_at, &known);
}

static void complain_unknown(struct reading *r, const struct node *node, uint32_t set)
{
	uint32_t known = sf_states_known(r->tables);

	if (r->tables & SF_TABLES_ENDED)
		sf_filter_wrong(r, node->value, "leave the state out",
				"a socket that has ended is in no state any more, nor in \"%s\"",
				node->word);
	else
		sf_filter_wrong(r, node->value,
				known & BIT(SF_BOUND_INACTIVE) && set & CLOSED
					? "a closed TCP socket is shown only when it is bound: "
					  "write bound-inactive"
					: all_names(r, known),
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
			complain_unknown(r, node, names[i].set);
		return;
	}
	near = near_name(node, known);
	sf_filter_wrong(r, node->value,
			near ? sf_arena_format(r->arena, "did you mean \"%s\"?", near)
			     : all_names(r, known),
			"no state is named \"%s\"", node->word);
}

void sf_print_state(const struct node *node, struct sf_buf *buf)
{
	sf_buf_text(buf, sf_states_name(node->test.states, node->known));
}
