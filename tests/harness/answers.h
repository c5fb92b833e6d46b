/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Netlink answers made by hand, message by message, for the tests of the room `kernel`.
 */
#pragma once

#include <linux/netlink.h>
#include <stdint.h>
#include <string.h>

#include <sockfeed/wire.h>

enum { LEGACY_ANSWER = 18, ANSWER = 20 }; /* TCPDIAG_GETSOCK, SOCK_DIAG_BY_FAMILY */

struct answers { /* one datagram; sequence and port go into every message that is added */
	_Alignas(8) uint8_t bytes[65536];
	size_t length;
	uint32_t sequence, port;
};

static inline struct nlmsghdr *add_message(struct answers *a, uint16_t type, const void *payload,
					   size_t length)
{
	struct nlmsghdr *message = (struct nlmsghdr *)(void *)(a->bytes + a->length);

	*message = (struct nlmsghdr){
		.nlmsg_len = (uint32_t)(NLMSG_HDRLEN + length),
		.nlmsg_type = type,
		.nlmsg_flags = NLM_F_MULTI,
		.nlmsg_seq = a->sequence,
		.nlmsg_pid = a->port,
	};
	if (length)
		memcpy(NLMSG_DATA(message), payload, length);
	a->length += NLMSG_ALIGN(message->nlmsg_len);
	return message;
}

static inline struct nlmsghdr *add_number(struct answers *a, uint16_t type, int32_t number)
{
	return add_message(a, type, &number, sizeof(number));
}

/* An established IPv4 socket without attributes. */
static inline struct nlmsghdr *add_socket(struct answers *a, uint64_t cookie)
{
	const struct sf_inet_msg msg = {
		.family = 2,
		.state = SF_ESTABLISHED,
		.cookie = {(uint32_t)cookie, (uint32_t)(cookie >> 32)},
	};

	return add_message(a, ANSWER, &msg, sizeof(msg));
}
