/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Batches in memory, in the order of their offsets: those that are written and not yet synced,
 * and those that the disk does not take. One leaves from anywhere; its place goes when it comes
 * to stand first.
 */
#include <stdlib.h>
#include <string.h>

#include "spool_inner.h"

uint64_t sf_batch_weight(const struct sf_batch *batch)
{
	uint64_t weight = batch->length + batch->lines * sizeof(*batch->line);

	for (int i = 0; i < SF_BY_COUNT; i++)
		weight += batch->keys[i].length;
	return weight;
}

static void close_up(struct sf_hold *queue)
{
	while (queue->head < queue->count && !queue->held[queue->head].batch)
		queue->head++;
	if (queue->head > queue->count / 2) {
		queue->count -= queue->head;
		memmove(queue->held, queue->held + queue->head,
			queue->count * sizeof(*queue->held));
		queue->head = 0;
	}
}

void sf_hold_push(struct sf_hold *queue, const struct sf_held *held)
{
	if (queue->count == queue->capacity) {
		queue->capacity = queue->capacity ? queue->capacity * 2 : 64;
		queue->held = sf_realloc(queue->held, queue->capacity * sizeof(*queue->held));
	}
	queue->held[queue->count++] = *held;
	queue->bytes += sf_batch_weight(held->batch);
}

struct sf_held *sf_hold_first(struct sf_hold *queue)
{
	return queue->head < queue->count ? &queue->held[queue->head] : NULL;
}

struct sf_held *sf_hold_from(struct sf_hold *queue, uint64_t offset)
{
	size_t low = queue->head, high = queue->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (queue->held[middle].span.from.offset < offset)
			low = middle + 1;
		else
			high = middle;
	}
	while (low < queue->count && !queue->held[low].batch)
		low++;
	return low < queue->count ? &queue->held[low] : NULL;
}

struct sf_held *sf_hold_find(struct sf_hold *queue, uint64_t offset)
{
	struct sf_held *held = sf_hold_from(queue, offset);

	return held && held->span.from.offset == offset ? held : NULL;
}

void sf_hold_remove(struct sf_hold *queue, struct sf_held *held)
{
	queue->bytes -= sf_batch_weight(held->batch);
	held->batch = NULL;
	close_up(queue);
}

void sf_hold_finish(struct sf_hold *queue)
{
	free(queue->held);
	*queue = (struct sf_hold){0};
}
