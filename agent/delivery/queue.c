/* SPDX-License-Identifier: Apache-2.0 */
/* A ring of pointers that doubles when it is full. */
#include <stdlib.h>

#include "queue.h"

enum { FEWEST = 16 };

void sf_queue_finish(struct sf_queue *queue)
{
	free(queue->ring);
	*queue = (struct sf_queue){0};
}

static void grow(struct sf_queue *queue)
{
	size_t capacity = queue->capacity ? queue->capacity * 2 : FEWEST;
	struct sf_batch **ring = sf_alloc(capacity * sizeof(struct sf_batch *));

	for (size_t i = 0; i < queue->count; i++)
		ring[i] = queue->ring[(queue->first + i) % queue->capacity];
	free(queue->ring);
	*queue = (struct sf_queue){ring, capacity, 0, queue->count};
}

void sf_queue_put(struct sf_queue *queue, struct sf_batch *batch)
{
	if (queue->count == queue->capacity)
		grow(queue);
	queue->ring[(queue->first + queue->count++) % queue->capacity] = batch;
}

struct sf_batch *sf_queue_first(const struct sf_queue *queue)
{
	return queue->count ? queue->ring[queue->first] : NULL;
}

struct sf_batch *sf_queue_take(struct sf_queue *queue)
{
	struct sf_batch *batch = sf_queue_first(queue);

	if (batch) {
		queue->first = (queue->first + 1) % queue->capacity;
		queue->count--;
	}
	return batch;
}
