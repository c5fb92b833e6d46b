/* SPDX-License-Identifier: Apache-2.0 */
/*
 * load tcp|udp|unix COUNT: makes so many pairs of sockets, says "ready" on stdout and holds them until standard input ends.
 *
 * A process may have a limited number of descriptors, so several hold them. tcp: connections over loopback, both ends
 * here, half IPv4 and half IPv6. Each holder has a listener of its own for either family, so that the 4-tuples suffice.
 * Every connection carries its own amounts of bytes and its own options, so that records have varied values. One in a
 * hundred is closed by one side: half a percent of all sockets are in CLOSE-WAIT. They are reset at the end: nothing
 * stays in TIME-WAIT. udp: one waits for datagrams, another is connected to it, in half of the pairs one is unread.
 * unix: half are connected streams, half datagram sockets, one of them with a name, each second name a file's.
 */
#include <arpa/inet.h>
#include <err.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
	struct sockaddr_storage room;
};

static void set(int fd, int level, int name, int value)
{
	if (setsockopt(fd, level, name, &value, sizeof(value)) < 0)
		err(1, "setsockopt %d", name);
}

static int listener(int family, union address *at)
{
	socklen_t length = family == AF_INET ? sizeof(at->v4) : sizeof(at->v6);
	int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd < 0)
		err(1, "socket");
	memset(at, 0, sizeof(*at));
	at->any.sa_family = family;
	if (family == AF_INET)
		at->v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	else
		at->v6.sin6_addr = in6addr_loopback;
	if (bind(fd, &at->any, length) < 0 || listen(fd, 128) < 0 ||
	    getsockname(fd, &at->any, &length) < 0)
		err(1, "listen");
	return fd;
}

/* Any address of 127.0.0.0/8 is ours; IPv6 has the one. */
static int caller(const union address *to, unsigned number)
{
	union address from = {.v4 = {.sin_family = AF_INET,
				     .sin_addr.s_addr = htonl(INADDR_LOOPBACK + number % 60000)}};
	int fd = socket(to->any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	socklen_t length = sizeof(to->v6);

	if (fd < 0)
		err(1, "socket");
	if (to->any.sa_family == AF_INET) {
		length = sizeof(to->v4);
		set(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
		if (bind(fd, &from.any, sizeof(from.v4)) < 0)
			err(1, "bind");
	}
	if (connect(fd, &to->any, length) < 0)
		err(1, "connect number %u", number);
	return fd;
}

static void carry(int from, int to, size_t bytes)
{
	static char buffer[8192];

	if (send(from, buffer, bytes, 0) != (ssize_t)bytes ||
	    recv(to, buffer, bytes, MSG_WAITALL) != (ssize_t)bytes)
		err(1, "carrying %zu bytes", bytes);
}

static void hold_tcp(unsigned first, unsigned count)
{
	union address at[2];
	int listening[2] = {listener(AF_INET, &at[0]), listener(AF_INET6, &at[1])};
	struct linger reset = {.l_onoff = 1};

	for (unsigned i = first; i < first + count; i++) {
		int ends[2] = {caller(&at[i % 2], i / 2)};

		ends[1] = accept4(listening[i % 2], NULL, NULL, SOCK_CLOEXEC);
		if (ends[1] < 0)
			err(1, "accept");
		for (unsigned j = 0; j < 2; j++)
			if (setsockopt(ends[j], SOL_SOCKET, SO_LINGER, &reset, sizeof(reset)) < 0)
				err(1, "SO_LINGER");
		if (i % 3 == 0)
			set(ends[i / 3 % 2], SOL_SOCKET, SO_KEEPALIVE, 1);
		if (i % 5 == 0)
			set(ends[0], IPPROTO_TCP, TCP_NODELAY, 1);
		carry(ends[0], ends[1], 1 + i * 7919u % 1400);
		carry(ends[1], ends[0], 1 + i * 104729u % 4000);
		if (i % 100 == 99 && shutdown(ends[0], SHUT_WR) < 0)
			err(1, "shutdown");
	}
}

static void hold_udp(unsigned first, unsigned count)
{
	for (unsigned i = first; i < first + count; i++) {
		union address at = {.v4 = {.sin_family = AF_INET,
					   .sin_addr.s_addr = htonl(INADDR_LOOPBACK + i % 60000)}};
		socklen_t length = sizeof(at.v4);
		int ends[2];

		if (i % 2) {
			length = sizeof(at.v6);
			at.v6 = (struct sockaddr_in6){.sin6_family = AF_INET6,
						      .sin6_addr = in6addr_loopback};
		}
		for (unsigned j = 0; j < 2; j++)
			ends[j] = socket(at.any.sa_family, SOCK_DGRAM | SOCK_CLOEXEC, 0);
		if (bind(ends[0], &at.any, length) < 0 ||
		    getsockname(ends[0], &at.any, &length) < 0 ||
		    connect(ends[1], &at.any, length) < 0)
			err(1, "udp number %u", i);
		if (i % 4 < 2 && send(ends[1], "unread", 1 + i % 5, 0) < 0)
			err(1, "send");
	}
}

static void hold_unix(unsigned first, unsigned count)
{
	for (unsigned i = first; i < first + count; i++) {
		struct sockaddr_un at = {.sun_family = AF_UNIX};
		int ends[2], type = i % 2 ? SOCK_DGRAM : SOCK_STREAM;
		bool file = i % 4 == 1;
		int length = snprintf(at.sun_path + !file, sizeof(at.sun_path) - 1,
				      "%ssockfeed-load-%d-%u", file ? "/tmp/" : "", getpid(), i);

		if (socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, ends) < 0)
			err(1, "socketpair");
		if (type == SOCK_DGRAM &&
		    bind(ends[0], (struct sockaddr *)&at,
			 offsetof(struct sockaddr_un, sun_path) + 1 + length) < 0)
			err(1, "bind");
		if (file)
			unlink(at.sun_path);
		if (i % 3 == 0 && send(ends[1], "unread", 1 + i % 5, 0) < 0)
			err(1, "send");
	}
}

static const struct {
	const char *name;
	void (*hold)(unsigned first, unsigned count);
} kinds[] = {{"tcp", hold_tcp}, {"udp", hold_udp}, {"unix", hold_unix}, {NULL, NULL}};

int main(int argc, char **argv)
{
	struct rlimit limit;
	unsigned wanted, each, holders = 0, kind = 0;
	int ready[2],
		end[2]; /* the holders end when the last writer of `end`, this process, is gone */
	char byte;

	while (argc == 3 && kinds[kind].name && strcmp(kinds[kind].name, argv[1]))
		kind++;
	if (argc != 3 || !kinds[kind].name || !(wanted = strtoul(argv[2], NULL, 10)))
		errx(2, "usage: load tcp|udp|unix COUNT");
	if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
		err(1, "getrlimit");
	limit.rlim_cur = limit.rlim_max;
	if (setrlimit(RLIMIT_NOFILE, &limit) < 0 || pipe(ready) < 0 || pipe(end) < 0)
		err(1, "setrlimit, pipe");
	each = limit.rlim_max > 18100 ? 9000 : (limit.rlim_max - 100) / 2;
	for (unsigned first = 0; first < wanted; first += each, holders++) {
		pid_t pid = fork();

		if (pid < 0)
			err(1, "fork");
		if (pid)
			continue;
		close(end[1]);
		close(ready[0]);
		kinds[kind].hold(first, wanted - first < each ? wanted - first : each);
		if (write(ready[1], "", 1) != 1)
			err(1, "write");
		while (read(end[0], &byte, 1) > 0)
			;
		_exit(0);
	}
	close(ready[1]);
	for (unsigned i = 0; i < holders; i++)
		if (read(ready[0], &byte, 1) != 1)
			errx(1, "a holder ended early");
	puts("ready");
	fflush(stdout);
	while (read(0, &byte, 1) > 0)
		;
	close(end[1]);
	while (wait(NULL) > 0)
		;
	return 0;
}
