/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text: fields whose bytes others chose, compared for equality, or with a regular expression. An
 * expression that gives up at its limits does not hold, `!~` neither.
 */
#include "filter/stages.h"

static bool holds_text(const struct test *test, const struct sf_view *view)
{
	struct sf_value value;

	return sf_field_read(test->field, view, &value) == SF_PRESENT &&
	       sf_test_bytes(test, &value) != test->negate;
}

static bool holds_pattern(const struct test *test, const struct sf_view *view)
{
	struct sf_value value;

	return sf_field_read(test->field, view, &value) == SF_PRESENT &&
	       sf_pattern_match(test->pattern, value.bytes, value.length) ==
		       (test->negate ? MATCH_NO : MATCH_YES);
}

void sf_read_text(struct reading *r, struct node *node)
{
	node->test.field = node->field;
	node->test.negate = node->op == OP_NE || node->op == OP_UNMATCH;
	if (node->op == OP_MATCH || node->op == OP_UNMATCH) {
		node->test.pattern = sf_pattern_compile(r, node);
		node->test.holds = holds_pattern;
		node->test.cost = SF_COST_MOST - 1;
		return;
	}
	node->test.text.bytes = node->word;
	node->test.text.length = node->length;
	node->test.holds = holds_text;
}

void sf_print_text(const struct node *node, struct sf_buf *buf)
{
	sf_filter_quote(buf, node->word, node->length);
}
