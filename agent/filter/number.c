/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers: what is one on the wire (numbers with units, words, identities, booleans, ports) is
 * compared as a range of numbers, plain bytes without the general reader of fields. And shares,
 * which are doubles. Here too: reading numbers of both kinds.
 */
#include <math.h>

#include "filter/stages.h"

static bool in_range(const struct test *test, uint64_t number)
{
	return sf_test_has(test, number ^ test->sign) != test->negate;
}

#define COST_PLAIN 2

/* The plain bytes of a part, without the general reader: what most filters compare. */
static bool holds_plain(const struct test *test, const struct sf_view *view)
{
	uint64_t number = 0;

	if (!sf_field_in(test->field, view->table, view->class) ||
	    (size_t)test->offset + test->size > view->length[test->part])
		return false;
	memcpy(&number, view->part[test->part] + test->offset, test->size);
	if (test->field->nullable &&
	    (number == test->field->nulls[0] || number == test->field->nulls[1]))
		return false;
	return in_range(test, number);
}

static bool holds_number(const struct test *test, const struct sf_view *view)
{
	struct sf_value value;

	return sf_field_read(test->field, view, &value) == SF_PRESENT &&
	       in_range(test, value.number);
}

static bool is_plain(const struct sf_field *field)
{
	switch (field->type) {
	case SF_TYPE_U8:
	case SF_TYPE_U16:
	case SF_TYPE_U32:
	case SF_TYPE_U64:
	case SF_TYPE_ID64:
	case SF_TYPE_WORD:
		return !field->list && !field->read && !field->when && !field->set.mask &&
		       !field->bits && field->size;
	case SF_TYPE_I32:
	case SF_TYPE_PORT:
	case SF_TYPE_BOOL:
	case SF_TYPE_RATIO:
	case SF_TYPE_WORDS:
	case SF_TYPE_IP:
	case SF_TYPE_TEXT:
	case SF_TYPE_BYTES:
	case SF_TYPE_HEX:
	case SF_TYPE_COUNT:
		break;
	}
	return false;
}

void sf_test_number(struct test *test, const struct sf_field *field)
{
	test->field = field;
	test->part = field->part;
	test->offset = field->offset;
	test->size = field->size;
	test->sign = field->type == SF_TYPE_I32 ? 1ull << 63 : 0;
	test->holds = is_plain(field) ? holds_plain : holds_number;
	if (is_plain(field))
		test->cost = COST_PLAIN;
}

/* Of a hexadecimal digit; 16: it is none. */
static unsigned digit_of(char c)
{
	if (c >= '0' && c <= '9')
		return (unsigned)(c - '0');
	c |= 32;
	return c >= 'a' && c <= 'f' ? (unsigned)(c - 'a' + 10) : 16;
}

int sf_filter_number(const char *text, size_t length, uint64_t *ret)
{
	unsigned base = length > 2 && text[0] == '0' && (text[1] | 32) == 'x' ? 16 : 10;
	uint64_t number = 0;

	if (!length)
		return -EINVAL;
	for (size_t i = base == 16 ? 2 : 0; i < length; i++) {
		if (digit_of(text[i]) >= base)
			return -EINVAL;
		if (__builtin_mul_overflow(number, base, &number) ||
		    __builtin_add_overflow(number, digit_of(text[i]), &number))
			return -ERANGE;
	}
	*ret = number;
	return 0;
}

/* -5KiB: the sign is ours, the rest is sf_unit_read's. */
static int read_signed(const char *text, size_t length, enum sf_unit unit, uint64_t *ret,
		       struct sf_err *err)
{
	bool bare, minus = length > 1 && *text == '-';
	double ratio;
	int code;

	if (unit == SF_UNIT_NONE && length > 2 && text[0] == '0' && (text[1] | 32) == 'x')
		code = sf_filter_number(text, length, ret);
	else
		code = sf_unit_read(text + minus, length - minus, unit, ret, &ratio, &bare, err);
	if (!code && *ret > INT64_MAX && minus)
		code = -ERANGE;
	if (!code && minus)
		*ret = -*ret;
	return code;
}

static void limits(enum sf_type type, uint64_t *least, uint64_t *most)
{
	*least = type == SF_TYPE_I32 ? (uint64_t)INT32_MIN : 0;
	*most = type == SF_TYPE_U8    ? UINT8_MAX
		: type == SF_TYPE_U16 ? UINT16_MAX
		: type == SF_TYPE_U32 ? UINT32_MAX
		: type == SF_TYPE_I32 ? INT32_MAX
				      : UINT64_MAX;
}

void sf_read_number(struct reading *r, struct node *node)
{
	const struct sf_field *field = node->field;
	struct sf_err err = {0};
	uint64_t number, least, most;
	int code;

	limits(field->type, &least, &most);
	code = read_signed(node->word, node->length, field->unit, &number, &err);
	if (code) {
		const char *near = strchr(node->word, '.') && code == -EINVAL
					   ? sf_field_near(node->word, node->length)
					   : NULL;

		sf_filter_wrong(r, node->value,
				near && !strcmp(near, node->word)
					? "a field is written without quotes"
				: near ? sf_arena_format(r->arena, "did you mean \"%s\"?", near)
				       : sf_arena_format(r->arena, "write a %s such as %s",
							 sf_unit_kind(field->unit),
							 sf_unit_example(field->unit)),
				"%s", err.text[0] ? err.text : "a number beyond 64 bits");
		return;
	}
	sf_test_number(&node->test, field);
	if (field->type == SF_TYPE_I32 ? (int64_t)number < INT32_MIN || (int64_t)number > INT32_MAX
				       : number > most || *node->word == '-') {
		const char *unit = field->unit == SF_UNIT_NONE ? "" : sf_unit_name(field->unit);

		sf_filter_wrong(r, node->value, NULL, "%s holds %lld to %llu%s%s", field->name,
				(long long)least, (unsigned long long)most, *unit ? " " : "", unit);
		return;
	}
	node->number = number;
	sf_filter_range(node, number ^ node->test.sign, least ^ node->test.sign,
			most ^ node->test.sign);
	if (node->test.range.low > node->test.range.high) { /* less than the least: never */
		node->exact = true;
		node->states = 0;
	}
}

void sf_print_number(const struct node *node, struct sf_buf *buf)
{
	bool minus = node->field->type == SF_TYPE_I32 && (int64_t)node->number < 0;

	if (minus)
		sf_buf_text(buf, "-");
	sf_unit_print(buf, node->field->unit, minus ? -node->number : node->number, 0);
}

/* ---- shares ---- */

static bool holds_share(const struct test *test, const struct sf_view *view)
{
	struct sf_value value;

	return sf_field_read(test->field, view, &value) == SF_PRESENT &&
	       (test->share.low <= value.real && value.real <= test->share.high) != test->negate;
}

void sf_read_share(struct reading *r, struct node *node)
{
	struct test *test = &node->test;
	struct sf_err err = {0};
	uint64_t number;
	bool bare;

	if (sf_unit_read(node->word, node->length, SF_UNIT_RATIO, &number, &node->ratio, &bare,
			 &err)) {
		sf_filter_wrong(r, node->value, "write a share such as 15% or 0.15", "%s",
				err.text);
		return;
	}
	test->field = node->field;
	test->holds = holds_share;
	test->negate = node->op == OP_NE;
	test->share.low = node->op == OP_LT || node->op == OP_LE ? -INFINITY : node->ratio;
	test->share.high = node->op == OP_GT || node->op == OP_GE ? INFINITY : node->ratio;
	if (node->op == OP_GT)
		test->share.low = nextafter(node->ratio, INFINITY);
	else if (node->op == OP_LT)
		test->share.high = nextafter(node->ratio, -INFINITY);
	if (test->share.high < 0) { /* no share is */
		node->exact = true;
		node->states = 0;
	}
}

void sf_print_share(const struct node *node, struct sf_buf *buf)
{
	bool range = node->op == OP_IN;

	sf_unit_print(buf, SF_UNIT_RATIO, 0, range ? node->test.share.low : node->ratio);
	if (!range || node->test.share.low == node->test.share.high)
		return;
	sf_buf_text(buf, "-");
	sf_unit_print(buf, SF_UNIT_RATIO, 0, node->test.share.high);
}
