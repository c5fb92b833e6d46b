/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every line is counted once when it comes and once when it leaves, whatever sinks, queues and time do: a scripted sink
 * against a model, for each policy.
 */
#include "writers.h"

static void one_step(struct world *w)
{
	uint32_t lines;

	if (random() % 3 == 0 || !sink->count) {
		offer(w, 1 + (uint32_t)random() % 40);
	} else {
		lines = 1 + (uint32_t)random() % (sink->batch[0]->lines - sink->written);
		w->delivered += lines;
		write_lines(sink, lines);
	}
	check_counts(w);
}

static void every_line_is_counted_once_while_the_sink_writes(void **state)
{
	(void)state;
	for (int when_full = 0; when_full < 3; when_full++) {
		struct world w;

		begin(&w, when_full, 64 << 10, false);
		for (int i = 0; i < 30000; i++)
			one_step(&w);
		while (sink->count) {
			w.delivered += sink->batch[0]->lines - sink->written;
			write_lines(sink, sink->batch[0]->lines - sink->written);
			check_counts(&w);
		}
		assert_int_equal(counts_of(&w).delivered, w.seq);
		assert_int_equal(counts_of(&w).waiting_bytes, 0);
		end(&w);
	}
}

static void stall(struct world *w)
{
	offer(w, 1);
	usleep(STALL_US + 50 * 1000);
}

static void a_stalled_output_keeps_its_bound_and_loses_the_oldest_that_the_sink_has_not_begun(void **state)
{
	const uint64_t size = 64 << 10;
	struct sf_counts counts;
	uint64_t begun, last;
	struct world w;

	(void)state;
	begin(&w, 0, size, false);
	stall(&w);
	for (int i = 0; i < 5000; i++) {
		offer(&w, 1 + (uint32_t)random() % 40);
		check_counts(&w);
		assert_true(counts_of(&w).waiting_bytes <= size);
	}
	counts = counts_of(&w);
	assert_true(counts.waiting_bytes > size - 2 * 40 * LINE); /* no more than must leaves */
	assert_int_equal(counts.lost[SF_LOSS_FULL], lost_of(&counts));
	assert_true(counts.lost[SF_LOSS_FULL] > 0);
	/* What the sink held all the time comes out, then the newest, without a hole. */
	begun = sink->next_seq;
	while (sink->next_seq == begun) {
		w.delivered += sink->batch[0]->lines;
		write_lines(sink, sink->batch[0]->lines);
	}
	assert_int_equal(sink->batch[sink->count - 1]->first_seq, begun + counts.lost[SF_LOSS_FULL]);
	while (sink->count) {
		last = sink->batch[0]->first_seq + sink->batch[0]->lines;
		w.delivered += sink->batch[0]->lines;
		write_lines(sink, sink->batch[0]->lines);
	}
	assert_int_equal(last, w.seq);
	check_counts(&w);
	end(&w);
}

static void a_stalled_output_that_drops_the_newest_keeps_what_came_first(void **state)
{
	struct sf_counts counts;
	struct world w;
	uint64_t waiting;

	(void)state;
	begin(&w, 1, 64 << 10, false);
	stall(&w);
	for (int i = 0; i < 5000; i++) {
		offer(&w, 1 + (uint32_t)random() % 40);
		check_counts(&w);
		assert_true(counts_of(&w).waiting_bytes <= 64 << 10);
	}
	counts = counts_of(&w);
	assert_true(counts.waiting_bytes > (64 << 10) - 40 * LINE); /* what has room is taken, stalled or not */
	waiting = counts.waiting;
	assert_int_equal(counts.lost[SF_LOSS_FULL], w.seq - waiting);
	while (sink->count) {
		w.delivered += sink->batch[0]->lines;
		write_lines(sink, sink->batch[0]->lines);
	}
	assert_int_equal(w.delivered, waiting);
	check_counts(&w);
	end(&w);
}

static void a_burst_after_a_long_rest_is_no_stall(void **state)
{
	(void)state;
	for (int when_full = 0; when_full < 2; when_full++) {
		struct sf_counts counts;
		struct world w;

		begin(&w, when_full, 64 << 10, false);
		offer(&w, 1);
		write_lines(sink, 1);
		usleep(STALL_US + 50 * 1000); /* nothing to do */
		for (int i = 0; i < 50; i++)
			offer(&w, 40);
		counts = counts_of(&w);
		assert_int_equal(lost_of(&counts), 0);
		end(&w);
	}
}

static void losses_are_said_when_they_begin_and_when_they_are_over(void **state)
{
	struct world w;

	(void)state;
	begin(&w, 1, 64 << 10, false);
	for (int turn = 1; turn < 3; turn++) {
		uint64_t before = counts_of(&w).lost[SF_LOSS_FULL];
		char over[80];

		stall(&w);
		for (int i = 0; i < 1000; i++)
			offer(&w, 40);
		assert_int_equal(w.warned, turn);
		snprintf(over, sizeof(over), "goes on; %llu records were lost meanwhile",
			 (unsigned long long)(counts_of(&w).lost[SF_LOSS_FULL] - before));
		while (sink->count)
			write_lines(sink, sink->batch[0]->lines);
		offer(&w, 1);
		assert_string_equal(w.said, over);
		write_lines(sink, 1);
	}
	end(&w);
}

static void a_batch_larger_than_the_queue_still_passes(void **state)
{
	struct world w;

	(void)state;
	begin(&w, 1, LINE, false);
	offer(&w, 40);
	assert_int_equal(counts_of(&w).waiting, 40);
	usleep(STALL_US + 50 * 1000);
	offer(&w, 40); /* but not beside another one */
	assert_int_equal(counts_of(&w).lost[SF_LOSS_FULL], 40);
	end(&w);
}

static void a_closed_sink_loses_what_waits_and_what_comes_and_says_so_once(void **state)
{
	struct sf_counts counts;
	struct world w;

	(void)state;
	begin(&w, 0, 1 << 20, false);
	for (int i = 0; i < 10; i++)
		offer(&w, 10);
	w.delivered = 4;
	write_lines(sink, 4);
	sink->events.closed(sink->events.arg);
	while (sink->count)
		give_back(sink);
	offer(&w, 10);
	counts = counts_of(&w);
	assert_int_equal(counts.delivered, 4);
	assert_int_equal(counts.lost[SF_LOSS_CLOSED], 106);
	assert_int_equal(counts.waiting, 0);
	assert_int_equal(w.closed, 1);
	end(&w);
}

static void a_drained_output_says_so_once_when_the_last_line_is_out(void **state)
{
	struct world w;

	(void)state;
	begin(&w, 0, 1 << 20, false);
	for (int i = 0; i < 10; i++)
		offer(&w, 2);
	sf_output_drain(w.output);
	while (sink->count) {
		assert_int_equal(w.drained, 0);
		write_lines(sink, sink->batch[0]->lines);
	}
	assert_int_equal(w.drained, 1);
	end(&w);

	begin(&w, 0, 1 << 20, false);
	sf_output_drain(w.output);
	assert_int_equal(w.drained, 1); /* nothing waited */
	end(&w);
}

static void batches_are_used_again_and_small_ones_hold_no_air(void **state)
{
	struct sf_pool *pool = sf_pool_new();
	struct sf_batch *batch = sf_pool_get(pool), *small;
	const char *data = batch->data;

	(void)state;
	assert_int_equal(batch->capacity, SF_BATCH_SIZE);
	memcpy(batch->data, "line\n", 5);
	sf_batch_line(batch, 5, SF_LINE_SOCKET, 0);
	batch->run = 7;
	small = sf_pool_trim(pool, batch);
	assert_int_equal(small->capacity, 5);
	assert_memory_equal(small->data, "line\n", 5);
	assert_int_equal(small->run, 7);
	batch = sf_pool_get(pool);
	assert_ptr_equal(batch->data, data);
	assert_int_equal(batch->length, 0);
	batch->length = SF_BATCH_SIZE / 2 + 1;
	assert_ptr_equal(sf_pool_trim(pool, batch), batch);
	sf_batch_drop(pool, batch);
	sf_batch_drop(pool, small);
	sf_pool_free(pool);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_line_is_counted_once_while_the_sink_writes),
		cmocka_unit_test(a_stalled_output_keeps_its_bound_and_loses_the_oldest_that_the_sink_has_not_begun),
		cmocka_unit_test(a_stalled_output_that_drops_the_newest_keeps_what_came_first),
		cmocka_unit_test(a_burst_after_a_long_rest_is_no_stall),
		cmocka_unit_test(losses_are_said_when_they_begin_and_when_they_are_over),
		cmocka_unit_test(a_batch_larger_than_the_queue_still_passes),
		cmocka_unit_test(a_closed_sink_loses_what_waits_and_what_comes_and_says_so_once),
		cmocka_unit_test(a_drained_output_says_so_once_when_the_last_line_is_out),
		cmocka_unit_test(batches_are_used_again_and_small_ones_hold_no_air),
	};

	srandom(20261124);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
