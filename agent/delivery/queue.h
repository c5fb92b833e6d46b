/* SPDX-License-Identifier: Apache-2.0 */
/* Batches that wait for a sink, first in first out; grows as needed: who puts keeps the bound. */
#pragma once

#include <sockfeed/delivery.h>

struct sf_queue { /* zero is empty */
	struct sf_batch **ring;
	size_t capacity, first, count;
};

void sf_queue_finish(struct sf_queue *); /* must be empty */
void sf_queue_put(struct sf_queue *, struct sf_batch *);
struct sf_batch *sf_queue_first(const struct sf_queue *); /* NULL: empty; it stays */
struct sf_batch *sf_queue_take(struct sf_queue *);	  /* NULL: empty */
