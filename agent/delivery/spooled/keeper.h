/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The spool's thread: errands go to it and come back done, in order, each with what the spool's
 * state was then. The loop owns references to batches, the keeper the spool.
 */
#pragma once

#include <sockfeed/loop.h>

#include "delivery/spool/spool.h"

struct sf_entry;

enum sf_errand_kind {
	SF_ERRAND_APPEND, /* batch, topic, pin, gap -> kept, pin, place */
	SF_ERRAND_OWE,	  /* lost */
	SF_ERRAND_READ,	  /* offset -> batch, topic, place; no batch: kept says that it waits */
	SF_ERRAND_DONE,	  /* entry, place -> kept: it waited; fits: it need not be said again */
	SF_ERRAND_UNPIN,  /* place */
	SF_ERRAND_GAPS,	  /* -> owed, gaps: how many there are */
	SF_ERRAND_TICK
};

enum { SF_KEEPER_GAPS = 64 };

struct sf_keeper_state {
	struct sf_spool_counts counts;
	uint64_t base, end;
	uint64_t next; /* mono: when it wants a tick; UINT64_MAX: none */
	size_t owed;   /* gaps, untold */
};

struct sf_errand {
	struct sf_errand *next;
	enum sf_errand_kind kind;
	struct sf_entry *entry; /* the sender's */
	struct sf_batch *batch;
	const char *topic;
	uint32_t lines;
	size_t length; /* of the batch */
	uint64_t offset;
	struct sf_spool_span place;
	uint64_t gap; /* the batch tells of it */
	struct sf_spool_debt lost;
	bool pin, fits, kept;
	struct sf_batch **released; /* by the spool, during this errand */
	size_t releases;
	struct sf_spool_gap *owed; /* untold, the oldest; freed with the errand */
	size_t gaps;
	struct sf_keeper_state state;
};

struct sf_keeper_events { /* in the loop */
	/* The errand is freed after the call; batches in it are the caller's, and what was released
	 * was dropped before. */
	void (*back)(void *arg, struct sf_errand *);
	void *arg;
};

struct sf_keeper_setup {
	const struct sf_spool_conf *conf;
	const char *boot_id;
	uint64_t ring_size;
	struct sf_pool *pool;
};

/* For the thread (errand.c): does it, and looks how the spool is then. */
void sf_errand_run(struct sf_errand *, struct sf_spool *, struct sf_pool *, uint64_t now);
void sf_errand_look(struct sf_spool *, struct sf_keeper_state *); /* all but `next` */

struct sf_keeper;
/* Opens the spool, in the loop; *state is how it was found. */
int sf_keeper_new(const struct sf_keeper_setup *, struct sf_loop *, const struct sf_keeper_events *,
		  struct sf_keeper_state *state, struct sf_keeper **ret, struct sf_err *err);
/* All errands come back, then the spool is closed; *last is how it was left. Accepts NULL. */
void sf_keeper_free(struct sf_keeper *, struct sf_keeper_state *last);
/* Before the first errand; as sf_spool_runs(). */
size_t sf_keeper_runs(const struct sf_keeper *, const struct sf_spool_run **);
void sf_keeper_send(struct sf_keeper *, const struct sf_errand *);
