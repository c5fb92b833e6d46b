/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The words of the language: operators and predicates, each a table. What may be written, what it
 * is compared by, who reads its value and who prints it; help, checks and errors come from here. A
 * field that `sockfeed fields` names is a predicate too.
 */
#include "filter/stages.h"

#define PREDICATE(name_, ops_, cost_, example_, read_, print_)                                   \
	.name = name_, .ops = ops_, .cost = cost_, .example = example_, .read = sf_read_##read_, \
	.print = sf_print_##print_

static const struct predicate predicates[] = {
	{PREDICATE("state", OPS_EQUAL, 0, "established", state, state), .valued = true},
	{PREDICATE("exclude", 0, 0, "listening", state, state), .valued = true},
	{PREDICATE("excl", 0, 0, "listening", state, state), .valued = true},
	{PREDICATE("sport", OPS_ORDERED, 1, ":443", port, port), .valued = true},
	{PREDICATE("dport", OPS_ORDERED, 1, ":443", port, port), .valued = true, .peer = true},
	{PREDICATE("src", OPS_EQUAL, 1, "10.0.0.0/8", host, host), .valued = true},
	{PREDICATE("dst", OPS_EQUAL, 1, "10.0.0.0/8", host, host), .valued = true, .peer = true},
	{PREDICATE("dev", OPS_EQUAL, 1, "eth0", dev, word), .valued = true},
	{PREDICATE("fwmark", OPS_EQUAL, 2, "0x1/0xff", mark, mark), .valued = true},
	{PREDICATE("cgroup", OPS_EQUAL, 2, "/system.slice", cgroup, word), .valued = true},
	{PREDICATE("has", 0, 3, "tcp.min_rtt_us", has, has), .valued = true},
	{PREDICATE("autobound", 0, 1, "", autobound, word)},
};
static const struct predicate field_predicate = {
	PREDICATE(NULL, OPS_ORDERED, 3, NULL, field, field), .valued = true, .op_needed = true};

static const struct {
	const char *text;
	size_t length;
	enum op op; /* the first spelling is the canonical one */
} spellings[] = {
#define S(text, op)                        \
	{                                  \
		text, sizeof(text) - 1, op \
	}
	S("=", OP_EQ),	 S("!=", OP_NE), S("<", OP_LT),	   S("<=", OP_LE),	S(">", OP_GT),
	S(">=", OP_GE),	 S("==", OP_EQ), S("eq", OP_EQ),   S("ne", OP_NE),	S("neq", OP_NE),
	S("lt", OP_LT),	 S("le", OP_LE), S("leq", OP_LE),  S("gt", OP_GT),	S("ge", OP_GE),
	S("geq", OP_GE), S("in", OP_IN), S("~", OP_MATCH), S("!~", OP_UNMATCH),
#undef S
};

const char *sf_op_name(enum op op)
{
	for (size_t i = 0; i < SF_COUNT(spellings); i++) {
		if (spellings[i].op == op)
			return spellings[i].text;
	}
	return "";
}

enum op sf_op_word(const char *word, size_t length)
{
	for (size_t i = 0; length <= 3 && i < SF_COUNT(spellings); i++) {
		if (length == spellings[i].length && !memcmp(word, spellings[i].text, length))
			return spellings[i].op;
	}
	return OP_NONE;
}

enum op sf_op_symbol(const char *text, size_t left, size_t *length)
{
	for (size_t long_first = 2; long_first; long_first--) {
		enum op op = left >= long_first ? sf_op_word(text, long_first) : OP_NONE;

		if (op != OP_NONE) {
			*length = long_first;
			return op;
		}
	}
	return OP_NONE;
}

void sf_ops_list(struct sf_buf *buf, unsigned ops)
{
	for (enum op op = OP_EQ; op < OP_COUNT; op++) {
		if (ops & 1u << op)
			sf_buf_format(buf, "%s%s", buf->length ? " " : "", sf_op_name(op));
	}
}

const struct predicate *sf_predicate_find(const char *name, size_t length,
					  const struct sf_field **field)
{
	int id;

	*field = NULL;
	if (!length)
		return NULL;
	for (size_t i = 0; i < SF_COUNT(predicates); i++) {
		if (*name == *predicates[i].name && length == strlen(predicates[i].name) &&
		    !memcmp(name, predicates[i].name, length))
			return &predicates[i];
	}
	id = sf_field_find(name, length);
	if (id < 0)
		return NULL;
	*field = &sf_fields[id];
	return &field_predicate;
}

static const char *name_at(const void *arg, size_t i)
{
	static const char *const words[] = {"and", "or", "not"};

	(void)arg;
	if (i < SF_COUNT(predicates))
		return predicates[i].name;
	i -= SF_COUNT(predicates);
	return i < SF_COUNT(words) ? words[i] : sf_fields[i - SF_COUNT(words)].name;
}

const char *sf_predicate_near(const char *name, size_t length)
{
	const char *near;
	char lower[64];

	if (length > sizeof(lower))
		return NULL;
	for (size_t i = 0; i < length; i++) /* AND is not far from and */
		lower[i] = name[i] >= 'A' && name[i] <= 'Z' ? (char)(name[i] | 32) : name[i];
	near = sf_field_without_unit(lower, length);
	if (!near)
		near = sf_nearest(lower, length, SF_COUNT(predicates) + 3 + SF_FIELD_COUNT, name_at,
				  NULL);
	return near ? near : sf_field_near(lower, length);
}

unsigned sf_predicate_ops(const struct predicate *predicate, const struct sf_field *field)
{
	if (!field)
		return predicate->ops;
	if (field->list)
		return OPS_EQUAL;
	switch (field->type) {
	case SF_TYPE_U8:
	case SF_TYPE_U16:
	case SF_TYPE_U32:
	case SF_TYPE_U64:
	case SF_TYPE_I32:
	case SF_TYPE_PORT:
	case SF_TYPE_RATIO:
		return OPS_ORDERED;
	case SF_TYPE_BOOL:
	case SF_TYPE_ID64: /* an identity, no quantity */
	case SF_TYPE_WORD:
	case SF_TYPE_WORDS:
	case SF_TYPE_IP:
	case SF_TYPE_HEX:
		return OPS_EQUAL;
	case SF_TYPE_TEXT:
	case SF_TYPE_BYTES:
	case SF_TYPE_COUNT:
		break;
	}
	return OPS_TEXT;
}

static const char *first_word(const struct sf_words *words)
{
	for (unsigned i = 0; i < words->count; i++) {
		if (words->names[i])
			return words->names[i];
	}
	return "";
}

const char *sf_predicate_example(const struct predicate *predicate, const struct sf_field *field)
{
	if (!field)
		return predicate->example;
	switch (field->type) {
	case SF_TYPE_U8:
	case SF_TYPE_U16:
	case SF_TYPE_U32:
	case SF_TYPE_U64:
	case SF_TYPE_I32:
		return sf_unit_example(field->unit);
	case SF_TYPE_RATIO:
		return "15%";
	case SF_TYPE_PORT:
		return "443";
	case SF_TYPE_BOOL:
		return "true";
	case SF_TYPE_ID64:
		return "4097";
	case SF_TYPE_WORD:
	case SF_TYPE_WORDS:
		return first_word(field->words);
	case SF_TYPE_IP:
		return "10.0.0.0/8";
	case SF_TYPE_BYTES:
		return "\"/run/nginx.sock\"";
	case SF_TYPE_HEX:
		return "01:00:5e:00:00:01";
	case SF_TYPE_TEXT:
	case SF_TYPE_COUNT:
		break;
	}
	return "\"cubic\"";
}

const char *sf_unit_kind(enum sf_unit unit)
{
	switch (unit) {
	case SF_UNIT_US:
	case SF_UNIT_MS:
	case SF_UNIT_S:
		return "duration";
	case SF_UNIT_BYTES:
		return "size";
	case SF_UNIT_BPS:
		return "rate";
	case SF_UNIT_RATIO:
		return "share";
	case SF_UNIT_NONE:
	case SF_UNIT_COUNT:
		break;
	}
	return "number";
}
