/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Comparisons with a field of the table, by its type: a row a type, who reads the value and who
 * prints it. A field that is absent or null compares with nothing: `=`, `!=` and the others are
 * all false.
 */
#include <strings.h>

#include "filter/stages.h"

void sf_test_equal(struct node *node, uint64_t number)
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
		sf_test_equal(node, yes);
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
		sf_test_equal(node, number);
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
	[SF_TYPE_WORD] = {sf_read_word, sf_print_number_word},
	[SF_TYPE_WORDS] = {sf_read_words, sf_print_number_word},
	[SF_TYPE_IP] = {read_ip, print_ip},
	[SF_TYPE_TEXT] = {sf_read_text, sf_print_text},
	[SF_TYPE_BYTES] = {sf_read_text, sf_print_text},
	[SF_TYPE_HEX] = {sf_read_hex, sf_print_hex},
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

	if (node->quoted || sf_field_is_text(node->field) || node->length != 4 ||
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
	if (node->field->list) {
		sf_test_list(node);
		return;
	}
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
