/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The room `kernel`: the window of cookies knows exactly the last 4,096 different ones. A naive list is the judge.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include <sockfeed/kernel.h>

enum { COOKIES = 4096 };

struct list { /* the same by a plain search from the newest to the oldest */
	uint64_t cookies[COOKIES];
	size_t count, next;
};

static bool list_seen(struct list *list, uint64_t cookie)
{
	for (size_t back = 1; back <= list->count; back++)
		if (list->cookies[(list->next + COOKIES - back) % COOKIES] == cookie)
			return true;
	list->cookies[list->next] = cookie;
	list->next = (list->next + 1) % COOKIES;
	list->count += list->count < COOKIES;
	return false;
}

static uint64_t random64(uint64_t *seed) /* splitmix64, Steele and others 2014 */
{
	uint64_t z = (*seed += 0x9e3779b97f4a7c15u);

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
	z = (z ^ z >> 27) * 0x94d049bb133111ebu;
	return z ^ z >> 31;
}

static void the_oldest_is_forgotten_when_a_new_one_comes(void **state)
{
	struct sf_window *window = sf_window_new();
	(void)state;

	for (uint64_t cookie = 0; cookie < COOKIES; cookie++)
		assert_false(sf_window_seen(window, cookie));
	for (uint64_t cookie = 0; cookie < COOKIES; cookie++)
		assert_true(sf_window_seen(window, cookie));
	assert_false(sf_window_seen(window, COOKIES));
	assert_false(sf_window_seen(window, 0)); /* 0 was the oldest; now 1 is gone too */
	assert_false(sf_window_seen(window, 1));
	assert_true(sf_window_seen(window, 3));
	sf_window_free(window);
}

static void a_cleared_window_knows_nothing(void **state)
{
	struct sf_window *window = sf_window_new();
	(void)state;

	for (uint64_t cookie = 0; cookie < 3 * COOKIES; cookie++)
		sf_window_seen(window, cookie);
	sf_window_clear(window);
	for (uint64_t cookie = 0; cookie < 3 * COOKIES; cookie++)
		assert_false(sf_window_seen(window, cookie));
	sf_window_free(window);
}

/*
 * Runs of cookies as the kernel makes them (each processor counts in steps of its own), drawn from ranges so small that
 * most come again, and so large that most have been forgotten. `shift` puts the random bits where the hash looks last.
 */
static void a_window_answers_as_a_naive_list_does(void **state)
{
	struct sf_window *window = sf_window_new();
	(void)state;

	for (unsigned round = 0; round < 12; round++) {
		static const uint64_t ranges[] = {3, 4095, 4096, 4097, 6000, 20000};
		uint64_t seed = 20260101 + round, range = ranges[round % 6];
		unsigned shift = round < 6 ? 0 : 44;
		struct list *list = calloc(1, sizeof(*list));
		size_t seen = 0;

		sf_window_clear(window);
		for (unsigned i = 0; i < 20000; i++) {
			uint64_t cookie = random64(&seed) % range << shift;
			bool expected = list_seen(list, cookie);

			if (sf_window_seen(window, cookie) != expected)
				fail_msg("round %u, number %u: not %d", round, i, expected);
			seen += expected;
		}
		assert_true(seen > 0 && seen < 20000);
		free(list);
	}
	sf_window_free(window);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_oldest_is_forgotten_when_a_new_one_comes),
		cmocka_unit_test(a_cleared_window_knows_nothing),
		cmocka_unit_test(a_window_answers_as_a_naive_list_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
