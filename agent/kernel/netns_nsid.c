/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel's events call another namespace by its nsid: a number that it has in ours, once
 * somebody gave it one (`ip netns set`, or the kernel itself, for a veth pair). The kernel can be
 * asked for the number of a namespace, not the other way round: all that were found are asked for.
 * One without a number tells nothing.
 */
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <linux/net_namespace.h>
#include <linux/rtnetlink.h>

#include "netns.h"

static int read_nsid(const struct nlattr *attribute, void *nsid)
{
	if (mnl_attr_get_type(attribute) == NETNSA_NSID && mnl_attr_get_payload_len(attribute) == 4)
		*(int32_t *)nsid = (int32_t)mnl_attr_get_u32(attribute);
	return MNL_CB_OK;
}

/* The answer is there when the request was sent. */
static int32_t ask(struct mnl_socket *socket, int fd)
{
	char buffer[256] __attribute__((aligned(8)));
	struct nlmsghdr *message = mnl_nlmsg_put_header(buffer);
	int32_t nsid = NETNSA_NSID_NOT_ASSIGNED;
	ssize_t length;

	message->nlmsg_type = RTM_GETNSID;
	message->nlmsg_flags = NLM_F_REQUEST;
	mnl_nlmsg_put_extra_header(message, sizeof(struct rtgenmsg));
	mnl_attr_put_u32(message, NETNSA_FD, (uint32_t)fd);
	if (mnl_socket_sendto(socket, message, message->nlmsg_len) < 0)
		return nsid;
	length = mnl_socket_recvfrom(socket, buffer, sizeof(buffer));
	if (length < 0 || !mnl_nlmsg_ok(message, (int)length) || message->nlmsg_type != RTM_NEWNSID)
		return nsid;
	mnl_attr_parse(message, sizeof(struct rtgenmsg), read_nsid, &nsid);
	return nsid;
}

static int32_t nsid_of(struct mnl_socket *socket, const struct sf_netns *place)
{
	sf_cleanup(sf_buf_finish) struct sf_buf path = {0};
	sf_cleanup(sf_close_p) int fd = -1;

	sf_netns_path(place, &path);
	fd = open(path.data, O_RDONLY | O_CLOEXEC);
	return fd < 0 ? NETNSA_NSID_NOT_ASSIGNED : ask(socket, fd);
}

static void listen_to_numbers(struct sf_netns_list *places)
{
	int group = RTNLGRP_NSID;

	places->numbers = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (places->numbers && mnl_socket_bind(places->numbers, 0, MNL_SOCKET_AUTOPID) == 0)
		mnl_socket_setsockopt(places->numbers, NETLINK_ADD_MEMBERSHIP, &group,
				      sizeof(group));
}

void sf_walker_number(struct sf_walker *walker)
{
	struct sf_netns_list *places = walker->places;
	struct mnl_socket *socket = NULL;

	if (places && !places->numbers)
		listen_to_numbers(places);
	if (places && places->count > 1)
		socket = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	for (size_t at = 1; places && at < places->count; at++)
		places->place[at]->nsid =
			socket ? nsid_of(socket, places->place[at]) : NETNSA_NSID_NOT_ASSIGNED;
	if (socket)
		mnl_socket_close(socket);
}

bool sf_walker_renumbered(struct sf_walker *walker)
{
	struct mnl_socket *numbers = walker->places ? walker->places->numbers : NULL;
	bool told = false;
	char buffer[256];

	/* too many at once (ENOBUFS) are news as well */
	while (numbers &&
	       (mnl_socket_recvfrom(numbers, buffer, sizeof(buffer)) >= 0 || errno != EAGAIN))
		told = true;
	return told;
}

int sf_walker_numbered(const struct sf_walker *walker, int32_t nsid)
{
	const struct sf_netns_list *places = walker->places;

	for (size_t at = 1; places && nsid >= 0 && at < places->count; at++) {
		if (places->place[at]->nsid == nsid)
			return (int)at;
	}
	return nsid == SF_NSID_HOME ? 0 : -ENOENT;
}

uint32_t sf_walker_inode(const struct sf_walker *walker, size_t at)
{
	return at ? walker->places->place[at]->inode : walker->netns;
}

void sf_walker_unnumbered(const struct sf_walker *walker, const struct sf_netns_choice *choice,
			  size_t number, struct sf_walk *walk)
{
	const struct sf_netns_list *places = walker->places;
	sf_cleanup(sf_buf_finish) struct sf_buf names = {0};
	struct sf_err err;

	if (!choice || sf_netns_choice_all(choice))
		return;
	for (size_t at = 1; places && at < places->count; at++) {
		if (places->place[at]->nsid >= 0 || !sf_walker_chosen(walker, at, number))
			continue;
		sf_buf_text(&names, names.length ? ", " : "");
		sf_walker_netns_name(walker, at, &names);
	}
	if (!names.length)
		return;
	sf_fail(&err, -ENOENT,
		"the kernel does not tell what ends in namespaces without an nsid (ip netns set "
		"NAME auto): %s",
		names.data);
	sf_walk_fail(walk, SF_TABLE_TCP, -ENOENT, &err);
}
