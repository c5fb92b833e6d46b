/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An ask becomes a request: states, attributes, and what the kernel may leave out: in a dump it
 * takes the ports of the header as a filter (not those of bound-inactive sockets), and ignores
 * addresses, interface and cookie there. The bytecode is an attribute, whose bytes stay where they
 * are: they are sent from there.
 */
#include <arpa/inet.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "request.h"

/* INET_DIAG_REQ_PROTOCOL, linux/inet_diag.h of 5.9 */
enum { REQ_PROTOCOL = 3 };

_Static_assert(sizeof(struct nlmsghdr) + sizeof(struct inet_diag_req) + 3 * sizeof(struct nlattr) <
		       sizeof(union sf_request),
	       "sf_request");

static void write_legacy(struct nlmsghdr *header, const struct sf_ask *ask)
{
	struct inet_diag_req *request = mnl_nlmsg_put_extra_header(header, sizeof(*request));

	header->nlmsg_type = TCPDIAG_GETSOCK;
	request->idiag_family = AF_INET; /* whatever it says, both families come */
	request->idiag_ext = (uint8_t)ask->ext;
	request->idiag_states = ask->states;
	request->id.idiag_sport = htons(ask->sport);
	request->id.idiag_dport = htons(ask->dport);
}

/*
 * sctp_diag shows the endpoints for LISTEN, whatever their state, and the associations, in states
 * of their own numbers, for any other (net/sctp/diag.c).
 */
static uint32_t states_of(const struct sf_ask *ask)
{
	const uint32_t endpoints = 1u << SF_LISTEN | 1u << SF_CLOSE;

	if (ask->table != SF_TABLE_SCTP)
		return ask->states & SF_STATES_ASKED;
	return (ask->states & endpoints ? endpoints : 0) |
	       (ask->states & ~endpoints ? 1u << SF_ESTABLISHED : 0);
}

static void write_v2(struct nlmsghdr *header, int family, const struct sf_ask *ask)
{
	struct inet_diag_req_v2 *request = mnl_nlmsg_put_extra_header(header, sizeof(*request));
	unsigned protocol = sf_tables[ask->table].protocol;

	header->nlmsg_type = SOCK_DIAG_BY_FAMILY;
	request->sdiag_family = (uint8_t)family;
	request->idiag_ext = (uint8_t)ask->ext;
	request->idiag_states = states_of(ask);
	request->id.idiag_sport = htons(ask->sport);
	request->id.idiag_dport = htons(ask->dport);
	if (protocol > UINT8_MAX) /* a kernel that does not know the attribute has no such table */
		mnl_attr_put_u32(header, REQ_PROTOCOL, protocol);
	else
		request->sdiag_protocol = (uint8_t)protocol;
}

/*
 * The requests of the others differ in which of these words they have, in this order, behind family
 * and protocol; in a dump the kernel looks at the states, where there are any, and at what to show.
 */
static const struct {
	uint8_t family;
	bool states, shows; /* shows: inode, what to show, cookie */
} own[SF_SHAPE_COUNT] = {
	[SF_SHAPE_UNIX] = {AF_UNIX, true, true},
	[SF_SHAPE_NETLINK] = {AF_NETLINK, false, true},
	[SF_SHAPE_PACKET] = {AF_PACKET, false, true},
	[SF_SHAPE_VSOCK] = {AF_VSOCK, true, true},
	[SF_SHAPE_XDP] = {AF_XDP, false, true},
	[SF_SHAPE_TIPC] = {AF_TIPC, true, false},
};

static void put_word(struct nlmsghdr *header, uint32_t word)
{
	memcpy(mnl_nlmsg_put_extra_header(header, sizeof(word)), &word, sizeof(word));
}

static void write_own(struct nlmsghdr *header, const struct sf_ask *ask)
{
	const struct sf_table_facts *table = &sf_tables[ask->table];
	const uint8_t head[4] = {own[table->shape].family, (uint8_t)table->protocol};
	uint32_t states = ask->states & SF_STATES_ASKED;

	if (ask->states & 1u << SF_IDLE)
		states |= 1u << SF_CLOSE;
	header->nlmsg_type = SOCK_DIAG_BY_FAMILY;
	memcpy(mnl_nlmsg_put_extra_header(header, sizeof(head)), head, sizeof(head));
	if (own[table->shape].states)
		put_word(header, states);
	if (!own[table->shape].shows)
		return;
	put_word(header, 0);
	put_word(header, ask->ext);
	put_word(header, 0);
	put_word(header, 0);
}

/* The attribute's head alone: 4 divides the length of what follows it. */
static void write_bytecode(struct nlmsghdr *header, size_t length)
{
	struct nlattr *attribute = mnl_nlmsg_get_payload_tail(header);

	attribute->nla_type = INET_DIAG_REQ_BYTECODE;
	attribute->nla_len = (uint16_t)(sizeof(*attribute) + length);
	header->nlmsg_len += attribute->nla_len;
}

void sf_request_write(union sf_request *request, enum sf_form form, const struct sf_ask *ask,
		      uint32_t sequence)
{
	struct nlmsghdr *header = mnl_nlmsg_put_header(request->bytes);

	header->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	header->nlmsg_seq = sequence;
	switch (form) {
	case SF_FORM_LEGACY:
		write_legacy(header, ask);
		break;
	case SF_FORM_INET:
		write_v2(header, AF_INET, ask);
		break;
	case SF_FORM_INET6:
		write_v2(header, AF_INET6, ask);
		break;
	case SF_FORM_OWN:
		write_own(header, ask);
		break;
	}
	if (ask->bytecode_length)
		write_bytecode(header, ask->bytecode_length);
}

static bool is_asked(const struct sf_table_facts *table, uint8_t family, uint32_t protocol)
{
	if (table->shape != SF_SHAPE_INET)
		return family == own[table->shape].family; /* which has one table */
	return (family == AF_INET || family == AF_INET6) && protocol == table->protocol;
}

int sf_request_table(uint8_t family, uint32_t protocol)
{
	for (unsigned table = 0; table < SF_TABLE_COUNT; table++) {
		if (is_asked(&sf_tables[table], family, protocol))
			return (int)table;
	}
	return -ENOENT;
}
