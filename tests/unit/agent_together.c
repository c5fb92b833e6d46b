/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs that share a walk: each has its own records, its own time, and is told of the end.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "sweeps.h"

static void runs_share_a_walk_and_each_has_its_own_records(void **state)
{
	const struct setup setups[] = {
		{.filter = "dport = :0"}, {.filter = "dport != :0", .limit = 2}, {0}, {.filter = "dport = :9"}};
	static const char *const written[] = {"10", "2", "20", "0"}, *const matched[] = {"10", "10", "20", "0"};
	struct json_object *records[4];
	struct sf_run runs[4];

	(void)state;
	played.receives = 2;
	played.sockets = 10;
	sweep(setups, 4, runs, records);
	for (size_t i = 0; i < 4; i++) {
		assert_said(records[i], "walks", "[{\"id\":7,\"table\":\"tcp\",\"dumps\":1}]");
		assert_said(records[i], "sockets_seen", "20");
		assert_said(records[i], "records", written[i]);
		assert_said(records[i], "sockets_matched", matched[i]);
		assert_false(runs[i].failed || runs[i].partial || runs[i].said.count);
	}
	put_all(records, 4);
}

static void a_run_whose_timeout_is_reached_leaves_the_walk_to_the_others(void **state)
{
	const struct setup setups[] = {{0}, {.timeout = 3000}, {.timeout = 60 * 1000 * 1000}};
	struct json_object *records[3];
	struct sf_run runs[3];

	(void)state;
	played.receives = 50;
	played.sockets = 1;
	pause_real = 1000;
	sweep(setups, 3, runs, records);
	assert_true(runs[1].partial && runs[1].said.count && runs[1].records < 3);
	assert_said(records[1], "partial", "true");
	assert_int_equal(got.of[1].nth, 1); /* it does not wait for the others to end */
	assert_true(got.of[1].pauses < 50);
	for (size_t i = 0; i < 3; i += 2) {
		assert_said(records[i], "partial", "false");
		assert_said(records[i], "errors", "[]");
		assert_said(records[i], "records", "50");
	}
	put_all(records, 3);
}

static void the_walk_ends_when_all_time_outs_are_reached(void **state)
{
	const struct setup setups[] = {{.timeout = 1000}, {.timeout = 3000}};
	struct json_object *records[2];
	struct sf_run runs[2];

	(void)state;
	played.receives = 1000000;
	played.sockets = 1;
	pause_real = 1000;
	sweep(setups, 2, runs, records);
	assert_true(got.pauses < 1000000);
	assert_true(runs[0].partial && runs[1].partial);
	put_all(records, 2);
}

static void waiting_for_outputs_counts_to_nobodys_timeout(void **state)
{
	const struct setup setups[] = {{.timeout = 1}, {.timeout = 1000}};
	struct json_object *records[2];
	struct sf_run runs[2];

	(void)state;
	played.receives = 100;
	pause_time = 1000000;
	sweep(setups, 2, runs, records);
	assert_int_equal(got.pauses, 100);
	assert_false(runs[0].partial || runs[1].partial);
	put_all(records, 2);
}

static void the_end_and_a_refusal_are_said_by_each_run(void **state)
{
	const struct setup setups[] = {{0}, {.filter = "dport = :0"}};
	struct json_object *records[2], *errors;
	struct sf_run runs[2];

	(void)state;
	played.receives = 10;
	played.sockets = 2;
	pause_at = 4;
	pause_result = -ECANCELED;
	sweep(setups, 2, runs, records);
	for (size_t i = 0; i < 2; i++) {
		assert_true(runs[i].partial && !runs[i].failed);
		assert_true(judge_find(records[i], "errors", &errors));
		assert_said(json_object_array_get_idx(errors, 0), "code", "\"ECANCELED\"");
	}
	assert_int_equal(runs[0].records, 6);
	assert_int_equal(runs[1].records, 3);
	put_all(records, 2);

	played.result = -ENOENT;
	played.account.error[0] = (struct sf_walk_error){ENOENT, "this kernel has no tcp_diag"};
	pause_at = 0;
	sweep(setups, 2, runs, records);
	for (size_t i = 0; i < 2; i++) {
		assert_true(runs[i].partial && runs[i].failed);
		assert_string_equal(runs[i].said.text[0], "tcp: this kernel has no tcp_diag");
	}
	put_all(records, 2);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(runs_share_a_walk_and_each_has_its_own_records),
		RUN(a_run_whose_timeout_is_reached_leaves_the_walk_to_the_others),
		RUN(the_walk_ends_when_all_time_outs_are_reached),
		RUN(waiting_for_outputs_counts_to_nobodys_timeout),
		RUN(the_end_and_a_refusal_are_said_by_each_run),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
