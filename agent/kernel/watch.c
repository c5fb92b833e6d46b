/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A watch: a netlink descriptor in the groups of sock_diag's destroy events. Several events come by
 * one receive call. The kernel tells nobody when its receive buffer overflows (NETLINK_NO_ENOBUFS:
 * else everything is dropped until it is empty), but counts what it dropped.
 *
 * An event is the header, PROTOCOL and, of TCP, the final tcp_info. Its state, queues, user and
 * inode are no facts: the class of its view says so.
 */
#include <libmnl/libmnl.h>
#include <linux/sock_diag.h>
#include <stdlib.h>
#include <sys/socket.h>

#include <sockfeed/netns.h>

#include "link.h"
#include "refusal.h"

/* An event has 380 bytes in 6.18; what is longer than its place is cut, and lost. */
enum { EVENTS = 64, EVENT_MOST = 2048 };

#ifndef SO_MEMINFO
#define SO_MEMINFO 55 /* 4.12 */
#endif

static const struct {
	enum sf_table table;
	int group;
} groups[] = {
	{SF_TABLE_TCP, SKNLGRP_INET_TCP_DESTROY},
	{SF_TABLE_TCP, SKNLGRP_INET6_TCP_DESTROY},
	{SF_TABLE_UDP, SKNLGRP_INET_UDP_DESTROY},
	{SF_TABLE_UDP, SKNLGRP_INET6_UDP_DESTROY},
};

union control {
	struct cmsghdr head;
	char bytes[CMSG_SPACE(sizeof(int))];
};

struct sf_watch {
	struct sf_link link; /* its buffer is not used */
	struct sf_watch_setup setup;
	uint32_t drops; /* the kernel's counter, as it was read last */
	uint64_t lost;
	int abroad; /* -errno: other namespaces are not heard */
	struct mmsghdr message[EVENTS];
	struct iovec part[EVENTS];
	struct sockaddr_nl from[EVENTS];
	union control control[EVENTS];
	uint8_t bytes[EVENTS][EVENT_MOST] __attribute__((aligned(8)));
};

static int option(const struct sf_watch *watch, int level, int name, int value)
{
	int r = setsockopt(mnl_socket_get_fd(watch->link.socket), level, name, &value,
			   sizeof(value));

	return r < 0 ? -errno : 0;
}

/* The kernel doubles what it is given. Only who may force it gets more than net.core.rmem_max. */
static void size_buffer(struct sf_watch *watch)
{
	int half = (int)(watch->setup.buffer / 2);

	if (option(watch, SOL_SOCKET, SO_RCVBUFFORCE, half) < 0)
		option(watch, SOL_SOCKET, SO_RCVBUF, half);
}

/* Bound already: before that no event comes. */
static int join(struct sf_watch *watch, struct sf_err *err)
{
	for (size_t i = 0; i < SF_COUNT(groups); i++) {
		int r = 0;

		if (watch->setup.tables >> groups[i].table & 1)
			r = option(watch, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, groups[i].group);
		if (r < 0)
			return sf_fail(err, r,
				       "this kernel does not tell when sockets of %s end: %s",
				       sf_tables[groups[i].table].name, sf_errno_name(r));
	}
	return 0;
}

static void prepare(struct sf_watch *watch)
{
	for (size_t i = 0; i < EVENTS; i++) {
		watch->part[i] = (struct iovec){watch->bytes[i], EVENT_MOST};
		watch->message[i].msg_hdr = (struct msghdr){
			.msg_name = &watch->from[i],
			.msg_iov = &watch->part[i],
			.msg_iovlen = 1,
			.msg_control = &watch->control[i],
		};
	}
}

int sf_watch_open(const struct sf_watch_setup *setup, struct sf_watch **ret, struct sf_err *err)
{
	struct sf_watch *watch = sf_new(struct sf_watch);
	int r;

	watch->setup = *setup;
	r = sf_link_open(&watch->link, err);
	if (r == 0) {
		size_buffer(watch);
		r = option(watch, SOL_NETLINK, NETLINK_NO_ENOBUFS, 1);
		if (r < 0)
			r = sf_fail(err, r, "NETLINK_NO_ENOBUFS cannot be set: %s",
				    sf_errno_name(r));
	}
	if (r == 0 && setup->everywhere)
		watch->abroad = option(watch, SOL_NETLINK, NETLINK_LISTEN_ALL_NSID, 1);
	if (r == 0)
		r = join(watch, err);
	if (r < 0) {
		sf_watch_free(watch);
		return r;
	}
	prepare(watch);
	*ret = watch;
	return 0;
}

void sf_watch_free(struct sf_watch *watch)
{
	if (!watch)
		return;
	sf_link_finish(&watch->link);
	free(watch);
}

int sf_watch_abroad(const struct sf_watch *watch)
{
	return watch->abroad;
}

int sf_watch_fd(const struct sf_watch *watch)
{
	return mnl_socket_get_fd(watch->link.socket);
}

size_t sf_watch_buffer(const struct sf_watch *watch)
{
	socklen_t length = sizeof(int);
	int size = 0;

	getsockopt(sf_watch_fd(watch), SOL_SOCKET, SO_RCVBUF, &size, &length);
	return (size_t)size;
}

/* ---- reading ---- */

struct reading {
	const struct sf_watch_calls *calls;
	int32_t nsid;
};

static int take_event(void *arg, struct sf_view *view)
{
	const struct reading *reading = arg;

	if (sf_view_ended(view) == 0)
		reading->calls->ended(reading->calls->arg, view, reading->nsid);
	return 0;
}

/* The kernel says it beside what comes from another namespace. */
static int32_t nsid_of(const struct msghdr *header)
{
	const struct cmsghdr *control = CMSG_FIRSTHDR(header);
	int32_t nsid = SF_NSID_HOME;

	if (control && control->cmsg_level == SOL_NETLINK &&
	    control->cmsg_type == NETLINK_LISTEN_ALL_NSID)
		memcpy(&nsid, CMSG_DATA(control), sizeof(nsid));
	return nsid;
}

/* Any process may send to us; the kernel is 0. */
static bool is_kernels(const struct msghdr *header)
{
	const struct sockaddr_nl *from = header->msg_name;

	return header->msg_namelen == sizeof(*from) && from->nl_pid == 0;
}

/* The kernel writes how long they are. */
static void reset(struct msghdr *header)
{
	header->msg_namelen = sizeof(struct sockaddr_nl);
	header->msg_controllen = sizeof(union control);
}

int sf_watch_read(struct sf_watch *watch, const struct sf_watch_calls *calls)
{
	struct reading reading = {.calls = calls};
	struct sf_datagram datagram = {
		.release = watch->setup.release, .reply = take_event, .arg = &reading};
	int count;

	for (size_t i = 0; i < EVENTS; i++)
		reset(&watch->message[i].msg_hdr);
	do {
		count = recvmmsg(sf_watch_fd(watch), watch->message, EVENTS, MSG_DONTWAIT, NULL);
	} while (count < 0 && errno == EINTR);
	if (count < 0)
		return errno == EAGAIN ? 0 : -errno;
	calls->received(calls->arg, sf_clock_wall());
	for (int i = 0; i < count; i++) {
		const struct mmsghdr *message = &watch->message[i];

		if (!is_kernels(&message->msg_hdr))
			continue;
		reading.nsid = nsid_of(&message->msg_hdr);
		if (message->msg_hdr.msg_flags & MSG_TRUNC ||
		    sf_datagram_read(&datagram, watch->bytes[i], message->msg_len) < 0)
			watch->lost++;
	}
	return count;
}

uint64_t sf_watch_lost(struct sf_watch *watch)
{
	uint32_t memory[SK_MEMINFO_VARS] = {0};
	socklen_t length = sizeof(memory);

	if (getsockopt(sf_watch_fd(watch), SOL_SOCKET, SO_MEMINFO, memory, &length) == 0 &&
	    length > SK_MEMINFO_DROPS * sizeof(memory[0])) {
		watch->lost += memory[SK_MEMINFO_DROPS] - watch->drops; /* it may turn over */
		watch->drops = memory[SK_MEMINFO_DROPS];
	}
	return watch->lost;
}
