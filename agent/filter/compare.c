/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Comparisons with a field of the table, by its type: a row a type, who reads the value and who
 * prints it. A field that is absent or null compares with nothing: `=`, `!=` and the others are
 * all false.
 */
#include <strings.h>

#include "filter/stages.h"

static void set_equal(struct node *node, uint64_t number)
{
	sf_test_number(&node->test, node->field);
	node->number = number;
	sf_filter_range(node, number, 0, UINT64_MAX);
}

static void read_port(struct reading *r, struct node *node)
{
	const char *text = node->word + (*node->word == ':');
	int port = sf_filter_port(r, node->value, text, node->length - (size_t)(text - node->word));

	if (port < 0)
		return;
	sf_test_number(&node->test, node->field);
	node->number = (uint64_t)port;
	sf_filter_range(node, node->number, 0, UINT16_MAX);
	if (node->test.range.low > node->test.range.high) {
		node->exact = true;
		node->states = 0;
	}
}

static void print_plain(const struct node *node, struct sf_buf *buf)
{
	sf_buf_format(buf, "%llu", (unsigned long long)node->number);
}

static void read_bool(struct reading *r, struct node *node)
{
	bool yes = !strcmp(node->word, "true");

	if (yes || !strcmp(node->word, "false"))
		set_equal(node, yes);
	else
		sf_filter_wrong(r, node->value, NULL, "%s is true or false, not \"%s\"",
				node->field->name, node->word);
}

static void print_bool(const struct node *node, struct sf_buf *buf)
{
	sf_buf_text(buf, node->number ? "true" : "false");
}

static void read_id(struct reading *r, struct node *node)
{
	uint64_t number;

	if (sf_filter_number(node->word, node->length, &number))
		sf_filter_wrong(r, node->value, "write up to 64 bits, decimal or as 0x1f",
				"\"%s\" is no %s", node->word, node->field->name);
	else
		set_equal(node, number);
}

/* ---- words ---- */

static const char *word_at(const void *words, size_t i)
{
	return ((const struct sf_words *)words)->names[i];
}

/* The number of a word, of unknown-7 too; -1 after an error. Of a list a bit's. */
static int64_t word_number(struct reading *r, const struct node *node)
{
	static const char unknown[] = "unknown-";
	const struct sf_words *words = node->field->words;
	unsigned size = node->field->size ? node->field->size : 1;
	uint64_t number,
		most = node->field->type == SF_TYPE_WORDS ? size * 8 - 1 : (1ull << size * 8) - 1;
	int found = sf_word_find(words, node->word, node->length);
	sf_cleanup(sf_buf_finish) struct sf_buf hint = {0};
	const char *near;

	if (found >= 0)
		return found;
	if (!strncmp(node->word, unknown, strlen(unknown)) &&
	    !sf_filter_number(node->word + strlen(unknown), node->length - strlen(unknown),
			      &number) &&
	    number <= most) {
		if (!sf_word(words, number))
			return (int64_t)number;
		near = sf_word(words, number);
	} else {
		near = sf_nearest(node->word, node->length, words->count, word_at, words);
	}
	if (near)
		sf_buf_format(&hint, "did you mean \"%s\"?", near);
	for (unsigned i = 0; !near && i < words->count; i++) {
		if (words->names[i])
			sf_buf_format(&hint, "%s %s", hint.length ? "" : "one of", words->names[i]);
	}
	sf_filter_wrong(r, node->value, hint.data, "%s is never \"%s\"", node->field->name,
			node->word);
	return -1;
}

static void print_number_word(const struct node *node, struct sf_buf *buf)
{
	const char *word = sf_word(node->field->words, node->number);

	if (word)
		sf_buf_text(buf, word);
	else
		sf_buf_format(buf, "unknown-%llu", (unsigned long long)node->number);
}

static void read_word(struct reading *r, struct node *node)
{
	int64_t number = word_number(r, node);

	if (number >= 0)
		set_equal(node, (uint64_t)number);
}

static bool holds_words(const struct test *test, const struct sf_view *view)
{
	struct sf_value value;

	return sf_field_read(test->field, view, &value) == SF_PRESENT &&
	       (value.number >> test->range.low & 1) != test->negate;
}

static void read_words(struct reading *r, struct node *node)
{
	int64_t bit = word_number(r, node);

	if (bit < 0)
		return;
	node->number = node->test.range.low = (uint64_t)bit;
	node->test.negate = node->op == OP_NE;
	node->test.field = node->field;
	node->test.holds = holds_words;
}

/* ---- addresses ---- */

static bool holds_ip(const struct test *test, const struct sf_view *view)
{
	struct sf_value value;

	return sf_field_read(test->field, view, &value) == SF_PRESENT &&
	       sf_prefix_match(&test->host.prefix, value.bytes, value.length == 4) != test->negate;
}

static void read_ip(struct reading *r, struct node *node)
{
	bool brackets =
		node->length > 2 && *node->word == '[' && node->word[node->length - 1] == ']';

	if (!sf_filter_address(r, node, node->word + brackets, node->length - 2 * brackets,
			       &node->test.host.prefix))
		return;
	node->test.host.port = -1;
	node->test.negate = node->op == OP_NE;
	node->test.field = node->field;
	node->test.holds = holds_ip;
}

static void print_ip(const struct node *node, struct sf_buf *buf)
{
	sf_prefix_print(&node->test.host.prefix, buf, false);
}

/* ---- by type ---- */

static const struct {
	void (*read)(struct reading *, struct node *);
	void (*print)(const struct node *, struct sf_buf *);
} types[SF_TYPE_COUNT] = {
	[SF_TYPE_U8] = {sf_read_number, sf_print_number},
	[SF_TYPE_U16] = {sf_read_number, sf_print_number},
	[SF_TYPE_U32] = {sf_read_number, sf_print_number},
	[SF_TYPE_U64] = {sf_read_number, sf_print_number},
	[SF_TYPE_I32] = {sf_read_number, sf_print_number},
	[SF_TYPE_PORT] = {read_port, print_plain},
	[SF_TYPE_BOOL] = {read_bool, print_bool},
	[SF_TYPE_RATIO] = {sf_read_share, sf_print_share},
	[SF_TYPE_ID64] = {read_id, print_plain},
	[SF_TYPE_WORD] = {read_word, print_number_word},
	[SF_TYPE_WORDS] = {read_words, print_number_word},
	[SF_TYPE_IP] = {read_ip, print_ip},
	[SF_TYPE_TEXT] = {sf_read_text, sf_print_text},
};

/* `same`: the header's value, which the kernel compares, is the field's in every class. */
static const struct {
	enum sf_field_id field;
	enum operand operand;
	bool same;
} operands[] = {
	{SF_FIELD_FAMILY, OPERAND_FAMILY, true},	{SF_FIELD_LOCAL_PORT, OPERAND_SPORT, true},
	{SF_FIELD_PEER_PORT, OPERAND_DPORT, false},	{SF_FIELD_LOCAL_ADDRESS, OPERAND_SRC, true},
	{SF_FIELD_PEER_ADDRESS, OPERAND_DST, false},	{SF_FIELD_CGROUP_ID, OPERAND_CGROUP, false},
	{SF_FIELD_INTERFACE_INDEX, OPERAND_DEV, false},
};

/* `tcp.snd_ssthresh = null`, as a record has it; says so. */
static bool is_null(struct reading *r, const struct node *node)
{
	bool equal = node->op != OP_NE;

	if (node->quoted || node->field->type == SF_TYPE_TEXT || node->length != 4 ||
	    strncasecmp(node->word, "null", 4))
		return false;
	sf_filter_wrong(
		r, node->value,
		sf_arena_format(r->arena, "write %shas %s", equal ? "not " : "", node->field->name),
		"null compares with nothing");
	return true;
}

void sf_read_field(struct reading *r, struct node *node)
{
	if (sf_other_field(node)) {
		sf_read_other(r, node);
		return;
	}
	if (is_null(r, node))
		return;
	types[node->field->type].read(r, node);
	for (size_t i = 0; i < SF_COUNT(operands); i++) {
		if (&sf_fields[operands[i].field] != node->field)
			continue;
		node->test.operand = operands[i].operand;
		node->test.same = operands[i].same;
	}
}

void sf_print_field(const struct node *node, struct sf_buf *buf)
{
	if (node->other)
		sf_buf_text(buf, node->other->name);
	else
		types[node->field->type].print(node, buf);
}
