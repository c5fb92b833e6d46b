/* SPDX-License-Identifier: Apache-2.0 */
/* Channels: bounded, first in first out, nothing lost or doubled between many threads, and an end that all see. */
#include <sched.h>
#include <stdatomic.h>
#include <unistd.h>

#include "loops.h"

static int things[8];

static void what_goes_in_first_comes_out_first_and_no_more_goes_in_than_fits(void **state)
{
	struct sf_channel *channel = sf_channel_new(3);

	(void)state;
	assert_null(sf_channel_try_take(channel));
	for (int round = 0; round < 5; round++) { /* round the ring */
		for (int i = 0; i < 3; i++) {
			assert_int_equal(sf_channel_count(channel), i);
			assert_true(sf_channel_try_put(channel, &things[i]));
		}
		assert_false(sf_channel_try_put(channel, &things[3]));
		assert_ptr_equal(sf_channel_take(channel), &things[0]);
		assert_true(sf_channel_put(channel, &things[4]));
		assert_ptr_equal(sf_channel_take(channel), &things[1]);
		assert_ptr_equal(sf_channel_try_take(channel), &things[2]);
		assert_ptr_equal(sf_channel_take(channel), &things[4]);
		assert_null(sf_channel_try_take(channel));
	}
	sf_channel_free(channel);
	sf_channel_free(NULL);
}

static void a_closed_channel_takes_nothing_and_gives_what_it_has(void **state)
{
	struct sf_channel *channel = sf_channel_new(3);

	(void)state;
	sf_channel_put(channel, &things[0]);
	sf_channel_put(channel, &things[1]);
	sf_channel_close(channel);
	assert_false(sf_channel_put(channel, &things[2]));
	assert_false(sf_channel_try_put(channel, &things[2]));
	assert_ptr_equal(sf_channel_take(channel), &things[0]);
	assert_ptr_equal(sf_channel_take(channel), &things[1]);
	assert_null(sf_channel_take(channel));
	assert_null(sf_channel_try_take(channel));
	sf_channel_free(channel);
}

/* ---- threads that wait ---- */

struct one {
	struct sf_channel *channel;
	struct sf_thread *thread;
	void *took;
	bool put;
	atomic_bool back;
};

static void put_one(void *arg)
{
	struct one *one = arg;

	one->put = sf_channel_put(one->channel, &things[7]);
	atomic_store(&one->back, true);
}

static void take_one(void *arg)
{
	struct one *one = arg;

	one->took = sf_channel_take(one->channel);
	atomic_store(&one->back, true);
}

static void send(struct one *one, struct sf_channel *channel, void (*run)(void *))
{
	struct sf_err err;

	*one = (struct one){.channel = channel};
	assert_int_equal(sf_thread_start("one", run, one, &one->thread, &err), 0);
}

static void who_puts_waits_for_room(void **state)
{
	struct sf_channel *channel = sf_channel_new(1);
	struct one putter;

	(void)state;
	sf_channel_put(channel, &things[0]);
	send(&putter, channel, put_one);
	usleep(20 * 1000);
	assert_false(atomic_load(&putter.back));
	assert_ptr_equal(sf_channel_take(channel), &things[0]);
	assert_ptr_equal(sf_channel_take(channel), &things[7]);
	sf_thread_join(putter.thread);
	assert_true(putter.put);
	sf_channel_free(channel);
}

static void who_takes_waits_for_a_thing(void **state)
{
	struct sf_channel *channel = sf_channel_new(1);
	struct one taker;

	(void)state;
	send(&taker, channel, take_one);
	usleep(20 * 1000);
	assert_false(atomic_load(&taker.back));
	sf_channel_put(channel, &things[5]);
	sf_thread_join(taker.thread);
	assert_ptr_equal(taker.took, &things[5]);
	sf_channel_free(channel);
}

static void closing_ends_all_waits(void **state)
{
	struct sf_channel *full = sf_channel_new(1), *empty = sf_channel_new(1);
	struct one putter[3], taker[3];

	(void)state;
	sf_channel_put(full, &things[0]);
	for (size_t i = 0; i < 3; i++) {
		send(&putter[i], full, put_one);
		send(&taker[i], empty, take_one);
	}
	usleep(20 * 1000);
	sf_channel_close(full);
	sf_channel_close(empty);
	for (size_t i = 0; i < 3; i++) {
		sf_thread_join(putter[i].thread);
		sf_thread_join(taker[i].thread);
		assert_false(putter[i].put); /* the thing is still theirs */
		assert_null(taker[i].took);
	}
	assert_ptr_equal(sf_channel_take(full), &things[0]);
	sf_channel_free(full);
	sf_channel_free(empty);
}

/* ---- many threads ---- */

enum { PUTTERS = 4, TAKERS = 3, EACH = 20000 };

struct many {
	struct sf_channel *channel;
	unsigned seen[PUTTERS * EACH];	 /* how often each thing came out */
	unsigned number[PUTTERS * EACH]; /* the things */
	atomic_uint next_putter;
	atomic_bool disordered;
	bool try;
};

static void put_many(void *arg)
{
	struct many *many = arg;
	unsigned self = atomic_fetch_add(&many->next_putter, 1);

	for (unsigned i = 0; i < EACH; i++) {
		unsigned *thing = &many->number[self * EACH + i];

		*thing = self * EACH + i;
		if (many->try && i % 2) {
			while (!sf_channel_try_put(many->channel, thing))
				sched_yield();
		} else {
			sf_channel_put(many->channel, thing);
		}
	}
}

/* Each taker sees the things of each putter in order. */
static void take_many(void *arg)
{
	struct many *many = arg;
	unsigned next[PUTTERS] = {0}, *thing;

	while ((thing = sf_channel_take(many->channel))) {
		unsigned putter = *thing / EACH, i = *thing % EACH;

		if (i < next[putter])
			atomic_store(&many->disordered, true);
		next[putter] = i + 1;
		many->seen[*thing]++;
	}
}

static void between_many_threads_nothing_is_lost_doubled_or_out_of_order(void **state)
{
	(void)state;
	for (size_t capacity = 1; capacity <= 64; capacity *= 8) {
		struct many *many = sf_new(struct many);
		struct sf_thread *putter[PUTTERS], *taker[TAKERS];
		struct sf_err err;

		many->channel = sf_channel_new(capacity);
		many->try = capacity > 1;
		for (size_t i = 0; i < TAKERS; i++)
			assert_int_equal(sf_thread_start("taker", take_many, many, &taker[i], &err), 0);
		for (size_t i = 0; i < PUTTERS; i++)
			assert_int_equal(sf_thread_start("putter", put_many, many, &putter[i], &err), 0);
		for (size_t i = 0; i < PUTTERS; i++)
			sf_thread_join(putter[i]);
		sf_channel_close(many->channel);
		for (size_t i = 0; i < TAKERS; i++)
			sf_thread_join(taker[i]);
		for (size_t i = 0; i < PUTTERS * EACH; i++)
			assert_int_equal(many->seen[i], 1);
		assert_false(many->disordered);
		sf_channel_free(many->channel);
		free(many);
	}
}

/* ---- the loop takes ---- */

struct taking {
	struct many *many;
	struct sf_channel *channel;
	unsigned taken, calls, next[PUTTERS];
};

static void take_all(void *arg)
{
	struct taking *t = arg;
	unsigned *thing;

	t->calls++;
	while ((thing = sf_channel_try_take(t->channel))) {
		assert_int_equal(*thing % EACH, t->next[*thing / EACH]++);
		t->taken++;
	}
}

static void the_loop_is_woken_when_a_thing_comes_into_an_empty_channel(void **state)
{
	static unsigned number[3] = {0, 1, 2};
	struct sf_channel *channel = sf_channel_new(4);
	struct taking t = {.channel = channel};
	struct sf_source *wake;
	struct sf_err err;

	assert_int_equal(sf_loop_wake(*state, take_all, &t, &wake, &err), 0);
	sf_channel_wakes(channel, wake);
	sf_channel_put(channel, &number[0]);
	assert_int_equal(sf_loop_turn(*state, PATIENCE_US), 1);
	assert_int_equal(t.taken, 1);
	sf_channel_try_put(channel, &number[1]);
	sf_channel_put(channel, &number[2]);
	assert_int_equal(sf_loop_turn(*state, PATIENCE_US), 1);
	assert_int_equal(t.taken, 3);
	sf_channel_free(channel);
}

static void the_loop_is_woken_for_everything_that_comes(void **state)
{
	struct many *many = sf_new(struct many);
	struct sf_channel *channel = sf_channel_new(4);
	struct sf_thread *putter[PUTTERS];
	struct taking t = {.channel = channel};
	struct sf_source *wake;
	struct sf_err err;

	many->channel = channel;
	assert_int_equal(sf_loop_wake(*state, take_all, &t, &wake, &err), 0);
	sf_channel_wakes(channel, wake);
	for (size_t i = 0; i < PUTTERS; i++)
		assert_int_equal(sf_thread_start("putter", put_many, many, &putter[i], &err), 0);
	/* A wake that is lost leaves the loop waiting, and with it all putters. */
	while (t.taken < PUTTERS * EACH && sf_loop_turn(*state, PATIENCE_US) > 0)
		;
	assert_int_equal(t.taken, PUTTERS * EACH);
	for (size_t i = 0; i < PUTTERS; i++)
		sf_thread_join(putter[i]);
	sf_channel_wakes(channel, NULL);
	sf_source_remove(wake); /* and what comes now wakes nobody */
	sf_channel_put(channel, &things[0]);
	assert_int_equal(sf_loop_turn(*state, 1000), 0);
	sf_channel_free(channel);
	free(many);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_goes_in_first_comes_out_first_and_no_more_goes_in_than_fits),
		cmocka_unit_test(a_closed_channel_takes_nothing_and_gives_what_it_has),
		cmocka_unit_test(who_puts_waits_for_room),
		cmocka_unit_test(who_takes_waits_for_a_thing),
		cmocka_unit_test(closing_ends_all_waits),
		cmocka_unit_test(between_many_threads_nothing_is_lost_doubled_or_out_of_order),
		loop_test(the_loop_is_woken_when_a_thing_comes_into_an_empty_channel),
		loop_test(the_loop_is_woken_for_everything_that_comes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
