/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sets of states as text: the fewest clauses that mean the same, for the normal form, and lists of
 * names.
 */
#include "filter/stages.h"

#define BIT(state) (1u << (state))
#define EVERY	   ((BIT(SF_STATE_COUNT) - 1) & ~(BIT(0) | BIT(SF_NEW_SYN_RECV)))
#define BUCKET	   (BIT(SF_SYN_RECV) | BIT(SF_TIME_WAIT))

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
			sf_buf_format(buf, " %s %s", word, sf_states_name(BIT(state), EVERY));
	}
}

/* The fewest clauses: one by one, or a group without some. Of equals, the group. */
void sf_states_print(struct sf_buf *buf, uint32_t set, uint32_t known)
{
	sf_cleanup(sf_buf_finish) struct sf_buf text = {0};
	uint32_t base = 0, whole;
	const char *group = NULL, *name;
	unsigned least = clauses_of(set) + 1;

	for (size_t i = 0; (name = sf_states_at(i, &whole)); i++) {
		unsigned count;

		whole &= known;
		count = 1 + clauses_of(whole & ~set);
		if (!whole || set & ~whole || count >= least)
			continue;
		group = name;
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
		sf_buf_format(buf, "%s%s", comma, sf_states_name(BIT(state), EVERY));
		comma = ", ";
	}
}
