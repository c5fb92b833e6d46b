/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cmocka's words for a fuzzer, which has no tests: what fails is said, then the program aborts and libFuzzer keeps the
 * input.
 */
#pragma once

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define fail_msg(...)                                                    \
	do {                                                             \
		fprintf(stderr, "%s:%d: ", __FILE__, __LINE__);          \
		fprintf(stderr, __VA_ARGS__);                            \
		fputc('\n', stderr);                                     \
		abort();                                                 \
	} while (0)
#define fail() fail_msg("this should not be reached")
#define assert_true(condition)                                           \
	do {                                                             \
		if (!(condition))                                        \
			fail_msg("%s does not hold", #condition);        \
	} while (0)
#define assert_int_equal(a, b)                                           \
	do {                                                             \
		if ((long long)(a) != (long long)(b))                    \
			fail_msg("%s is %lld, %s is %lld", #a, (long long)(a), #b, (long long)(b)); \
	} while (0)
#define assert_ptr_equal(a, b)         assert_true((a) == (b))
#define assert_memory_equal(a, b, size) assert_true(!memcmp(a, b, size))
