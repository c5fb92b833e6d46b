/* SPDX-License-Identifier: Apache-2.0 */
/* Threads: their name, their signals, their stack. And bells: no ring is lost between looking and waiting. */
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

#include "loops.h"

struct self {
	char name[32];
	sigset_t blocked;
	size_t stack;
};

static void look_at_itself(void *arg)
{
	struct self *self = arg;
	pthread_attr_t attributes;
	void *where;

	pthread_getname_np(pthread_self(), self->name, sizeof(self->name));
	pthread_sigmask(SIG_BLOCK, NULL, &self->blocked);
	pthread_getattr_np(pthread_self(), &attributes);
	pthread_attr_getstack(&attributes, &where, &self->stack);
	pthread_attr_destroy(&attributes);
}

static struct self start_and_look(const char *name)
{
	struct sf_thread *thread;
	struct self self = {0};
	struct sf_err err;

	assert_int_equal(sf_thread_start(name, look_at_itself, &self, &thread, &err), 0);
	sf_thread_join(thread);
	return self;
}

static void a_thread_has_its_name_for_debuggers(void **state)
{
	(void)state;
	assert_string_equal(start_and_look("collector").name, "collector");
	assert_string_equal(start_and_look("a name that is too long").name, "a name that is ");
	sf_thread_join(NULL);
}

static void a_thread_is_deaf_to_all_signals_but_those_of_its_own_faults(void **state)
{
	static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT, SIGTRAP};
	sigset_t before, after;
	struct self self;

	(void)state;
	sigemptyset(&before);
	sigaddset(&before, SIGUSR1);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	self = start_and_look("deaf");
	pthread_sigmask(SIG_BLOCK, NULL, &after);
	for (int number = 1; number < 32; number++) {
		bool fault = number == SIGKILL || number == SIGSTOP; /* these cannot be blocked */

		for (size_t i = 0; i < SF_COUNT(faults); i++)
			fault = fault || faults[i] == number;
		assert_int_equal(sigismember(&self.blocked, number), !fault);
		assert_int_equal(sigismember(&after, number), sigismember(&before, number)); /* ours is as it was */
	}
}

static void a_thread_costs_a_small_stack(void **state)
{
	(void)state;
	assert_true(start_and_look("small").stack <= 1 << 20); /* 256 KiB; with sanitizers more */
}

/* ---- bells ---- */

static void a_ring_between_looking_and_waiting_is_heard(void **state)
{
	struct sf_bell *bell = sf_bell_new();
	uint64_t rings = sf_bell_rings(bell);

	(void)state;
	sf_bell_ring(bell);
	assert_true(sf_bell_wait(bell, rings, UINT64_MAX / 2));
	rings = sf_bell_rings(bell);
	assert_false(sf_bell_wait(bell, rings, 0)); /* that time has passed */
	assert_false(sf_bell_wait(bell, rings, sf_clock_mono() + 5000));
	sf_bell_ring(bell);
	assert_true(sf_bell_wait(bell, rings, 0)); /* rung counts more than late */
	sf_bell_free(bell);
	sf_bell_free(NULL);
}

static void a_wait_does_not_end_before_its_time(void **state)
{
	struct sf_bell *bell = sf_bell_new();

	(void)state;
	for (int i = 0; i < 50; i++) {
		uint64_t until = sf_clock_mono() + (uint64_t)i * 37;

		assert_false(sf_bell_wait(bell, sf_bell_rings(bell), until));
		assert_true(sf_clock_mono() >= until);
	}
	sf_bell_free(bell);
}

enum { WAITERS = 3, ROUNDS = 5000 };

struct progress {
	struct sf_bell *bell;
	atomic_uint made, seen[WAITERS], waiters;
	atomic_bool late;
};

/* Waits for each round by itself; a ring that is lost makes it late. */
static void follow(void *arg)
{
	struct progress *p = arg;
	unsigned self = atomic_fetch_add(&p->waiters, 1);

	for (unsigned round = 1; round <= ROUNDS; round++) {
		for (;;) {
			uint64_t rings = sf_bell_rings(p->bell);

			if (atomic_load(&p->made) >= round)
				break;
			if (!sf_bell_wait(p->bell, rings, sf_clock_mono() + PATIENCE_US))
				atomic_store(&p->late, true);
		}
		atomic_store(&p->seen[self], round);
		sf_bell_ring(p->bell);
	}
}

static bool all_have_seen(struct progress *p, unsigned round)
{
	for (size_t i = 0; i < WAITERS; i++) {
		if (atomic_load(&p->seen[i]) < round)
			return false;
	}
	return true;
}

static void all_who_wait_hear_every_ring(void **state)
{
	struct progress p = {.bell = sf_bell_new()};
	struct sf_thread *thread[WAITERS];
	struct sf_err err;

	(void)state;
	for (size_t i = 0; i < WAITERS; i++)
		assert_int_equal(sf_thread_start("waiter", follow, &p, &thread[i], &err), 0);
	for (unsigned round = 1; round <= ROUNDS; round++) {
		uint64_t rings;

		atomic_store(&p.made, round);
		sf_bell_ring(p.bell);
		while (rings = sf_bell_rings(p.bell), !all_have_seen(&p, round))
			assert_true(sf_bell_wait(p.bell, rings, sf_clock_mono() + PATIENCE_US));
	}
	for (size_t i = 0; i < WAITERS; i++)
		sf_thread_join(thread[i]);
	assert_false(atomic_load(&p.late));
	sf_bell_free(p.bell);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_thread_has_its_name_for_debuggers),
		cmocka_unit_test(a_thread_is_deaf_to_all_signals_but_those_of_its_own_faults),
		cmocka_unit_test(a_thread_costs_a_small_stack),
		cmocka_unit_test(a_ring_between_looking_and_waiting_is_heard),
		cmocka_unit_test(a_wait_does_not_end_before_its_time),
		cmocka_unit_test(all_who_wait_hear_every_ring),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
