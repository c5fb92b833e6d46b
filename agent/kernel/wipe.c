/* SPDX-License-Identifier: Apache-2.0 */
/*
 * TCP-MD5 keys out of a datagram: with CAP_NET_ADMIN the kernel adds them, in INET_DIAG_MD5SIG, to
 * every TCP socket that has some and whose INFO is asked for. Bytes come in and go out in their
 * places. What cannot be read as a message or an attribute becomes zeros to its end: it might be
 * part of a key.
 */
#include <libmnl/libmnl.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <sys/socket.h>

#include <sockfeed/kernel.h>

static void wipe_attributes(uint8_t *at, uint8_t *end)
{
	while (at < end) {
		size_t left = (size_t)(end - at), whole;
		struct nlattr attribute = {0};

		if (left >= sizeof(attribute))
			memcpy(&attribute, at, sizeof(attribute));
		if (attribute.nla_len < sizeof(attribute) || attribute.nla_len > left) {
			memset(at, 0, left);
			return;
		}
		if ((attribute.nla_type & NLA_TYPE_MASK) == SF_PART_MD5SIG)
			memset(at + sizeof(attribute), 0, attribute.nla_len - sizeof(attribute));
		whole = (size_t)NLA_ALIGN(attribute.nla_len);
		at += whole < left ? whole : left;
	}
}

static void wipe_message(uint8_t *message, const struct nlmsghdr *header)
{
	uint8_t *payload = message + NLMSG_HDRLEN, *end = message + header->nlmsg_len;
	bool answers =
		header->nlmsg_type == SOCK_DIAG_BY_FAMILY || header->nlmsg_type == TCPDIAG_GETSOCK;

	if (answers && payload + sizeof(struct sf_inet_msg) < end &&
	    (payload[0] == AF_INET || payload[0] == AF_INET6))
		wipe_attributes(payload + sizeof(struct sf_inet_msg), end);
}

void sf_datagram_wipe(void *bytes, size_t length)
{
	uint8_t *at = bytes, *end = at + length;

	while (at < end) {
		size_t left = (size_t)(end - at);
		struct nlmsghdr header = {0};

		if (left >= sizeof(header))
			memcpy(&header, at, sizeof(header));
		if (header.nlmsg_len < sizeof(header) || header.nlmsg_len > left) {
			memset(at, 0, left);
			return;
		}
		wipe_message(at, &header);
		at += NLMSG_ALIGN(header.nlmsg_len) < left ? NLMSG_ALIGN(header.nlmsg_len) : left;
	}
}
