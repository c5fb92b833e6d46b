/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A signal sets a flag and ends the system call that waits, if one does. One that comes between a
 * look at the flag and the call would be lost to it: an alarm a second later is another. After the
 * flag nothing is written that could block.
 */
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "interrupt.h"

enum {
	PATIENCE_MS = 1000,
	SAME_US = 100 * 1000, /* timeout(1) signals a process and its group: that is one signal */
};

static volatile sig_atomic_t interrupted;

static void on_alarm(int number)
{
	(void)number;
}

static void on_signal(int number)
{
	static uint64_t first;
	uint64_t now = sf_clock_mono();

	if (!interrupted) {
		interrupted = 1;
		first = now;
		alarm(1);
	} else if (now - first > SAME_US) {
		signal(number, SIG_DFL);
		raise(number);
	}
}

void sf_interrupt_setup(void)
{
	struct sigaction end = {.sa_handler = on_signal}, alarm = {.sa_handler = on_alarm};

	sigaddset(&end.sa_mask, SIGINT);
	sigaddset(&end.sa_mask, SIGTERM);
	sigaction(SIGALRM, &alarm, NULL);
	sigaction(SIGINT, &end, NULL);
	sigaction(SIGTERM, &end, NULL);
}

bool sf_interrupted(void)
{
	return interrupted;
}

void sf_interrupt_sleep(uint64_t mono_us)
{
	uint64_t now;

	/* Not clock_nanosleep, in which the thread sanitizer keeps signals back. */
	while (!interrupted && (now = sf_clock_mono()) < mono_us) {
		uint64_t left = mono_us - now;

		ppoll(NULL, 0, &(struct timespec){left / 1000000, left % 1000000 * 1000}, NULL);
	}
}

/* Until a pipe takes PIPE_BUF bytes. */
static int wait_for_room(void)
{
	struct pollfd out = {.fd = STDOUT_FILENO, .events = POLLOUT};

	for (;;) {
		int r = poll(&out, 1, interrupted ? PATIENCE_MS : -1);

		if (r > 0)
			return 0;
		if (r == 0)
			return -ECANCELED;
		if (errno != EINTR)
			return -errno;
	}
}

int sf_interrupt_write(const char *bytes, size_t length)
{
	bool wait = false; /* somebody has made stdout non-blocking */

	while (length) {
		size_t most = interrupted && length > PIPE_BUF ? PIPE_BUF : length;
		int r = interrupted || wait ? wait_for_room() : 0;
		ssize_t n;

		if (r < 0)
			return r;
		n = write(STDOUT_FILENO, bytes, most);
		if (n >= 0) {
			bytes += n;
			length -= (size_t)n;
		} else if (errno == EAGAIN) {
			wait = true;
		} else if (errno != EINTR) {
			return -errno;
		}
	}
	return 0;
}
