/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A bell between threads: who waits sleeps until it was rung since he last looked, so no ring is
 * lost between looking and waiting.
 */
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include <sockfeed/loop.h>

struct sf_bell {
	pthread_mutex_t mutex;
	pthread_cond_t rung;
	uint64_t rings;
};

struct sf_bell *sf_bell_new(void)
{
	struct sf_bell *bell = sf_new(struct sf_bell);
	pthread_condattr_t attributes;

	pthread_mutex_init(&bell->mutex, NULL);
	pthread_condattr_init(&attributes);
	pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
	pthread_cond_init(&bell->rung, &attributes);
	pthread_condattr_destroy(&attributes);
	return bell;
}

void sf_bell_free(struct sf_bell *bell)
{
	if (!bell)
		return;
	pthread_cond_destroy(&bell->rung);
	pthread_mutex_destroy(&bell->mutex);
	free(bell);
}

uint64_t sf_bell_rings(struct sf_bell *bell)
{
	uint64_t rings;

	pthread_mutex_lock(&bell->mutex);
	rings = bell->rings;
	pthread_mutex_unlock(&bell->mutex);
	return rings;
}

void sf_bell_ring(struct sf_bell *bell)
{
	pthread_mutex_lock(&bell->mutex);
	bell->rings++;
	pthread_cond_broadcast(&bell->rung);
	pthread_mutex_unlock(&bell->mutex);
}

bool sf_bell_wait(struct sf_bell *bell, uint64_t rings, uint64_t until)
{
	const struct timespec end = {.tv_sec = (time_t)(until / 1000000),
				     .tv_nsec = (long)(until % 1000000 * 1000)};
	bool rung;
	int r = 0;

	pthread_mutex_lock(&bell->mutex);
	while (bell->rings == rings && r == 0)
		r = pthread_cond_timedwait(&bell->rung, &bell->mutex, &end);
	rung = bell->rings != rings;
	pthread_mutex_unlock(&bell->mutex);
	return rung;
}
