/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sweeps, on the loop's side: runs that are due together go to the collector together and share
 * walks. A job's place in them is its seat.
 */
#pragma once

#include "collector.h"

/* Ticks that are so far from each other at most are one. */
#define SF_TOGETHER_US 20000

struct sf_seat {
	struct sf_run run;
	bool busy;    /* from the moment that it joined until its run is back */
	uint64_t due; /* mono: when it will join by itself; UINT64_MAX: it will not */
	struct sf_seat *next, *joined;
};

struct sf_sweeps;
struct sf_sweeps *sf_sweeps_new(struct sf_collector *);
void sf_sweeps_free(struct sf_sweeps *); /* forgets who has joined; accepts NULL */

/* From here on its ticks are waited for, until it leaves. */
void sf_sweeps_seat(struct sf_sweeps *, struct sf_seat *);
void sf_sweeps_leave(struct sf_sweeps *, struct sf_seat *);

/* The seat's run is ready and was due at `due`: it goes with the next sweep. */
void sf_sweeps_join(struct sf_sweeps *, struct sf_seat *, uint64_t due);
/*
 * Starts the sweeps that have nobody to wait for any more; after a tick, and after a seat's due was
 * taken back.
 */
void sf_sweeps_look(struct sf_sweeps *, uint64_t mono);
/* Starts those who have joined, whoever else is due. */
void sf_sweeps_start(struct sf_sweeps *);
