/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One run of one query: what becomes of the sockets of a walk, and what its run record says of it. The walk is played:
 * these are the walker's functions, so that none of libcore's are linked.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "collect.h"

#include "judge.h"
#include "replies.h"

static struct { /* the walk that is played */
	unsigned receives, sockets; /* so many receives, so many sockets in each */
	int result;                 /* of a walk that no receive ended */
	struct sf_walk account;     /* its error */
} played;

static struct { /* what came of it */
	struct sf_buf lines;
	unsigned batches, pauses;
	size_t longest; /* batch */
	uint32_t counted;
} got;

static int pause_at;        /* the pause (from 1) that says... */
static int pause_result;    /* ... this */
static uint64_t pause_time; /* what every pause says it waited */

int sf_walker_walk(struct sf_walker *walker, const struct sf_ask *ask, const struct sf_walk_calls *calls,
		   struct sf_walk *walk)
{
	struct reply reply;
	uint64_t cookie = 0;

	(void)walker;
	assert_int_equal(ask->table, SF_TABLE_TCP);
	*walk = (struct sf_walk){.id = 7, .dumps = 1};
	for (unsigned i = 0; i < played.receives; i++) {
		int r = calls->received(calls->arg, sf_clock_wall());

		if (r) {
			walk->partial = true;
			return r;
		}
		for (unsigned s = 0; s < played.sockets; s++) {
			struct sf_view view = {.table = SF_TABLE_TCP};

			reply_begin(&reply, 2, SF_ESTABLISHED);
			reply_header(&reply)->cookie[0] = (uint32_t)++cookie;
			reply_header(&reply)->dport = (uint16_t)(s % 2);
			assert_int_equal(sf_view_index(&view, reply.bytes, reply.length), 0);
			walk->seen++;
			calls->socket(calls->arg, &view);
		}
	}
	if (played.result) {
		walk->partial = true;
		walk->errors = 1;
		walk->error[0] = played.account.error[0];
	}
	return played.result;
}

uint32_t sf_walker_netns(const struct sf_walker *walker)
{
	(void)walker;
	return 4711;
}

static int pause_run(void *arg, struct sf_run *run, uint64_t *waited)
{
	(void)arg;
	(void)run;
	*waited = pause_time;
	return ++got.pauses == (unsigned)pause_at ? pause_result : 0;
}

static void take_batch(void *arg, struct sf_run *run, struct sf_batch *batch)
{
	uint32_t lines = 0;

	for (size_t i = 0; i < batch->length; i++)
		lines += batch->data[i] == '\n';
	assert_int_equal(lines, batch->lines);
	assert_int_equal(batch->run, run->run);
	assert_int_equal(batch->first_seq, got.counted);
	assert_int_equal(batch->data[batch->length - 1], '\n');
	assert_true(batch->length <= SF_BATCH_SIZE);
	sf_buf_add(&got.lines, batch->data, batch->length);
	got.counted += lines;
	got.batches++;
	if (batch->length > got.longest)
		got.longest = batch->length;
	sf_batch_drop(arg, batch);
}

static struct sf_text word(const char *text)
{
	return (struct sf_text){.name = "t.yaml", .line = 3, .column = 5, .text = text, .length = strlen(text)};
}

struct setup {
	const char *filter;
	uint64_t limit, timeout;
	struct sf_list host_labels, labels;
};

static int make_plan(const struct setup *setup, struct sf_plan **plan, struct sf_complaints *complaints)
{
	static struct sf_text tcp, all;
	const struct sf_host host = {.name = "web-1", .id = "i", .boot_id = "b"};
	struct sf_query_conf conf = {
		.name = "query",
		.filter = word(setup->filter ? setup->filter : ""),
		.sockets = {1, &tcp, NULL},
		.fields = {1, &all, NULL},
		.limit = setup->limit,
		.timeout = setup->timeout,
		.labels = setup->labels,
	};

	tcp = word("tcp");
	all = word("all");
	return sf_plan_new(&conf, &host, &setup->host_labels, plan, complaints);
}

/* Runs it; the run record is the return. The other records have been judged. */
static struct json_object *run(const struct setup *setup, struct sf_run *run)
{
	sf_cleanup(sf_complaints_free_p) struct sf_complaints *complaints = sf_complaints_new();
	struct sf_pool *pool = sf_pool_new();
	const struct sf_collect_calls calls = {pause_run, take_batch, pool};
	struct json_object *record = NULL, *value;

	sf_buf_finish(&got.lines);
	memset(&got, 0, sizeof(got));
	*run = (struct sf_run){.run = 1000, .first = true};
	assert_int_equal(make_plan(setup, &run->plan, complaints), 0);
	sf_collect(NULL, pool, run, &calls);
	sf_plan_free(run->plan);
	sf_pool_free(pool);
	for (size_t at = 0, seq = 0; at < got.lines.length; seq++) {
		size_t length = (size_t)((char *)memchr(got.lines.data + at, '\n', got.lines.length - at) + 1 -
					 (got.lines.data + at));

		json_object_put(record);
		record = judge_line(got.lines.data + at, length);
		assert_true(judge_find(record, "seq", &value));
		assert_int_equal(json_object_get_int64(value), seq);
		at += length;
		assert_true(judge_find(record, "type", &value));
		assert_string_equal(json_object_get_string(value), at < got.lines.length ? "socket" : "run");
	}
	return record;
}

static void assert_said(struct json_object *record, const char *name, const char *expected)
{
	struct json_object *value = NULL;

	assert_true(judge_find(record, name, &value));
	assert_string_equal(json_object_to_json_string_ext(value, JSON_C_TO_STRING_PLAIN), expected);
}

static int begin(void **state)
{
	(void)state;
	memset(&played, 0, sizeof(played));
	pause_at = 0;
	pause_time = 0;
	return 0;
}

static int end(void **state)
{
	(void)state;
	sf_buf_finish(&got.lines);
	return 0;
}

static void a_run_that_sees_nothing_is_one_record_of_zeros(void **state)
{
	struct sf_run r;
	struct json_object *record = run(&(struct setup){0}, &r);

	(void)state;
	assert_int_equal(got.batches, 1);
	assert_said(record, "seq", "0");
	assert_said(record, "records", "0");
	assert_said(record, "sockets_seen", "0");
	assert_said(record, "partial", "false");
	assert_said(record, "errors", "[]");
	assert_said(record, "walks", "[{\"id\":7,\"table\":\"tcp\",\"dumps\":1}]");
	assert_false(r.failed || r.partial || r.error[0]);
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
	assert_int_equal(got.counted, 6001);
	assert_true(got.batches > 4);
	assert_true(got.longest > SF_BATCH_SIZE / 4 * 3); /* they are filled */
	assert_said(record, "records", "6000");
	json_object_put(record);
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
	assert_true(r.partial && r.error[0]);
	json_object_put(record);
}

static void waiting_for_outputs_does_not_count_to_the_timeout(void **state)
{
	struct json_object *record;
	struct sf_run r;

	(void)state;
	played.receives = 1000;
	pause_time = 1000000; /* as if each had taken a second; so the time-out is never reached */
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
	assert_true(r.partial && !r.failed);
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
	assert_string_equal(r.error, "tcp: this kernel has no tcp_diag");
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
	assert_true(got.lines.length > 4 * 6 * (16 << 10));
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

#define RUN(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		RUN(a_run_that_sees_nothing_is_one_record_of_zeros),
		RUN(many_sockets_fill_batches_and_no_line_is_cut),
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
