/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sets of states as text: the fewest clauses that mean the same, for the normal form, and lists of
 * names.
 */
#include "filter/stages.h"

#define BIT(state)  (1u << (state))
#define BUCKET	    (BIT(SF_SYN_RECV) | BIT(SF_TIME_WAIT))
#define UNCONNECTED (BIT(SF_CLOSE) | BIT(SF_IDLE))

static unsigned clauses_of(uint32_t set)
{
	unsigned bits = (unsigned)__builtin_popcount(set);

	return bits - ((set & BUCKET) == BUCKET) - ((set & UNCONNECTED) == UNCONNECTED);
}

static void print_each(struct sf_buf *buf, const char *word, uint32_t set, uint32_t known)
{
	if ((set & BUCKET) == BUCKET) {
		sf_buf_format(buf, " %s bucket", word);
		set &= ~BUCKET;
	}
	if ((set & UNCONNECTED) == UNCONNECTED) {
		sf_buf_format(buf, " %s unconnected", word);
		set &= ~UNCONNECTED;
	}
	for (unsigned state = 0; state < SF_STATE_COUNT; state++) {
		if (set & BIT(state))
			sf_buf_format(buf, " %s %s", word, sf_states_name(BIT(state), known));
	}
}

/* The fewest clauses: one by one, or a group without some. Of equals what needs no `exclude`. */
void sf_states_print(struct sf_buf *buf, uint32_t set, uint32_t known)
{
	sf_cleanup(sf_buf_finish) struct sf_buf text = {0};
	uint32_t base = 0, whole;
	const char *group = NULL, *name;
	unsigned least = clauses_of(set);

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
		print_each(&text, "exclude", base & ~set, known);
	else
		print_each(&text, "state", set, known);
	sf_buf_text(buf, text.length ? text.data + 1 : "state != all");
}

void sf_states_list(struct sf_buf *buf, uint32_t set, uint32_t known)
{
	const char *comma = "";

	for (unsigned state = 0; state < SF_STATE_COUNT; state++) {
		uint32_t one = BIT(state);

		if ((set & UNCONNECTED) == UNCONNECTED && one & UNCONNECTED)
			one = state == SF_IDLE ? 0 : UNCONNECTED;
		if (!(set & one))
			continue;
		sf_buf_format(buf, "%s%s", comma, sf_states_name(one, known));
		comma = ", ";
	}
}
