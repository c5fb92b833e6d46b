/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Runs of a sweep: what becomes of the sockets of a walk, and what each run record says of it. The walk is played:
 * these are the walker's functions, so that none of libcore's are linked.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include "collect.h"

#include "judge.h"
#include "places.h"
#include "replies.h"

static struct { /* the walk that is played */
	unsigned receives, sockets; /* so many receives, so many sockets in each */
	int result;                 /* of a walk that no receive ended */
	struct sf_walk account;     /* its error */
} played;

enum { RUNS = 4 };

static struct { /* what came of it */
	unsigned pauses, ended, walks;
	struct came {
		struct sf_buf lines;
		unsigned batches;
		size_t longest; /* batch */
		uint32_t counted;
		unsigned nth;    /* 1: its run ended first */
		unsigned pauses; /* before its end */
		unsigned mixed;  /* batches of lines of both types */
		struct sf_buf keys[SF_BY_COUNT]; /* each with a newline behind it */
	} of[RUNS];
} got;

static int pause_at;        /* the pause (from 1) that says... */
static int pause_result;    /* ... this */
static uint64_t pause_time; /* what every pause says it waited */
static uint64_t pause_real; /* what every pause lasts */
static void (*turn)(void *); /* between two namespaces; NULL: nobody waits */
static uint64_t guest_real; /* what every pause of who has it lasts */

int sf_walker_walk(struct sf_walker *walker, const struct sf_ask *ask, const struct sf_walk_calls *calls,
		   struct sf_walk *walk)
{
	struct reply reply;
	uint64_t cookie = 0;

	(void)walker;
	assert_int_equal(ask->table, SF_TABLE_TCP);
	*walk = (struct sf_walk){.id = 7 + got.walks++, .dumps = 1};
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

uint32_t sf_walker_operations(struct sf_walker *walker)
{
	(void)walker;
	return UINT32_MAX;
}

static int pause_walk(void *arg, uint64_t *waited)
{
	uint64_t end = sf_clock_mono() + pause_real;

	(void)arg;
	while (sf_clock_mono() < end)
		;
	*waited = pause_time;
	return ++got.pauses == (unsigned)pause_at ? pause_result : 0;
}

/* Runs are numbered 1000, 1001 ... */
static struct came *came_of(const struct sf_run *run)
{
	return &got.of[run->run - 1000];
}

static void take_keys(struct came *came, const struct sf_batch *batch)
{
	for (unsigned by = 0; by < SF_BY_COUNT; by++) {
		size_t at = 0;

		for (uint32_t i = 0; i < batch->lines; at += batch->line[i++].key[by]) {
			sf_buf_add(&came->keys[by], batch->keys[by].data + at, batch->line[i].key[by]);
			sf_buf_text(&came->keys[by], "\n");
		}
		assert_int_equal(at, batch->keys[by].length);
	}
}

static void take_batch(void *arg, struct sf_run *run, struct sf_batch *batch)
{
	struct came *came = came_of(run);
	uint32_t lines = 0;

	for (size_t i = 0; i < batch->length; i++)
		lines += batch->data[i] == '\n';
	assert_int_equal(lines, batch->lines);
	assert_int_equal(batch->run, run->run);
	assert_string_equal(batch->query, run->plan->query);
	assert_int_equal(batch->first_seq, came->counted);
	assert_int_equal(batch->data[batch->length - 1], '\n');
	assert_true(batch->length <= SF_BATCH_SIZE);
	assert_int_equal(came->nth, 0);
	sf_buf_add(&came->lines, batch->data, batch->length);
	came->counted += lines;
	came->batches++;
	came->mixed += batch->line[0].type != batch->line[lines - 1].type;
	take_keys(came, batch);
	if (batch->length > came->longest)
		came->longest = batch->length;
	sf_batch_drop(arg, batch);
}

static void run_ended(void *arg, struct sf_run *run)
{
	(void)arg;
	came_of(run)->nth = ++got.ended;
	came_of(run)->pauses = got.pauses;
}

static struct sf_text word(const char *text)
{
	return (struct sf_text){.name = "t.yaml", .line = 3, .column = 5, .text = text, .length = strlen(text)};
}

struct setup {
	const char *filter;
	uint64_t limit, timeout;
	bool apart;
	unsigned keys;
	const char *namespaces; /* NULL: self */
	struct sf_list host_labels, labels;
};

static int make_plan(const struct setup *setup, struct sf_plan **plan, struct sf_complaints *complaints)
{
	static struct sf_text tcp, all, namespaces;
	const struct sf_host host = {.name = "web-1", .id = "i", .boot_id = "b"};
	struct sf_query_conf conf = {
		.name = "query",
		.filter = word(setup->filter ? setup->filter : ""),
		.sockets = {1, &tcp, NULL},
		.fields = {1, &all, NULL},
		.namespaces = {1, &namespaces, NULL},
		.limit = setup->limit,
		.timeout = setup->timeout,
		.labels = setup->labels,
	};

	tcp = word("tcp");
	all = word("all");
	namespaces = word(setup->namespaces ? setup->namespaces : "self");
	return sf_plan_new(&conf, &host, &setup->host_labels, plan, complaints);
}

/* The run record; the other records have been judged. */
static struct json_object *judge_lines(const struct sf_buf *lines)
{
	struct json_object *record = NULL, *value;

	for (size_t at = 0, seq = 0; at < lines->length; seq++) {
		size_t length = (size_t)((char *)memchr(lines->data + at, '\n', lines->length - at) + 1 -
					 (lines->data + at));

		json_object_put(record);
		record = judge_line(lines->data + at, length);
		assert_true(judge_find(record, "seq", &value));
		assert_int_equal(json_object_get_int64(value), seq);
		at += length;
		assert_true(judge_find(record, "type", &value));
		assert_string_equal(json_object_get_string(value), at < lines->length ? "socket" : "run");
	}
	return record;
}

static void forget(void)
{
	for (unsigned i = 0; i < RUNS; i++) {
		sf_buf_finish(&got.of[i].lines);
		for (unsigned by = 0; by < SF_BY_COUNT; by++)
			sf_buf_finish(&got.of[i].keys[by]);
	}
	memset(&got, 0, sizeof(got));
}

/* Runs them together; their run records. */
static void sweep(const struct setup *setups, size_t count, struct sf_run *runs, struct json_object **records)
{
	struct sf_questions *questions = sf_questions_new();
	struct sf_pool *pool = sf_pool_new();
	const struct sf_collect_calls calls = {pause_walk, take_batch, run_ended, turn, pool};
	struct sf_run *pointers[RUNS];

	forget();
	for (size_t i = 0; i < count; i++) {
		sf_cleanup(sf_complaints_free_p) struct sf_complaints *complaints = sf_complaints_new();

		runs[i] = (struct sf_run){.run = 1000 + i, .first = true};
		pointers[i] = &runs[i];
		assert_int_equal(make_plan(&setups[i], &runs[i].plan, complaints), 0);
		runs[i].plan->apart = setups[i].apart;
		runs[i].plan->keys = setups[i].keys;
	}
	sf_collect(NULL, questions, pool, pointers, count, &calls);
	if (!places.count)
		assert_int_equal(got.walks, 1);
	assert_int_equal(got.ended, count);
	for (size_t i = 0; i < count; i++) {
		sf_plan_free(runs[i].plan);
		records[i] = judge_lines(&got.of[i].lines);
	}
	sf_questions_free(questions);
	sf_pool_free(pool);
}

static struct json_object *run(const struct setup *setup, struct sf_run *run)
{
	struct json_object *record;

	sweep(setup, 1, run, &record);
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
	memset(&places, 0, sizeof(places));
	pause_at = 0;
	pause_time = pause_real = 0;
	turn = NULL;
	guest_real = 0;
	return 0;
}

static int end(void **state)
{
	(void)state;
	forget();
	return 0;
}

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
	assert_true(r.partial && r.error[0]);
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

/* ---- several runs ---- */

static void put_all(struct json_object **records, size_t count)
{
	for (size_t i = 0; i < count; i++)
		json_object_put(records[i]);
}

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
		assert_false(runs[i].failed || runs[i].partial || runs[i].error[0]);
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
	assert_true(runs[1].partial && runs[1].error[0] && runs[1].records < 3);
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
		assert_string_equal(runs[i].error, "tcp: this kernel has no tcp_diag");
	}
	put_all(records, 2);
}

/* ---- several namespaces ---- */

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
	assert_string_equal(r.error, "cannot enter the namespace blue: no");
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

#define RUN(test) cmocka_unit_test_setup_teardown(test, begin, end)

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
		RUN(runs_share_a_walk_and_each_has_its_own_records),
		RUN(a_run_whose_timeout_is_reached_leaves_the_walk_to_the_others),
		RUN(the_walk_ends_when_all_time_outs_are_reached),
		RUN(waiting_for_outputs_counts_to_nobodys_timeout),
		RUN(the_end_and_a_refusal_are_said_by_each_run),
		RUN(a_record_says_in_which_namespace_its_socket_is),
		RUN(a_query_of_no_namespace_that_there_is_has_a_run_without_walks),
		RUN(others_have_their_turn_between_two_namespaces),
		RUN(a_turn_of_others_counts_to_no_timeout),
		RUN(each_namespace_is_walked_once_for_all_who_ask_it_and_nobody_waits_for_the_others),
		RUN(what_cannot_be_entered_is_an_error_and_the_others_are_walked),
		RUN(what_every_namespace_says_is_said_once),
		RUN(a_timeout_that_is_reached_is_the_end_in_all_namespaces),
		RUN(cancelled_no_further_namespace_is_walked),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
