/* SPDX-License-Identifier: Apache-2.0 */
/*
 * floor v2|legacy: the least that reading every TCP socket with all its attributes costs. The answers are received
 * (32 KiB at a time, which is what the kernel gives at most) and thrown away; says how many they were.
 *
 * v2 asks twice, for IPv4 and for IPv6, as ss does; legacy asks once, which older kernels and TCP alone know.
 */
#include <err.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

/* Every state that `state all` asks for: 1 to 11 but for the one that never is in a table, and bound-inactive (13). */
#define STATES 0x2ffe

struct request {
	struct nlmsghdr head;
	union {
		struct inet_diag_req_v2 v2;
		struct inet_diag_req legacy;
	};
};

static unsigned long sockets, bytes, receives;

/* 1: DONE came, 0: more will come. */
static int throw_away(const void *buffer, int length)
{
	for (const struct nlmsghdr *head = buffer; NLMSG_OK(head, length);
	     head = NLMSG_NEXT(head, length)) {
		if (head->nlmsg_type == NLMSG_ERROR)
			errx(1, "the kernel refuses: %d", ((struct nlmsgerr *)NLMSG_DATA(head))->error);
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

int main(int argc, char **argv)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	const int families[] = {AF_INET, AF_INET6};

	if (fd < 0)
		err(1, "socket");
	if (argc == 2 && !strcmp(argv[1], "legacy")) {
		struct request request = {
			.head.nlmsg_type = TCPDIAG_GETSOCK,
			.legacy = {.idiag_family = AF_INET, .idiag_ext = 0xff, .idiag_states = STATES}};

		dump(fd, &request, sizeof(request.legacy));
	} else if (argc == 2 && !strcmp(argv[1], "v2")) {
		for (unsigned i = 0; i < 2; i++) {
			struct request request = {.head.nlmsg_type = SOCK_DIAG_BY_FAMILY,
						  .v2 = {.sdiag_family = families[i],
							 .sdiag_protocol = IPPROTO_TCP,
							 .idiag_ext = 0xff,
							 .idiag_states = STATES}};

			dump(fd, &request, sizeof(request.v2));
		}
	} else {
		errx(2, "usage: floor v2|legacy");
	}
	printf("%lu sockets, %lu bytes, %lu receive calls\n", sockets, bytes, receives);
	return 0;
}
