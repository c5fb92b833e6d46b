/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Timers: a list sorted by time behind one timerfd, which is set to the first of them before the
 * loop waits. A new time is looked for from the far end: ticks are set an interval ahead, behind
 * nearly all others.
 */
#include <string.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "loop/source.h"

static void insert(struct sf_timers *timers, struct sf_source *timer)
{
	struct sf_source *sooner = timers->last;

	while (sooner && sooner->due > timer->due)
		sooner = sooner->sooner;
	timer->sooner = sooner;
	timer->later = sooner ? sooner->later : timers->first;
	if (timer->later)
		timer->later->sooner = timer;
	else
		timers->last = timer;
	if (sooner)
		sooner->later = timer;
	else
		timers->first = timer;
	timer->timers = timers;
}

void sf_timer_clear(struct sf_source *timer)
{
	struct sf_timers *timers = timer->timers;

	if (!timers)
		return;
	if (timer->sooner)
		timer->sooner->later = timer->later;
	else
		timers->first = timer->later;
	if (timer->later)
		timer->later->sooner = timer->sooner;
	else
		timers->last = timer->sooner;
	timer->later = timer->sooner = NULL;
	timer->timers = NULL;
}

void sf_timer_set(struct sf_source *timer, uint64_t mono_us)
{
	if (timer->dead)
		return;
	sf_timer_clear(timer);
	timer->due = mono_us;
	insert(&timer->loop->waiting, timer);
}

/*
 * The due ones are set apart first: what a callback sets, even to a time that has passed, waits for
 * the next turn.
 */
static void clock_ready(struct sf_source *clock, uint32_t events)
{
	struct sf_loop *loop = clock->loop;
	uint64_t now = sf_clock_mono(), expirations;
	struct sf_timers due = {0};
	struct sf_source *timer;

	(void)events;
	(void)!read(clock->fd, &expirations, sizeof(expirations)); /* it only makes it unreadable */
	loop->armed = 0;
	while ((timer = loop->waiting.first) && timer->due <= now) {
		sf_timer_clear(timer);
		insert(&due, timer);
	}
	while ((timer = due.first)) {
		sf_timer_clear(timer);
		sf_source_call(timer, 0);
	}
}

void sf_timers_arm(struct sf_loop *loop)
{
	/* 0 would disarm it; a time that has passed makes it readable at once */
	uint64_t due = !loop->waiting.first ? 0 : loop->waiting.first->due ?: 1;
	struct itimerspec when = {.it_value = {.tv_sec = (time_t)(due / 1000000),
					       .tv_nsec = (long)(due % 1000000) * 1000}};

	if (due == loop->armed)
		return;
	timerfd_settime(loop->clock->fd, TFD_TIMER_ABSTIME, &when, NULL);
	loop->armed = due;
}

int sf_timers_init(struct sf_loop *loop, struct sf_err *err)
{
	sf_cleanup(sf_close_p) int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
	struct sf_source like = {.fd = fd, .ready = clock_ready, .finish = sf_source_close};
	int r = -errno;

	if (fd < 0)
		return sf_fail(err, r, "cannot make a timerfd: %s", strerror(-r));
	r = sf_source_add(loop, &like, EPOLLIN, &loop->clock, err);
	if (r == 0)
		fd = -1;
	return r;
}

int sf_loop_timer(struct sf_loop *loop, void (*call)(void *arg), void *arg, struct sf_source **ret,
		  struct sf_err *err)
{
	struct sf_source like = {.fd = -1, .finish = sf_timer_clear, .call = call, .arg = arg};

	return sf_source_add(loop, &like, 0, ret, err);
}
