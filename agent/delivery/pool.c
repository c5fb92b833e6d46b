/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Batches, and the few that are kept to be used again. A full-sized batch costs its pages only
 * once; what waits in a queue is trimmed to what it holds.
 */
#include <stdlib.h>
#include <string.h>

#include <sockfeed/delivery.h>

enum { KEPT = 2, KEPT_MOST = 32 }; /* two: one that is filled, one on its way back */

struct sf_pool {
	struct sf_channel *spare;
	atomic_size_t kept;
};

struct sf_pool *sf_pool_new(void)
{
	struct sf_pool *pool = sf_new(struct sf_pool);

	pool->spare = sf_channel_new(KEPT_MOST);
	pool->kept = KEPT;
	return pool;
}

static struct sf_batch *make(size_t capacity)
{
	struct sf_batch *batch = sf_new(struct sf_batch);

	batch->capacity = capacity;
	batch->data = sf_realloc(NULL, capacity);
	return batch;
}

static void destroy(struct sf_batch *batch)
{
	free(batch->data);
	free(batch);
}

void sf_pool_free(struct sf_pool *pool)
{
	struct sf_batch *batch;

	if (!pool)
		return;
	while ((batch = sf_channel_try_take(pool->spare)))
		destroy(batch);
	sf_channel_free(pool->spare);
	free(pool);
}

void sf_pool_keep(struct sf_pool *pool, size_t filled)
{
	struct sf_batch *batch;

	pool->kept = filled * KEPT;
	while (sf_channel_count(pool->spare) > pool->kept &&
	       (batch = sf_channel_try_take(pool->spare)))
		destroy(batch);
}

struct sf_batch *sf_pool_get(struct sf_pool *pool)
{
	struct sf_batch *batch = sf_channel_try_take(pool->spare) ?: make(SF_BATCH_SIZE);

	*batch = (struct sf_batch){
		.references = 1, .capacity = batch->capacity, .data = batch->data};
	return batch;
}

struct sf_batch *sf_pool_trim(struct sf_pool *pool, struct sf_batch *batch)
{
	struct sf_batch *small;

	if (batch->length > batch->capacity / 2)
		return batch;
	small = make(batch->length ?: 1);
	*small = (struct sf_batch){.references = batch->references,
				   .lines = batch->lines,
				   .length = batch->length,
				   .capacity = small->capacity,
				   .query = batch->query,
				   .run = batch->run,
				   .first_seq = batch->first_seq,
				   .data = small->data};
	memcpy(small->data, batch->data, batch->length);
	batch->references = 1;
	sf_batch_drop(pool, batch);
	return small;
}

void sf_batch_drop(struct sf_pool *pool, struct sf_batch *batch)
{
	if (--batch->references)
		return;
	if (batch->capacity != SF_BATCH_SIZE || sf_channel_count(pool->spare) >= pool->kept ||
	    !sf_channel_try_put(pool->spare, batch))
		destroy(batch);
}
