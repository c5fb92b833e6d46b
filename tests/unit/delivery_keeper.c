/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The spool's thread, and what its disk does to those who put: all errands come back in order; a disk that takes nothing
 * is waited for, then loses by name; what is owed is told over restarts; no output disturbs another.
 */
#include <signal.h>
#include <sys/resource.h>

#include "delivery/letters/letters.h"
#include "spooled.h"

/* ---- the keeper alone ---- */

struct errands {
	size_t count;
	uint64_t next;
};

static void came_back(void *arg, struct sf_errand *errand)
{
	struct errands *e = arg;

	assert_int_equal(errand->offset, e->next++); /* in order; an append does not use it */
	e->count++;
}

static void all_errands_come_back_in_order_also_at_the_end(void **state)
{
	char *directory = directory_new();
	sf_cleanup(sf_free_p) char *path = sf_strdup(below(directory, "spool"));
	const struct sf_spool_conf conf = {.path = path, .max_size = 64 << 20, .sync = SF_SPOOL_SYNC_NEVER};
	struct sf_pool *pool = sf_pool_new();
	const struct sf_keeper_setup setup = {&conf, "boot", 1 << 20, pool};
	struct errands errands = {0};
	struct sf_keeper_state at;
	struct sf_keeper *keeper;
	struct sf_loop *loop;
	struct sf_err err;

	(void)state;
	assert_int_equal(sf_loop_new(&loop, &err), 0);
	assert_int_equal(sf_keeper_new(&setup, loop, &(struct sf_keeper_events){came_back, &errands}, &at, &keeper, &err), 0);
	for (uint64_t i = 0; i < 5000; i++) { /* more than there are places on the way */
		struct sf_batch *batch = sf_pool_get(pool);

		memcpy(batch->data, "{}\n", 3);
		sf_batch_line(batch, 3, SF_LINE_SOCKET, 0);
		sf_keeper_send(keeper, &(struct sf_errand){.kind = SF_ERRAND_APPEND,
							   .offset = i,
							   .batch = sf_pool_trim(pool, batch)});
		if (i % 100 == 0)
			sf_loop_turn(loop, 0);
	}
	assert_true(errands.count < 5000);
	sf_keeper_free(keeper, &at);
	assert_int_equal(errands.count, 5000);
	assert_int_equal(at.counts.waiting.lines, 5000);
	assert_int_equal(at.end, 5000);
	sf_pool_free(pool);
	sf_loop_free(loop);
	directory_free(directory);
}

/* ---- a disk that takes nothing ---- */

static void limit_files(rlim_t bytes)
{
	struct rlimit limit;

	assert_int_equal(getrlimit(RLIMIT_FSIZE, &limit), 0);
	limit.rlim_cur = bytes < limit.rlim_max ? bytes : limit.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
}

static void what_the_disk_does_not_take_waits_in_memory_and_so_does_the_collector(void **state)
{
	struct store s;

	(void)state;
	sink_room = 0;
	store_begin(&s);
	sink_room = 1000;
	limit_files(8192);
	for (int i = 0; i < 100; i++)
		offer(&s.w, 1000, "t");
	assert_true(turn_until(&s.w, is_stored(&s)));
	check_store(&s);
	assert_non_null(strstr(s.w.said, "; will try again"));
	assert_true(inner_of(&s)->state.counts.in_memory > 9 << 20);
	assert_true(atomic_load(&s.w.output->gate.held) > 9 << 20);
	assert_int_equal(counts_of(&s.w).waiting, 100000);
	limit_files(RLIM_INFINITY);
	assert_true(turn_until(&s.w, !inner_of(&s)->state.counts.in_memory));
	assert_int_equal(atomic_load(&s.w.output->gate.held), 0);
	assert_true(turn_until(&s.w, !strcmp(s.w.said, "spool: goes on")));
	assert_int_equal(s.w.sentences, 2);
	sink->room = 1000;
	offer(&s.w, 1, "t");
	for (uint64_t next = 0; next < s.w.seq; sink_done(0)) {
		assert_true(turn_until(&s.w, sink->count));
		assert_int_equal(sink->held[0].batch->first_seq, next);
		next += sink->held[0].batch->lines;
	}
	assert_true(turn_until(&s.w, is_empty(&s)));
	check_store(&s);
	store_end(&s);
}

/* As many lines as were lost, each in one gap; all of one reason. */
static uint64_t told(const struct world *w, enum sf_loss reason)
{
	uint64_t records = 0;

	for (size_t i = 0; i < w->gaps; i++) {
		const struct sf_gap *gap = &w->gap[i];

		if (gap->query[0] == '\0')
			continue;
		assert_int_equal(gap->reason, reason);
		assert_string_equal(gap->boot_id, "boot");
		assert_int_equal(gap->last.seq - gap->first.seq + 1, gap->records);
		for (size_t j = 0; j < i; j++)
			assert_true(w->gap[j].last.seq < gap->first.seq || w->gap[j].first.seq > gap->last.seq);
		records += gap->records;
	}
	return records;
}

static void a_disk_that_takes_nothing_for_long_loses_the_oldest_by_name(void **state)
{
	struct store s;

	(void)state;
	sink_room = 0;
	store_begin(&s);
	end(&s.w);
	s.as.queue_size = 1 << 20;
	store_open(&s);
	sink_room = 1000;
	limit_files(8192);
	for (int i = 0; i < 50; i++) {
		offer(&s.w, 1000, "t");
		assert_true(turn_until(&s.w, is_stored(&s)));
		check_store(&s);
	}
	assert_true(counts_of(&s.w).lost[SF_LOSS_DISK] > 30000);
	limit_files(RLIM_INFINITY);
	sink->room = 1000;
	while (!is_empty(&s) || told(&s.w, SF_LOSS_DISK) < counts_of(&s.w).lost[SF_LOSS_DISK]) {
		sf_loop_turn(s.w.loop, 2000);
		if (sink->count)
			sink_done(0);
	}
	check_store(&s);
	assert_int_equal(told(&s.w, SF_LOSS_DISK), counts_of(&s.w).lost[SF_LOSS_DISK]);
	store_end(&s);
}

/* Nobody hears the spool, as when its disk hangs: what it was given cannot be had back. */
static void a_disk_that_does_not_answer_loses_what_comes_and_says_so_when_it_does(void **state)
{
	struct store s;
	uint64_t lost;

	(void)state;
	store_begin(&s);
	end(&s.w);
	s.as.queue_size = 64 << 10;
	store_open(&s);
	for (int i = 0; i < 6; i++)
		offer(&s.w, 100, "t");
	usleep(1100 * 1000);
	for (int i = 0; i < 6; i++)
		offer(&s.w, 100, "t");
	lost = counts_of(&s.w).lost[SF_LOSS_FULL];
	assert_int_equal(lost, 600);
	assert_non_null(strstr(s.w.said, "600 records were lost (queue_full)") ?: strstr(s.w.said, "records were lost"));
	while (!is_empty(&s) || !s.w.gaps) {
		sf_loop_turn(s.w.loop, 2000);
		while (sink->count)
			sink_done(0);
		check_store(&s);
	}
	assert_int_equal(told(&s.w, SF_LOSS_FULL), 600);
	assert_int_equal(s.w.gaps, 1);
	store_end(&s);
}

/* ---- gaps, over restarts ---- */

static void what_a_full_spool_lost_is_told_in_the_next_life(void **state)
{
	struct store s;
	uint64_t lost;

	(void)state;
	sink_room = 0;
	store_begin(&s);
	end(&s.w);
	s.conf.max_size = 8 << 20;
	store_open(&s);
	sink_room = 1000;
	for (int i = 0; i < 200; i++) {
		offer(&s.w, 1000, "t");
		assert_true(turn_until(&s.w, is_stored(&s)));
		check_store(&s);
	}
	lost = counts_of(&s.w).lost[SF_LOSS_SPOOL];
	assert_true(lost > 100000);
	assert_int_equal(s.w.gaps, 0); /* it never got on */
	end(&s.w);
	store_open(&s);
	while (!is_empty(&s) || !s.w.gaps) {
		sf_loop_turn(s.w.loop, 2000);
		while (sink->count)
			sink_done(0);
		check_store(&s);
	}
	assert_int_equal(told(&s.w, SF_LOSS_SPOOL), lost);
	end(&s.w);
	store_open(&s); /* and not once more */
	offer(&s.w, 1, "t");
	assert_true(turn_until(&s.w, sink->count));
	sink_done(0);
	assert_true(turn_until(&s.w, is_empty(&s)));
	turn_for(&s.w, 50);
	assert_int_equal(s.w.gaps, 0);
	store_end(&s);
}

/* Whatever the sink holds when it dies is in a quarter of the spool at most: there is always an oldest that may go. */
static void a_small_spool_loses_the_oldest_that_are_not_in_flight_and_never_the_newest(void **state)
{
	struct store s;
	uint64_t in_flight, newest = 0;

	(void)state;
	store_begin(&s);
	end(&s.w);
	s.conf.max_size = 4 << 20;
	store_open(&s);
	for (int i = 0; i < 200; i++) {
		offer(&s.w, 1000, "t");
		assert_true(turn_until(&s.w, is_stored(&s)));
		check_store(&s);
	}
	assert_true(counts_of(&s.w).lost[SF_LOSS_SPOOL] > 100000);
	assert_null(strstr(s.w.said, "leave no room"));
	assert_int_equal(s.w.warned, 1); /* of the loss */
	in_flight = sink->count;
	assert_in_range(in_flight, 5, 11); /* one is read back, too */
	for (uint64_t i = 0; i < in_flight; i++) {
		assert_int_equal(sink->held[0].batch->first_seq, i * 1000);
		sink_done(0);
	}
	while (!is_empty(&s)) {
		sf_loop_turn(s.w.loop, 2000);
		while (sink->count) {
			if (!strcmp(sink->held[0].topic, "t"))
				newest = sink->held[0].batch->first_seq;
			sink_done(0);
		}
		check_store(&s);
	}
	assert_int_equal(newest, 199000);
	assert_int_equal(told(&s.w, SF_LOSS_SPOOL), counts_of(&s.w).lost[SF_LOSS_SPOOL]);
	store_end(&s);
}

static void dead_lines_that_nobody_keeps_are_owed_by_the_spool(void **state)
{
	struct sf_batch *batch;
	struct store s;

	(void)state;
	store_begin(&s);
	offer(&s.w, 10, "t");
	assert_true(turn_until(&s.w, sink->count));
	batch = sink->held[0].batch;
	for (uint32_t i = 3; i < 6; i++)
		sink->events.dead(sink->events.arg, batch, i, "too large");
	sink_take(sink, 0);
	sink->events.done(sink->events.arg, batch, 0);
	sf_output_end(s.w.output); /* before anybody was told */
	check_store(&s);
	assert_int_equal(counts_of(&s.w).lost[SF_LOSS_REJECTED], 3);
	assert_int_equal(counts_of(&s.w).delivered, 7);
	assert_int_equal(counts_of(&s.w).waiting, 0);
	assert_int_equal(s.w.gaps, 0);
	end(&s.w);
	store_open(&s);
	offer(&s.w, 1, "t");
	assert_true(turn_until(&s.w, sink->count));
	sink_done(0);
	assert_true(turn_until(&s.w, s.w.gaps));
	assert_int_equal(told(&s.w, SF_LOSS_REJECTED), 3);
	assert_int_equal(s.w.gap[0].first.seq, 3);
	store_end(&s);
}

/* ---- four outputs ---- */

static struct sf_output *make(struct world *w, const char *name, struct sf_output_setup as, struct sf_sink **its)
{
	const struct sf_output_events events = {on_said, on_closed, on_drained, NULL, w};
	struct sf_output *output;
	struct sf_err err;

	as.name = name;
	as.ops = &sink_ops;
	as.queue_size = 256 << 10;
	as.site = &here;
	if (sf_output_new(&as, w->loop, w->pool, &events, &output, &err) < 0)
		fail_msg("%s", err.text);
	*its = sink;
	return output;
}

static uint64_t deliver_all(struct sf_sink *s)
{
	uint64_t lines = 0;

	while (s->count) {
		struct sf_batch *batch = sink_take(s, 0);

		lines += batch->lines;
		s->events.written(s->events.arg, batch->lines);
		s->events.done(s->events.arg, batch, 0);
	}
	return lines;
}

enum { PATIENCE_US = 30 * 1000 * 1000, OUTPUTS = 4, MADE = 600, MADE_LINES = 100 };

struct maker { /* as the collector */
	struct world *w;
	struct sf_output **output;
	struct sf_channel *made;
	uint64_t waited[OUTPUTS];
};

static void make_batches(void *arg)
{
	struct maker *m = arg;
	const atomic_bool cancel = false;

	for (uint64_t n = 0; n < MADE; n++) {
		struct sf_batch *batch = sf_pool_get(m->w->pool);

		for (int i = 0; i < MADE_LINES; i++) {
			memset(batch->data + batch->length, '\n', LINE);
			sf_batch_line(batch, LINE, SF_LINE_SOCKET, 0);
		}
		batch->first_seq = n * MADE_LINES;
		for (int i = 0; i < OUTPUTS; i++)
			m->waited[i] += sf_outputs_wait(&m->output[i], 1, batch->length, &cancel);
		sf_outputs_charge(m->output, OUTPUTS, batch->length);
		sf_channel_put(m->made, batch);
	}
	sf_channel_close(m->made);
}

static uint64_t pass_on(struct maker *m)
{
	struct sf_batch *batch;
	uint64_t passed = 0;

	while ((batch = sf_channel_try_take(m->made))) {
		for (int i = 0; i < OUTPUTS; i++)
			sf_output_put(m->output[i], batch, "t");
		sf_batch_drop(m->w->pool, batch);
		passed++;
	}
	return passed;
}

static void run_with_one_dead(const struct sf_spool_conf conf[2], int dead)
{
	struct sf_output *output[OUTPUTS];
	struct sf_sink *its[OUTPUTS];
	struct world w = {.pool = sf_pool_new()};
	struct maker m = {.w = &w, .output = output, .made = sf_channel_new(4)};
	uint64_t delivered[OUTPUTS] = {0}, passed = 0, end = sf_clock_mono() + PATIENCE_US;
	struct sf_thread *thread;
	bool over = false;

	assert_int_equal(sf_loop_new(&w.loop, NULL), 0);
	for (int i = 0; i < OUTPUTS; i++)
		output[i] = make(&w, &"abcd"[i], (struct sf_output_setup){.spool = i < 2 ? &conf[i] : NULL}, &its[i]);
	assert_int_equal(sf_thread_start("maker", make_batches, &m, &thread, NULL), 0);
	while (!over && sf_clock_mono() < end) {
		passed += pass_on(&m);
		over = passed == MADE;
		for (int i = 0; i < OUTPUTS; i++) {
			delivered[i] += i == dead ? 0 : deliver_all(its[i]);
			over &= i == dead || delivered[i] == MADE * MADE_LINES;
		}
		sf_loop_turn(w.loop, 100);
	}
	assert_true(over);
	sf_thread_join(thread);
	for (int i = 0; i < OUTPUTS; i++) {
		struct sf_counts counts;

		sf_output_counts(output[i], &counts);
		assert_true(i == dead || lost_of(&counts) == 0);
		if (i < 2) /* nobody waits for a dead broker, where there is a disk, but for a moment */
			assert_true(m.waited[i] < SF_STALL_US * (i == dead ? 2 : 1));
		sf_output_free(output[i]);
	}
	sf_channel_free(m.made);
	sf_loop_free(w.loop);
	sf_pool_free(w.pool);
}

static void one_dead_output_of_four_disturbs_no_other(void **state)
{
	char *directory = directory_new();
	const struct sf_spool_conf conf[2] = {{.path = sf_strdup(below(directory, "a")), .max_size = 64 << 20, .sync = 500000},
					      {.path = sf_strdup(below(directory, "b")), .max_size = 64 << 20, .sync = 500000}};

	(void)state;
	run_with_one_dead(conf, 0); /* with a spool */
	run_with_one_dead(conf, 3); /* without: after a second nobody waits for it any more */
	for (int i = 0; i < 2; i++)
		free((char *)conf[i].path);
	directory_free(directory);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_errands_come_back_in_order_also_at_the_end),
		cmocka_unit_test(what_the_disk_does_not_take_waits_in_memory_and_so_does_the_collector),
		cmocka_unit_test(a_disk_that_takes_nothing_for_long_loses_the_oldest_by_name),
		cmocka_unit_test(a_disk_that_does_not_answer_loses_what_comes_and_says_so_when_it_does),
		cmocka_unit_test(what_a_full_spool_lost_is_told_in_the_next_life),
		cmocka_unit_test(a_small_spool_loses_the_oldest_that_are_not_in_flight_and_never_the_newest),
		cmocka_unit_test(dead_lines_that_nobody_keeps_are_owed_by_the_spool),
		cmocka_unit_test(one_dead_output_of_four_disturbs_no_other),
	};

	signal(SIGXFSZ, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
