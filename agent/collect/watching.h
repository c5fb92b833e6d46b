/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The watcher inside: what its thread (watching.c) and the loop's side (watcher.c) share. The
 * channels and `cancel` belong to both; the rest is the thread's from its start on.
 */
#pragma once

#include "watched.h"
#include "watcher.h"

struct sf_turn {
	struct sf_job *job; /* NULL: of all */
	uint64_t skipped;
	bool last;
};

struct sf_watcher_message { /* a batch, or the end of a run, which is a copy */
	struct sf_run run;
	struct sf_batch *batch; /* NULL: the run has ended */
};

struct sf_watcher {
	struct sf_watch_state state;
	struct sf_watch_setup setup;
	struct sf_collect_calls calls;
	struct sf_loop *inner; /* the thread's */
	struct sf_source *readable, *flush, *turned;
	struct sf_channel *turns, *messages;
	struct sf_thread *thread;
	struct sf_source *wake; /* of the loop, for messages */
	struct sf_collector_events events;
	atomic_bool cancel;
	long gather;   /* ns */
	bool flushing; /* the timer is set */
	char note[160];
	size_t count;
	struct sf_watched watched[];
};

/* Makes the thread's loop and its sources, subscribes and begins the first runs. */
int sf_watching_begin(struct sf_watcher *, struct sf_err *err);
/* The thread: until the last run has ended. */
void sf_watching(void *watcher);
