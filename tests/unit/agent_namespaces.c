/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sweeps over several namespaces: each is walked once for all runs that ask it, and what one refuses is said and holds
 * up nobody.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "sweeps.h"

/* Of each line but the last the inode of its namespace, less that of home, as a digit. */
static void assert_inodes(const struct sf_buf *lines, const char *expected)
{
	static const char name[] = "\"netns\":{\"inode\":";
	const char *at = lines->data;
	char found[64] = "";

	while ((at = memmem(at, (size_t)(lines->data + lines->length - at), name, sizeof(name) - 1))) {
		at += sizeof(name) - 1;
		snprintf(found + strlen(found), sizeof(found) - strlen(found), "%d", atoi(at) - HOME);
	}
	assert_string_equal(found, expected);
}

static void a_record_says_in_which_namespace_its_socket_is(void **state)
{
	struct json_object *record;
	struct sf_run r;

	(void)state;
	played.receives = 1;
	played.sockets = 2;
	places.count = 4;
	places.chosen[1][0] = places.chosen[3][0] = true;
	record = run(&(struct setup){.namespaces = "all"}, &r);
	assert_inodes(&got.of[0].lines, "1133"); /* the run record is of no single one */
	assert_said(record, "walks", "[{\"id\":7,\"table\":\"tcp\",\"dumps\":2}]");
	assert_said(record, "sockets_seen", "4");
	assert_false(r.failed || r.partial);
	json_object_put(record);
	places.chosen[3][0] = false;
	json_object_put(run(&(struct setup){.namespaces = "all"}, &r));
	assert_inodes(&got.of[0].lines, "111"); /* here it is */
}

static void a_query_of_no_namespace_that_there_is_has_a_run_without_walks(void **state)
{
	struct json_object *record;
	struct sf_run r;

	(void)state;
	places.count = 2;
	record = run(&(struct setup){.namespaces = "web-*"}, &r);
	assert_said(record, "walks", "[]");
	assert_said(record, "errors", "[]");
	assert_int_equal(got.walks, 0);
	json_object_put(record);
}

static void each_namespace_is_walked_once_for_all_who_ask_it_and_nobody_waits_for_the_others(void **state)
{
	const struct setup setups[] = {{.namespaces = "all"}, {0}, {.namespaces = "all", .filter = "dport = :0"}};
	struct json_object *records[3];
	struct sf_run runs[3];

	(void)state;
	played.receives = 1;
	played.sockets = 2;
	places.count = 3;
	for (size_t at = 0; at < 3; at++)
		places.chosen[at][0] = places.chosen[at][2] = true;
	places.chosen[0][1] = true;
	sweep(setups, 3, runs, records);
	assert_int_equal(got.walks, 3);
	assert_inodes(&got.of[0].lines, "001122");
	assert_inodes(&got.of[1].lines, "000");
	assert_inodes(&got.of[2].lines, "012");
	assert_int_equal(got.of[1].nth, 1);
	assert_int_equal(got.of[1].pauses, 1);
	assert_said(records[1], "walks", "[{\"id\":7,\"table\":\"tcp\",\"dumps\":1}]");
	for (size_t i = 0; i < 3; i += 2)
		assert_said(records[i], "walks",
			    "[{\"id\":7,\"table\":\"tcp\",\"dumps\":1},{\"id\":8,\"table\":\"tcp\",\"dumps\":2}]");
	put_all(records, 3);
}

/* Another sweep, of the namespace at home, in the first turn. */
static struct sf_run guest;

static void take_turn(void *arg)
{
	const struct sf_collect_calls calls = {pause_walk, take_batch, run_ended, turn, arg};
	sf_cleanup(sf_complaints_free_p) struct sf_complaints *complaints = sf_complaints_new();
	struct sf_questions *questions;
	struct sf_run *runs[] = {&guest};

	if (guest.plan)
		return;
	questions = sf_questions_new();
	guest = (struct sf_run){.run = 1001, .first = true};
	assert_int_equal(make_plan(&(struct setup){.timeout = 60000000}, &guest.plan, complaints), 0);
	pause_real = guest_real;
	sf_collect(NULL, questions, arg, runs, 1, &calls);
	pause_real = 0;
	sf_questions_free(questions);
	got.ended--; /* it is none of the sweep's */
}

static void others_have_their_turn_between_two_namespaces(void **state)
{
	struct json_object *record, *other;
	struct sf_run r;

	(void)state;
	played.receives = 1;
	played.sockets = 2;
	places.count = 4;
	places.chosen[0][0] = places.chosen[1][0] = places.chosen[3][0] = true;
	places.chosen[0][1] = true; /* the guest's */
	turn = take_turn;
	record = run(&(struct setup){.namespaces = "all"}, &r);
	assert_non_null(guest.plan);
	assert_inodes(&got.of[0].lines, "001133");
	assert_inodes(&got.of[1].lines, "000");
	assert_said(record, "walks", "[{\"id\":7,\"table\":\"tcp\",\"dumps\":3}]");
	assert_int_equal(got.of[1].nth, 1);
	other = judge_lines(&got.of[1].lines);
	assert_said(other, "walks", "[{\"id\":8,\"table\":\"tcp\",\"dumps\":1}]");
	assert_said(other, "partial", "false");
	json_object_put(record);
	json_object_put(other);
	sf_plan_free(sf_take(guest.plan));
}

static void a_turn_of_others_counts_to_no_timeout(void **state)
{
	struct json_object *record;
	struct sf_run r;

	(void)state;
	played.receives = played.sockets = 1;
	places.count = 2;
	places.chosen[0][0] = places.chosen[1][0] = places.chosen[0][1] = true;
	turn = take_turn;
	guest_real = 1500000;
	record = run(&(struct setup){.namespaces = "all", .timeout = 1000000}, &r);
	assert_said(record, "partial", "false");
	assert_int_equal(r.records, 2);
	json_object_put(record);
	sf_plan_free(sf_take(guest.plan));
}

static void what_cannot_be_entered_is_an_error_and_the_others_are_walked(void **state)
{
	struct json_object *record, *errors;
	struct sf_run r;

	(void)state;
	played.receives = played.sockets = 1;
	places.count = 3;
	places.chosen[0][0] = places.chosen[1][0] = places.chosen[2][0] = true;
	places.refused[1] = -EPERM;
	places.errors = 1;
	places.error = (struct sf_walk_error){EPERM, "cannot enter the namespace blue: no"};
	record = run(&(struct setup){.namespaces = "all"}, &r);
	assert_inodes(&got.of[0].lines, "02");
	assert_true(judge_find(record, "errors", &errors));
	assert_int_equal(json_object_array_length(errors), 1);
	assert_said(json_object_array_get_idx(errors, 0), "table", "null");
	assert_said(json_object_array_get_idx(errors, 0), "code", "\"EPERM\"");
	assert_said(record, "partial", "true");
	assert_true(r.failed && r.partial);
	assert_int_equal(r.said.count, 1);
	assert_string_equal(r.said.text[0], "cannot enter the namespace blue: no");
	json_object_put(record);
}

static void what_every_namespace_says_is_said_once(void **state)
{
	struct json_object *record, *errors;
	struct sf_run r;

	(void)state;
	played.result = -ENOENT;
	played.account.error[0] = (struct sf_walk_error){ENOENT, "this kernel has no tcp_diag"};
	places.count = 5;
	for (size_t at = 0; at < 5; at++)
		places.chosen[at][0] = true;
	record = run(&(struct setup){.namespaces = "all"}, &r);
	assert_true(judge_find(record, "errors", &errors));
	assert_int_equal(json_object_array_length(errors), 1);
	assert_int_equal(got.walks, 5);
	json_object_put(record);
}

static void each_different_error_of_a_run_is_said_in_words(void **state)
{
	struct json_object *record, *errors;
	struct sf_run r;

	(void)state;
	played.receives = 10;
	played.sockets = 1;
	pause_real = 1000;
	places.count = 3;
	places.chosen[0][0] = places.chosen[1][0] = places.chosen[2][0] = true;
	places.refused[0] = places.refused[1] = -EPERM;
	places.errors = 1;
	places.error = (struct sf_walk_error){EPERM, "cannot enter 2 namespaces: no"};
	record = run(&(struct setup){.namespaces = "all", .timeout = 3000}, &r);
	assert_true(judge_find(record, "errors", &errors));
	assert_int_equal(json_object_array_length(errors), 2);
	assert_int_equal(r.said.count, 2);
	assert_string_equal(r.said.text[0], "cannot enter 2 namespaces: no");
	assert_memory_equal(r.said.text[1], "tcp: the timeout was reached", 28);
	json_object_put(record);
}

static void what_differs_is_said_as_long_as_there_is_room(void **state)
{
	struct sf_walk_error error = {.code = ENOENT};
	struct sf_run r = {0};

	(void)state;
	memset(error.message, 'x', sizeof(error.message) - 1);
	for (unsigned i = 0; i < 4 * SF_RUN_ERRORS; i++) {
		error.message[0] = (char)('A' + i / 4);
		sf_run_say(&r, i % 2 ? "udplite" : NULL, &error);
	}
	assert_int_equal(r.said.count, SF_RUN_ERRORS);
	assert_int_equal(r.said.text[0][0], 'A');
	assert_memory_equal(r.said.text[1], "udplite: Axx", 12);
	for (unsigned i = 0; i < SF_RUN_ERRORS; i++) {
		assert_memory_equal(strchr(r.said.text[i], 'x'), error.message + 1, strlen(error.message));
		assert_true(sf_said_has(&r.said, r.said.text[i]));
		for (unsigned j = 0; j < i; j++)
			assert_string_not_equal(r.said.text[i], r.said.text[j]);
	}
	assert_false(sf_said_has(&r.said, "udplite: A"));
}

static void a_timeout_that_is_reached_is_the_end_in_all_namespaces(void **state)
{
	const struct setup setups[] = {{.namespaces = "all", .timeout = 3000}, {.namespaces = "blue"}};
	struct json_object *records[2];
	struct sf_run runs[2];

	(void)state;
	played.receives = 10;
	played.sockets = 1;
	pause_real = 1000;
	places.count = 4;
	for (size_t at = 0; at < 3; at++)
		places.chosen[at][0] = true;
	places.chosen[3][1] = true;
	sweep(setups, 2, runs, records);
	assert_true(runs[0].partial && runs[0].records < 4);
	assert_int_equal(got.walks, 2); /* where nobody is left nobody goes */
	assert_int_equal(places.entered, 2);
	assert_int_equal(runs[1].records, 10);
	assert_said(records[1], "partial", "false");
	put_all(records, 2);
}

static void cancelled_no_further_namespace_is_walked(void **state)
{
	struct json_object *record;
	struct sf_run r;

	(void)state;
	played.receives = played.sockets = 1;
	places.count = 3;
	places.chosen[0][0] = places.chosen[1][0] = places.chosen[2][0] = true;
	pause_at = 2;
	pause_result = -ECANCELED;
	record = run(&(struct setup){.namespaces = "all"}, &r);
	assert_int_equal(got.walks, 2);
	assert_said(record, "records", "1");
	assert_said(record, "walks", "[{\"id\":7,\"table\":\"tcp\",\"dumps\":2}]");
	assert_true(r.partial);
	json_object_put(record);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(a_record_says_in_which_namespace_its_socket_is),
		RUN(a_query_of_no_namespace_that_there_is_has_a_run_without_walks),
		RUN(others_have_their_turn_between_two_namespaces),
		RUN(a_turn_of_others_counts_to_no_timeout),
		RUN(each_namespace_is_walked_once_for_all_who_ask_it_and_nobody_waits_for_the_others),
		RUN(what_cannot_be_entered_is_an_error_and_the_others_are_walked),
		RUN(what_every_namespace_says_is_said_once),
		RUN(each_different_error_of_a_run_is_said_in_words),
		RUN(what_differs_is_said_as_long_as_there_is_room),
		RUN(a_timeout_that_is_reached_is_the_end_in_all_namespaces),
		RUN(cancelled_no_further_namespace_is_walked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
