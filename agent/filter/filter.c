/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The face: a text goes through the stages and becomes a filter, immutable, in an arena of its
 * own. After any error of a stage the filter is given up, but the stages behind it have still
 * looked: all errors of a text in one run.
 */
#include "filter/stages.h"

static uint8_t ext_of(const struct node *node)
{
	uint8_t ext =
		node->kind == NODE_LEAF && node->test.field ? sf_field_ext(node->test.field) : 0;

	if (node->other)
		ext |= sf_field_ext(node->other);
	for (const struct node *child = node->child; child; child = child->next)
		ext |= ext_of(child);
	return ext;
}

static int read_text(struct reading *r, struct sf_filter **ret)
{
	struct sf_arena *arena = r->arena = sf_arena_new();
	struct sf_filter *filter = sf_arena_alloc(arena, sizeof(*filter));

	filter->arena = arena;
	sf_filter_check(r, sf_filter_parse(r, sf_filter_lex(r)), &filter->checked);
	if (r->errors) {
		sf_matcher_free(r->matcher);
		sf_arena_free(arena);
		return -EINVAL;
	}
	filter->matcher = r->matcher;
	filter->steps = sf_filter_compile(arena, filter->checked.tree, &filter->count);
	filter->needs.states = filter->checked.states;
	filter->needs.ext = filter->checked.tree ? ext_of(filter->checked.tree) : 0;
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

void sf_filter_needs(const struct sf_filter *filter, struct sf_needs *needs)
{
	*needs = filter->needs;
}

bool sf_filter_is_usual(const struct sf_filter *filter)
{
	return filter->checked.usual;
}
