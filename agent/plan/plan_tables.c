/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The tables that a query names, by themselves and by groups, become those that it asks.
 */
#include "plan.h"

static void complain_table(const struct sf_text *word, struct sf_complaints *complaints)
{
	const char *near = sf_tables_near(word->text, word->length);
	sf_cleanup(sf_buf_finish) struct sf_buf hint = {0};

	if (near) {
		sf_buf_format(&hint, "did you mean \"%s\"?", near);
	} else {
		sf_buf_text(&hint, "this version knows: ");
		sf_tables_list(&hint);
	}
	sf_complain(complaints, word, 0, word->length, hint.data, "no table is named \"%.*s\"",
		    (int)word->length, word->text);
}

/* Of some tables the kernel does not tell when their sockets end. */
static void keep_telling(const struct sf_list *sockets, struct sf_plan *plan,
			 struct sf_complaints *complaints)
{
	for (unsigned i = 0; i < SF_TABLE_COUNT; i++) {
		if (sf_tables[i].told || !(plan->tables >> i & 1))
			continue;
		if (plan->named >> i & 1)
			sf_complain(complaints, &sockets->items[0], 0, sockets->items[0].length,
				    "mode: closed is for tcp and udp",
				    "the kernel does not tell when sockets of %s end",
				    sf_tables[i].name);
		plan->tables &= ~(1u << i);
	}
}

int sf_plan_tables(struct sf_plan *plan, const struct sf_query_conf *conf,
		   struct sf_complaints *complaints)
{
	const struct sf_list *sockets = &conf->sockets;
	size_t before = sf_complaints_errors(complaints);

	for (size_t i = 0; i < sockets->count; i++) {
		const struct sf_text *word = &sockets->items[i];
		bool group;
		uint32_t tables = sf_tables_find(word->text, word->length, &group);

		if (!tables)
			complain_table(word, complaints);
		plan->tables |= tables;
		plan->named |= group ? 0 : tables;
	}
	if (conf->mode == SF_CLOSED)
		keep_telling(sockets, plan, complaints);
	if (!plan->tables)
		plan->tables = 1u << SF_TABLE_TCP; /* so that the filter is read all the same */
	return sf_complaints_errors(complaints) > before ? -EINVAL : 0;
}
