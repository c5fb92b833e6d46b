/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `in`: each value is read as if it stood behind `=`. Numbers, ports and words become ranges,
 * sorted and merged, which are judged by binary search; hosts, texts, marks and shares become
 * tests of which one must hold; states become a set of states.
 */
#include "filter/sieve.h"

static bool is_port(const struct node *node)
{
	return node->predicate->read == sf_read_port ||
	       (node->field && node->field->type == SF_TYPE_PORT);
}

/* Has the field an order, so that a range means something? */
static bool is_ordered(const struct node *node)
{
	return sf_predicate_ops(node->predicate, node->field) & 1u << OP_LT;
}

static bool is_address(const struct node *node)
{
	return node->predicate->read == sf_read_host ||
	       (node->field && node->field->type == SF_TYPE_IP);
}

/* These have no order, and no dash in their values: one is meant as a range. */
static bool is_dashless(const struct node *node)
{
	return is_address(node) || node->predicate->read == sf_read_mark ||
	       (node->field && node->field->type == SF_TYPE_ID64);
}

/* Where a range has its dash; 0: it is a single value. A dash that comes first is a sign. */
static size_t dash_of(struct reading *r, const struct node *node, const struct element *e)
{
	const char *text = e->word + (is_port(node) && *e->word == ':'), *dash;
	size_t length = e->length - (size_t)(text - e->word);

	dash = length ? memchr(text + 1, '-', length - 1) : NULL;
	if (dash && is_port(node) && (*text < '0' || *text > '9')) {
		size_t at = sf_port_dash(r, text, length);

		dash = at ? text + at : NULL;
	}
	return dash ? (size_t)(dash - e->word) : 0;
}

/* Bytes of a value as a leaf of their own, which is read; false after an error. */
static bool read_part(struct reading *r, const struct node *set, const struct element *e,
		      size_t begin, size_t length, struct node *one)
{
	unsigned errors = r->errors;

	*one = *set;
	one->op = OP_EQ;
	one->elements = NULL;
	one->word =
		length == e->length ? e->word : sf_arena_copy(r->arena, e->word + begin, length);
	one->length = (uint32_t)length;
	one->quoted = e->quoted;
	one->value = e->place;
	if (!e->quoted) {
		one->value.offset += (uint32_t)begin;
		one->value.length = (uint32_t)length;
	}
	if (set->field && sf_other_field(one))
		sf_filter_wrong(r, one->value,
				"write a comparison such as tcp.rtt_us > tcp.min_rtt_us",
				"a list is of values: %s is a field", one->word);
	else
		set->predicate->read(r, one);
	return r->errors == errors;
}

/* 0-5ms is plain, 1-5ms is not: 1 of what? */
static bool has_unit(const char *text, size_t length)
{
	return length && (text[length - 1] < '0' || text[length - 1] > '9') &&
	       !(length > 2 && text[0] == '0' && (text[1] | 32) == 'x');
}

/* `one` becomes the whole range. */
static bool read_range(struct reading *r, const struct node *set, const struct element *e,
		       size_t dash, struct node *one)
{
	const char *end = e->word + dash + 1;
	size_t length = e->length - dash - 1;
	struct node high;
	bool good;

	if (!length) {
		sf_filter_wrong(r, e->place, NULL, "a range has two ends");
		return false;
	}
	/* both: each may be wrong */
	good = read_part(r, set, e, 0, dash, one);
	good = read_part(r, set, e, dash + 1, length, &high) && good;
	if (!good)
		return false;
	if (!is_port(set) && has_unit(e->word, dash) != has_unit(end, length) &&
	    !(dash == 1 && *e->word == '0')) {
		sf_filter_wrong(r, e->place, "write the unit behind both",
				"one end of the range has a unit, the other has none");
		return false;
	}
	if (one->ranged ? one->test.range.low > high.test.range.low : one->ratio > high.ratio) {
		sf_filter_wrong(r, e->place,
				sf_arena_format(r->arena, "write %s-%s", end, one->word),
				"a range goes from its lower end to its higher");
		return false;
	}
	if (one->ranged)
		one->test.range.high = high.test.range.high;
	else
		one->test.share.high = high.test.share.high;
	return true;
}

static bool read_element(struct reading *r, const struct node *set, const struct element *e,
			 struct node *one)
{
	size_t dash = is_ordered(set) || is_dashless(set) ? dash_of(r, set, e) : 0;

	if (dash && is_ordered(set))
		return read_range(r, set, e, dash, one);
	if (!dash)
		return read_part(r, set, e, 0, e->length, one);
	sf_filter_wrong(r, e->place,
			is_address(set) ? "write a prefix such as 10.0.0.0/8" : "write each value",
			"%.*s has no order: no range of it can be meant", (int)set->name.length,
			r->text->text + set->name.offset);
	return false;
}

bool sf_set_has(const struct test *test, uint64_t number)
{
	unsigned low = 0, high = test->set.count;

	while (low < high) {
		unsigned middle = low + (high - low) / 2;

		if (test->set.range[middle].high < number)
			low = middle + 1;
		else
			high = middle;
	}
	return low < test->set.count && test->set.range[low].low <= number;
}

static bool holds_any(const struct test *test, const struct sf_view *view)
{
	for (unsigned i = 0; i < test->any.count; i++) {
		if (test->any.test[i].holds(&test->any.test[i], view))
			return true;
	}
	return false;
}

/* `sport = 8000-8999`: a range behind another operator than `in`; says so. */
bool sf_is_bare_range(struct reading *r, const struct node *node)
{
	const char *begin = node->word + (*node->word == ':' || *node->word == '-'), *dash;

	if (!is_ordered(node) || *begin < '0' || *begin > '9')
		return false;
	dash = strchr(begin, '-');
	if (!dash || (dash[1] != ':' && (dash[1] < '0' || dash[1] > '9')))
		return false;
	sf_filter_wrong(r, node->value,
			sf_arena_format(r->arena, "write %.*s in (%s)", (int)node->name.length,
					r->text->text + node->name.offset, node->word),
			"a range stands in a list");
	return true;
}

static void read_states(struct reading *r, struct node *set)
{
	struct node one = {0};
	uint32_t states = 0;

	for (struct element *e = set->elements; e; e = e->next) {
		if (!read_part(r, set, e, 0, e->length, &one))
			continue;
		states |= one.states;
	}
	set->test = one.test;
	set->test.states = set->states = states;
	set->has_state = set->exact = true;
}

/* What one value compares all must: an end may be of another table than the one before it. */
static bool is_alike(struct reading *r, const struct node *set, const struct element *e,
		     const struct test *test, struct test *first)
{
	if (!first->holds)
		*first = *test;
	if (test->operand == first->operand && test->field == first->field)
		return true;
	sf_filter_wrong(r, e->place,
			sf_arena_format(r->arena, "join it by `or`: %.*s = %s",
					(int)set->name.length, r->text->text + set->name.offset,
					e->word),
			"the ends in a list are of one kind of socket");
	return false;
}

/* Both at once: what its values become is known once one is read. */
void sf_read_set(struct reading *r, struct node *set)
{
	unsigned count = 0, good = 0, errors = r->errors;
	struct node one = {0};
	struct test first = {0}, *tests;
	struct range *ranges;

	if (set->predicate->read == sf_read_state) {
		read_states(r, set);
		return;
	}
	for (const struct element *e = set->elements; e; e = e->next)
		count++;
	ranges = sf_arena_alloc(r->arena, count * sizeof(*ranges));
	tests = sf_arena_alloc(r->arena, count * sizeof(*tests));
	for (struct element *e = set->elements; e; e = e->next) {
		if (!read_element(r, set, e, &one) || !is_alike(r, set, e, &one.test, &first))
			continue;
		e->number = one.number;
		/* what does not exist here is an empty range: nothing is equal to it */
		if (!one.ranged)
			tests[good++] = one.test;
		else if (one.test.range.low <= one.test.range.high)
			ranges[good++] = one.test.range;
	}
	if (r->errors != errors)
		return;
	set->test = one.test;
	set->ranged = one.ranged;
	set->test.shape = set->ranged ? SHAPE_RANGES : SHAPE_TESTS;
	if (set->ranged) {
		struct ranges joined = sf_ranges_join(ranges, good);

		set->test.set.range = joined.range;
		set->test.set.count = joined.count;
	} else {
		set->test.holds = holds_any;
		set->test.any.test = tests;
		set->test.any.count = good;
	}
}
