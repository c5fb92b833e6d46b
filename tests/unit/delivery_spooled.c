/* SPDX-License-Identifier: Apache-2.0 */
/* An output whose store is the disk: what was put is sent, after a restart too, in order, and memory stays small. */
#include "spooled.h"

static void what_is_put_is_sent_at_once_and_leaves_the_spool_when_it_is_done(void **state)
{
	struct store s;

	(void)state;
	store_begin(&s);
	for (int i = 0; i < 10; i++) {
		offer(&s.w, 10, i % 2 ? "t" : NULL);
		check_store(&s);
	}
	assert_true(turn_until(&s.w, sink->count == 10));
	for (int i = 0; i < 10; i++) {
		assert_int_equal(sink->held[0].batch->first_seq, i * 10);
		assert_true(i % 2 ? !strcmp(sink->held[0].topic, "t") : !sink->held[0].topic);
		sink_done(0);
		check_store(&s);
	}
	assert_int_equal(counts_of(&s.w).delivered, 0); /* the spool has not heard of it */
	assert_true(turn_until(&s.w, is_empty(&s)));
	check_store(&s);
	assert_int_equal(counts_of(&s.w).delivered, 100);
	store_end(&s);
}

static void what_is_not_done_is_sent_at_the_next_start_as_it_was(void **state)
{
	struct store s;

	(void)state;
	store_begin(&s);
	for (int i = 0; i < 10; i++)
		offer(&s.w, 10, i % 2 ? "t" : NULL);
	assert_true(turn_until(&s.w, sink->count == 10));
	sink_done(4);
	sink_done(0);
	offer(&s.w, 10, "late"); /* is not even stored when the end comes */
	sf_output_end(s.w.output);
	check_store(&s);
	assert_int_equal(counts_of(&s.w).delivered, 20);
	assert_int_equal(counts_of(&s.w).waiting, 90);
	end(&s.w);

	store_open(&s);
	assert_int_equal(counts_of(&s.w).accepted, 90);
	assert_int_equal(counts_of(&s.w).waiting, 90);
	assert_true(turn_until(&s.w, sink->count == 9));
	for (int i = 1; i < 11; i++) {
		const struct held *held = &sink->held[0];
		char line[20];

		if (i == 4)
			continue;
		snprintf(line, sizeof(line), "q 1 %d ", i * 10);
		assert_int_equal(held->batch->first_seq, i * 10);
		assert_int_equal(held->batch->lines, 10);
		assert_string_equal(held->batch->query, "q");
		assert_memory_equal(held->batch->data, line, strlen(line));
		if (i == 10)
			assert_string_equal(held->topic, "late");
		else
			assert_true(i % 2 ? !strcmp(held->topic, "t") : !held->topic);
		sink_done(0);
	}
	assert_true(turn_until(&s.w, is_empty(&s)));
	check_store(&s);
	assert_int_equal(counts_of(&s.w).delivered, 90);
	store_end(&s);
}

/* 40 MB wait; memory holds a tenth of it. */
static void what_is_more_than_memory_may_hold_is_read_back_in_order(void **state)
{
	struct store s;
	uint64_t next = 0;

	(void)state;
	sink_room = 4;
	store_begin(&s);
	sink_room = 1000;
	for (int i = 0; i < 400; i++) {
		offer(&s.w, 1000, "t");
		sf_loop_turn(s.w.loop, 0);
		check_store(&s);
		assert_true(inner_of(&s)->loaded_bytes <= SF_LOADED_SIZE + SF_BATCH_SIZE);
	}
	while (next < s.w.seq) {
		assert_true(turn_until(&s.w, sink->count));
		assert_int_equal(sink->held[0].batch->first_seq, next);
		next += sink->held[0].batch->lines;
		sink_done(0);
		check_store(&s);
		assert_true(inner_of(&s)->loaded_bytes <= SF_LOADED_SIZE + SF_BATCH_SIZE);
	}
	assert_true(turn_until(&s.w, is_empty(&s)));
	assert_true(turn_until(&s.w, !inner_of(&s)->behind));
	offer(&s.w, 10, "t"); /* is sent from memory again */
	assert_false(inner_of(&s)->behind);
	store_end(&s);
}

/* Those who collect do not wait for a sink that gets nothing out, but for a moment: the disk takes it. */
static void a_sink_that_gets_nothing_out_holds_the_collector_only_once(void **state)
{
	const atomic_bool cancel = false;
	uint64_t waited = 0, live;
	unsigned waits = 0;
	struct store s;

	(void)state;
	store_begin(&s); /* it takes all, and reports nothing */
	for (int i = 0; i < 300; i++) {
		uint64_t now;

		offer(&s.w, 1000, "t");
		assert_true(turn_until(&s.w, is_stored(&s)));
		now = sf_outputs_wait(&s.w.output, 1, SF_BATCH_SIZE, &cancel);
		waited += now;
		waits += now > SF_STALL_US / 10;
	}
	assert_int_equal(waits, 1);
	assert_in_range(waited, SF_STALL_US / 2, 2 * SF_STALL_US);
	assert_true(inner_of(&s)->behind);
	check_store(&s);
	assert_int_equal(counts_of(&s.w).waiting, 300000);
	live = sink->count;
	while (sink->count)
		sink_done(0);
	assert_int_equal(atomic_load(&s.w.output->flow.held), 0);
	assert_true(turn_until(&s.w, sink->count)); /* from the disk */
	assert_int_equal(sink->held[0].batch->first_seq, live * 1000);
	store_end(&s);
}

struct maker { /* as the collector */
	struct store *s;
	struct sf_channel *made;
	_Atomic uint64_t came, passed; /* batches, at the gate */
	uint64_t waited;
};

enum { MADE = 300, MADE_LINES = 1000 };

static void make_batches(void *arg)
{
	struct maker *m = arg;
	const atomic_bool cancel = false;

	for (uint64_t n = 0; n < MADE; n++) {
		struct sf_batch *batch = sf_pool_get(m->s->w.pool);

		for (int i = 0; i < MADE_LINES; i++) {
			memset(batch->data + batch->length, '\n', LINE);
			sf_batch_line(batch, LINE, SF_LINE_SOCKET, 0);
		}
		batch->query = "q";
		batch->run = 1;
		batch->first_seq = n * MADE_LINES;
		atomic_fetch_add(&m->came, 1);
		m->waited += sf_outputs_wait(&m->s->w.output, 1, batch->length, &cancel);
		atomic_fetch_add(&m->passed, 1);
		sf_outputs_charge(&m->s->w.output, 1, batch->length);
		sf_channel_put(m->made, batch);
	}
	sf_channel_close(m->made);
}

static void take_made(struct maker *m)
{
	struct sf_batch *batch;

	while ((batch = sf_channel_try_take(m->made))) {
		m->s->w.lines += batch->lines;
		sf_output_put(m->s->w.output, batch, "t");
		sf_batch_drop(m->s->w.pool, batch);
	}
}

static bool is_held(const struct maker *m)
{
	return atomic_load(&m->came) > atomic_load(&m->passed) &&
	       sf_gate_is_full(&m->s->w.output->flow, MADE_LINES * LINE);
}

/* 30 MB through a sink that gets on only while it is waited for: all of it from memory, and there is never much in it. */
static void a_slow_sink_holds_the_collector_and_nothing_is_read_back(void **state)
{
	struct store s;
	struct maker m = {.s = &s, .made = sf_channel_new(4)};
	struct sf_thread *thread;
	uint64_t next = 0;

	(void)state;
	store_begin(&s);
	assert_int_equal(sf_thread_start("maker", make_batches, &m, &thread, NULL), 0);
	while (next < MADE * MADE_LINES) {
		take_made(&m);
		sf_loop_turn(s.w.loop, 2000);
		assert_false(inner_of(&s)->behind);
		assert_true(atomic_load(&s.w.output->flow.held) <= SF_LOADED_SIZE);
		if (!sink->count || (atomic_load(&m.passed) < MADE && !is_held(&m)))
			continue;
		assert_int_equal(sink->held[0].batch->first_seq, next);
		next += sink->held[0].batch->lines;
		sink_done(0);
		check_store(&s);
	}
	sf_thread_join(thread);
	assert_true(m.waited > 0);
	assert_true(turn_until(&s.w, is_empty(&s)));
	assert_int_equal(atomic_load(&s.w.output->flow.held), 0);
	assert_int_equal(atomic_load(&s.w.output->gate.held), 0);
	sf_channel_free(m.made);
	store_end(&s);
}

/* While it catches up it goes from the disk, so nobody waits: what comes goes there, too. */
static void who_is_behind_and_gets_on_does_not_hold_the_collector(void **state)
{
	const atomic_bool cancel = false;
	uint64_t waited = 0;
	struct store s;

	(void)state;
	store_begin(&s);
	for (int i = 0; i < 100; i++)
		offer(&s.w, 1000, "t");
	end(&s.w);
	store_open(&s);
	for (int i = 0; i < 200; i++) {
		offer(&s.w, 1000, "t");
		assert_true(turn_until(&s.w, is_stored(&s) && sink->count));
		if (i % 2) /* half as fast as it comes */
			sink_done(0);
		waited += sf_outputs_wait(&s.w.output, 1, SF_BATCH_SIZE, &cancel);
		assert_true(inner_of(&s)->behind);
	}
	assert_true(waited < SF_STALL_US);
	check_store(&s);
	store_end(&s);
}

static void a_refused_topic_holds_no_memory_and_follows_in_order_when_it_is_open(void **state)
{
	struct store s;
	uint64_t next = 0, others = 0;

	(void)state;
	store_begin(&s);
	for (int i = 0; i < 300; i++) {
		offer(&s.w, 100, i % 2 ? "other" : "refused");
		assert_true(turn_until(&s.w, is_stored(&s)));
		while (held_of("refused"))
			sink_fail(held_at("refused"), SF_REFUSED, "no right");
		while (held_of("other")) {
			others++;
			sink_done(held_at("other"));
		}
		check_store(&s);
		assert_true(inner_of(&s)->loaded < 20);
	}
	assert_int_equal(others, 150);
	assert_true(turn_until(&s.w, held_of("refused") == 1));
	while (next < 300 * 100) {
		assert_true(turn_until(&s.w, held_of("refused")));
		assert_int_equal(sink->held[held_at("refused")].batch->first_seq, next);
		next += 200;
		sink_done(held_at("refused"));
		check_store(&s);
	}
	assert_true(turn_until(&s.w, is_empty(&s)));
	assert_int_equal(counts_of(&s.w).delivered, 30000);
	store_end(&s);
}

/* Longer than the sender can remember, and than the spool can: nothing is lost, nothing gets stuck. */
static void a_topic_that_stays_refused_for_long_stops_all_and_loses_nothing(void **state)
{
	struct store s;
	uint64_t delivered = 0;

	(void)state;
	store_begin(&s);
	for (int i = 0; i < 12000; i++) {
		offer(&s.w, 1, i % 2 ? "other" : "refused");
		sf_loop_turn(s.w.loop, 0);
		while (held_of("refused"))
			sink_fail(held_at("refused"), SF_REFUSED, "no right");
		while (held_of("other"))
			sink_done(held_at("other"));
		check_store(&s);
		assert_true(inner_of(&s)->loaded <= SF_LOADED_MOST + 1);
		assert_true(s.w.output->sender.parked <= SF_PARKED_MOST + SF_LOADED_MOST);
	}
	assert_true(counts_of(&s.w).delivered < 1000); /* the spool remembers 200 holes */
	while (!is_empty(&s)) {
		assert_true(turn_until(&s.w, sink->count || is_empty(&s)));
		while (sink->count)
			sink_done(0);
		assert_true(counts_of(&s.w).delivered >= delivered);
		delivered = counts_of(&s.w).delivered;
		check_store(&s);
	}
	assert_int_equal(counts_of(&s.w).delivered, 12000);
	store_end(&s);
}

static void old_batches_come_at_a_pace_and_new_ones_at_once(void **state)
{
	struct store s;
	uint64_t start;

	(void)state;
	store_begin(&s);
	for (int i = 0; i < 40; i++) /* 4 MB, whose time is long ago */
		offer(&s.w, 1000, "t");
	end(&s.w);
	s.conf.replay_rate = 4 << 20;
	store_open(&s);
	start = sf_clock_mono();
	assert_true(turn_until(&s.w, sink->count == 40));
	assert_true(sf_clock_mono() - start > 500 * 1000);
	while (sink->count)
		sink_done(0);
	assert_true(turn_until(&s.w, is_empty(&s)));
	store_end(&s);
}

static void the_pace_follows_what_comes_in(void **state)
{
	struct sf_pace pace = {.at = 0};
	uint64_t now = 0, bytes = 0;

	(void)state;
	while (now < 60 * 1000 * 1000) { /* nothing comes: a MiB a second */
		now = sf_pace_due(&pace, now);
		sf_pace_spend(&pace, 100000, now);
		bytes += 100000;
	}
	assert_in_range(bytes, 60 << 20, 62 << 20);
	for (int i = 0; i < 200; i++, now += 1000 * 1000) /* a MB a second comes */
		sf_pace_came(&pace, 1000 * 1000, now);
	bytes = 0;
	for (uint64_t end = now + 1000 * 1000; now < end;) {
		now = sf_pace_due(&pace, now);
		sf_pace_spend(&pace, 100000, now);
		bytes += 100000;
	}
	assert_in_range(bytes, 3500 * 1000, 5500 * 1000);
}

static void add_last(void *arg, const char *query, const char *boot_id, uint64_t run)
{
	sf_buf_format(arg, "%s %s %llu;", query, boot_id, (unsigned long long)run);
}

static void put_run(struct store *s, const char *query, uint64_t run)
{
	struct sf_batch *batch = sf_pool_get(s->w.pool);

	batch->query = query;
	batch->run = run;
	memcpy(batch->data, "{}\n", 3);
	sf_batch_line(batch, 3, SF_LINE_RUN, 0);
	s->w.lines++;
	sf_outputs_charge(&s->w.output, 1, batch->length);
	sf_output_put(s->w.output, batch, "t");
	sf_batch_drop(s->w.pool, batch);
}

static void the_last_runs_are_known_at_the_next_start(void **state)
{
	sf_cleanup(sf_buf_finish) struct sf_buf text = {0};
	struct store s;

	(void)state;
	store_begin(&s);
	sf_output_last(s.w.output, add_last, &text);
	assert_int_equal(text.length, 0);
	put_run(&s, "a", 7);
	put_run(&s, "b", 8);
	put_run(&s, "a", 9);
	end(&s.w);
	store_open(&s);
	sf_output_last(s.w.output, add_last, &text);
	assert_string_equal(text.data, "a boot 9;b boot 8;");
	store_end(&s);
}

static void a_spool_that_another_agent_has_is_an_error(void **state)
{
	const struct sf_output_events events = {on_said, on_closed, on_drained, on_gap, NULL};
	struct sf_output *second;
	struct store s;
	struct sf_err err;

	(void)state;
	store_begin(&s);
	s.as.name = "second";
	s.as.ops = &sink_ops;
	assert_int_equal(sf_output_new(&s.as, s.w.loop, s.w.pool, &events, &second, &err), -EBUSY);
	assert_non_null(strstr(err.text, "output second: another agent uses the spool"));
	store_end(&s);
}

static void a_drained_output_says_so_when_the_spool_is_empty(void **state)
{
	struct store s;

	(void)state;
	store_begin(&s);
	for (int i = 0; i < 10; i++)
		offer(&s.w, 10, "t");
	end(&s.w);
	store_open(&s);
	offer(&s.w, 10, "t");
	sf_output_drain(s.w.output);
	for (int i = 0; i < 11; i++) {
		assert_true(turn_until(&s.w, sink->count));
		assert_int_equal(s.w.drained, 0);
		sink_done(0);
	}
	assert_true(turn_until(&s.w, s.w.drained));
	assert_int_equal(counts_of(&s.w).waiting, 0);
	store_end(&s);
}

static void who_gives_up_leaves_the_rest_on_the_disk(void **state)
{
	struct store s;

	(void)state;
	store_begin(&s);
	end(&s.w);
	s.as.waits = s.as.gives_up = true;
	store_open(&s);
	for (int i = 0; i < 3; i++)
		offer(&s.w, 10, "t");
	while (!s.w.closed) {
		while (sink->count && !s.w.closed)
			sink_fail(0, SF_REFUSED, "no right");
		sf_loop_turn(s.w.loop, 1000);
	}
	offer(&s.w, 10, "t");
	sf_output_end(s.w.output);
	check_store(&s);
	assert_int_equal(counts_of(&s.w).waiting, 40);
	end(&s.w);
	s.as.gives_up = false;
	store_open(&s);
	assert_true(turn_until(&s.w, sink->count == 4));
	store_end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_put_is_sent_at_once_and_leaves_the_spool_when_it_is_done),
		cmocka_unit_test(what_is_not_done_is_sent_at_the_next_start_as_it_was),
		cmocka_unit_test(what_is_more_than_memory_may_hold_is_read_back_in_order),
		cmocka_unit_test(a_sink_that_gets_nothing_out_holds_the_collector_only_once),
		cmocka_unit_test(a_slow_sink_holds_the_collector_and_nothing_is_read_back),
		cmocka_unit_test(who_is_behind_and_gets_on_does_not_hold_the_collector),
		cmocka_unit_test(a_refused_topic_holds_no_memory_and_follows_in_order_when_it_is_open),
		cmocka_unit_test(a_topic_that_stays_refused_for_long_stops_all_and_loses_nothing),
		cmocka_unit_test(old_batches_come_at_a_pace_and_new_ones_at_once),
		cmocka_unit_test(the_pace_follows_what_comes_in),
		cmocka_unit_test(the_last_runs_are_known_at_the_next_start),
		cmocka_unit_test(a_spool_that_another_agent_has_is_an_error),
		cmocka_unit_test(a_drained_output_says_so_when_the_spool_is_empty),
		cmocka_unit_test(who_gives_up_leaves_the_rest_on_the_disk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
