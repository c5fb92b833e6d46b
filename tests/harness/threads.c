/* SPDX-License-Identifier: Apache-2.0 */
/*
 * C11's threads as POSIX threads, loaded before librdkafka where the thread sanitizer looks on: that of gcc 12 and clang
 * 14 knows the latter alone, and crashes in a thread that thrd_create() made. Not instrumented.
 */
#include <errno.h>
#include <pthread.h>
#include <stdint.h>
#include <stdlib.h>
#include <threads.h>

struct beginning {
	thrd_start_t call;
	void *arg;
};

static void *begin(void *arg)
{
	struct beginning beginning = *(struct beginning *)arg;

	free(arg);
	return (void *)(intptr_t)beginning.call(beginning.arg);
}

static int result(int error)
{
	return error == ETIMEDOUT ? thrd_timedout
	       : error == EBUSY	  ? thrd_busy
	       : error		  ? thrd_error
				  : thrd_success;
}

int thrd_create(thrd_t *thread, thrd_start_t call, void *arg)
{
	struct beginning *beginning = malloc(sizeof(*beginning));

	*beginning = (struct beginning){call, arg};
	return result(pthread_create(thread, NULL, begin, beginning));
}

int thrd_join(thrd_t thread, int *status)
{
	void *said;
	int error = pthread_join(thread, &said);

	if (!error && status)
		*status = (int)(intptr_t)said;
	return result(error);
}

int thrd_detach(thrd_t thread)
{
	return result(pthread_detach(thread));
}

int mtx_init(mtx_t *mutex, int kind)
{
	pthread_mutexattr_t attributes;

	pthread_mutexattr_init(&attributes);
	if (kind & mtx_recursive)
		pthread_mutexattr_settype(&attributes, PTHREAD_MUTEX_RECURSIVE);
	return result(pthread_mutex_init((pthread_mutex_t *)mutex, &attributes));
}

int mtx_lock(mtx_t *mutex)
{
	return result(pthread_mutex_lock((pthread_mutex_t *)mutex));
}

int mtx_trylock(mtx_t *mutex)
{
	return result(pthread_mutex_trylock((pthread_mutex_t *)mutex));
}

int mtx_unlock(mtx_t *mutex)
{
	return result(pthread_mutex_unlock((pthread_mutex_t *)mutex));
}

void mtx_destroy(mtx_t *mutex)
{
	pthread_mutex_destroy((pthread_mutex_t *)mutex);
}

int cnd_init(cnd_t *condition)
{
	return result(pthread_cond_init((pthread_cond_t *)condition, NULL));
}

int cnd_signal(cnd_t *condition)
{
	return result(pthread_cond_signal((pthread_cond_t *)condition));
}

int cnd_broadcast(cnd_t *condition)
{
	return result(pthread_cond_broadcast((pthread_cond_t *)condition));
}

int cnd_wait(cnd_t *condition, mtx_t *mutex)
{
	return result(pthread_cond_wait((pthread_cond_t *)condition, (pthread_mutex_t *)mutex));
}

int cnd_timedwait(cnd_t *condition, mtx_t *mutex, const struct timespec *until)
{
	return result(pthread_cond_timedwait((pthread_cond_t *)condition, (pthread_mutex_t *)mutex,
					     until));
}

void cnd_destroy(cnd_t *condition)
{
	pthread_cond_destroy((pthread_cond_t *)condition);
}
