/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Ports: a number, :443, or the name of a service as /etc/services has it, looked up once while
 * the filter is read, for the protocols that are asked. One that any of them has is taken for all,
 * as ss does. sport and dport compare what the header says: 0 where a socket has no peer.
 */
#include <arpa/inet.h>
#include <netdb.h>

#include "filter/stages.h"

static const struct protocol {
	const char *name; /* in /etc/services */
	uint32_t tables;
} protocols[] = {
	{"tcp", 1u << SF_TABLE_TCP | 1u << SF_TABLE_MPTCP},
	{"udp", 1u << SF_TABLE_UDP | 1u << SF_TABLE_UDPLITE},
	{"sctp", 1u << SF_TABLE_SCTP},
};

struct service { /* of this reading: the file is read once for a name and a protocol */
	struct service *next;
	const char *name;
	int port[SF_COUNT(protocols)]; /* -1: there is none */
};

static int look_up(const char *name, const char *protocol)
{
	char memory[1024]; /* aliases; a longer entry is not found */
	struct servent entry, *found = NULL;

	if (getservbyname_r(name, protocol, &entry, memory, sizeof(memory), &found) || !found)
		return -1;
	return ntohs((uint16_t)found->s_port);
}

/* Its ports, of the protocols that are asked; NULL: there is none, or no more are told. */
static const struct service *find_service(struct reading *r, const char *name)
{
	struct service *service = r->services;
	bool found = false;

	while (service && strcmp(service->name, name))
		service = service->next;
	if (!service) {
		if (r->errors >= SF_FILTER_ERRORS) /* a long text costs no more time */
			return NULL;
		service = sf_arena_alloc(r->arena, sizeof(*service));
		service->name = sf_arena_copy(r->arena, name, strlen(name));
		for (size_t i = 0; i < SF_COUNT(protocols); i++)
			service->port[i] = r->tables & protocols[i].tables
						   ? look_up(name, protocols[i].name)
						   : -1;
		service->next = r->services;
		r->services = service;
	}
	for (size_t i = 0; i < SF_COUNT(protocols); i++)
		found = found || service->port[i] >= 0;
	return found ? service : NULL;
}

/* "write a number such as :443, or a name that /etc/services has for tcp, udp or sctp" */
static const char *advise(struct reading *r)
{
	const char *name[SF_COUNT(protocols)];
	sf_cleanup(sf_buf_finish) struct sf_buf buf = {0};
	size_t count = 0;

	for (size_t i = 0; i < SF_COUNT(protocols); i++)
		if (r->tables & protocols[i].tables)
			name[count++] = protocols[i].name;
	sf_buf_text(&buf, "write a number such as :443");
	for (size_t i = 0; i < count; i++)
		sf_buf_format(&buf, "%s%s",
			      !i	       ? ", or a name that /etc/services has for "
			      : i + 1 == count ? " or "
					       : ", ",
			      name[i]);
	return sf_arena_copy(r->arena, buf.data, buf.length);
}

/* The one port that it has for all protocols, or -1 after an error. */
static int only_port(struct reading *r, struct place place, const struct service *service)
{
	sf_cleanup(sf_buf_finish) struct sf_buf ports = {0};
	bool several = false;
	int port = -1;

	for (size_t i = 0; i < SF_COUNT(protocols); i++) {
		if (service->port[i] < 0)
			continue;
		several = several || (port >= 0 && port != service->port[i]);
		port = port < 0 ? service->port[i] : port;
		sf_buf_format(&ports, "%s%d for %s", ports.length ? ", " : "", service->port[i],
			      protocols[i].name);
	}
	if (!several)
		return port;
	sf_filter_wrong(r, place, sf_arena_format(r->arena, "write a number such as :%d", port),
			"the service \"%s\" has several ports: %s", service->name, ports.data);
	return -1;
}

static int named_port(struct reading *r, struct place place, const char *name, size_t length)
{
	const struct service *service =
		length && strlen(name) == length ? find_service(r, name) : NULL;

	if (service)
		return only_port(r, place, service);
	if (sf_field_find(name, length) >= 0)
		sf_filter_wrong(r, place, "write local.port = peer.port",
				"\"%s\" is a field, which fields alone are compared with", name);
	else
		sf_filter_wrong(r, place, advise(r), "no service is named \"%s\"", name);
	return -1;
}

/*
 * The port, or -1 after an error. `text` has a NUL or what does not belong to the port behind it.
 */
int sf_filter_port(struct reading *r, struct place place, const char *text, size_t length)
{
	const char *name = sf_arena_copy(r->arena, text, length);
	size_t digits = strspn(name, "0123456789");
	unsigned long number = 0;

	for (size_t i = 0; i < digits && number <= UINT16_MAX; i++)
		number = number * 10 + (unsigned long)(name[i] - '0');
	if (length && digits == length && number <= UINT16_MAX)
		return (int)number;
	if ((length && digits == length) ||
	    (*name == '-' && strspn(name + 1, "0123456789") == length - 1)) {
		sf_filter_wrong(r, place, NULL, "a port is 0 to 65535, not %s", name);
		return -1;
	}
	return named_port(r, place, name, length);
}

/* Names of services have dashes too: ftp-data is one. */
size_t sf_port_dash(struct reading *r, const char *text, size_t length)
{
	char name[64];

	if (length >= sizeof(name))
		return 0;
	memcpy(name, text, length);
	name[length] = '\0';
	if (find_service(r, name))
		return 0;
	for (size_t i = length; i-- > 1;) {
		bool dash = name[i] == '-';

		name[i] = dash ? '\0' : name[i];
		if (dash && find_service(r, name))
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
