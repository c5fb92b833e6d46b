/* SPDX-License-Identifier: Apache-2.0 */
/*
 * floor v2|legacy|udp|unix: the least that reading every socket of a table with all its attributes costs. The answers are
 * received (32 KiB at a time, which is what the kernel gives at most) and thrown away; says how many they were.
 *
 * v2 is TCP and asks twice, for IPv4 and for IPv6, as ss does, and so does udp; legacy is TCP and asks once, which older
 * kernels and TCP alone know.
 */
#include <err.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/unix_diag.h>
#include <netinet/in.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* NAME, VFS, PEER, ICONS, RQLEN, MEMINFO, UID; the last is younger than some headers. */
#define UNIX_SHOW 0x7f

/* Every state that `state all` asks for: 1 to 11 but for the one that never is in a table, and bound-inactive (13). */
#define STATES 0x2ffe

struct request {
	struct nlmsghdr head;
	union {
		struct inet_diag_req_v2 v2;
		struct inet_diag_req legacy;
		struct unix_diag_req unix_;
	};
};

static unsigned long sockets, bytes, receives;

/* 1: DONE came, 0: more will come. */
static int throw_away(const void *buffer, int length)
{
	for (const struct nlmsghdr *head = buffer; NLMSG_OK(head, length);
	     head = NLMSG_NEXT(head, length)) {
		if (head->nlmsg_type == NLMSG_ERROR)
			errx(1, "the kernel refuses: %d",
			     ((struct nlmsgerr *)NLMSG_DATA(head))->error);
		if (head->nlmsg_type == NLMSG_DONE) {
			if (*(int *)NLMSG_DATA(head) < 0)
				errx(1, "the kernel ends with %d", *(int *)NLMSG_DATA(head));
			return 1;
		}
		sockets++;
	}
	return 0;
}

static void dump(int fd, struct request *request, size_t payload)
{
	static char buffer[32768] __attribute__((aligned(8)));
	ssize_t length;

	request->head.nlmsg_len = NLMSG_LENGTH(payload);
	request->head.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
	if (send(fd, request, request->head.nlmsg_len, 0) < 0)
		err(1, "send");
	do {
		length = recv(fd, buffer, sizeof(buffer), MSG_TRUNC);
		if (length < 0)
			err(1, "recv");
		if ((size_t)length > sizeof(buffer))
			errx(1, "an answer of %zd bytes was cut", length);
		bytes += length;
		receives++;
	} while (!throw_away(buffer, length));
}

static void dump_inet(int fd, uint8_t protocol)
{
	const uint8_t families[] = {AF_INET, AF_INET6};

	for (unsigned i = 0; i < 2; i++) {
		struct request request = {.head.nlmsg_type = SOCK_DIAG_BY_FAMILY,
					  .v2 = {.sdiag_family = families[i],
						 .sdiag_protocol = protocol,
						 .idiag_ext = 0xff,
						 .idiag_states = STATES}};

		dump(fd, &request, sizeof(request.v2));
	}
}

int main(int argc, char **argv)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	const char *kind = argc == 2 ? argv[1] : "";

	if (fd < 0)
		err(1, "socket");
	if (!strcmp(kind, "legacy")) {
		struct request request = {.head.nlmsg_type = TCPDIAG_GETSOCK,
					  .legacy = {.idiag_family = AF_INET,
						     .idiag_ext = 0xff,
						     .idiag_states = STATES}};

		dump(fd, &request, sizeof(request.legacy));
	} else if (!strcmp(kind, "unix")) {
		struct request request = {.head.nlmsg_type = SOCK_DIAG_BY_FAMILY,
					  .unix_ = {.sdiag_family = AF_UNIX,
						    .udiag_states = ~0u,
						    .udiag_show = UNIX_SHOW}};

		dump(fd, &request, sizeof(request.unix_));
	} else if (!strcmp(kind, "v2") || !strcmp(kind, "udp")) {
		dump_inet(fd, *kind == 'u' ? IPPROTO_UDP : IPPROTO_TCP);
	} else {
		errx(2, "usage: floor v2|legacy|udp|unix");
	}
	printf("%lu sockets, %lu bytes, %lu receive calls\n", sockets, bytes, receives);
	return 0;
}
