/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Comparisons with hardware addresses, and with lists: `=` holds when any element is equal, `!=`
 * when the list is there and none is.
 */
#include "filter/stages.h"

/* ---- hardware addresses ---- */

static bool holds_hex(const struct test *test, const struct sf_view *view)
{
	struct sf_value value;

	return sf_field_read(test->field, view, &value) == SF_PRESENT &&
	       sf_test_bytes(test, &value) != test->negate;
}

/* 01:00:5e:00:00:01 */
void sf_read_hex(struct reading *r, struct node *node)
{
	uint8_t *bytes = sf_arena_alloc(r->arena, node->length / 3 + 1);
	size_t count = 0;
	bool good = node->length % 3 == 2;

	for (size_t i = 0; good && i < node->length; i += 3) {
		uint64_t byte = 0;
		char digits[] = {'0', 'x', node->word[i], node->word[i + 1], '\0'};

		good = !sf_filter_number(digits, 4, &byte) &&
		       (i + 2 == node->length || node->word[i + 2] == ':');
		bytes[count++] = (uint8_t)byte;
	}
	if (!good) {
		sf_filter_wrong(r, node->value, "write it as in 01:00:5e:00:00:01",
				"\"%s\" is no hardware address", node->word);
		return;
	}
	node->test.text.bytes = (const char *)bytes;
	node->test.text.length = count;
	node->test.negate = node->op == OP_NE;
	node->test.field = node->field;
	node->test.holds = holds_hex;
}

void sf_print_hex(const struct node *node, struct sf_buf *buf)
{
	for (size_t i = 0; i < node->test.text.length; i++)
		sf_buf_format(buf, "%s%02x", i ? ":" : "", (uint8_t)node->test.text.bytes[i]);
}

/* ---- lists ---- */

static bool is_element(const struct test *test, const struct sf_value *element)
{
	if (test->field->type == SF_TYPE_IP)
		return sf_prefix_match(&test->host.prefix, element->bytes, element->length == 4);
	if (test->field->type == SF_TYPE_HEX)
		return sf_test_bytes(test, element);
	return sf_test_has(test, element->number);
}

static bool holds_list(const struct test *test, const struct sf_view *view)
{
	struct sf_value list, element;
	bool found = false;
	uint32_t at = 0;

	if (sf_field_read(test->field, view, &list) != SF_PRESENT)
		return false;
	while (!found && sf_list_next(test->field, &list, &at, &element))
		found = is_element(test, &element);
	return found != test->negate;
}

/* What was read for one value becomes what is compared with each. */
void sf_test_list(struct node *node)
{
	node->test.holds = holds_list;
	node->ranged = false; /* it has more than one number */
}
