/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The room `kernel`: what it is asked to leave out, how a walk goes on where the bytecode is refused, and how is found
 * out which operations there are.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "scripted.h"

static const uint8_t two_ways[8] = {SF_BC_JMP, 4, 8, 0, SF_BC_JMP, 4, 4, 0};

static int walk_sieved(struct sf_walker *walker, struct sf_walk *ret)
{
	const struct sf_ask ask = {.table = SF_TABLE_TCP, .states = 1 << SF_ESTABLISHED, .sport = 443, .dport = 51514,
				   .bytecode = two_ways, .bytecode_length = sizeof(two_ways)};
	const struct sf_walk_calls calls = {received, socket_seen, NULL};

	memset(&got, 0, offsetof(typeof(got), stop_at));
	return sf_walker_walk(walker, &ask, &calls, ret);
}

static void ports_and_bytecode_are_sent_in_every_form(void **state)
{
	struct sf_walk w;

	os.answers[0][0] = os.answers[1][0] = os.answers[2][0] = (struct scripted){DONE};
	assert_int_equal(walk_sieved(*state, &w), 0);
	sf_walker_avoid_legacy(*state);
	assert_int_equal(walk_sieved(*state, &w), 0);
	assert_asked(3, (int[]){LEGACY, INET, INET6});
	for (unsigned i = 0; i < os.requests; i++) {
		assert_int_equal(os.sport[i], 443);
		assert_int_equal(os.dport[i], 51514);
		assert_int_equal(os.bytecode_length[i], sizeof(two_ways));
		assert_memory_equal(os.bytecode[i], two_ways, sizeof(two_ways));
	}
}

static void the_longest_bytecode_fits_its_attribute(void **state)
{
	static const uint8_t longest[SF_BC_MOST];
	const struct sf_ask ask = {.states = 2, .bytecode = longest, .bytecode_length = sizeof(longest)};
	struct sf_walk w;

	os.answers[0][0] = (struct scripted){DONE};
	assert_int_equal(sf_walker_walk(*state, &ask, &(struct sf_walk_calls){received, socket_seen, NULL}, &w), 0);
	assert_int_equal(os.bytecode_length[0], SF_BC_MOST);
}

static void assert_without_bytecode(unsigned request)
{
	assert_int_equal(os.bytecode_length[request], 0);
	assert_int_equal(os.sport[request], 443);
}

static void bytecode_that_is_refused_is_left_out(void **state)
{
	struct sf_walk w;

	/* the kernel may lack the legacy dump, or mean the bytecode */
	os.answers[0][0] = os.answers[1][0] = (struct scripted){REFUSAL, .number = -EINVAL};
	os.answers[2][0] = (struct scripted){DONE, .cookie = 1, .sockets = 2};
	assert_int_equal(walk_sieved(*state, &w), 0);
	assert_int_equal(w.errors, 0);
	assert_false(w.partial);
	assert_int_equal(got.sockets, 2);
	assert_without_bytecode(2);
	/* the process has lost a right */
	os.answers[3][0] = (struct scripted){REFUSAL, .number = -EPERM};
	os.answers[4][0] = (struct scripted){DONE};
	assert_int_equal(walk_sieved(*state, &w), 0);
	assert_int_equal(w.errors, 0);
	assert_without_bytecode(4);
	assert_asked(5, (int[]){LEGACY, INET, LEGACY, LEGACY, LEGACY});
}

static void bytecode_that_is_refused_is_left_out_of_a_dump_a_family(void **state)
{
	struct sf_walk w;

	sf_walker_avoid_legacy(*state);
	os.answers[0][0] = (struct scripted){REFUSAL, .number = -EPERM};
	os.answers[1][0] = os.answers[2][0] = (struct scripted){DONE, .cookie = 1, .sockets = 1};
	os.answers[2][0].cookie = 2;
	assert_int_equal(walk_sieved(*state, &w), 0);
	assert_int_equal(got.sockets, 2);
	assert_int_equal(w.dumps, 3);
	assert_without_bytecode(1);
	assert_without_bytecode(2);
	assert_asked(3, (int[]){INET, INET, INET6});
}

static void a_refusal_that_is_not_for_the_bytecode_is_said(void **state)
{
	struct sf_walk w;

	os.answers[0][0] = os.answers[1][0] = (struct scripted){REFUSAL, .number = -EPERM};
	assert_int_equal(walk_sieved(*state, &w), -EPERM);
	assert_int_equal(w.errors, 1);
	assert_int_equal(w.error[0].code, EPERM);
	assert_asked(2, (int[]){LEGACY, LEGACY});
}

static void a_walk_that_showed_sockets_is_not_begun_again_without_bytecode(void **state)
{
	struct sf_walk w;

	sf_walker_avoid_legacy(*state);
	os.answers[0][0] = (struct scripted){DONE, .cookie = 1, .sockets = 1};
	os.answers[1][0] = (struct scripted){REFUSAL, .number = -EINVAL};
	assert_int_equal(walk_sieved(*state, &w), -EINVAL);
	assert_true(w.partial);
	assert_int_equal(got.sockets, 1);
	assert_asked(2, (int[]){INET, INET6});
}

#define FIRST ((1u << SF_BC_DEV_COND) - 1)
enum { PROBES = 5 };

static void operations_are_found_out_once_by_asking(void **state)
{
	uint32_t operations;

	for (unsigned i = 0; i < PROBES; i++)
		os.answers[i][0] = (struct scripted){DONE};
	operations = sf_walker_operations(*state);
	assert_int_equal(operations, (1u << SF_BC_COUNT) - 1);
	assert_int_equal(sf_walker_operations(*state), operations);
	assert_asked(PROBES, (int[]){INET, INET, INET, INET, INET});
	for (unsigned i = 0; i < PROBES; i++)
		assert_int_equal(os.bytecode[i][1], os.bytecode_length[i]);
}

static void operations_that_are_refused_are_not_had(void **state)
{
	os.answers[0][0] = (struct scripted){DONE};
	for (unsigned i = 1; i < PROBES; i++)
		os.answers[i][0] = (struct scripted){REFUSAL, .number = i % 2 ? -EINVAL : -EPERM};
	assert_int_equal(sf_walker_operations(*state), FIRST);
	assert_int_equal(sf_walker_operations(*state), FIRST);
	assert_int_equal(os.requests, PROBES);
}

static void without_an_answer_the_operations_are_asked_for_again(void **state)
{
	os.answers[0][0] = (struct scripted){REFUSAL, .number = -ENOENT};
	assert_int_equal(sf_walker_operations(*state), FIRST);
	os.answers[1][0] = (struct scripted){REFUSAL, .number = -EPERM}; /* a sandbox: it says nothing of operations */
	assert_int_equal(sf_walker_operations(*state), FIRST);
	assert_int_equal(os.requests, 2);
	os.answers[2][0] = (struct scripted){DONE};
	os.answers[3][0] = (struct scripted){DONE, .number = -ENOENT};
	assert_int_equal(sf_walker_operations(*state), FIRST);
	for (unsigned i = 4; i < 4 + PROBES; i++)
		os.answers[i][0] = (struct scripted){DONE};
	assert_int_equal(sf_walker_operations(*state), (1u << SF_BC_COUNT) - 1);
	assert_int_equal(os.requests, 4 + PROBES);
}

static void operations_are_asked_for_again_once_bytecode_was_refused(void **state)
{
	struct sf_walk w;

	for (unsigned i = 0; i < 2 * PROBES + 2; i++)
		os.answers[i][0] = (struct scripted){DONE};
	os.answers[PROBES][0] = os.answers[PROBES + 4][0] = (struct scripted){REFUSAL, .number = -EPERM};
	sf_walker_operations(*state);
	assert_int_equal(walk_sieved(*state, &w), 0);
	assert_int_equal(sf_walker_operations(*state), ((1u << SF_BC_COUNT) - 1) & ~(1u << SF_BC_MARK_COND));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_WALKER(ports_and_bytecode_are_sent_in_every_form),
		WITH_WALKER(the_longest_bytecode_fits_its_attribute),
		WITH_WALKER(bytecode_that_is_refused_is_left_out),
		WITH_WALKER(bytecode_that_is_refused_is_left_out_of_a_dump_a_family),
		WITH_WALKER(a_refusal_that_is_not_for_the_bytecode_is_said),
		WITH_WALKER(a_walk_that_showed_sockets_is_not_begun_again_without_bytecode),
		WITH_WALKER(operations_are_found_out_once_by_asking),
		WITH_WALKER(operations_that_are_refused_are_not_had),
		WITH_WALKER(without_an_answer_the_operations_are_asked_for_again),
		WITH_WALKER(operations_are_asked_for_again_once_bytecode_was_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
