/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What waits for a sink, or is in one: a batch and where it goes. Queues are ordered by the
 * entries' numbers, the oldest first; an entry is in one queue at a time.
 */
#pragma once

#include "delivery/spool/spool.h"

struct sf_topic;
struct sf_queue;

struct sf_entry {
	struct sf_queue *in;
	struct sf_entry *before, *after;
	struct sf_topic *topic;
	struct sf_batch *batch; /* NULL: it is on the disk alone */
	uint64_t number;	/* in order of putting; its offset in the spool */
	uint32_t lines;
	size_t length;		    /* bytes of them */
	struct sf_spool_span place; /* in the spool */
	uint64_t index;		    /* among the batches of its query; 0: not known */
	uint64_t gap;		    /* the one that it tells; 0: none */
	bool failed;		    /* and was not done since */
	bool parked;		    /* with its topic */
	bool charged;		    /* to the gate; with a spool, to the flow's */
	bool gone;		    /* it left, but for the letters that are on their way */
	uint32_t left;		    /* did not get out, and are lost */
	uint32_t letters;	    /* on their way to the file of dead letters */
	uint32_t lost;		    /* of the dead, those that are in no file */
	enum sf_loss loss;	    /* why */
	struct sf_spool_debt *debt; /* with a spool: what it is to owe for the lost */
	size_t debts;
	uint32_t dead;
	uint32_t *dead_line; /* `dead` of them */
};

struct sf_queue { /* zero is empty */
	struct sf_entry *first, *last;
	size_t count;
};

void sf_entry_free(struct sf_entry *); /* in no queue, without a batch; accepts NULL */
void sf_queue_put(struct sf_queue *, struct sf_entry *);
void sf_queue_remove(struct sf_entry *);	   /* from the queue that it is in */
struct sf_entry *sf_queue_take(struct sf_queue *); /* the first; NULL: empty */
