/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Predicates on whole fields: `has FIELD`, and comparisons of one field with another, which must
 * be of one type and one unit. Where either is absent or null no comparison holds.
 */
#include "filter/stages.h"

/* ---- has ---- */

static bool holds_has(const struct test *test, const struct sf_view *view)
{
	struct sf_value value;

	return sf_field_read(test->field, view, &value) == SF_PRESENT;
}

void sf_read_has(struct reading *r, struct node *node)
{
	int id = sf_field_find(node->word, node->length);
	const char *near;

	if (id >= 0) {
		node->test.field = &sf_fields[id];
		node->test.holds = holds_has;
		return;
	}
	near = sf_field_near(node->word, node->length);
	sf_filter_wrong(r, node->value,
			near ? sf_arena_format(r->arena, "did you mean \"%s\"?", near)
			     : "`sockfeed fields` names them",
			"no field is named \"%s\"", node->word);
}

void sf_print_has(const struct node *node, struct sf_buf *buf)
{
	sf_buf_text(buf, node->test.field->name);
}

/* ---- one field with another ---- */

static bool is_number(const struct sf_field *field)
{
	return field->type <= SF_TYPE_I32;
}

const struct sf_field *sf_other_field(const struct node *node)
{
	const struct sf_words *words = node->field->words;
	const struct sf_field *other;
	int id;

	if (node->quoted || *node->word < 'a' || *node->word > 'z' || node->op == OP_MATCH ||
	    node->op == OP_UNMATCH || (words && sf_word_find(words, node->word, node->length) >= 0))
		return NULL;
	id = sf_field_find(node->word, node->length);
	other = id < 0 ? NULL : &sf_fields[id];
	/* text needs no quotes: a name that is not that of another text is one itself */
	return other && (!sf_field_is_text(node->field) || sf_field_is_text(other)) ? other : NULL;
}

/* -1, 0 or 1; a signed one may be less than every unsigned one. */
static int order(const struct sf_field *a, const struct sf_value *x, const struct sf_field *b,
		 const struct sf_value *y)
{
	bool x_minus = a->type == SF_TYPE_I32 && (int64_t)x->number < 0,
	     y_minus = b->type == SF_TYPE_I32 && (int64_t)y->number < 0;

	if (a->type == SF_TYPE_RATIO)
		return (x->real > y->real) - (x->real < y->real);
	if (a->type == SF_TYPE_IP || sf_field_is_text(a) || a->type == SF_TYPE_HEX)
		return x->length != y->length || memcmp(x->bytes, y->bytes, x->length) != 0;
	if (x_minus != y_minus)
		return x_minus ? -1 : 1;
	return (x->number > y->number) - (x->number < y->number);
}

static bool holds_other(const struct test *test, const struct sf_view *view)
{
	struct sf_value x, y;
	int ordered;

	if (sf_field_read(test->field, view, &x) != SF_PRESENT ||
	    sf_field_read(test->other.field, view, &y) != SF_PRESENT)
		return false;
	ordered = order(test->field, &x, test->other.field, &y);
	switch (test->other.op) {
	case OP_EQ:
		return !ordered;
	case OP_NE:
		return ordered;
	case OP_LT:
		return ordered < 0;
	case OP_LE:
		return ordered <= 0;
	case OP_GT:
		return ordered > 0;
	case OP_GE:
		return ordered >= 0;
	case OP_MATCH:
	case OP_UNMATCH:
	case OP_IN:
	case OP_COUNT:
		break;
	}
	return false;
}

/* What a field is, for a user: "in microseconds", "an address". */
static const char *kind_of(const struct sf_field *field)
{
	static const char *const kinds[SF_TYPE_COUNT] = {
		[SF_TYPE_PORT] = "a port",	     [SF_TYPE_BOOL] = "true or false",
		[SF_TYPE_RATIO] = "a share",	     [SF_TYPE_ID64] = "an identity",
		[SF_TYPE_WORD] = "a word",	     [SF_TYPE_WORDS] = "a list of words",
		[SF_TYPE_IP] = "an address",	     [SF_TYPE_TEXT] = "text",
		[SF_TYPE_BYTES] = "a name of bytes", [SF_TYPE_HEX] = "a hardware address"};

	if (field->list)
		return "a list";
	return kinds[field->type] ?: field->unit == SF_UNIT_NONE ? "a plain number" : NULL;
}

static const char *describe(struct reading *r, const struct sf_field *field)
{
	return kind_of(field) ?: sf_arena_format(r->arena, "in %s", sf_unit_name(field->unit));
}

void sf_read_other(struct reading *r, struct node *node)
{
	const struct sf_field *a = node->field, *b = sf_other_field(node);
	bool numbers = is_number(a) && is_number(b);

	if (a == b) {
		sf_filter_wrong(r, node->value, sf_arena_format(r->arena, "write has %s", a->name),
				"%s is compared with itself", a->name);
	} else if (numbers ? a->unit != b->unit : a->type != b->type) {
		sf_filter_wrong(r, node->value,
				numbers ? "fields of one unit can be compared"
					: "fields of one type can be compared",
				"%s is %s, %s is %s", a->name, describe(r, a), b->name,
				describe(r, b));
	} else if (a->type == SF_TYPE_WORDS || a->list || b->list) {
		sf_filter_wrong(r, node->value,
				sf_arena_format(r->arena, "write a %s such as %s",
						a->list ? "value" : "word",
						sf_predicate_example(node->predicate, a)),
				"lists are not compared with each other");
	} else if (a->words != b->words) {
		sf_filter_wrong(r, node->value, NULL, "%s and %s are not words of one kind",
				a->name, b->name);
	} else {
		node->other = b;
		node->test.field = a;
		node->test.other.field = b;
		node->test.other.op = node->op;
		node->test.holds = holds_other;
	}
}
