/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ports: a number, :443, or the name of a service as /etc/services has it, looked up once while
 * the filter is read. sport and dport compare what the header says: 0 where a socket has no peer.
 */
#include <arpa/inet.h>
#include <netdb.h>

#include "filter/stages.h"

struct service { /* of this reading: the file is read once for a name */
	struct service *next;
	const char *name;
	int port; /* -1: there is none */
};

/* The number of a service, or -1. */
static int service(struct reading *r, const char *name)
{
	char memory[1024]; /* aliases; a longer entry is not found */
	struct servent entry, *found = NULL;
	struct service *service = r->services;

	while (service && strcmp(service->name, name))
		service = service->next;
	if (service)
		return service->port;
	if (r->errors >= SF_FILTER_ERRORS) /* no more are told: a long text costs no more time */
		return -1;
	service = sf_arena_alloc(r->arena, sizeof(*service));
	service->name = sf_arena_copy(r->arena, name, strlen(name));
	service->port = -1;
	if (!getservbyname_r(name, "tcp", &entry, memory, sizeof(memory), &found) && found)
		service->port = ntohs((uint16_t)found->s_port);
	service->next = r->services;
	r->services = service;
	return service->port;
}

/*
 * The port, or -1 after an error. `text` has a NUL or what does not belong to the port behind it.
 */
int sf_filter_port(struct reading *r, struct place place, const char *text, size_t length)
{
	const char *name = sf_arena_copy(r->arena, text, length);
	size_t digits = strspn(name, "0123456789");
	unsigned long number = 0;
	int port;

	for (size_t i = 0; i < digits && number <= UINT16_MAX; i++)
		number = number * 10 + (unsigned long)(name[i] - '0');
	if (length && digits == length && number <= UINT16_MAX)
		return (int)number;
	if ((length && digits == length) ||
	    (*name == '-' && strspn(name + 1, "0123456789") == length - 1)) {
		sf_filter_wrong(r, place, NULL, "a port is 0 to 65535, not %s", name);
		return -1;
	}
	port = length && strlen(name) == length ? service(r, name) : -1;
	if (port < 0 && sf_field_find(name, length) >= 0)
		sf_filter_wrong(r, place, "write local.port = peer.port",
				"\"%s\" is a field, which fields alone are compared with", name);
	else if (port < 0)
		sf_filter_wrong(
			r, place,
			"write a number such as :443, or a name that /etc/services has for tcp",
			"no service is named \"%s\"", name);
	return port;
}

/* Names of services have dashes too: ftp-data is one. */
size_t sf_port_dash(struct reading *r, const char *text, size_t length)
{
	char name[64];

	if (length >= sizeof(name))
		return 0;
	memcpy(name, text, length);
	name[length] = '\0';
	if (service(r, name) >= 0)
		return 0;
	for (size_t i = length; i-- > 1;) {
		bool dash = name[i] == '-';

		name[i] = dash ? '\0' : name[i];
		if (dash && service(r, name) >= 0)
			return i;
	}
	return 0;
}

static bool holds_port(const struct test *test, const struct sf_view *view)
{
	const uint8_t *bytes = view->part[SF_PART_HEADER] + test->offset;
	uint64_t port = (uint64_t)(bytes[0] << 8 | bytes[1]);

	return sf_tables[view->table].shape == SF_SHAPE_INET &&
	       sf_test_has(test, port) != test->negate;
}

void sf_test_port(struct test *test, bool peer)
{
	test->holds = holds_port;
	test->operand = peer ? OPERAND_DPORT : OPERAND_SPORT;
	test->same = true;
	test->offset =
		peer ? offsetof(struct sf_inet_msg, dport) : offsetof(struct sf_inet_msg, sport);
}

void sf_read_port(struct reading *r, struct node *node)
{
	const char *text = node->word + (*node->word == ':');
	size_t length = node->length - (size_t)(text - node->word);
	uint32_t known = sf_states_known(r->tables);
	int port;

	if (sf_read_local(r, node))
		return;
	if (memchr(text, ':', length)) {
		sf_filter_wrong(r, node->value,
				sf_arena_format(r->arena, "write %s %s",
						node->predicate->peer ? "dst" : "src", node->word),
				"a port was expected, not an address");
		return;
	}
	port = sf_filter_port(r, node->value, text, length);
	if (port < 0)
		return;
	sf_test_port(&node->test, node->predicate->peer);
	node->number = (uint64_t)port;
	sf_filter_range(node, node->number, 0, UINT16_MAX);
	/* `dport < 0`, `dport >= 0`: never, always */
	node->exact = node->test.range.low > node->test.range.high ||
		      (!node->test.range.low && node->test.range.high == UINT16_MAX &&
		       !sf_tables_beside(r->tables, SF_SHAPE_INET));
	node->states = node->exact && node->test.range.low ? 0 : known;
}

void sf_print_port(const struct node *node, struct sf_buf *buf)
{
	if (node->test.operand == OPERAND_NONE) {
		sf_print_word(node, buf);
		return;
	}
	sf_buf_format(buf, node->elements ? "%u" : ":%u", (unsigned)node->number);
}
