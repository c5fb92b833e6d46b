/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Threads: named for ps and debuggers, with a small stack, and deaf to signals, which belong to the
 * loop's thread.
 */
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include <sockfeed/loop.h>

enum {
	NAME_SIZE = 16, /* TASK_COMM_LEN, with its NUL */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
	STACK = 1 << 20, /* sanitizers put red zones around every variable */
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
	__has_feature(memory_sanitizer)
	STACK = 1 << 20,
#else
	STACK = 256 << 10,
#endif
#else
	STACK = 256 << 10,
#endif
};

struct sf_thread {
	pthread_t id;
	char name[NAME_SIZE];
	void (*run)(void *arg);
	void *arg;
};

static void *begin(void *arg)
{
	struct sf_thread *thread = arg;

	pthread_setname_np(pthread_self(), thread->name);
	thread->run(thread->arg);
	return NULL;
}

/*
 * All but those that tell of a fault in the thread itself: blocked, they would end the process
 * without a trace.
 */
static void all_signals(sigset_t *set)
{
	static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP};

	sigfillset(set);
	for (size_t i = 0; i < SF_COUNT(faults); i++)
		sigdelset(set, faults[i]);
}

static int create(struct sf_thread *thread)
{
	size_t least = (size_t)PTHREAD_STACK_MIN;
	pthread_attr_t attributes;
	sigset_t blocked, before;
	int r = pthread_attr_init(&attributes);

	if (r)
		return -r;
	pthread_attr_setstacksize(&attributes, least > STACK ? least : STACK);
	all_signals(&blocked);
	pthread_sigmask(SIG_SETMASK, &blocked, &before); /* the new thread inherits it */
	r = pthread_create(&thread->id, &attributes, begin, thread);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attributes);
	return -r;
}

int sf_thread_start(const char *name, void (*run)(void *arg), void *arg, struct sf_thread **ret,
		    struct sf_err *err)
{
	sf_cleanup(sf_free_p) struct sf_thread *thread = sf_new(struct sf_thread);
	int r;

	snprintf(thread->name, sizeof(thread->name), "%s", name);
	thread->run = run;
	thread->arg = arg;
	r = create(thread);
	if (r < 0)
		return sf_fail(err, r, "cannot start the thread %s: %s", name, strerror(-r));
	*ret = sf_take(thread);
	return 0;
}

void sf_thread_join(struct sf_thread *thread)
{
	if (!thread)
		return;
	pthread_join(thread->id, NULL);
	free(thread);
}
