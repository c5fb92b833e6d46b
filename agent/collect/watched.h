/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A closed query in the watcher's thread: its run under way, and the share of events that is its.
 */
#pragma once

#include "share.h"

struct sf_watched {
	struct sf_run run;
	size_t number;		 /* among the queries */
	struct sf_shared shared; /* of nobody else */
	struct sf_share share;
	uint64_t lost;	    /* of the watch, when the run began */
	uint64_t placeless; /* ended in a namespace that was not found any more */
	uint32_t netns;	    /* of the socket that was told last */
	bool live;	    /* a run is under way */
};

struct sf_watch_state { /* what the runs of all queries have in common */
	struct sf_pool *pool;
	const struct sf_collect_calls *calls;
	struct sf_walker *walker; /* at home */
	struct sf_watch *watch;	  /* NULL: it could not be opened, for this reason */
	int refused;		  /* -errno */
	struct sf_err err;
	uint64_t lost; /* so far */
	size_t full;   /* bytes of a batch */
	size_t count;
	const struct sf_netns_choice **choice; /* of the queries, in their order */
	bool abroad;			       /* some are of other namespaces than ours */
	int32_t stranger[64];		       /* those that were looked for in vain */
	unsigned strangers;
};

/* Which namespaces there are of those that the queries want. */
void sf_watched_look(struct sf_watch_state *);
/* Before anything is read: looks again when numbers have changed. */
void sf_watched_renew(struct sf_watch_state *);

/* The next run, which is numbered here. */
void sf_watched_begin(struct sf_watched *, struct sf_watch_state *);
/* Its record is written, and its run given back by calls->ended, as the last one or not. */
void sf_watched_end(struct sf_watched *, const struct sf_watch_state *, uint64_t skipped,
		    bool last);
/* Events that a receive call brought, one by one, for all queries. */
void sf_watched_time(struct sf_watched *, size_t count, uint64_t wall_us);
void sf_watched_add(struct sf_watched *, struct sf_watch_state *, const struct sf_view *view,
		    int32_t nsid);
