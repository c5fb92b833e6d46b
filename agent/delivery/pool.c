/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Batches, and the few that are kept to be used again. A full-sized batch costs its pages only
 * once; what waits in a queue is trimmed to what it holds.
 */
#include <stdlib.h>
#include <string.h>

#include <sockfeed/delivery.h>

enum { KEPT = 2, KEPT_MOST = 32 }; /* two: one that is filled, one on its way back */
enum { LINES = 64 };		   /* of a batch, at first */

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
	for (size_t i = 0; i < SF_BY_COUNT; i++)
		sf_buf_finish(&batch->keys[i]);
	free(batch->line);
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

	batch->references = 1;
	batch->lines = 0;
	batch->length = 0;
	batch->query = "";
	batch->run = batch->first_seq = batch->time_us = 0;
	for (size_t i = 0; i < SF_BY_COUNT; i++)
		batch->keys[i].length = 0;
	return batch;
}

static void *copy(const void *bytes, size_t size)
{
	return size ? memcpy(sf_alloc(size), bytes, size) : NULL;
}

struct sf_batch *sf_pool_trim(struct sf_pool *pool, struct sf_batch *batch)
{
	struct sf_batch *small, made;

	if (batch->length > batch->capacity / 2)
		return batch;
	small = make(batch->length ?: 1);
	made = *small;
	*small = *batch;
	small->data = memcpy(made.data, batch->data, batch->length);
	small->capacity = made.capacity;
	small->line = copy(batch->line, batch->lines * sizeof(*batch->line));
	small->line_capacity = batch->lines;
	for (size_t i = 0; i < SF_BY_COUNT; i++) {
		small->keys[i] = (struct sf_buf){0};
		sf_buf_add(&small->keys[i], batch->keys[i].data, batch->keys[i].length);
	}
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

static void more_lines(struct sf_batch *batch)
{
	batch->line_capacity = batch->line_capacity ? batch->line_capacity * 2 : LINES;
	batch->line = sf_realloc(batch->line, batch->line_capacity * sizeof(*batch->line));
}

void sf_batch_line(struct sf_batch *batch, size_t length, enum sf_line_type type, uint64_t wall_us)
{
	if (batch->lines == batch->line_capacity)
		more_lines(batch);
	if (!batch->lines)
		batch->time_us = wall_us;
	batch->line[batch->lines++] = (struct sf_line){
		.length = (uint32_t)length,
		.later_ms = wall_us > batch->time_us
				    ? (uint32_t)(wall_us / 1000 - batch->time_us / 1000)
				    : 0,
		.type = (uint8_t)type,
	};
	batch->length += length;
}

void sf_batch_key(struct sf_batch *batch, enum sf_line_key key, const char *bytes, size_t length)
{
	sf_buf_add(&batch->keys[key], bytes, length);
	batch->line[batch->lines - 1].key[key] = (uint8_t)length;
}

const char *sf_line_type_name(enum sf_line_type type)
{
	static const char *const names[SF_LINE_COUNT] = {
		[SF_LINE_SOCKET] = "socket", [SF_LINE_RUN] = "run",	  [SF_LINE_START] = "start",
		[SF_LINE_GAP] = "gap",	     [SF_LINE_CLOSED] = "closed",
	};

	return names[type];
}
