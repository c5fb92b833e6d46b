/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a table for people points out.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "show/cell.h"

static bool points_out(uint8_t state_number)
{
	const struct sf_column column = sf_column_named(SF_FIELD_STATE);
	struct sf_inet_msg header = {.family = 2, .state = state_number};
	struct sf_view view = {.table = SF_TABLE_TCP, .release = 0x061200};

	assert_int_equal(sf_view_index(&view, &header, sizeof(header)), 0);
	return sf_cell_trouble(&column, &view);
}

static void sockets_that_wait_for_their_peer_or_their_program_are_pointed_out(void **state)
{
	(void)state;
	assert_true(points_out(SF_SYN_SENT));
	assert_true(points_out(SF_CLOSE_WAIT));
	assert_false(points_out(SF_ESTABLISHED));
	assert_false(points_out(SF_TIME_WAIT));
}

static void states_of_a_newer_kernel_are_not_taken_for_ours(void **state)
{
	(void)state;
	for (unsigned number = SF_STATE_COUNT; number < 256; number++)
		assert_false(points_out((uint8_t)number));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(sockets_that_wait_for_their_peer_or_their_program_are_pointed_out),
		cmocka_unit_test(states_of_a_newer_kernel_are_not_taken_for_ours),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
