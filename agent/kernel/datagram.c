/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What one receive call brought, message by message, by libmnl's iterators. Its mnl_cb_run2 ends
 * at the first message of another sequence or sender, where a dump must pass over it. The number
 * inside NLMSG_DONE is read, which libmnl 1.0.4 does not: a kernel without the protocol's module
 * answers with it, and would look like an empty host.
 */
#include <libmnl/libmnl.h>
#include <limits.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>

#include <sockfeed/kernel.h>

enum { ERRNO_MOST = 4095 }; /* MAX_ERRNO, linux/err.h */

/* The number that NLMSG_DONE and NLMSG_ERROR begin with. */
static bool number_of(const struct nlmsghdr *message, int *number)
{
	if (mnl_nlmsg_get_payload_len(message) < sizeof(*number))
		return false;
	memcpy(number, mnl_nlmsg_get_payload(message), sizeof(*number));
	return *number >= -ERRNO_MOST;
}

static int read_reply(struct sf_datagram *d, const struct nlmsghdr *message, struct sf_view *view)
{
	int r;

	view->table = (uint8_t)d->table; /* of an event it was found out */
	r = sf_view_index(view, mnl_nlmsg_get_payload(message), mnl_nlmsg_get_payload_len(message));
	return r < 0 ? r : d->reply(d->arg, view);
}

static int read_message(struct sf_datagram *d, const struct nlmsghdr *message, struct sf_view *view)
{
	int number;

	if (message->nlmsg_flags & NLM_F_DUMP_INTR)
		d->interrupted = true;
	switch (message->nlmsg_type) { /* a type that we do not know is passed over */
	case TCPDIAG_GETSOCK:	       /* answers to the legacy request carry its type */
	case SOCK_DIAG_BY_FAMILY:
		return read_reply(d, message, view);
	case NLMSG_DONE:
		d->ended = true;
		if (!number_of(message, &number))
			return -EBADMSG;
		return number < 0 ? number : 1;
	case NLMSG_ERROR:
		if (!number_of(message, &number))
			return -EBADMSG;
		d->ended = number < 0;
		return number < 0 ? number : 0; /* 0 acknowledges */
	case NLMSG_OVERRUN:
		return -ENOBUFS;
	}
	return 0;
}

/* libmnl 1.0.4 compares as int, and takes a length of 2^31 or more for a small one. */
static bool is_whole(const struct nlmsghdr *message, int left)
{
	return mnl_nlmsg_ok(message, left) && message->nlmsg_len <= (unsigned)left;
}

int sf_datagram_read(struct sf_datagram *d, const void *bytes, size_t length)
{
	struct sf_view view = {.release = d->release};
	const struct nlmsghdr *message = bytes;
	int left = length > INT_MAX ? INT_MAX : (int)length, r = 0;

	for (; is_whole(message, left); message = mnl_nlmsg_next(message, &left)) {
		if (message->nlmsg_seq != d->sequence || message->nlmsg_pid != d->port)
			continue;
		r = read_message(d, message, &view);
		if (r)
			return r;
	}
	return left > 0 ? -EBADMSG : 0;
}
