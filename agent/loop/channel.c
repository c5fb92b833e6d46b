/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bounded queue of pointers between threads: a ring under a mutex. Nobody is woken under it: who
 * is would only wait for it again. The loop is woken under a mutex of its own, so after
 * sf_channel_wakes(channel, NULL) its source may go.
 */
#include <pthread.h>
#include <stdlib.h>

#include <sockfeed/loop.h>

struct sf_channel {
	pthread_mutex_t mutex;
	pthread_cond_t room, things;
	pthread_mutex_t waking;
	struct sf_source *wake;
	bool closed;
	size_t capacity, first, count;
	void *ring[];
};

struct sf_channel *sf_channel_new(size_t capacity)
{
	struct sf_channel *channel;

	capacity = capacity ?: 1;
	channel = sf_alloc(sizeof(*channel) + capacity * sizeof(channel->ring[0]));
	channel->capacity = capacity;
	pthread_mutex_init(&channel->mutex, NULL);
	pthread_mutex_init(&channel->waking, NULL);
	pthread_cond_init(&channel->room, NULL);
	pthread_cond_init(&channel->things, NULL);
	return channel;
}

void sf_channel_free(struct sf_channel *channel)
{
	if (!channel)
		return;
	pthread_cond_destroy(&channel->things);
	pthread_cond_destroy(&channel->room);
	pthread_mutex_destroy(&channel->waking);
	pthread_mutex_destroy(&channel->mutex);
	free(channel);
}

void sf_channel_wakes(struct sf_channel *channel, struct sf_source *wake)
{
	pthread_mutex_lock(&channel->waking);
	channel->wake = wake;
	pthread_mutex_unlock(&channel->waking);
}

static void wake_loop(struct sf_channel *channel)
{
	pthread_mutex_lock(&channel->waking);
	if (channel->wake)
		sf_wake(channel->wake);
	pthread_mutex_unlock(&channel->waking);
}

static bool put(struct sf_channel *channel, void *thing, bool wait)
{
	bool taken, first;

	pthread_mutex_lock(&channel->mutex);
	while (wait && !channel->closed && channel->count == channel->capacity)
		pthread_cond_wait(&channel->room, &channel->mutex);
	taken = !channel->closed && channel->count < channel->capacity;
	first = taken && channel->count == 0;
	if (taken)
		channel->ring[(channel->first + channel->count++) % channel->capacity] = thing;
	pthread_mutex_unlock(&channel->mutex);
	if (taken)
		pthread_cond_signal(&channel->things);
	if (first)
		wake_loop(channel);
	return taken;
}

static void *take(struct sf_channel *channel, bool wait)
{
	void *thing = NULL;

	pthread_mutex_lock(&channel->mutex);
	while (wait && !channel->closed && !channel->count)
		pthread_cond_wait(&channel->things, &channel->mutex);
	if (channel->count) {
		thing = channel->ring[channel->first];
		channel->first = (channel->first + 1) % channel->capacity;
		channel->count--;
	}
	pthread_mutex_unlock(&channel->mutex);
	if (thing)
		pthread_cond_signal(&channel->room);
	return thing;
}

bool sf_channel_try_put(struct sf_channel *channel, void *thing)
{
	return put(channel, thing, false);
}

bool sf_channel_put(struct sf_channel *channel, void *thing)
{
	return put(channel, thing, true);
}

void *sf_channel_try_take(struct sf_channel *channel)
{
	return take(channel, false);
}

void *sf_channel_take(struct sf_channel *channel)
{
	return take(channel, true);
}

void sf_channel_close(struct sf_channel *channel)
{
	pthread_mutex_lock(&channel->mutex);
	channel->closed = true;
	pthread_cond_broadcast(&channel->room);
	pthread_cond_broadcast(&channel->things);
	pthread_mutex_unlock(&channel->mutex);
}

size_t sf_channel_count(struct sf_channel *channel)
{
	size_t count;

	pthread_mutex_lock(&channel->mutex);
	count = channel->count;
	pthread_mutex_unlock(&channel->mutex);
	return count;
}
