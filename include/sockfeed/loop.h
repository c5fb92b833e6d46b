/* SPDX-License-Identifier: Apache-2.0 */
/*
 * loop: descriptors, timers, signals and wake-ups become callbacks on one thread; threads hand whole things over
 * through bounded channels; a grid says when a tick is due.
 *
 * Promises: a source that was removed is never called again, also when it is removed from inside its own or another's
 * callback of the same turn; freeing the loop frees its sources. Everything here but sf_wake, sf_loop_stop, channels
 * and bells belongs to the loop's own thread.
 */
#pragma once

#include <sockfeed/base.h>

struct sf_loop;
struct sf_source; /* one registered callback */

int sf_loop_new(struct sf_loop **ret, struct sf_err *err);
void sf_loop_free(struct sf_loop *);
void sf_loop_free_p(struct sf_loop **);

/* Until sf_loop_stop, also one before the run; what stop was given comes back, or -errno when epoll itself fails. */
int sf_loop_run(struct sf_loop *);
/* One turn, waiting at most timeout_us (UINT64_MAX: for ever): number of callbacks, or -errno. For tests. */
int sf_loop_turn(struct sf_loop *, uint64_t timeout_us);
void sf_loop_stop(struct sf_loop *, int status); /* any thread, signal handlers too; the first one counts */
uint64_t sf_loop_longest(const struct sf_loop *); /* the longest callback so far, microseconds */

/* The descriptor stays the caller's; close it after the removal. events: EPOLLIN, EPOLLOUT as in epoll(7). */
int sf_loop_descriptor(struct sf_loop *, int fd, uint32_t events, void (*call)(void *arg, uint32_t events), void *arg,
		       struct sf_source **ret, struct sf_err *err);
/* A timer that is not set yet. Any number of them: they share one timerfd (CLOCK_MONOTONIC). */
int sf_loop_timer(struct sf_loop *, void (*call)(void *arg), void *arg, struct sf_source **ret, struct sf_err *err);
void sf_timer_set(struct sf_source *, uint64_t mono_us); /* fires once; a time that has passed fires in the next turn */
void sf_timer_clear(struct sf_source *);
/*
 * Blocks the signal in the calling thread and reads it by signalfd; call it before threads are made, they inherit that.
 * It stays blocked after the removal. -EEXIST for a second callback of a signal.
 */
int sf_loop_signal(struct sf_loop *, int number, void (*call)(void *arg), void *arg, struct sf_source **ret,
		   struct sf_err *err);
/* Called in the loop after sf_wake from any thread; several wakes before the call are one. */
int sf_loop_wake(struct sf_loop *, void (*call)(void *arg), void *arg, struct sf_source **ret, struct sf_err *err);
void sf_wake(struct sf_source *);
/* Never called again from here on. Accepts NULL. Never from another thread. */
void sf_source_remove(struct sf_source *);

/* ---- threads ---- */

/*
 * A thread with all signals blocked (but those of faults), a small stack (256 KiB) and a name of at most 15 bytes for
 * ps and debuggers.
 * sf_thread_join waits for its end and frees it; accepts NULL.
 */
struct sf_thread;
int sf_thread_start(const char *name, void (*run)(void *arg), void *arg, struct sf_thread **ret, struct sf_err *err);
void sf_thread_join(struct sf_thread *);

/*
 * A bounded queue of pointers, first in first out, any number of threads at both ends. Who takes from a loop gives a
 * wake source: it is woken when the channel stops being empty and must then take until NULL.
 */
struct sf_channel;
struct sf_channel *sf_channel_new(size_t capacity);
void sf_channel_free(struct sf_channel *); /* must be empty or its things are the caller's to find; accepts NULL */
void sf_channel_wakes(struct sf_channel *, struct sf_source *wake); /* before the first use; NULL: none from here on */
bool sf_channel_try_put(struct sf_channel *, void *thing); /* false: full or closed */
bool sf_channel_put(struct sf_channel *, void *thing);     /* waits for room; false: closed, the thing is still yours */
void *sf_channel_try_take(struct sf_channel *);            /* NULL: empty */
void *sf_channel_take(struct sf_channel *);                /* waits; NULL: closed and empty */
void sf_channel_close(struct sf_channel *);                /* nothing more goes in, what is in comes out */
size_t sf_channel_count(struct sf_channel *);

/*
 * A bell: a thread looks at something, and when it is not yet as wanted, sleeps until the bell was rung since it read
 * the number of rings, before it looked. Any thread.
 */
struct sf_bell;
struct sf_bell *sf_bell_new(void);
void sf_bell_free(struct sf_bell *); /* when nobody waits; accepts NULL */
uint64_t sf_bell_rings(struct sf_bell *);
void sf_bell_ring(struct sf_bell *);
bool sf_bell_wait(struct sf_bell *, uint64_t rings, uint64_t until_mono_us); /* false: the time came first */

/* ---- the grid: when the next tick is due ---- */

/*
 * Ticks at multiples of interval since the epoch plus phase (align), or from the start on (no align). Pure arithmetic:
 * callers bring the clocks. The next tick is the first of the grid that is at least half an interval later than the one
 * just handled: never early, never two close together, whatever the clock or the process did. Where the wall clock was
 * set or slewed (by more than 1 ms; less is two readings of two clocks), the grid moves with it at the next tick.
 */
struct sf_grid {
	uint64_t interval, phase; /* microseconds; the phase is taken modulo the interval, which is not 0 */
	bool align;
	int64_t offset; /* wall - mono, of the grid in force */
	uint64_t next;  /* mono: the tick that is due next */
};
void sf_grid_start(struct sf_grid *, uint64_t interval, uint64_t phase, bool align, uint64_t mono, uint64_t wall);
/* After a tick was handled at `mono`: sets next; returns how many ticks were passed over. */
uint64_t sf_grid_advance(struct sf_grid *, uint64_t mono, uint64_t wall);
/* The host's fixed phase within [0, splay): FNV-1a of its id. 0 without a splay. */
uint64_t sf_grid_phase(const char *host_id, uint64_t splay);
