/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `src`, `dst`, `sport` and `dport` of sockets that are not of inet, in ss's language: a pattern of
 * names for unix (/run/nginx*, @abstract; letters of either case), protocol:port for netlink,
 * EtherType:interface for packet, context:port for vsock. Which one is meant a word before it says
 * (unix: netlink: link: vsock:), else the tables that are asked: inet where there is one of it, but
 * for what begins as no address does, / or @.
 *
 * A unix socket does not say the name of its other end: `dst` compares with none, as ss does.
 */
#include <net/if.h>

#include "filter/stages.h"

bool sf_tables_beside(uint32_t tables, enum sf_shape shape)
{
	for (unsigned i = 0; i < SF_TABLE_COUNT; i++) {
		if (tables >> i & 1 && sf_tables[i].shape != shape)
			return true;
	}
	return false;
}

/* ---- a number of the table's own and another, each of them or any: kernel:1, *:eth0 ---- */

struct both { /* that a test compares */
	const struct sf_field *field[2];
	uint64_t number[2];
	bool any[2];
};

static bool holds_both(const struct test *test, const struct sf_view *view)
{
	const struct both *both = test->both;
	struct sf_value value;

	if (!(test->field->tables >> view->table & 1))
		return false;
	for (unsigned i = 0; i < 2; i++) {
		if (both->any[i])
			continue;
		if (!both->field[i] || sf_field_read(both->field[i], view, &value) != SF_PRESENT)
			return test->negate && both->field[i];
		if (value.number != both->number[i])
			return test->negate;
	}
	return !test->negate;
}

/* A word of these protocols, or a number. */
static bool read_protocol(const char *word, size_t length, uint64_t space, uint64_t *number)
{
	const struct sf_words *words = sf_fields[SF_FIELD_PROTOCOL].words;

	for (; words; words = words->more) {
		for (unsigned i = 0; i < words->count; i++) {
			uint64_t at = words->first + i;
			const char *name = words->names[i];

			if (at / SF_WORDS_SPACE == space && name && strlen(name) == length &&
			    !memcmp(name, word, length)) {
				*number = at;
				return true;
			}
		}
	}
	if (sf_filter_number(word, length, number) || *number >= SF_WORDS_SPACE)
		return false;
	*number += space * SF_WORDS_SPACE;
	return true;
}

static bool read_netlink(struct reading *r, unsigned i, const char *word, size_t length,
			 uint64_t *number)
{
	(void)r;
	if (i == 0)
		return read_protocol(word, length, 1, number);
	*number = 0;
	return (length == 6 && !memcmp(word, "kernel", 6)) ||
	       (!sf_filter_number(word, length, number) && *number <= UINT32_MAX);
}

static bool read_packet(struct reading *r, unsigned i, const char *word, size_t length,
			uint64_t *number)
{
	if (i == 0)
		return read_protocol(word, length, 2, number);
	if (!sf_filter_number(word, length, number))
		return *number <= UINT32_MAX;
	/* none yet: 0, which no bound socket has; of another host: a number alone */
	*number = r->elsewhere ? 0 : if_nametoindex(word);
	return !r->elsewhere;
}

static bool read_vsock(struct reading *r, unsigned i, const char *word, size_t length,
		       uint64_t *number)
{
	(void)r;
	(void)i;
	return !sf_filter_number(word, length, number) && *number <= UINT32_MAX;
}

/* ---- which is meant ---- */

static const struct family {
	const char *word;
	enum sf_table table;
	void (*read)(struct reading *, struct node *, const char *text);
	bool (*number)(struct reading *, unsigned i, const char *word, size_t length,
		       uint64_t *number);
	int fields[2][2]; /* of the own end, of the other; -1: it has none */
	const char *example;
} families[] = {
	{"unix:", SF_TABLE_UNIX, sf_read_name, NULL, {{0}}, "/run/nginx.sock"},
	{"netlink:",
	 SF_TABLE_NETLINK,
	 NULL,
	 read_netlink,
	 {{SF_FIELD_PROTOCOL, SF_FIELD_NETLINK_PORTID},
	  {SF_FIELD_PROTOCOL, SF_FIELD_NETLINK_DST_PORTID}},
	 "route:kernel"},
	{"link:",
	 SF_TABLE_PACKET,
	 NULL,
	 read_packet,
	 {{SF_FIELD_PROTOCOL, SF_FIELD_INTERFACE_INDEX}, {-1, -1}},
	 "ip:eth0"},
	{"vsock:",
	 SF_TABLE_VSOCK,
	 NULL,
	 read_vsock,
	 {{SF_FIELD_VSOCK_SRC_CID, SF_FIELD_VSOCK_SRC_PORT},
	  {SF_FIELD_VSOCK_DST_CID, SF_FIELD_VSOCK_DST_PORT}},
	 "2:1024"},
};

static bool is_asked(const struct reading *r, enum sf_shape shape)
{
	for (unsigned i = 0; i < SF_TABLE_COUNT; i++) {
		if (r->tables >> i & 1 && sf_tables[i].shape == shape)
			return true;
	}
	return false;
}

/* NULL: an inet socket's. */
static const struct family *family_of(const struct reading *r, const struct node *node,
				      const char **text)
{
	const struct family *only = NULL;

	for (size_t i = SF_COUNT(families); i-- > 0;) {
		size_t length = strlen(families[i].word);

		if (node->length > length && !strncmp(node->word, families[i].word, length)) {
			*text = node->word + length;
			return &families[i];
		}
		if (r->tables >> families[i].table & 1)
			only = &families[i];
	}
	*text = node->word;
	if ((**text == '/' || **text == '@') && r->tables >> SF_TABLE_UNIX & 1)
		return &families[0];
	return is_asked(r, SF_SHAPE_INET) ? NULL : only;
}

static void wrong(struct reading *r, const struct node *node, const struct family *family)
{
	sf_filter_wrong(
		r, node->value, sf_arena_format(r->arena, "write it as in %s", family->example),
		"\"%s\" is no end of a %s socket", node->word, sf_tables[family->table].name);
}

static void read_both(struct reading *r, struct node *node, const struct family *family,
		      const char *text)
{
	struct both *both = sf_arena_alloc(r->arena, sizeof(*both));
	const char *colon = strchr(text, ':');
	const char *words[] = {text, colon ? colon + 1 : "*"};

	for (unsigned i = 0; i < 2; i++) {
		size_t length = i == 0 && colon ? (size_t)(colon - text) : strlen(words[i]);
		int id = family->fields[node->predicate->peer][i];

		both->field[i] = id < 0 ? NULL : &sf_fields[id];
		both->any[i] = !length || (length == 1 && *words[i] == '*');
		if (!both->any[i] &&
		    !family->number(r, i, sf_arena_copy(r->arena, words[i], length), length,
				    &both->number[i])) {
			wrong(r, node, family);
			return;
		}
	}
	node->test.holds = holds_both;
	node->test.field = &sf_fields[family->fields[0][1]];
	node->test.both = both;
}

/* A port by itself: a number as any other. */
static void read_port(struct reading *r, struct node *node, const struct family *family,
		      const char *text)
{
	int id = family->read ? -1 : family->fields[node->predicate->peer][1];
	uint64_t number;

	text += *text == ':';
	if (id < 0 || !family->number(r, 1, text, strlen(text), &number)) {
		sf_filter_wrong(r, node->value,
				id < 0 ? "`src` compares what it is bound to" : "write a number",
				id < 0 ? "%s sockets have no such port"
				       : "a port of %s sockets is a number of 32 bits",
				sf_tables[family->table].name);
		return;
	}
	sf_test_number(&node->test, &sf_fields[id]);
	node->number = number;
	sf_filter_range(node, number, 0, UINT32_MAX);
}

bool sf_read_local(struct reading *r, struct node *node)
{
	const char *text;
	const struct family *family = family_of(r, node, &text);

	if (!family && is_asked(r, SF_SHAPE_INET))
		return false;
	if (!family) {
		sf_filter_wrong(r, node->name, "compare a field that `sockfeed fields` names",
				"no table that is asked has such ends");
		return true;
	}
	node->test.negate = node->op == OP_NE;
	if (node->predicate->read == sf_read_port)
		read_port(r, node, family, text);
	else if (family->read)
		family->read(r, node, text);
	else
		read_both(r, node, family, text);
	return true;
}
