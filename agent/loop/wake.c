/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Waking the loop from other threads and from signal handlers: an eventfd for each source, whose
 * counter makes several wakes before the callback one.
 */
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "loop/source.h"

static void wake_ready(struct sf_source *source, uint32_t events)
{
	uint64_t wakes;

	if (read(source->fd, &wakes, sizeof(wakes)) == (ssize_t)sizeof(wakes))
		sf_source_call(source, events);
}

int sf_loop_wake(struct sf_loop *loop, void (*call)(void *arg), void *arg, struct sf_source **ret,
		 struct sf_err *err)
{
	sf_cleanup(sf_close_p) int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
	struct sf_source like = {
		.fd = fd, .ready = wake_ready, .finish = sf_source_close, .call = call, .arg = arg};
	int r = -errno;

	if (fd < 0)
		return sf_fail(err, r, "cannot make an eventfd: %s", strerror(-r));
	r = sf_source_add(loop, &like, EPOLLIN, ret, err);
	if (r == 0)
		fd = -1;
	return r;
}

void sf_wake(struct sf_source *source)
{
	uint64_t one = 1;
	int saved = errno;

	/* It fails where the counter is full: then the loop has been woken already. */
	(void)!write(source->fd, &one, sizeof(one));
	errno = saved;
}
