/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A signal as a callback: blocked for the thread and all that it makes, read from a signalfd of its
 * own. It stays blocked when the source is removed: a late SIGTERM must not kill a program that is
 * ending in order.
 */
#include <signal.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "loop/source.h"

static void signal_ready(struct sf_source *source, uint32_t events)
{
	struct signalfd_siginfo info;
	bool any = false;

	while (read(source->fd, &info, sizeof(info)) == (ssize_t)sizeof(info))
		any = true;
	if (any)
		sf_source_call(source, events);
}

int sf_loop_signal(struct sf_loop *loop, int number, void (*call)(void *arg), void *arg,
		   struct sf_source **ret, struct sf_err *err)
{
	struct sf_source like = {.ready = signal_ready,
				 .finish = sf_source_close,
				 .call = call,
				 .arg = arg,
				 .signal = number};
	sf_cleanup(sf_close_p) int fd = -1;
	sigset_t set;
	int r;

	sigemptyset(&set);
	if (sigaddset(&set, number) < 0)
		return sf_fail(err, -EINVAL, "there is no signal %d", number);
	for (struct sf_source *other = loop->sources; other; other = other->next)
		if (other->signal == number)
			return sf_fail(err, -EEXIST, "signal %d has a callback already", number);
	fd = signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
	if (fd < 0) {
		r = -errno;
		return sf_fail(err, r, "cannot make a signalfd: %s", strerror(-r));
	}
	r = -pthread_sigmask(SIG_BLOCK, &set, NULL);
	if (r < 0)
		return sf_fail(err, r, "cannot block signal %d: %s", number, strerror(-r));
	like.fd = fd;
	r = sf_source_add(loop, &like, EPOLLIN, ret, err);
	if (r == 0)
		fd = -1;
	return r;
}
