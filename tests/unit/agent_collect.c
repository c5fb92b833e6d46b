/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A run of a sweep: what becomes of the sockets of a walk, and what the run record says of it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "sweeps.h"

static void a_run_that_sees_nothing_is_one_record_of_zeros(void **state)
{
	struct sf_run r;
	struct json_object *record = run(&(struct setup){0}, &r);

	(void)state;
	assert_int_equal(got.of[0].batches, 1);
	assert_said(record, "seq", "0");
	assert_said(record, "records", "0");
	assert_said(record, "sockets_seen", "0");
	assert_said(record, "partial", "false");
	assert_said(record, "errors", "[]");
	assert_said(record, "walks", "[{\"id\":7,\"table\":\"tcp\",\"dumps\":1}]");
	assert_false(r.failed || r.partial || r.said.count);
	json_object_put(record);
}

static void many_sockets_fill_batches_and_no_line_is_cut(void **state)
{
	struct json_object *record;
	struct sf_run r;

	(void)state;
	played.receives = 100;
	played.sockets = 60;
	record = run(&(struct setup){0}, &r);
	assert_int_equal(r.records, 6000);
	assert_int_equal(got.of[0].counted, 6001);
	assert_true(got.of[0].batches > 4);
	assert_true(got.of[0].longest > SF_BATCH_SIZE / 4 * 3); /* they are filled */
	assert_said(record, "records", "6000");
	json_object_put(record);
}

static void where_topics_differ_the_run_record_has_a_batch_of_its_own(void **state)
{
	struct json_object *records[2];
	struct sf_run runs[2];

	(void)state;
	played.receives = 1;
	played.sockets = 2;
	sweep((struct setup[]){{.apart = true}, {.apart = false}}, 2, runs, records);
	assert_int_equal(got.of[0].batches, 2);
	assert_int_equal(got.of[0].mixed, 0);
	assert_int_equal(got.of[1].batches, 1);
	assert_int_equal(got.of[1].mixed, 1);
	assert_int_equal(got.of[0].counted, 3);
	for (size_t i = 0; i < 2; i++)
		json_object_put(records[i]);
	json_object_put(run(&(struct setup){.apart = true, .filter = "dport = :7"}, runs));
	assert_int_equal(got.of[0].batches, 1); /* the run record's */
}

static void lines_of_sockets_bring_the_keys_that_are_wanted_and_no_others(void **state)
{
	struct json_object *records[3];
	struct sf_run runs[3];

	(void)state;
	played.receives = 1;
	played.sockets = 3;
	sweep((struct setup[]){{.keys = 1 << SF_BY_SOCKET | 1 << SF_BY_FLOW, .filter = "dport = :0"},
			       {.keys = 1 << SF_BY_FLOW},
			       {.keys = 0}},
	      3, runs, records);
	assert_string_equal(got.of[0].keys[SF_BY_SOCKET].data, "b/1\nb/3\n\n");
	assert_string_equal(got.of[0].keys[SF_BY_FLOW].data, "0.0.0.0:0-0.0.0.0:0\n0.0.0.0:0-0.0.0.0:0\n\n");
	assert_string_equal(got.of[1].keys[SF_BY_FLOW].data,
			    "0.0.0.0:0-0.0.0.0:0\n0.0.0.0:0-0.0.0.0:256\n0.0.0.0:0-0.0.0.0:0\n\n");
	assert_string_equal(got.of[1].keys[SF_BY_SOCKET].data, "\n\n\n\n");
	assert_string_equal(got.of[2].keys[SF_BY_FLOW].data, "\n\n\n\n");
	for (size_t i = 0; i < 3; i++)
		json_object_put(records[i]);
}

static void what_the_filter_does_not_hold_for_is_seen_and_not_told(void **state)
{
	struct json_object *record;
	struct sf_run r;

	(void)state;
	played.receives = 2;
	played.sockets = 10;
	record = run(&(struct setup){.filter = "dport != :0"}, &r);
	assert_said(record, "records", "10");
	assert_said(record, "sockets_matched", "10");
	assert_said(record, "sockets_seen", "20");
	json_object_put(record);
}

static void a_limit_cuts_and_the_rest_is_counted(void **state)
{
	struct json_object *record;
	struct sf_run r;

	(void)state;
	played.receives = 2;
	played.sockets = 10;
	record = run(&(struct setup){.limit = 3}, &r);
	assert_int_equal(r.records, 3);
	assert_said(record, "seq", "3");
	assert_said(record, "records", "3");
	assert_said(record, "sockets_matched", "20");
	assert_said(record, "cut", "17");
	assert_false(r.failed || r.partial);
	json_object_put(record);
}

static void the_timeout_ends_a_run_as_partial(void **state)
{
	struct json_object *record, *errors, *error;
	struct sf_run r;

	(void)state;
	played.receives = 1000000;
	played.sockets = 1;
	record = run(&(struct setup){.timeout = 20000, .limit = 1}, &r);
	assert_true(got.pauses < 1000000);
	assert_said(record, "partial", "true");
	assert_true(judge_find(record, "errors", &errors));
	assert_int_equal(json_object_array_length(errors), 1);
	error = json_object_array_get_idx(errors, 0);
	assert_said(error, "code", "\"ETIME\"");
	assert_said(error, "table", "\"tcp\"");
	assert_true(r.partial && r.said.count);
	json_object_put(record);
}

static void waiting_for_outputs_does_not_count_to_the_timeout(void **state)
{
	struct json_object *record;
	struct sf_run r;

	(void)state;
	played.receives = 1000;
	pause_time = 10000; /* as if each had taken so long; so the time-out is never reached */
	record = run(&(struct setup){.timeout = 1}, &r);
	assert_int_equal(got.pauses, 1000);
	assert_said(record, "partial", "false");
	json_object_put(record);
}

static void a_run_that_is_told_to_end_still_closes_with_its_record(void **state)
{
	struct json_object *record, *errors;
	struct sf_run r;

	(void)state;
	played.receives = 10;
	played.sockets = 5;
	pause_at = 3;
	pause_result = -ECANCELED;
	record = run(&(struct setup){0}, &r);
	assert_said(record, "records", "10");
	assert_said(record, "partial", "true");
	assert_true(judge_find(record, "errors", &errors));
	assert_said(json_object_array_get_idx(errors, 0), "code", "\"ECANCELED\"");
	assert_true(r.partial && !r.failed && !r.said.count);
	json_object_put(record);
}

static void what_the_kernel_refused_is_said_in_the_record(void **state)
{
	struct json_object *record, *errors;
	struct sf_run r;

	(void)state;
	played.result = -ENOENT;
	played.account.error[0] = (struct sf_walk_error){ENOENT, "this kernel has no tcp_diag"};
	record = run(&(struct setup){0}, &r);
	assert_said(record, "records", "0");
	assert_said(record, "partial", "true");
	assert_true(judge_find(record, "errors", &errors));
	assert_int_equal(json_object_array_length(errors), 1);
	assert_said(json_object_array_get_idx(errors, 0), "code", "\"ENOENT\"");
	assert_said(json_object_array_get_idx(errors, 0), "message", "\"this kernel has no tcp_diag\"");
	assert_true(r.failed);
	assert_string_equal(r.said.text[0], "tcp: this kernel has no tcp_diag");
	json_object_put(record);
}

/* Labels whose names and values have `size` bytes together, each of them to be escaped; freed by the caller. */
static struct sf_list long_labels(size_t size)
{
	static const char *name = "a";
	static struct sf_text item;
	char *text = sf_alloc(size);

	memset(text, 1, size - 1);
	item = word(text);
	return (struct sf_list){1, &item, &name};
}

static void the_longest_labels_fit_into_every_record(void **state)
{
	struct setup setup = {.host_labels = long_labels(16 << 10)};
	struct json_object *record;
	struct sf_run r;

	(void)state;
	played.receives = 3;
	played.sockets = 1;
	record = run(&setup, &r);
	assert_int_equal(r.records, 3);
	assert_true(got.of[0].lines.length > 4 * 6 * (16 << 10));
	json_object_put(record);
	free((char *)setup.host_labels.items[0].text);
}

static void labels_that_would_fill_a_batch_are_refused_with_their_place(void **state)
{
	struct setup setup = {.labels = long_labels((16 << 10) + 1)};
	struct sf_complaints *complaints = sf_complaints_new();
	struct sf_plan *plan = NULL;
	char *text = NULL;
	size_t length;
	FILE *file = open_memstream(&text, &length);

	(void)state;
	assert_int_equal(make_plan(&setup, &plan, complaints), -EINVAL);
	assert_null(plan);
	sf_complaints_print(complaints, file);
	fclose(file);
	assert_non_null(strstr(text, "t.yaml:3:5: error: the labels of a record"));
	free(text);
	sf_complaints_free(complaints);
	free((char *)setup.labels.items[0].text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(a_run_that_sees_nothing_is_one_record_of_zeros),
		RUN(many_sockets_fill_batches_and_no_line_is_cut),
		RUN(where_topics_differ_the_run_record_has_a_batch_of_its_own),
		RUN(lines_of_sockets_bring_the_keys_that_are_wanted_and_no_others),
		RUN(what_the_filter_does_not_hold_for_is_seen_and_not_told),
		RUN(a_limit_cuts_and_the_rest_is_counted),
		RUN(the_timeout_ends_a_run_as_partial),
		RUN(waiting_for_outputs_does_not_count_to_the_timeout),
		RUN(a_run_that_is_told_to_end_still_closes_with_its_record),
		RUN(what_the_kernel_refused_is_said_in_the_record),
		RUN(the_longest_labels_fit_into_every_record),
		RUN(labels_that_would_fill_a_batch_are_refused_with_their_place),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
