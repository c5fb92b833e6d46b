/* SPDX-License-Identifier: Apache-2.0 */
/* A loop that lives as long as a test, and the turns until something has come true. */
#pragma once

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <sockfeed/loop.h>

enum { PATIENCE_US = 30 * 1000 * 1000 }; /* what should come at once may take so long on a busy machine */

static inline int loop_setup(void **state)
{
	struct sf_loop *loop;
	struct sf_err err;

	if (sf_loop_new(&loop, &err) < 0)
		return -1;
	*state = loop;
	return 0;
}

static inline int loop_teardown(void **state)
{
	sf_loop_free(*state);
	return 0;
}

#define loop_test(function) cmocka_unit_test_setup_teardown(function, loop_setup, loop_teardown)

/* Turns until *value is `wanted` or more; false: it never became. */
static inline bool loop_until(struct sf_loop *loop, const unsigned *value, unsigned wanted)
{
	uint64_t end = sf_clock_mono() + PATIENCE_US;

	while (*value < wanted && sf_clock_mono() < end)
		assert_true(sf_loop_turn(loop, 100 * 1000) >= 0);
	return *value >= wanted;
}
