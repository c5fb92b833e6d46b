/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ends make COUNT: so many TCP connections over loopback, one after the other, both ends here, each with a hundred bytes
 * and an orderly end; says how many a second.
 *
 * ends floor BYTES: the least that being told of them costs. Subscribes to the ends of TCP sockets with a receive buffer
 * of so many bytes, says "ready" and throws away what comes, event by event, until SIGTERM; says how many came and how
 * many were lost.
 */
#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static void set(int fd, int level, int name, int value)
{
	if (setsockopt(fd, level, name, &value, sizeof(value)) < 0)
		err(1, "setsockopt %d", name);
}

/* ---- make ---- */

static int make_listener(struct sockaddr_in *at)
{
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	socklen_t length = sizeof(*at);

	*at = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	if (fd < 0 || bind(fd, (struct sockaddr *)at, length) < 0 || listen(fd, 128) < 0 ||
	    getsockname(fd, (struct sockaddr *)at, &length) < 0)
		err(1, "listen");
	return fd;
}

static void make_one(int listener, const struct sockaddr_in *to)
{
	char bytes[100] = {0};
	int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), server;

	if (client < 0 || connect(client, (const struct sockaddr *)to, sizeof(*to)) < 0)
		err(1, "connect");
	server = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
	if (server < 0)
		err(1, "accept");
	if (write(client, bytes, sizeof(bytes)) < 0 || read(server, bytes, sizeof(bytes)) < 0)
		err(1, "transfer");
	close(client);
	close(server);
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void make(unsigned long count)
{
	struct sockaddr_in to;
	int listener = make_listener(&to);
	double start = seconds();

	for (unsigned long i = 0; i < count; i++)
		make_one(listener, &to);
	printf("%lu connections, %.0f a second\n", count, (double)count / (seconds() - start));
}

/* ---- floor ---- */

static volatile sig_atomic_t ended;

static void on_end(int number)
{
	(void)number;
	ended = 1;
}

static int subscribe(int bytes)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_SOCK_DIAG);
	const struct sockaddr_nl any = {.nl_family = AF_NETLINK};

	if (fd < 0 || bind(fd, (const struct sockaddr *)&any, sizeof(any)) < 0)
		err(1, "bind");
	set(fd, SOL_SOCKET, SO_RCVBUFFORCE, bytes / 2);
	set(fd, SOL_NETLINK, NETLINK_NO_ENOBUFS, 1);
	set(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, SKNLGRP_INET_TCP_DESTROY);
	set(fd, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, SKNLGRP_INET6_TCP_DESTROY);
	return fd;
}

static void throw_away(int bytes)
{
	static char buffer[8192] __attribute__((aligned(8)));
	unsigned memory[SK_MEMINFO_VARS];
	socklen_t length = sizeof(memory);
	unsigned long events = 0;
	int fd = subscribe(bytes);

	sigaction(SIGTERM, &(struct sigaction){.sa_handler = on_end}, NULL);
	puts("ready");
	fflush(stdout);
	while (!ended) {
		if (recv(fd, buffer, sizeof(buffer), 0) > 0)
			events++;
		else if (errno != EINTR)
			err(1, "recv");
	}
	if (getsockopt(fd, SOL_SOCKET, SO_MEMINFO, memory, &length) < 0)
		err(1, "SO_MEMINFO");
	printf("%lu events, %u lost\n", events, memory[SK_MEMINFO_DROPS]);
}

int main(int argc, char **argv)
{
	if (argc == 3 && !strcmp(argv[1], "make"))
		make(strtoul(argv[2], NULL, 10));
	else if (argc == 3 && !strcmp(argv[1], "floor"))
		throw_away(atoi(argv[2]));
	else
		errx(2, "usage: ends make COUNT | ends floor BYTES");
	return 0;
}
