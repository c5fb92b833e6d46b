/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two parts of one `and` of which no socket meets both: two texts of one field, one end at two
 * places, a predicate and its `not`, a field and its absence.
 */
#include <sys/socket.h>

#include "filter/stages.h"

/* `=` and one value, which says all that it compares with. */
static bool is_single(const struct node *leaf)
{
	return leaf->kind == NODE_LEAF && leaf->test.holds && !leaf->elements && !leaf->other &&
	       !leaf->test.negate && (leaf->op == OP_EQ || leaf->op == OP_NONE);
}

static bool are_two_texts(const struct node *a, const struct node *b)
{
	return a->field && a->field == b->field && !a->field->list && sf_field_is_text(a->field) &&
	       (a->length != b->length || memcmp(a->word, b->word, a->length));
}

/* v4 as v4-mapped: such sockets match both. */
static unsigned mapped(const struct prefix *prefix, uint8_t bytes[16])
{
	static const uint8_t v4[12] = {[10] = 0xff, [11] = 0xff};

	if (prefix->family != AF_INET) {
		memcpy(bytes, prefix->bytes, 16);
		return prefix->bits;
	}
	memcpy(bytes, v4, sizeof(v4));
	memcpy(bytes + sizeof(v4), prefix->bytes, 4);
	return sizeof(v4) * 8 + prefix->bits;
}

static bool are_apart(const struct prefix *a, const struct prefix *b)
{
	uint8_t one[16], other[16];
	unsigned bits = mapped(a, one), of_other = mapped(b, other);

	bits = of_other < bits ? of_other : bits;
	return a->family && b->family &&
	       (memcmp(one, other, bits / 8) ||
		(bits % 8 && (one[bits / 8] ^ other[bits / 8]) >> (8 - bits % 8)));
}

static bool are_two_ends(const struct node *a, const struct node *b)
{
	const struct test *one = &a->test, *other = &b->test;

	if (one->operand != other->operand ||
	    (one->operand != OPERAND_SRC && one->operand != OPERAND_DST))
		return false;
	return are_apart(&one->host.prefix, &other->host.prefix) ||
	       (one->host.port >= 0 && other->host.port >= 0 && one->host.port != other->host.port);
}

/* As in the normal form: two spellings of one value are one. */
static const char *form_of(struct reading *r, struct node *leaf)
{
	sf_cleanup(sf_buf_finish) struct sf_buf text = {0};

	if (!leaf->form) {
		sf_print_leaf(&text, leaf);
		leaf->form = sf_arena_copy(r->arena, text.data, text.length);
	}
	return leaf->form;
}

static bool is_alike(struct reading *r, struct node *a, struct node *b)
{
	return a->predicate == b->predicate && a->field == b->field && a->op == b->op &&
	       !a->has_state && !b->has_state && !strcmp(form_of(r, a), form_of(r, b));
}

/* A comparison with a field that is not there is false; one of an end may read other fields. */
static bool is_absence(const struct node *denied, const struct node *leaf)
{
	return denied->predicate->read == sf_read_has && leaf->field &&
	       (leaf->test.field == denied->test.field || leaf->other == denied->test.field);
}

/* One denies what the other says. */
static bool are_contrary(struct reading *r, struct node *denial, struct node *leaf)
{
	struct node *denied = denial->child;

	if (denial->kind != NODE_NOT || denied->kind != NODE_LEAF || !denied->test.holds ||
	    leaf->kind != NODE_LEAF || !leaf->test.holds)
		return false;
	return is_absence(denied, leaf) || is_alike(r, denied, leaf);
}

static bool exclude(struct reading *r, struct node *a, struct node *b)
{
	if (is_single(a) && is_single(b) && (are_two_texts(a, b) || are_two_ends(a, b)))
		return true;
	return are_contrary(r, a, b) || are_contrary(r, b, a);
}

const struct node *sf_never_contrary(struct reading *r, struct node *first)
{
	struct node *node = first->next;

	while (node && !exclude(r, first, node))
		node = node->next;
	return node;
}
