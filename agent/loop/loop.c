/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One turn: set the clock, wait for events, call the sources that have some, free those that were
 * removed meanwhile. A stop is one atomic word and a wake-up, so a signal handler may ask for it
 * too.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "loop/source.h"

enum { EVENTS = 64 }; /* taken from epoll by one call; more wait for the next turn */

#define NOT_STOPPED LLONG_MIN /* no int is that */

int sf_loop_new(struct sf_loop **ret, struct sf_err *err)
{
	sf_cleanup(sf_loop_free_p) struct sf_loop *loop = sf_new(struct sf_loop);
	int r;

	atomic_init(&loop->stop, NOT_STOPPED);
	loop->epoll = epoll_create1(EPOLL_CLOEXEC);
	if (loop->epoll < 0) {
		r = -errno;
		return sf_fail(err, r, "cannot make an epoll descriptor: %s", strerror(-r));
	}
	r = sf_timers_init(loop, err);
	if (r == 0)
		r = sf_loop_wake(loop, NULL, NULL, &loop->stopper, err);
	if (r < 0)
		return r;
	*ret = sf_take(loop);
	return 0;
}

void sf_loop_free(struct sf_loop *loop)
{
	if (!loop)
		return;
	while (loop->sources)
		sf_source_remove(loop->sources);
	sf_close_p(&loop->epoll);
	free(loop);
}

void sf_loop_free_p(struct sf_loop **loop)
{
	sf_loop_free(*loop);
}

static void free_dead(struct sf_loop *loop)
{
	while (loop->dead) {
		struct sf_source *source = loop->dead;

		loop->dead = source->next;
		free(source);
	}
}

/* epoll counts milliseconds; rounded up, so that a turn never ends before its time. */
static int wait_ms(uint64_t timeout_us)
{
	if (timeout_us == UINT64_MAX)
		return -1;
	return timeout_us / 1000 < INT_MAX ? (int)((timeout_us + 999) / 1000) : INT_MAX;
}

int sf_loop_turn(struct sf_loop *loop, uint64_t timeout_us)
{
	struct epoll_event events[EVENTS];
	int count, calls;

	sf_timers_arm(loop);
	count = epoll_wait(loop->epoll, events, EVENTS, wait_ms(timeout_us));
	if (count < 0)
		return errno == EINTR ? 0 : -errno;
	loop->depth++;
	loop->calls = 0;
	for (int i = 0; i < count; i++) {
		struct sf_source *source = events[i].data.ptr;

		if (!source->dead)
			source->ready(source, events[i].events);
	}
	calls = loop->calls;
	if (!--loop->depth)
		free_dead(loop);
	return calls;
}

int sf_loop_run(struct sf_loop *loop)
{
	long long status;

	while ((status = atomic_load(&loop->stop)) == NOT_STOPPED) {
		int r = sf_loop_turn(loop, UINT64_MAX);

		if (r < 0)
			return r;
	}
	atomic_store(&loop->stop, NOT_STOPPED);
	return (int)status;
}

void sf_loop_stop(struct sf_loop *loop, int status)
{
	long long none = NOT_STOPPED;

	if (atomic_compare_exchange_strong(&loop->stop, &none, status))
		sf_wake(loop->stopper);
}

uint64_t sf_loop_longest(const struct sf_loop *loop)
{
	return loop->longest;
}

static void descriptor_ready(struct sf_source *source, uint32_t events)
{
	sf_source_call(source, events);
}

int sf_loop_descriptor(struct sf_loop *loop, int fd, uint32_t events,
		       void (*call)(void *arg, uint32_t events), void *arg, struct sf_source **ret,
		       struct sf_err *err)
{
	struct sf_source like = {
		.fd = fd, .ready = descriptor_ready, .call_events = call, .arg = arg};

	return sf_source_add(loop, &like, events, ret, err);
}
