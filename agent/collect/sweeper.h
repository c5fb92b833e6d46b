/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the collector and its thread have in common.
 */
#pragma once

#include <stdatomic.h>

#include "collector.h"

struct sf_message { /* a batch of a run, or its end */
	struct sf_run *run;
	struct sf_batch *batch; /* NULL: the run has ended */
};

struct sf_sweeper {
	struct sf_walker *walker;
	struct sf_questions *questions;
	struct sf_pool *pool;
	struct sf_channel *sweeps, *messages; /* to the thread, from it */
	atomic_bool cancel;
	atomic_bool holds, tidies; /* other namespaces; a sweep that tidies is under way */
	unsigned deep;		   /* sweeps that are under way, within one another */
};

/* The thread: until `sweeps` is closed; then it closes `messages`. */
void sf_sweeper_work(void *sweeper);
