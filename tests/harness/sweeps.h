/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sweeps over a walk that is played, and what came of their runs: these are the walker's functions, so that none of
 * libcore's are linked. Include behind <cmocka.h>.
 */
#pragma once

#include "collect/collect.h"

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

static inline int pause_walk(void *arg, uint64_t *waited)
{
	uint64_t end = sf_clock_mono() + pause_real;

	(void)arg;
	while (sf_clock_mono() < end)
		;
	*waited = pause_time;
	return ++got.pauses == (unsigned)pause_at ? pause_result : 0;
}

/* Runs are numbered 1000, 1001 ... */
static inline struct came *came_of(const struct sf_run *run)
{
	return &got.of[run->run - 1000];
}

static inline void take_keys(struct came *came, const struct sf_batch *batch)
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

static inline void take_batch(void *arg, struct sf_run *run, struct sf_batch *batch)
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

static inline void run_ended(void *arg, struct sf_run *run)
{
	(void)arg;
	came_of(run)->nth = ++got.ended;
	came_of(run)->pauses = got.pauses;
}

static inline struct sf_text word(const char *text)
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

static inline int make_plan(const struct setup *setup, struct sf_plan **plan, struct sf_complaints *complaints)
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
static inline struct json_object *judge_lines(const struct sf_buf *lines)
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

static inline void forget(void)
{
	for (unsigned i = 0; i < RUNS; i++) {
		sf_buf_finish(&got.of[i].lines);
		for (unsigned by = 0; by < SF_BY_COUNT; by++)
			sf_buf_finish(&got.of[i].keys[by]);
	}
	memset(&got, 0, sizeof(got));
}

/* Runs them together; their run records. */
static inline void sweep(const struct setup *setups, size_t count, struct sf_run *runs, struct json_object **records)
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

static inline struct json_object *run(const struct setup *setup, struct sf_run *run)
{
	struct json_object *record;

	sweep(setup, 1, run, &record);
	return record;
}

static inline void assert_said(struct json_object *record, const char *name, const char *expected)
{
	struct json_object *value = NULL;

	assert_true(judge_find(record, name, &value));
	assert_string_equal(json_object_to_json_string_ext(value, JSON_C_TO_STRING_PLAIN), expected);
}

static inline void put_all(struct json_object **records, size_t count)
{
	for (size_t i = 0; i < count; i++)
		json_object_put(records[i]);
}

static inline int begin(void **state)
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

static inline int end(void **state)
{
	(void)state;
	forget();
	return 0;
}

#define RUN(test) cmocka_unit_test_setup_teardown(test, begin, end)
