/* SPDX-License-Identifier: Apache-2.0 */
/* Lists that are mostly added to at their ends; what comes back finds its place near the front. */
#include <stdlib.h>

#include "queue.h"

void sf_entry_free(struct sf_entry *entry)
{
	if (!entry)
		return;
	free(entry->dead_line);
	free(entry->debt);
	free(entry);
}

void sf_queue_put(struct sf_queue *queue, struct sf_entry *entry)
{
	struct sf_entry *before = queue->last, *after = NULL;

	if (before && before->number > entry->number) {
		after = queue->first;
		while (after->number < entry->number)
			after = after->after;
		before = after->before;
	}
	entry->in = queue;
	entry->before = before;
	entry->after = after;
	*(before ? &before->after : &queue->first) = entry;
	*(after ? &after->before : &queue->last) = entry;
	queue->count++;
}

void sf_queue_remove(struct sf_entry *entry)
{
	struct sf_queue *queue = entry->in;

	*(entry->before ? &entry->before->after : &queue->first) = entry->after;
	*(entry->after ? &entry->after->before : &queue->last) = entry->before;
	entry->in = NULL;
	entry->before = entry->after = NULL;
	queue->count--;
}

struct sf_entry *sf_queue_take(struct sf_queue *queue)
{
	struct sf_entry *entry = queue->first;

	if (entry)
		sf_queue_remove(entry);
	return entry;
}
