/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What of the records waits: what is below base or in a span above it is done, whether it is whole
 * or not.
 */
#include <string.h>

#include "look.h"

struct sf_spool_amount sf_look_cost(const struct sf_look *look, const struct sf_spool_span *span)
{
	struct sf_spool_amount amount = {0};
	struct sf_spool_span rest = *span, part;

	if (rest.from.offset < look->facts.base.offset)
		rest.from = look->facts.base;
	while (rest.from.offset < rest.to.offset &&
	       sf_spans_free_part(&look->state.done, &rest, &part)) {
		sf_amount_add(&amount, &part);
		rest.from = part.to;
	}
	return amount;
}

static void add(struct sf_spool_amount *to, const struct sf_spool_amount *amount)
{
	to->batches += amount->batches;
	to->lines += amount->lines;
	to->bytes += amount->bytes;
}

/* Queries and topics are kept names: equal texts are one. */
static struct sf_look_queue *queue_of(struct sf_look *look, const struct sf_record *record)
{
	struct sf_look_queue *last = look->facts.queues ? &look->queue[look->last_queue] : NULL;
	const char *query, *topic;
	size_t i = 0;

	if (last && !strcmp(last->query, record->query) && !strcmp(last->topic, record->topic))
		return last;
	query = sf_names_keep(&look->names, record->query);
	topic = sf_names_keep(&look->names, record->topic);
	while (i < look->facts.queues &&
	       (look->queue[i].query != query || look->queue[i].topic != topic))
		i++;
	if (i == look->facts.queues) {
		look->queue = sf_realloc(look->queue, (i + 1) * sizeof(*look->queue));
		look->queue[i] = (struct sf_look_queue){query, topic, .oldest_us = UINT64_MAX};
		look->facts.queues++;
		look->facts.queue = look->queue;
	}
	look->last_queue = i;
	return &look->queue[i];
}

void sf_look_count(struct sf_look *look, struct sf_look_file *file, const struct sf_record *record)
{
	struct sf_spool_amount whole = {0}, waits = sf_look_cost(look, &record->span);
	struct sf_look_queue *queue;

	sf_amount_add(&whole, &record->span);
	add(&file->whole, &whole);
	add(&look->facts.whole, &whole);
	if (!waits.batches)
		return;
	add(&file->waiting, &waits);
	add(&look->facts.waiting, &waits);
	queue = queue_of(look, record);
	add(&queue->waiting, &waits);
	if (queue->oldest_us > record->head.time_us)
		queue->oldest_us = record->head.time_us;
	if (look->facts.oldest_us > queue->oldest_us)
		look->facts.oldest_us = queue->oldest_us;
}
