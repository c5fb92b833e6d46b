/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One netlink descriptor, kept open from walk to walk: the kernel sizes the chunks of a dump by
 * the longest receive that it has seen on a descriptor, so a fresh one begins with small chunks.
 * It stays with the network namespace it was made in.
 *
 * To a process with CAP_NET_ADMIN the kernel sends TCP-MD5 keys unasked: what it sends is received
 * into memory that no core shows, and a tap sees no key.
 */
#include <linux/netlink.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "link.h"

/*
 * The kernel makes chunks of 32 KiB at most (net/netlink/af_netlink.c); a buffer of libmnl's
 * MNL_SOCKET_BUFFER_SIZE needs eight times as many calls. A single message can be longer, though,
 * then the buffer grows.
 */
enum { CHUNK = 32768 };

/* A dump is made inside of our own receive calls: this bounds only waiting for what never comes. */
static const struct timeval patience = {.tv_sec = 5};

static const char sandbox[] = " (a sandbox without AF_NETLINK? systemd: RestrictAddressFamilies=)";

static bool is_sandbox(int code)
{
	return code == EPERM || code == EACCES || code == EAFNOSUPPORT;
}

int sf_link_open(struct sf_link *link, struct sf_err *err)
{
	if (link->socket)
		return 0;
	link->socket = mnl_socket_open2(NETLINK_SOCK_DIAG, SOCK_CLOEXEC);
	if (!link->socket)
		return sf_fail(err, -errno, "%s: %m%s",
			       errno == EPROTONOSUPPORT
				       ? "this kernel has no NETLINK_SOCK_DIAG"
				       : "a NETLINK_SOCK_DIAG socket cannot be opened",
			       is_sandbox(errno) ? sandbox : "");
	if (mnl_socket_bind(link->socket, 0, MNL_SOCKET_AUTOPID) < 0 ||
	    setsockopt(mnl_socket_get_fd(link->socket), SOL_SOCKET, SO_RCVTIMEO, &patience,
		       sizeof(patience)) < 0) {
		int code = -errno;

		sf_link_close(link);
		return sf_fail(err, code, "a NETLINK_SOCK_DIAG socket cannot be bound: %s",
			       sf_errno_name(code));
	}
	link->port = mnl_socket_get_portid(link->socket);
	if (!link->buffer) {
		link->buffer = sf_secret_alloc(CHUNK);
		link->capacity = CHUNK;
	}
	return 0;
}

void sf_link_close(struct sf_link *link)
{
	if (link->socket)
		mnl_socket_close(sf_take(link->socket));
}

void sf_link_finish(struct sf_link *link)
{
	sf_link_close(link);
	sf_secret_free(link->buffer, link->capacity);
}

int sf_link_send(struct sf_link *link, const union sf_request *request, const void *bytecode,
		 size_t length)
{
	struct sockaddr_nl kernel = {.nl_family = AF_NETLINK};
	struct iovec parts[] = {{(void *)request, request->header.nlmsg_len - length},
				{(void *)bytecode, length}};
	const struct msghdr message = {.msg_name = &kernel,
				       .msg_namelen = sizeof(kernel),
				       .msg_iov = parts,
				       .msg_iovlen = length ? 2 : 1};
	ssize_t sent;

	do {
		sent = sendmsg(mnl_socket_get_fd(link->socket), &message, 0);
	} while (sent < 0 && errno == EINTR);
	if (sent < 0)
		return -errno;
	if (link->tap)
		link->tap->sent(link->tap->arg, request, parts[0].iov_len, bytecode, length);
	return 0;
}

/* What came does not fit: the next one will. */
static ssize_t grow(struct sf_link *link, size_t needed)
{
	sf_secret_free(link->buffer, link->capacity);
	link->buffer = sf_secret_alloc(needed);
	link->capacity = needed;
	return -EMSGSIZE;
}

ssize_t sf_link_receive(struct sf_link *link)
{
	int fd = mnl_socket_get_fd(link->socket);

	for (;;) {
		struct sockaddr_nl from = {0};
		socklen_t size = sizeof(from);
		ssize_t length = recvfrom(fd, link->buffer, link->capacity, MSG_TRUNC,
					  (struct sockaddr *)&from, &size);

		if (length < 0 && errno == EINTR)
			continue;
		if (length < 0)
			return errno == EAGAIN ? -ETIMEDOUT : -errno;
		if (size != sizeof(from) || from.nl_pid != 0)
			continue; /* any process may send to us; the kernel is 0 */
		if ((size_t)length > link->capacity)
			return grow(link, (size_t)length);
		if (link->tap) {
			sf_datagram_wipe(link->buffer, (size_t)length);
			link->tap->received(link->tap->arg, link->buffer, (size_t)length);
		}
		return length;
	}
}
