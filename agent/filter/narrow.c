/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a single comparison may hold: in which states, by the classes of sockets that have its
 * field, and of which tables, where it is of what all sockets of a table have alike.
 */
#include <sys/socket.h>

#include "filter/stages.h"

#define BIT(state) (1u << (state))
#define IDLE	   (BIT(SF_LISTEN) | BIT(SF_CLOSE) | BIT(SF_BOUND_INACTIVE) | BIT(SF_IDLE))

/*
 * The states in which sockets of these classes are met (socket/view.c). A small one may be in any
 * but the idle ones, a full one of tcp in any but these and TIME-WAIT; an association of sctp may
 * be closed, and is full.
 */
static uint32_t states_in(enum sf_table table, uint8_t classes)
{
	uint32_t set = 0;

	if (classes & 1u << SF_CLASS_LISTENER)
		set |= BIT(SF_LISTEN);
	if (classes & 1u << SF_CLASS_BOUND)
		set |= BIT(SF_BOUND_INACTIVE);
	if (classes & 1u << SF_CLASS_UNCONNECTED)
		set |= BIT(SF_CLOSE) | BIT(SF_IDLE);
	if (classes & 1u << SF_CLASS_FULL)
		set |= ~(IDLE | (table == SF_TABLE_TCP ? BIT(SF_TIME_WAIT) : 0));
	if (classes & 1u << SF_CLASS_FULL && table == SF_TABLE_SCTP)
		set |= BIT(SF_CLOSE);
	if (classes & 1u << SF_CLASS_SMALL && table == SF_TABLE_TCP)
		set |= ~IDLE;
	return set & sf_tables[table].known;
}

static uint32_t states_of(const struct sf_field *field, uint32_t tables)
{
	uint32_t set = 0;

	if (tables & SF_TABLES_ENDED)
		return field->ends && field->tables & tables ? sf_states_known(tables) : 0;
	for (unsigned i = 0; i < SF_TABLE_COUNT; i++)
		set |= tables & field->tables & 1u << i ? states_in(i, field->classes) : 0;
	return set;
}

/* Judges a socket of which nothing is known but this: all else of its header is 0. */
static bool holds_of(const struct test *test, enum sf_table table, enum sf_class class, int family)
{
	const struct sf_inet_msg header = {.family = (uint8_t)family};
	struct sf_view view = {.table = table, .class = class};

	view.part[SF_PART_HEADER] = (const uint8_t *)&header;
	view.length[SF_PART_HEADER] = sizeof(header);
	return test->holds(test, &view);
}

/*
 * tcp's listeners have port 0 as their peer's: who once tried to connect keeps an address, but no
 * port.
 */
static bool is_of_peer_port(const struct node *leaf, uint32_t tables)
{
	const struct test *test = &leaf->test;

	if (!leaf->predicate->peer || !test->holds)
		return false;
	for (unsigned i = 0; i < SF_TABLE_COUNT; i++) {
		if (tables >> i & 1 && i != SF_TABLE_TCP && sf_tables[i].known & BIT(SF_LISTEN))
			return false;
	}
	if (test->operand == OPERAND_DST)
		return test->shape == SHAPE_ONE && !test->negate && test->host.port > 0;
	return test->operand == OPERAND_DPORT &&
	       !holds_of(test, SF_TABLE_TCP, SF_CLASS_LISTENER, AF_INET);
}

bool sf_never_zero(const struct node *leaf)
{
	const struct test *test = &leaf->test;
	const struct sf_field *field = leaf->field;

	if (!leaf->ranged || test->negate || !field || field->set.mask != UINT64_MAX ||
	    field->set.offset != field->offset || field->set.size != field->size)
		return false;
	if (test->shape == SHAPE_RANGES)
		return test->set.count == 1 && !test->set.range->high;
	return !test->range.low && !test->range.high;
}

void sf_never_narrow(struct node *leaf, uint32_t tables)
{
	if (leaf->exact)
		return;
	if (leaf->test.field)
		leaf->states &= states_of(leaf->test.field, tables);
	if (leaf->other)
		leaf->states &= states_of(leaf->other, tables);
	if (sf_never_zero(leaf)) {
		leaf->exact = true;
		leaf->states = 0;
	}
	if (!(tables & SF_TABLES_ENDED) && is_of_peer_port(leaf, tables))
		leaf->states &= ~BIT(SF_LISTEN);
}

/* Of what is no table of inet, the family has the table's name. */
static bool holds_of_table(const struct test *test, enum sf_table table)
{
	const char *name = sf_tables[table].name;
	const struct sf_words *families = sf_fields[SF_FIELD_FAMILY].words;

	if (test->field->same >> table & 1)
		return holds_of(test, table, SF_CLASS_FULL, AF_UNSPEC);
	if (test->field != &sf_fields[SF_FIELD_FAMILY])
		return true;
	if (sf_tables[table].shape == SF_SHAPE_INET)
		return holds_of(test, table, SF_CLASS_FULL, AF_INET) ||
		       holds_of(test, table, SF_CLASS_FULL, AF_INET6);
	return holds_of(test, table, SF_CLASS_FULL, sf_word_find(families, name, strlen(name)));
}

uint32_t sf_never_tables(const struct node *leaf)
{
	const struct sf_field *field = leaf->test.field;
	uint32_t tables = UINT32_MAX;

	if (!field)
		return tables;
	tables &= field->tables;
	if (leaf->other)
		return tables & leaf->other->tables;
	for (unsigned i = 0; i < SF_TABLE_COUNT; i++) {
		if (tables >> i & 1 && !holds_of_table(&leaf->test, i))
			tables &= ~(1u << i);
	}
	return tables;
}
