/* SPDX-License-Identifier: Apache-2.0 */
/*
 * churn 4|6: says on stdout at which port it listens, then opens and closes TCP connections to it over
 * loopback as fast as one core can, both ends here, until standard input ends; then says how many they
 * were and how many a second. Most are reset, which leaves nothing behind; one in 64 ends in TIME-WAIT.
 */
#include <arpa/inet.h>
#include <err.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { ABREAST = 32, ORDERLY = 64 };

union address {
	struct sockaddr any;
	struct sockaddr_in v4;
	struct sockaddr_in6 v6;
};

static int listen_on(int family, union address *at)
{
	socklen_t length = family == AF_INET ? sizeof(at->v4) : sizeof(at->v6);
	int fd = socket(family, SOCK_STREAM, 0);

	memset(at, 0, sizeof(*at));
	at->any.sa_family = (sa_family_t)family;
	if (family == AF_INET)
		at->v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	else
		at->v6.sin6_addr = in6addr_loopback;
	if (fd < 0 || bind(fd, &at->any, length) < 0 || listen(fd, 2 * ABREAST) < 0 ||
	    getsockname(fd, &at->any, &length) < 0)
		err(1, "listen");
	return fd;
}

static bool stdin_ended(void)
{
	struct pollfd in = {.fd = STDIN_FILENO, .events = POLLIN};

	return poll(&in, 1, 0) > 0;
}

static double seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

int main(int argc, char **argv)
{
	const struct linger reset = {.l_onoff = 1};
	int family = argc > 1 && *argv[1] == '6' ? AF_INET6 : AF_INET, ends[2 * ABREAST];
	union address at;
	int listener = listen_on(family, &at);
	socklen_t length = family == AF_INET ? sizeof(at.v4) : sizeof(at.v6);
	unsigned long opened = 0;
	double began;

	printf("%u\n", ntohs(at.v4.sin_port)); /* in the same place for both families */
	fflush(stdout);
	began = seconds();
	while (!stdin_ended()) {
		for (int i = 0; i < ABREAST; i++) {
			ends[2 * i] = socket(family, SOCK_STREAM, 0);
			if (connect(ends[2 * i], &at.any, length) < 0)
				err(1, "connect");
			ends[2 * i + 1] = accept(listener, NULL, NULL);
			if (ends[2 * i + 1] < 0)
				err(1, "accept");
		}
		for (int i = 0; i < ABREAST; i++, opened++) {
			if (opened % ORDERLY)
				setsockopt(ends[2 * i], SOL_SOCKET, SO_LINGER, &reset,
					   sizeof(reset));
			close(ends[2 * i]);
			close(ends[2 * i + 1]);
		}
	}
	printf("%lu %.0f\n", opened, (double)opened / (seconds() - began));
	return 0;
}
