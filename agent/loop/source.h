/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The loop and its sources, as the files of this room see them. A source brings `ready` (its
 * descriptor has events) and `finish` (give back what it holds); loop.c knows no kinds. A timer has
 * no descriptor: timer.c keeps them behind one timerfd.
 */
#pragma once

#include <stdatomic.h>

#include <sockfeed/loop.h>

struct sf_timers { /* sorted by time, of equal ones the first set first */
	struct sf_source *first, *last;
};

struct sf_source {
	struct sf_loop *loop;
	struct sf_source *next, *previous; /* all of the loop; next alone once it is dead */
	bool dead;
	int fd; /* -1: none */
	void (*ready)(struct sf_source *, uint32_t events);
	void (*finish)(struct sf_source *);
	void (*call)(void *arg); /* of the two one is set; none: nobody is told */
	void (*call_events)(void *arg, uint32_t events);
	void *arg;

	int signal;		  /* of signal.c */
	uint64_t due;		  /* of timer.c */
	struct sf_timers *timers; /* of timer.c: where it waits; NULL: it is not set */
	struct sf_source *later, *sooner;
};

struct sf_loop {
	int epoll;
	struct sf_source *sources, *dead;
	struct sf_source *stopper; /* wakes the loop that is to stop */
	atomic_llong stop;	   /* what sf_loop_stop was given, or NOT_STOPPED of loop.c */
	unsigned depth;		   /* turns that are under way: the dead are kept until none is */
	uint64_t longest;
	int calls; /* of this turn */

	struct sf_source *clock; /* of timer.c: the timerfd */
	struct sf_timers waiting;
	uint64_t armed; /* what the timerfd is set to, 0: not set */
};

/*
 * A source of the loop, with a copy of what `like` says; its descriptor (or -1) is watched and on
 * failure still the caller's.
 */
int sf_source_add(struct sf_loop *, const struct sf_source *like, uint32_t events,
		  struct sf_source **ret, struct sf_err *err);
/* Calls who asked, unless it was removed; measures how long that takes. */
void sf_source_call(struct sf_source *, uint32_t events);
/* `finish` of sources whose descriptor is theirs. */
void sf_source_close(struct sf_source *);

int sf_timers_init(struct sf_loop *, struct sf_err *err);
/* Before the loop waits: sets the timerfd to the first timer. */
void sf_timers_arm(struct sf_loop *);
