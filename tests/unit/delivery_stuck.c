/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Readers that stall, go and come back at a FIFO, and a collector in a thread of its own as the agent has one: who is
 * waited for, who loses what, and that one output never stops another.
 */
#include <signal.h>
#include <stdatomic.h>
#include <sys/ioctl.h>

#include "delivery/file/file.h"
#include "files.h"

enum { LINE = 1000, LINES = 200 }; /* of a batch */

/* ---- a reader of a FIFO ---- */

struct reader {
	int fd;
	uint64_t lines, next;	  /* next: the number behind the last line */
	uint64_t holes;		  /* how often numbers were left out */
	char line[64 << 10];
	size_t length;
};

static void take_line(struct reader *r)
{
	uint64_t number = strtoull(r->line + strlen("{\"time\":\""), NULL, 10);

	if (strncmp(r->line, "{\"time\":\"", 9))
		fail_msg("torn: %.60s", r->line);
	assert_true(number >= r->next);
	r->holes += number > r->next;
	r->next = number + 1;
	r->lines++;
	r->length = 0;
}

/* What is there now, at most so much; false: nothing. */
static bool read_some(struct reader *r, size_t most)
{
	static char bytes[64 << 10];
	ssize_t n = read(r->fd, bytes, most < sizeof(bytes) ? most : sizeof(bytes));

	for (ssize_t i = 0; i < n; i++) {
		r->line[r->length++] = bytes[i];
		if (bytes[i] == '\n')
			take_line(r);
	}
	return n > 0;
}

static void open_reader(struct reader *r, const char *path)
{
	*r = (struct reader){.fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC)};
	assert_true(r->fd >= 0);
}

/* ---- an agent: a collector, outputs, and the loop between them ---- */

enum { OUTPUTS = 2, BATCHES = 40 };

struct agent {
	char *directory;
	const char *path[OUTPUTS];
	struct reader reader; /* of path[0], a FIFO */
	struct sf_loop *loop;
	struct sf_pool *pool;
	struct sf_output *output[OUTPUTS];
	size_t outputs;
	struct sf_channel *batches;
	struct sf_source *wake;
	struct sf_thread *thread;
	atomic_bool cancel, finished;
	uint64_t lines, taken; /* collected; of the batches that the loop has taken */
	unsigned drained;
};

static void on_said(void *arg, struct sf_output *output, enum sf_log_level level, const char *text)
{
	(void)arg, (void)output, (void)level, (void)text;
}

static void on_closed(void *arg, struct sf_output *output)
{
	(void)arg, (void)output;
	fail();
}

static void on_drained(void *arg, struct sf_output *output)
{
	(void)output;
	((struct agent *)arg)->drained++;
}

static struct sf_batch *collect(struct agent *a)
{
	struct sf_batch *batch = sf_pool_get(a->pool);

	while (batch->lines < LINES) {
		char *line = batch->data + batch->length;

		memset(line, 'x', LINE);
		line[snprintf(line, LINE, "{\"time\":\"%08llu\"", (unsigned long long)a->lines++)] = ' ';
		line[LINE - 1] = '\n';
		sf_batch_line(batch, LINE, SF_LINE_SOCKET, 0);
	}
	return sf_pool_trim(a->pool, batch);
}

static void run_collector(void *arg)
{
	struct agent *a = arg;

	for (int i = 0; i < BATCHES; i++) {
		struct sf_batch *batch;

		sf_outputs_wait(a->output, a->outputs, SF_BATCH_SIZE, &a->cancel);
		if (atomic_load(&a->cancel))
			break;
		batch = collect(a);
		sf_outputs_charge(a->output, a->outputs, batch->length);
		sf_channel_put(a->batches, batch);
	}
	atomic_store(&a->finished, true);
}

static void take_batches(void *arg)
{
	struct agent *a = arg;
	struct sf_batch *batch;

	while ((batch = sf_channel_try_take(a->batches))) {
		a->taken += batch->lines;
		for (size_t i = 0; i < a->outputs; i++)
			sf_output_put(a->output[i], batch, NULL);
		sf_batch_drop(a->pool, batch);
	}
}

static struct sf_counts check_counts(const struct agent *a, size_t i)
{
	struct sf_counts counts;
	uint64_t lost = 0;

	sf_output_counts(a->output[i], &counts);
	for (size_t l = 0; l < SF_LOSS_COUNT; l++)
		lost += counts.lost[l];
	assert_int_equal(counts.accepted, a->taken);
	assert_int_equal(counts.accepted, counts.delivered + lost + counts.waiting);
	return counts;
}

/* `as` is how the FIFO is written to; the second output, if any, is a file that never loses. */
static void begin(struct agent *a, struct sf_output_setup as, size_t outputs)
{
	static struct sf_file_conf conf[OUTPUTS];
	const struct sf_output_events events = {on_said, on_closed, on_drained, NULL, a};
	struct sf_err err;

	*a = (struct agent){.directory = directory_new(), .pool = sf_pool_new(), .outputs = outputs};
	a->path[0] = sf_strdup(below(a->directory, "fifo"));
	a->path[1] = sf_strdup(below(a->directory, "file"));
	assert_int_equal(mkfifo(a->path[0], 0600), 0);
	open_reader(&a->reader, a->path[0]);
	assert_int_equal(sf_loop_new(&a->loop, &err), 0);
	for (size_t i = 0; i < outputs; i++) {
		conf[i] = (struct sf_file_conf){.path = a->path[i]};
		as.name = a->path[i];
		as.ops = sf_sink_find("file")->ops;
		as.conf = &conf[i];
		as.queue_size = 512 << 10;
		assert_int_equal(sf_output_new(&as, a->loop, a->pool, &events, &a->output[i], &err), 0);
	}
	a->batches = sf_channel_new(4);
	assert_int_equal(sf_loop_wake(a->loop, take_batches, a, &a->wake, &err), 0);
	sf_channel_wakes(a->batches, a->wake);
	assert_int_equal(sf_thread_start("collector", run_collector, a, &a->thread, &err), 0);
}

static void end(struct agent *a)
{
	atomic_store(&a->cancel, true);
	sf_outputs_interrupt(a->output, a->outputs);
	while (!atomic_load(&a->finished))
		sf_loop_turn(a->loop, 1000);
	sf_thread_join(a->thread);
	take_batches(a);
	for (size_t i = 0; i < a->outputs; i++) {
		check_counts(a, i);
		sf_output_free(a->output[i]);
	}
	sf_channel_free(a->batches);
	sf_loop_free(a->loop);
	sf_pool_free(a->pool);
	sf_close_p(&a->reader.fd);
	directory_free(a->directory);
	free((char *)a->path[0]);
	free((char *)a->path[1]);
}

/* Everything that the FIFO's output still has, read at full speed. */
static void drain_and_read(struct agent *a)
{
	a->drained = 0;
	sf_output_drain(a->output[0]);
	assert_true(outlet_until(a, (read_some(&a->reader, SIZE_MAX), a->drained)));
	while (read_some(&a->reader, SIZE_MAX))
		;
	assert_int_equal(a->reader.length, 0);
}

static void one_stuck_output_stops_no_other(int when_full)
{
	struct sf_counts fifo, file;
	struct agent a;
	uint64_t next = 0;

	begin(&a, (struct sf_output_setup){.when_full = when_full}, 2);
	assert_true(outlet_until(&a, atomic_load(&a.finished) && a.taken == BATCHES * LINES));
	assert_true(outlet_until(&a, check_counts(&a, 1).waiting == 0));
	file = check_counts(&a, 1);
	assert_int_equal(file.delivered, BATCHES * LINES);
	assert_int_equal(read_lines(a.path[1], &next), BATCHES * LINES);

	fifo = check_counts(&a, 0);
	assert_true(fifo.lost[SF_LOSS_FULL] > 0);
	assert_true(fifo.waiting_bytes <= (512 << 10) + SF_BATCH_SIZE);
	drain_and_read(&a);
	fifo = check_counts(&a, 0);
	assert_int_equal(fifo.waiting, 0);
	assert_int_equal(fifo.delivered, a.reader.lines);
	assert_int_equal(fifo.lost[SF_LOSS_FULL], BATCHES * LINES - a.reader.lines);
	if (when_full == 0) { /* what was begun, a hole, the newest */
		assert_int_equal(a.reader.next, BATCHES * LINES);
		assert_int_equal(a.reader.holes, 1);
	} else {
		assert_int_equal(a.reader.holes, 0);
	}
	end(&a);
}

static void a_stuck_output_that_drops_the_oldest_stops_no_other(void **state)
{
	(void)state;
	one_stuck_output_stops_no_other(0);
}

static void a_stuck_output_that_drops_the_newest_stops_no_other(void **state)
{
	(void)state;
	one_stuck_output_stops_no_other(1);
}

static void nothing_is_lost_by(const struct sf_output_setup *as)
{
	struct agent a;

	begin(&a, *as, 1);
	for (uint64_t until = sf_clock_mono() + 1500 * 1000; sf_clock_mono() < until;) /* longer than a stall */
		sf_loop_turn(a.loop, 10 * 1000);
	assert_false(atomic_load(&a.finished));
	assert_true(check_counts(&a, 0).waiting > 0);
	assert_true(outlet_until(&a, (read_some(&a.reader, SIZE_MAX),
				      atomic_load(&a.finished) && a.taken == BATCHES * LINES)));
	drain_and_read(&a);
	assert_int_equal(check_counts(&a, 0).delivered, BATCHES * LINES);
	assert_int_equal(a.reader.lines, BATCHES * LINES);
	assert_int_equal(a.reader.holes, 0);
	end(&a);
}

static void an_output_that_blocks_is_waited_for_and_loses_nothing(void **state)
{
	(void)state;
	nothing_is_lost_by(&(struct sf_output_setup){.when_full = 2});
}

static void where_the_agent_waits_nothing_is_lost_whatever_when_full_says(void **state)
{
	(void)state;
	nothing_is_lost_by(&(struct sf_output_setup){.when_full = 0, .waits = true});
	nothing_is_lost_by(&(struct sf_output_setup){.when_full = 1, .waits = true});
}

static void a_slow_reader_slows_the_collector_and_loses_nothing(void **state)
{
	struct agent a;

	(void)state;
	for (int when_full = 0; when_full < 2; when_full++) {
		begin(&a, (struct sf_output_setup){.when_full = when_full}, 1);
		while (a.reader.lines < 2000) { /* a second and more, in small bites */
			sf_loop_turn(a.loop, 10 * 1000);
			read_some(&a.reader, 16 << 10);
		}
		assert_false(atomic_load(&a.finished));
		assert_true(outlet_until(&a, (read_some(&a.reader, SIZE_MAX),
					      atomic_load(&a.finished) && a.taken == BATCHES * LINES)));
		drain_and_read(&a);
		assert_int_equal(a.reader.lines, BATCHES * LINES);
		assert_int_equal(a.reader.holes, 0);
		end(&a);
	}
}

static void the_end_waits_for_no_stuck_reader_and_counts_what_it_did_not_get(void **state)
{
	struct agent a;

	(void)state;
	begin(&a, (struct sf_output_setup){.when_full = 2}, 1);
	assert_true(outlet_until(&a, check_counts(&a, 0).waiting_bytes > 300 << 10));
	alarm(60); /* it would never come back */
	end(&a);
	alarm(0);
}

/* ---- the FIFO alone ---- */

struct fifo {
	char *directory;
	struct sf_file_conf conf;
	struct outlet outlet;
	struct reader reader;
};

static void begin_fifo(struct fifo *f)
{
	struct sf_err err;

	*f = (struct fifo){.directory = directory_new(), .reader = {.fd = -1}};
	f->conf = (struct sf_file_conf){.path = sf_strdup(below(f->directory, "fifo")), .size = 1000, .keep = 5};
	assert_int_equal(mkfifo(f->conf.path, 0600), 0);
	assert_int_equal(outlet_open(&f->outlet, "file", &f->conf, &err), 0);
}

static void end_fifo(struct fifo *f)
{
	if (f->outlet.output)
		outlet_finish(&f->outlet);
	sf_close_p(&f->reader.fd);
	directory_free(f->directory);
	free((char *)f->conf.path);
}

static void a_fifo_that_nobody_reads_yet_is_waited_for(void **state)
{
	struct fifo f;

	(void)state;
	begin_fifo(&f);
	outlet_put(&f.outlet, 100, LINE);
	assert_true(outlet_until(&f.outlet, f.outlet.troubles));
	assert_non_null(strstr(f.outlet.said, "No such device or address; will try again"));
	open_reader(&f.reader, f.conf.path);
	assert_true(outlet_until(&f.outlet, (read_some(&f.reader, SIZE_MAX), f.reader.lines == 100)));
	assert_true(outlet_until(&f.outlet, outlet_counts(&f.outlet).delivered == 100));
	assert_int_equal(f.reader.holes, 0); /* and it is not rotated */
	end_fifo(&f);
}

/* So the next agent's first line does not hang on half of a line. */
static void a_stuck_reader_of_a_fifo_is_left_with_whole_lines(void **state)
{
	struct fifo f;
	int held;

	(void)state;
	begin_fifo(&f);
	open_reader(&f.reader, f.conf.path);
	outlet_put(&f.outlet, 150, 1500);
	assert_true(outlet_until(&f.outlet, (outlet_turn(&f.outlet, 50), outlet_counts(&f.outlet).delivered > 20)));
	outlet_turn(&f.outlet, 50);
	assert_int_equal(ioctl(f.reader.fd, FIONREAD, &held), 0);
	assert_int_equal(held, outlet_counts(&f.outlet).delivered * 1500);
	outlet_finish(&f.outlet);
	f.outlet.output = NULL;
	end_fifo(&f);
}

static void readers_that_come_and_go(size_t length)
{
	uint64_t seen = 0;
	struct fifo f;

	begin_fifo(&f);
	for (int round = 0; round < 3; round++) {
		open_reader(&f.reader, f.conf.path);
		f.reader.next = seen;
		outlet_put(&f.outlet, 40, length);
		assert_true(outlet_until(&f.outlet, (read_some(&f.reader, 1000), f.reader.lines > 4)));
		seen = f.reader.next;
		sf_close_p(&f.reader.fd); /* what it has not read is gone with it */
		assert_true(outlet_until(&f.outlet, f.outlet.troubles > (unsigned)round));
	}
	outlet_check(&f.outlet);
	end_fifo(&f);
}

static void the_next_reader_of_a_fifo_begins_with_a_whole_line(void **state)
{
	(void)state;
	readers_that_come_and_go(3000);
	readers_that_come_and_go(6000); /* more than a pipe takes as a whole: a line that was begun begins again */
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_stuck_output_that_drops_the_oldest_stops_no_other),
		cmocka_unit_test(a_stuck_output_that_drops_the_newest_stops_no_other),
		cmocka_unit_test(an_output_that_blocks_is_waited_for_and_loses_nothing),
		cmocka_unit_test(where_the_agent_waits_nothing_is_lost_whatever_when_full_says),
		cmocka_unit_test(a_slow_reader_slows_the_collector_and_loses_nothing),
		cmocka_unit_test(the_end_waits_for_no_stuck_reader_and_counts_what_it_did_not_get),
		cmocka_unit_test(a_fifo_that_nobody_reads_yet_is_waited_for),
		cmocka_unit_test(a_stuck_reader_of_a_fifo_is_left_with_whole_lines),
		cmocka_unit_test(the_next_reader_of_a_fifo_begins_with_a_whole_line),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
