/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests and their answers, as an nlmon interface shows those of all processes. A request that a
 * program sent has port id 0 as a rule, its answers have the program's; sequences are those that
 * the programs like (ss: 123456, always). So an answer is of the request whose answers have come
 * from its port and which has not ended; else of the oldest one with its sequence that has had none
 * and asked for such an answer.
 */
#include <linux/inet_diag.h>
#include <linux/sock_diag.h>
#include <string.h>
#include <sys/socket.h>

#include "match.h"

/* What does not fit into the eight bits of the request comes as an attribute. */
static uint32_t protocol_of(const struct sf_request_seen *request, const uint8_t *payload,
			    size_t length)
{
	size_t at = request->families == SF_NO_IP ? length : sizeof(struct inet_diag_req_v2);
	uint32_t protocol = payload[1];
	struct nlattr attribute;

	while (at + sizeof(attribute) <= length) {
		memcpy(&attribute, payload + at, sizeof(attribute));
		if (attribute.nla_len < sizeof(attribute) || attribute.nla_len > length - at)
			break;
		if (attribute.nla_type == INET_DIAG_REQ_PROTOCOL &&
		    attribute.nla_len == sizeof(attribute) + sizeof(protocol))
			memcpy(&protocol, payload + at + sizeof(attribute), sizeof(protocol));
		at += NLA_ALIGN(attribute.nla_len);
	}
	return protocol;
}

static uint8_t families_of(const struct sf_request_seen *request)
{
	if (request->type == TCPDIAG_GETSOCK)
		return SF_V4 | SF_V6;
	switch (request->family) {
	case AF_INET:
		return SF_V4;
	case AF_INET6:
		return SF_V6;
	default: /* a number of the wire */
		return SF_NO_IP;
	}
}

/* A free place: one that was never taken, then one whose request has ended, else the oldest. */
static struct sf_request_seen *find_place(struct sf_matches *matches)
{
	struct sf_request_seen *place = matches->request;

	for (size_t i = 0; i < SF_REQUESTS; i++) {
		struct sf_request_seen *one = &matches->request[i];

		if (!one->number || one->ended)
			return one;
		if (one->number < place->number)
			place = one;
	}
	return place;
}

struct sf_request_seen *sf_match_request(struct sf_matches *matches, const void *message,
					 size_t length)
{
	const uint8_t *payload = (const uint8_t *)message + NLMSG_HDRLEN;
	struct sf_request_seen *place, seen = {0};
	struct nlmsghdr header;

	memcpy(&header, message, sizeof(header));
	length = (header.nlmsg_len < length ? header.nlmsg_len : length) - NLMSG_HDRLEN;
	if ((header.nlmsg_type != TCPDIAG_GETSOCK && header.nlmsg_type != SOCK_DIAG_BY_FAMILY) ||
	    length < 2)
		return NULL;
	seen.number = ++matches->requests;
	seen.sequence = header.nlmsg_seq;
	seen.port = header.nlmsg_pid;
	seen.type = header.nlmsg_type;
	seen.dump = (header.nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP;
	seen.family = payload[0];
	seen.families = families_of(&seen);
	seen.table = seen.type == TCPDIAG_GETSOCK
			     ? SF_TABLE_TCP
			     : sf_request_table(seen.family, protocol_of(&seen, payload, length));
	place = find_place(matches);
	*place = seen;
	return place;
}

/* Did it ask for an answer like this one? */
static bool is_asked(const struct sf_request_seen *request, const struct nlmsghdr *header,
		     const uint8_t *payload)
{
	if (header->nlmsg_type == NLMSG_DONE || header->nlmsg_type == NLMSG_ERROR)
		return true;
	return header->nlmsg_type == request->type &&
	       (request->type == TCPDIAG_GETSOCK || header->nlmsg_len == NLMSG_HDRLEN ||
		payload[0] == request->family);
}

struct sf_request_seen *sf_match_answer(struct sf_matches *matches, const void *message,
					size_t length)
{
	const uint8_t *payload = (const uint8_t *)message + NLMSG_HDRLEN;
	struct sf_request_seen *oldest = NULL;
	struct nlmsghdr header;

	memcpy(&header, message, sizeof(header));
	if (length == NLMSG_HDRLEN)
		header.nlmsg_len = NLMSG_HDRLEN; /* nothing of it was captured */
	for (size_t i = 0; i < SF_REQUESTS; i++) {
		struct sf_request_seen *one = &matches->request[i];

		if (!one->number || one->ended || one->sequence != header.nlmsg_seq)
			continue;
		if (one->answered && one->port == header.nlmsg_pid)
			return one;
		if (!one->answered && (!one->port || one->port == header.nlmsg_pid) &&
		    is_asked(one, &header, payload) && (!oldest || one->number < oldest->number))
			oldest = one;
	}
	if (oldest) {
		oldest->answered = true;
		oldest->port = header.nlmsg_pid;
	}
	return oldest;
}

struct sf_request_seen *sf_match_assume(struct sf_matches *matches, const void *message,
					enum sf_table table)
{
	struct sf_request_seen *place = find_place(matches);
	struct nlmsghdr header;

	memcpy(&header, message, sizeof(header));
	*place = (struct sf_request_seen){.number = ++matches->requests,
					  .sequence = header.nlmsg_seq,
					  .port = header.nlmsg_pid,
					  .table = (int)table,
					  .families = SF_NO_IP,
					  .dump = true,
					  .answered = true};
	return place;
}
