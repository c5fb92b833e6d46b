/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The face: a text goes through the stages and becomes a filter, immutable, in an arena of its
 * own. After any error of a stage the filter is given up, but the stages behind it have still
 * looked: all errors of a text in one run.
 */
#include "filter/stages.h"

static uint32_t ext_of(const struct node *node, enum sf_table table)
{
	uint32_t ext = 0;

	if (node->kind == NODE_LEAF && node->test.field)
		ext |= sf_field_ext(node->test.field, table);
	if (node->kind == NODE_LEAF && node->test.operand == OPERAND_DEV)
		ext |= sf_field_ext(&sf_fields[SF_FIELD_INTERFACE_INDEX], table);
	if (node->other)
		ext |= sf_field_ext(node->other, table);
	for (const struct node *child = node->child; child; child = child->next)
		ext |= ext_of(child, table);
	return ext;
}

/* The tables whose sockets it may hold for: a comparison with a field needs one that has it. */
static uint32_t tables_of(const struct node *node)
{
	uint32_t tables = node->kind == NODE_OR ? 0 : UINT32_MAX;

	if (node->kind == NODE_NOT)
		return tables;
	if (node->kind == NODE_LEAF)
		tables &= sf_never_tables(node);
	for (const struct node *child = node->child; child; child = child->next) {
		if (node->kind == NODE_OR)
			tables |= tables_of(child);
		else
			tables &= tables_of(child);
	}
	return tables;
}

static uint32_t known_of(uint32_t asked, enum sf_table table)
{
	return asked & SF_TABLES_ENDED ? sf_states_known(asked) : sf_tables[table].known;
}

/* False: it holds for no table. */
static bool find_needs(struct sf_filter *filter, uint32_t asked)
{
	const struct checked *checked = &filter->checked;
	uint32_t tables = checked->tree ? asked & tables_of(checked->tree) : asked, states = 0;

	for (unsigned i = 0; i < SF_TABLE_COUNT; i++) {
		struct sf_needs *needs = &filter->needs[i];

		needs->states = tables >> i & 1 ? checked->states & known_of(asked, i) : 0;
		if (needs->states && checked->tree)
			needs->ext = ext_of(checked->tree, i);
		states |= needs->states;
	}
	return states;
}

static int read_text(struct reading *r, struct sf_filter **ret)
{
	struct sf_arena *arena = r->arena = sf_arena_new();
	struct sf_filter *filter = sf_arena_alloc(arena, sizeof(*filter));
	struct node *tree;

	filter->arena = arena;
	tree = sf_filter_parse(r, sf_filter_lex(r));
	sf_filter_check(r, tree, &filter->checked);
	if (!r->errors && !find_needs(filter, r->tables))
		sf_filter_wrong(r, tree->place, sf_never_why_table(r, filter->checked.tree),
				"this filter can never hold");
	if (r->errors) {
		sf_matcher_free(r->matcher);
		sf_arena_free(arena);
		return -EINVAL;
	}
	filter->matcher = r->matcher;
	filter->steps = sf_filter_compile(arena, filter->checked.tree, &filter->count);
	*ret = filter;
	return 0;
}

int sf_filter_read(const struct sf_text *text, uint32_t tables, struct sf_filter **ret,
		   struct sf_complaints *complaints)
{
	struct reading r = {.text = text, .complaints = complaints, .tables = tables};

	return read_text(&r, ret);
}

int sf_filter_read_elsewhere(const struct sf_text *text, uint32_t tables, struct sf_filter **ret,
			     struct sf_complaints *complaints)
{
	struct reading r = {
		.text = text, .complaints = complaints, .tables = tables, .elsewhere = true};

	return read_text(&r, ret);
}

int sf_filter_read_ended(const struct sf_text *text, uint32_t tables, struct sf_filter **ret,
			 struct sf_complaints *complaints)
{
	struct reading r = {
		.text = text, .complaints = complaints, .tables = tables | SF_TABLES_ENDED};

	return read_text(&r, ret);
}

void sf_filter_free(struct sf_filter *filter)
{
	if (!filter)
		return;
	sf_matcher_free(filter->matcher);
	sf_arena_free(filter->arena);
}

void sf_filter_free_p(struct sf_filter **filter)
{
	sf_filter_free(*filter);
}

void sf_filter_needs(const struct sf_filter *filter, enum sf_table table, struct sf_needs *needs)
{
	*needs = filter->needs[table];
}

bool sf_filter_is_usual(const struct sf_filter *filter)
{
	return filter->checked.usual;
}
