/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The watcher: a thread that is told by the kernel of every socket that ends, and writes it to each
 * closed query that wants it. Such a query always has a run under way: a turn ends it with its
 * record and begins the next in the same moment, so that no event is between two runs.
 */
#pragma once

#include "collector.h"

struct sf_watcher;
/*
 * Subscribes at once; the first runs begin with it. Where that is refused each run says so and the
 * next one tries again. `runs` have a job and a plan each, and are copied.
 */
int sf_watcher_new(struct sf_loop *, struct sf_pool *, uint32_t release, const struct sf_run *runs,
		   size_t count, const struct sf_collector_events *, struct sf_watcher **ret,
		   struct sf_err *err);
/* Ends the watcher's runs. Accepts NULL. */
void sf_watcher_free(struct sf_watcher *);

/* What it says of its receive buffer, for the log; empty: it is as large as was wanted. */
const char *sf_watcher_note(const struct sf_watcher *);
/*
 * The run of that job ends and comes back, with the ticks that were skipped in it; the next one
 * begins unless this is the last. At most one turn of a job may be under way.
 */
void sf_watcher_turn(struct sf_watcher *, struct sf_job *, uint64_t skipped, bool last);
/* Every run ends and comes back as the last one of its job. Accepts NULL. */
void sf_watcher_end(struct sf_watcher *);
