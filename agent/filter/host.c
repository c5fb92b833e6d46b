/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `src` and `dst` of inet sockets: an address or prefix, a port, or both, as the header says them:
 * 10.0.0.1:443, [fe80::/10]:22, :443, *:443. Those of others: local.c.
 */
#include <arpa/inet.h>

#include "filter/stages.h"

static bool holds_host(const struct test *test, const struct sf_view *view)
{
	const uint8_t *header = view->part[SF_PART_HEADER];
	const uint8_t *address = header + test->offset;
	const uint8_t *port = header + (test->offset == offsetof(struct sf_inet_msg, src)
						? offsetof(struct sf_inet_msg, sport)
						: offsetof(struct sf_inet_msg, dport));
	bool v4 = header[offsetof(struct sf_inet_msg, family)] == AF_INET;

	if (sf_tables[view->table].shape != SF_SHAPE_INET)
		return false;
	return ((test->host.port < 0 || (port[0] << 8 | port[1]) == test->host.port) &&
		sf_prefix_match(&test->host.prefix, address, v4)) != test->negate;
}

/*
 * Where the address ends: behind `]`, at the last colon of v4, nowhere in an IPv6 address without
 * brackets. NULL: no `]`.
 */
static const char *end_of_address(const char *text, size_t length)
{
	const char *colon = memchr(text, ':', length);

	if (*text == '[') {
		const char *close = memchr(text, ']', length);

		return close ? close + 1 : NULL;
	}
	if (!colon || memchr(colon + 1, ':', length - (size_t)(colon + 1 - text)))
		return text + length;
	return colon;
}

void sf_read_host(struct reading *r, struct node *node)
{
	const char *text = node->word, *end = text + node->length,
		   *port = end_of_address(text, node->length);
	struct test *test = &node->test;
	size_t size;

	if (sf_read_local(r, node))
		return;
	if (!port || (port < end && *port != ':')) {
		sf_filter_wrong(r, node->value, "write it as in [2001:db8::/32]:443",
				"\"%s\" is no address", text);
		return;
	}
	size = (size_t)(port - text);
	test->offset = node->predicate->peer ? offsetof(struct sf_inet_msg, dst)
					     : offsetof(struct sf_inet_msg, src);
	test->negate = node->op == OP_NE;
	test->host.port = -1;
	if (*text == '[') {
		if (!memchr(text, ':', size)) {
			sf_filter_wrong(
				r, node->value,
				"brackets stand around IPv6 alone, as in [2001:db8::/32]:443",
				"\"%s\" is no IPv6 address", text);
			return;
		}
		if (!sf_filter_address(r, node, text + 1, size - 2, &test->host.prefix))
			return;
	} else if (size && !(size == 1 && *text == '*')) {
		if (!sf_filter_address(r, node, text, size, &test->host.prefix))
			return;
	}
	if (port < end && !(end - port == 2 && port[1] == '*')) {
		test->host.port =
			sf_filter_port(r, sf_filter_within(node, port, (size_t)(end - port)),
				       port + 1, (size_t)(end - port - 1));
		if (test->host.port < 0)
			return;
	}
	if (!node->length) {
		sf_filter_wrong(r, node->value, "write an address, a prefix, :443, or * for any",
				"an empty address");
		return;
	}
	test->holds = holds_host;
	test->operand = node->predicate->peer ? OPERAND_DST : OPERAND_SRC;
	test->same = true;
	if (!test->host.prefix.family && test->host.port < 0 &&
	    !sf_tables_beside(r->tables, SF_SHAPE_INET)) { /* any: always, or never */
		node->exact = true;
		node->states = test->negate ? 0 : sf_states_known(r->tables);
	}
}

void sf_print_host(const struct node *node, struct sf_buf *buf)
{
	if (node->test.operand == OPERAND_NONE) {
		sf_print_word(node, buf);
		return;
	}
	if (node->test.host.prefix.family)
		sf_prefix_print(&node->test.host.prefix, buf, true);
	else if (node->test.host.port < 0)
		sf_buf_text(buf, "*");
	if (node->test.host.port >= 0)
		sf_buf_format(buf, ":%d", node->test.host.port);
}
