/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Every line is counted once when it comes and once when it leaves, whatever sinks, queues and time do: a scripted sink
 * against a model, for each policy; and who waits at the gate, and for how long.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "delivery/sink.h"

enum { HELD = 3, LINE = 100, STALL_US = 1000 * 1000 }; /* STALL_US: the face's second */

/* A sink that takes HELD batches and does what the test says. */
struct sf_sink {
	struct sf_sink_events events;
	struct sf_batch *batch[HELD];
	uint32_t written; /* lines of the first */
	size_t count;
	uint64_t next_seq; /* what comes next is not older */
	bool closed;
};

static struct sf_sink *sink; /* the one that was opened last */

static int open_sink(const void *conf, struct sf_loop *loop, const struct sf_sink_events *events, struct sf_sink **ret,
		     struct sf_err *err)
{
	(void)conf;
	(void)loop;
	(void)err;
	sink = *ret = sf_new(struct sf_sink);
	sink->events = *events;
	return 0;
}

static int put(struct sf_sink *s, struct sf_batch *batch, const char *topic)
{
	(void)topic;
	if (s->count == HELD)
		return -EAGAIN;
	assert_true(batch->first_seq >= s->next_seq);
	s->next_seq = batch->first_seq + batch->lines;
	s->batch[s->count++] = batch;
	return 0;
}

/* The first batch goes back; `left` of its lines did not get out. */
static void give_back(struct sf_sink *s)
{
	struct sf_batch *batch = s->batch[0];
	uint32_t left = batch->lines - s->written;

	memmove(s->batch, s->batch + 1, --s->count * sizeof(s->batch[0]));
	s->written = 0;
	s->events.done(s->events.arg, batch, left);
}

static void write_lines(struct sf_sink *s, uint32_t lines)
{
	s->written += lines;
	s->events.written(s->events.arg, lines);
	if (s->written == s->batch[0]->lines)
		give_back(s);
}

static void close_sink(struct sf_sink *s)
{
	while (s && s->count)
		give_back(s);
	free(s);
}

static void reopen(struct sf_sink *s)
{
	(void)s;
}

static const struct sf_sink_ops ops = {open_sink, put, reopen, close_sink};

/* ---- an output with it ---- */

struct world {
	struct sf_loop *loop;
	struct sf_pool *pool;
	struct sf_output *output;
	uint64_t seq, delivered;
	unsigned drained, closed, warned;
	char said[200];
};

static void on_said(void *arg, struct sf_output *output, enum sf_log_level level, const char *text)
{
	struct world *w = arg;

	(void)output;
	w->warned += level == SF_LOG_WARN;
	snprintf(w->said, sizeof(w->said), "%s", text);
}

static void on_closed(void *arg, struct sf_output *output)
{
	(void)output;
	((struct world *)arg)->closed++;
}

static void on_drained(void *arg, struct sf_output *output)
{
	(void)output;
	((struct world *)arg)->drained++;
}

static void begin(struct world *w, int when_full, uint64_t size, bool waits)
{
	const struct sf_output_setup setup = {
		.name = "test", .ops = &ops, .queue_size = size, .when_full = when_full, .waits = waits};
	const struct sf_output_events events = {on_said, on_closed, on_drained, NULL, w};
	struct sf_err err;

	*w = (struct world){.pool = sf_pool_new()};
	assert_int_equal(sf_loop_new(&w->loop, &err), 0);
	assert_int_equal(sf_output_new(&setup, w->loop, w->pool, &events, &w->output, &err), 0);
}

static void end(struct world *w)
{
	sf_output_free(w->output);
	sf_pool_free(w->pool);
	sf_loop_free(w->loop);
}

/* As the collector and the loop do it: wait, charge, put, drop. */
static void offer(struct world *w, uint32_t lines)
{
	struct sf_batch *batch = sf_pool_get(w->pool);
	const atomic_bool cancel = true; /* what waiting would do has a test of its own */

	for (uint32_t i = 0; i < lines; i++)
		sf_batch_line(batch, LINE, SF_LINE_SOCKET, 0);
	batch->first_seq = w->seq;
	w->seq += lines;
	batch = sf_pool_trim(w->pool, batch);
	sf_outputs_wait(&w->output, 1, SF_BATCH_SIZE, &cancel);
	sf_outputs_charge(&w->output, 1, batch->length);
	sf_output_put(w->output, batch, NULL);
	sf_batch_drop(w->pool, batch);
}

static struct sf_counts counts_of(const struct world *w)
{
	struct sf_counts counts;

	sf_output_counts(w->output, &counts);
	return counts;
}

static uint64_t lost(const struct sf_counts *counts)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < SF_LOSS_COUNT; i++)
		sum += counts->lost[i];
	return sum;
}

static void check_counts(const struct world *w)
{
	struct sf_counts counts = counts_of(w);

	assert_int_equal(counts.accepted, w->seq);
	assert_int_equal(counts.delivered, w->delivered);
	assert_int_equal(counts.accepted, counts.delivered + counts.dead_letters + lost(&counts) + counts.waiting);
	assert_true(counts.waiting <= w->seq); /* never below zero */
	if (sink->count == 0)
		assert_int_equal(counts.waiting, 0); /* a sink that takes is never left waiting */
}

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
	assert_int_equal(counts.lost[SF_LOSS_FULL], lost(&counts));
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
		assert_int_equal(lost(&counts), 0);
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

/* ---- the gate ---- */

struct waiter {
	struct world *world;
	atomic_bool cancel, back;
	uint64_t waited;
};

static void wait_at_gate(void *arg)
{
	struct waiter *waiter = arg;

	waiter->waited = sf_outputs_wait(&waiter->world->output, 1, 1000, &waiter->cancel);
	atomic_store(&waiter->back, true);
}

static bool comes_back(struct waiter *waiter, unsigned ms)
{
	uint64_t end = sf_clock_mono() + ms * 1000ull;

	while (sf_clock_mono() < end && !atomic_load(&waiter->back))
		usleep(1000);
	return atomic_load(&waiter->back);
}

static struct sf_thread *send_waiter(struct waiter *waiter, struct world *w)
{
	struct sf_thread *thread = NULL;
	struct sf_err err;

	*waiter = (struct waiter){.world = w};
	assert_int_equal(sf_thread_start("waiter", wait_at_gate, waiter, &thread, &err), 0);
	return thread;
}

static void who_waits_goes_on_when_there_is_room_again(void **state)
{
	struct sf_thread *thread;
	struct waiter waiter;
	struct world w;

	(void)state;
	begin(&w, 0, 2000, true);
	offer(&w, 20);
	thread = send_waiter(&waiter, &w);
	assert_false(comes_back(&waiter, STALL_US / 1000 + 300)); /* also longer than a stall */
	write_lines(sink, 20);
	assert_true(comes_back(&waiter, 5000));
	sf_thread_join(thread);
	assert_true(waiter.waited > 0);
	end(&w);
}

static void nobody_waits_for_an_empty_queue_although_it_is_smaller_than_a_batch(void **state)
{
	const atomic_bool cancel = false;
	struct world w;

	(void)state;
	begin(&w, 2, LINE, false);
	assert_int_equal(sf_outputs_wait(&w.output, 1, SF_BATCH_SIZE, &cancel), 0);
	end(&w);
}

static void who_waits_goes_on_when_told_to_end(void **state)
{
	struct sf_thread *thread;
	struct waiter waiter;
	struct world w;

	(void)state;
	begin(&w, 2, 2000, false);
	offer(&w, 20);
	thread = send_waiter(&waiter, &w);
	assert_false(comes_back(&waiter, 50));
	atomic_store(&waiter.cancel, true);
	sf_outputs_interrupt(&w.output, 1);
	assert_true(comes_back(&waiter, 5000));
	sf_thread_join(thread);
	end(&w);
}

static void a_stalled_output_is_not_waited_for(void **state)
{
	struct sf_thread *thread;
	struct waiter waiter;
	struct world w;
	uint64_t start = sf_clock_mono();

	(void)state;
	begin(&w, 0, 2000, false);
	offer(&w, 20);
	thread = send_waiter(&waiter, &w);
	assert_true(comes_back(&waiter, 10 * STALL_US / 1000));
	sf_thread_join(thread);
	assert_true(sf_clock_mono() - start >= STALL_US - 1000);
	thread = send_waiter(&waiter, &w); /* and the next time at once */
	assert_true(comes_back(&waiter, 5000));
	sf_thread_join(thread);
	assert_true(waiter.waited < STALL_US);
	end(&w);
}

static void a_slow_output_that_gets_something_out_is_waited_for(void **state)
{
	struct sf_thread *thread;
	struct waiter waiter;
	struct world w;

	(void)state;
	begin(&w, 0, 2000, false);
	offer(&w, 20);
	thread = send_waiter(&waiter, &w);
	for (int i = 0; i < 6; i++) {
		assert_false(comes_back(&waiter, STALL_US / 1000 / 4));
		write_lines(sink, 1);
	}
	write_lines(sink, 14);
	assert_true(comes_back(&waiter, 5000));
	sf_thread_join(thread);
	end(&w);
}

enum { PACES = 60 };

/* A byte every 20 ms; now and then the parent is stopped for longer than a stall. In a process of its own. */
static void set_the_pace(int fd, pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	for (int i = 0; i < PACES && getppid() == parent; i++) {
		usleep(20 * 1000);
		if (i % 20 == 10) { /* with nothing to read when it goes on */
			kill(parent, SIGSTOP);
			usleep(STALL_US + 300 * 1000);
			kill(parent, SIGCONT);
			usleep(20 * 1000);
		}
		(void)!write(fd, "x", 1);
	}
	_exit(0);
}

static void a_pause_of_the_whole_process_is_no_stall(void **state)
{
	struct sf_thread *thread;
	struct waiter waiter;
	struct world w;
	pid_t self = getpid(), child;
	int pace[2];
	char byte;

	(void)state;
	assert_int_equal(pipe2(pace, O_CLOEXEC), 0);
	begin(&w, 0, 2000, false);
	offer(&w, PACES);
	child = fork();
	if (!child)
		set_the_pace(pace[1], self);
	thread = send_waiter(&waiter, &w);
	for (int i = 0; i < PACES; i++) {
		assert_int_equal(read(pace[0], &byte, 1), 1);
		assert_false(atomic_load(&waiter.back));
		write_lines(sink, 1);
	}
	assert_true(comes_back(&waiter, 5000));
	sf_thread_join(thread);
	assert_int_equal(waitpid(child, NULL, 0), child);
	close(pace[0]);
	close(pace[1]);
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
		cmocka_unit_test(who_waits_goes_on_when_there_is_room_again),
		cmocka_unit_test(nobody_waits_for_an_empty_queue_although_it_is_smaller_than_a_batch),
		cmocka_unit_test(who_waits_goes_on_when_told_to_end),
		cmocka_unit_test(a_stalled_output_is_not_waited_for),
		cmocka_unit_test(a_slow_output_that_gets_something_out_is_waited_for),
		cmocka_unit_test(a_pause_of_the_whole_process_is_no_stall),
		cmocka_unit_test(batches_are_used_again_and_small_ones_hold_no_air),
	};

	srandom(20261124);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
