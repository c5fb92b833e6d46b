/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The collector: a thread that makes sweeps one after another and hands the batches of their runs
 * to the loop. It never touches outputs but to ask whether they have room (delivery.h,
 * back-pressure). As long as it holds other namespaces it looks every few seconds whether they are
 * still there.
 */
#pragma once

#include "collect.h"

struct sf_sweep { /* the runs that share a walk */
	size_t count; /* 0: none, the collector tidies */
	struct sf_run *run[];
};

/* Called in the loop. The batch is yours; after its last one the run is yours again. */
struct sf_collector_events {
	void (*batch)(void *arg, struct sf_run *, struct sf_batch *);
	void (*ended)(void *arg, struct sf_run *);
	void *arg;
};

struct sf_collector;
int sf_collector_new(struct sf_loop *, struct sf_pool *, uint32_t release, size_t queries,
		     const struct sf_collector_events *, struct sf_collector **ret,
		     struct sf_err *err);
/*
 * Takes the sweep for good (it is freed), and each run until its `ended`. At most one run a query
 * may be under way: `queries` of them have room.
 */
void sf_collector_start(struct sf_collector *, struct sf_sweep *);
/* The runs under way and those that wait end now, as partial. */
void sf_collector_cancel(struct sf_collector *);
/* Only when no run is under way. Accepts NULL. */
void sf_collector_free(struct sf_collector *);
