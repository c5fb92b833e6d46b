/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The words of `fields:` become those of a query. What is asked for and will not come is said.
 */
#include "plan.h"

/* Tables that have what a word names, one field of it at least. */
static uint32_t tables_of(const struct sf_text *word)
{
	sf_cleanup(sf_complaints_free_p) struct sf_complaints *none = sf_complaints_new();
	struct sf_fieldset named = {0};
	uint32_t tables = 0;

	sf_fields_select(word, 1, &named, none);
	for (unsigned id = 0; id < SF_FIELD_COUNT; id++)
		tables |= sf_fieldset_has(&named, id) ? sf_fields[id].tables : 0;
	return tables;
}

static void warn_lacking(const struct sf_list *words, uint32_t tables,
			 struct sf_complaints *complaints)
{
	for (size_t i = 0; i < words->count; i++) {
		const struct sf_text *word = &words->items[i];
		bool single = sf_field_find(word->text, word->length) >= 0;
		sf_cleanup(sf_buf_finish) struct sf_buf hint = {0};
		uint32_t have = word->text[0] == '-' ? UINT32_MAX : tables_of(word);

		if (have & tables)
			continue;
		sf_buf_text(&hint, "these have: ");
		sf_tables_text(have, &hint);
		sf_warn(complaints, word, 0, word->length, hint.data,
			"no table that is asked has %s%.*s", single ? "" : "any field of ",
			(int)word->length, word->text);
	}
}

/* What the kernel does not tell of a socket that has ended is never in a record. */
static int keep_told(const struct sf_list *words, uint32_t tables, struct sf_fieldset *fields,
		     struct sf_complaints *complaints)
{
	const struct sf_text *first = &words->items[0];
	struct sf_fieldset told = {0};
	unsigned count = 0;

	for (size_t i = 0; i < words->count; i++) {
		const struct sf_text *word = &words->items[i];
		int id = sf_field_find(word->text, word->length);

		if (id >= 0 && !sf_fields[id].ends && sf_fields[id].tables & tables)
			sf_warn(complaints, word, 0, word->length, NULL,
				"the kernel does not tell %s of a socket that has ended",
				sf_fields[id].name);
	}
	for (unsigned id = 0; id < SF_FIELD_COUNT; id++) {
		if (!sf_fieldset_has(fields, id) || !sf_fields[id].ends)
			continue;
		sf_fieldset_add(&told, id);
		count++;
	}
	if (!count) {
		sf_complain(complaints, first, 0, first->length,
			    "it tells of: table, family, protocol, local, peer, interface, cookie, "
			    "tcp",
			    "the kernel tells none of these fields of a socket that has ended");
		return -EINVAL;
	}
	*fields = told;
	return 0;
}

int sf_plan_fields(struct sf_plan *plan, const struct sf_query_conf *conf, uint32_t tables,
		   struct sf_complaints *complaints)
{
	const struct sf_list *words = &conf->fields;
	int r = sf_fields_select(words->items, words->count, &plan->fields, complaints);

	if (r < 0)
		return r;
	warn_lacking(words, tables, complaints);
	return conf->mode == SF_CLOSED ? keep_told(words, tables, &plan->fields, complaints) : 0;
}
