/* SPDX-License-Identifier: Apache-2.0 */
/* Standard output as a real pipe with readers that are slow, stuck, or gone. */
#include <fcntl.h>
#include <limits.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "outputs.h"

/* Our own standard output gives way to a pipe while a test runs. */
struct pipe {
	int own, reader;
	struct outlet outlet;
};

static void begin_with(struct pipe *p, int fd, int reader)
{
	struct sf_err err;

	fflush(stdout);
	p->own = dup(STDOUT_FILENO);
	p->reader = reader;
	dup2(fd, STDOUT_FILENO);
	close(fd);
	assert_int_equal(outlet_open(&p->outlet, "stdout", NULL, &err), 0);
}

static void begin(struct pipe *p)
{
	int fds[2];

	assert_int_equal(pipe(fds), 0);
	begin_with(p, fds[1], fds[0]);
}

static void end(struct pipe *p)
{
	outlet_finish(&p->outlet);
	dup2(p->own, STDOUT_FILENO);
	close(p->own);
	sf_close_p(&p->reader);
}

/* Reads what is there now, counts lines, checks that they are in order. */
struct reading {
	uint64_t lines;
	char line[64 << 10];
	size_t length;
};

static void read_some(struct pipe *p, struct reading *r, size_t most)
{
	struct pollfd ready = {p->reader, POLLIN, 0};
	char bytes[8192];
	ssize_t n;

	if (poll(&ready, 1, 0) <= 0)
		return;
	n = read(p->reader, bytes, most < sizeof(bytes) ? most : sizeof(bytes));
	for (ssize_t i = 0; i < n; i++) {
		r->line[r->length++] = bytes[i];
		if (bytes[i] != '\n')
			continue;
		assert_int_equal(strtoull(r->line + strlen("{\"time\":\""), NULL, 10), r->lines);
		r->lines++;
		r->length = 0;
	}
}

static void every_line_arrives_in_order_however_slowly_it_is_read(void **state)
{
	struct reading reading = {0};
	struct pipe p;

	(void)state;
	begin(&p);
	for (int i = 0; i < 20; i++)
		outlet_put(&p.outlet, 100, 700 + (size_t)i * 17);
	outlet_put(&p.outlet, 3, 3 * PIPE_BUF); /* longer than a pipe takes at once */
	sf_output_drain(p.outlet.output);
	while (!p.outlet.drained) {
		struct sf_counts counts = outlet_counts(&p.outlet);

		assert_int_equal(counts.accepted, counts.delivered + counts.waiting);
		sf_loop_turn(p.outlet.loop, 100);
		read_some(&p, &reading, 1 + (size_t)random() % 8192);
	}
	while (reading.lines < p.outlet.lines)
		read_some(&p, &reading, 8192);
	assert_int_equal(reading.length, 0);
	assert_int_equal(outlet_counts(&p.outlet).delivered, 2003);
	end(&p);
}

static void a_pipe_is_given_whole_lines_so_that_a_kill_cuts_none(void **state)
{
	char bytes[PIPE_BUF];
	struct pipe p;

	(void)state;
	begin(&p);
	fcntl(p.reader, F_SETPIPE_SZ, 4096);
	outlet_put(&p.outlet, 100, 1500);
	for (int i = 0; i < 20; i++) { /* each time the writer has filled the pipe as far as it can */
		struct pollfd ready = {p.reader, POLLIN, 0};
		ssize_t n;

		assert_int_equal(poll(&ready, 1, 5000), 1);
		n = read(p.reader, bytes, sizeof(bytes));
		assert_int_equal(n % 1500, 0);
	}
	end(&p);
}

static void lines_that_a_stuck_reader_let_through_are_counted_at_once(void **state)
{
	struct sf_counts counts;
	struct pipe p;

	(void)state;
	begin(&p);
	fcntl(p.reader, F_SETPIPE_SZ, 4096);
	outlet_put(&p.outlet, 100, 1000);
	assert_true(outlet_until(&p.outlet, outlet_counts(&p.outlet).delivered == 4));
	outlet_turn(&p.outlet, 50);
	counts = outlet_counts(&p.outlet);
	assert_int_equal(counts.delivered, 4);
	assert_int_equal(counts.waiting, 96);
	end(&p);
}

static void a_stuck_reader_does_not_hold_up_the_end(void **state)
{
	struct pipe p;

	(void)state;
	begin(&p);
	outlet_put(&p.outlet, 200, 1000);
	outlet_turn(&p.outlet, 100);
	alarm(60); /* it would never come back */
	end(&p);
	alarm(0);
}

static void a_reader_that_goes_away_closes_the_output_for_good(void **state)
{
	struct sf_counts counts;
	struct pipe p;

	(void)state;
	begin(&p);
	fcntl(p.reader, F_SETPIPE_SZ, 4096);
	outlet_put(&p.outlet, 100, 1000);
	outlet_put(&p.outlet, 100, 1000);
	outlet_put(&p.outlet, 100, 1000);
	outlet_put(&p.outlet, 100, 1000);
	assert_true(outlet_until(&p.outlet, outlet_counts(&p.outlet).delivered == 4));
	sf_close_p(&p.reader);
	assert_true(outlet_until(&p.outlet, p.outlet.closed));
	outlet_turn(&p.outlet, 50);
	outlet_put(&p.outlet, 5, 1000);
	counts = outlet_counts(&p.outlet);
	assert_int_equal(counts.delivered, 4);
	assert_int_equal(counts.lost[SF_LOSS_CLOSED], 401);
	assert_int_equal(counts.waiting, 0);
	assert_int_equal(p.outlet.closed, 1);
	end(&p);
}

static void the_descriptor_that_others_share_keeps_its_flags(void **state)
{
	struct pipe p;

	(void)state;
	begin(&p);
	outlet_put(&p.outlet, 10, 100);
	outlet_drain(&p.outlet);
	assert_false(fcntl(STDOUT_FILENO, F_GETFL) & O_NONBLOCK);
	end(&p);
}

/* ---- what is no pipe ---- */

/* It takes what it takes, then nothing more: neither the loop nor the end waits for it. */
static void get_stuck_and_end(struct pipe *p)
{
	uint64_t delivered;

	for (int i = 0; i < 20; i++)
		outlet_put(&p->outlet, 50, 1000);
	assert_true(outlet_until(&p->outlet, outlet_counts(&p->outlet).delivered > 0));
	do {
		delivered = outlet_counts(&p->outlet).delivered;
		outlet_turn(&p->outlet, 100);
	} while (outlet_counts(&p->outlet).delivered > delivered);
	assert_true(outlet_counts(&p->outlet).waiting > 0);
	outlet_check(&p->outlet);
	assert_int_equal(p->outlet.sentences, 0);
	alarm(60); /* it would never come back */
	end(p);
	alarm(0);
}

static void a_stopped_terminal_does_not_hold_up_the_end(void **state)
{
	int master = posix_openpt(O_RDWR | O_NOCTTY), slave;
	struct pipe p;

	(void)state;
	assert_int_equal(grantpt(master), 0);
	assert_int_equal(unlockpt(master), 0);
	slave = open(ptsname(master), O_RDWR | O_NOCTTY);
	assert_true(slave >= 0);
	begin_with(&p, slave, master);
	get_stuck_and_end(&p);
}

static void a_stuck_socket_does_not_hold_up_the_end(void **state)
{
	struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof(address);
	int listener = socket(AF_INET, SOCK_STREAM, 0), reader, writer = socket(AF_INET, SOCK_STREAM, 0), least = 1;
	struct pipe p;
	int fds[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	setsockopt(fds[1], SOL_SOCKET, SO_SNDBUF, &least, sizeof(least));
	begin_with(&p, fds[1], fds[0]);
	get_stuck_and_end(&p);

	setsockopt(listener, SOL_SOCKET, SO_RCVBUF, &least, sizeof(least));
	setsockopt(writer, SOL_SOCKET, SO_SNDBUF, &least, sizeof(least));
	assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
	assert_int_equal(listen(listener, 1), 0);
	assert_int_equal(getsockname(listener, (struct sockaddr *)&address, &length), 0);
	assert_int_equal(connect(writer, (struct sockaddr *)&address, sizeof(address)), 0);
	reader = accept(listener, NULL, NULL);
	close(listener);
	begin_with(&p, writer, reader);
	get_stuck_and_end(&p);
}

/* What was closed for us is filled by main() with one that cannot be written: see agent/main.c. */
static void a_standard_output_that_cannot_be_written_is_said_at_the_start(void **state)
{
	struct outlet outlet;
	struct sf_err err;
	int own, unwritable, r;

	(void)state;
	fflush(stdout);
	own = dup(STDOUT_FILENO);
	unwritable = open("/dev/null", O_RDONLY);
	dup2(unwritable, STDOUT_FILENO);
	close(unwritable);
	r = outlet_open(&outlet, "stdout", NULL, &err);
	dup2(own, STDOUT_FILENO);
	close(own);
	assert_int_equal(r, -EBADF);
	assert_string_equal(err.text, "output test: standard output is closed");
	sf_pool_free(outlet.pool);
	sf_loop_free(outlet.loop);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_line_arrives_in_order_however_slowly_it_is_read),
		cmocka_unit_test(a_pipe_is_given_whole_lines_so_that_a_kill_cuts_none),
		cmocka_unit_test(lines_that_a_stuck_reader_let_through_are_counted_at_once),
		cmocka_unit_test(a_stuck_reader_does_not_hold_up_the_end),
		cmocka_unit_test(a_reader_that_goes_away_closes_the_output_for_good),
		cmocka_unit_test(the_descriptor_that_others_share_keeps_its_flags),
		cmocka_unit_test(a_stopped_terminal_does_not_hold_up_the_end),
		cmocka_unit_test(a_stuck_socket_does_not_hold_up_the_end),
		cmocka_unit_test(a_standard_output_that_cannot_be_written_is_said_at_the_start),
	};

	signal(SIGPIPE, SIG_IGN);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
