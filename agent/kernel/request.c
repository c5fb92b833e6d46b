/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An ask becomes a request: states and attributes alone. Ports are left 0, because the kernel
 * takes them as a filter in a dump; it ignores addresses, interface and cookie there.
 */
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "request.h"

static const uint8_t protocols[SF_TABLE_COUNT] = {[SF_TABLE_TCP] = IPPROTO_TCP};

_Static_assert(sizeof(struct inet_diag_req_v2) <= sizeof(struct inet_diag_req), "sf_request");

static void write_legacy(struct nlmsghdr *header, const struct sf_ask *ask)
{
	struct inet_diag_req *request = mnl_nlmsg_put_extra_header(header, sizeof(*request));

	header->nlmsg_type = TCPDIAG_GETSOCK;
	request->idiag_family = AF_INET; /* whatever it says, both families come */
	request->idiag_ext = ask->ext;
	request->idiag_states = ask->states;
}

static void write_v2(struct nlmsghdr *header, int family, const struct sf_ask *ask)
{
	struct inet_diag_req_v2 *request = mnl_nlmsg_put_extra_header(header, sizeof(*request));

	header->nlmsg_type = SOCK_DIAG_BY_FAMILY;
	request->sdiag_family = (uint8_t)family;
	request->sdiag_protocol = protocols[ask->table];
	request->idiag_ext = ask->ext;
	request->idiag_states = ask->states;
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
	}
}
