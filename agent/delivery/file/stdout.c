/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Standard output: a pipe, a terminal, a socket, or a file that the shell opened. The descriptor is
 * shared with others, so its flags stay as they are; pipes and terminals are opened once more for
 * us alone.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "writer.h"

enum { FILE_CHUNK = SF_BATCH_SIZE };

struct stdout_device {
	struct sf_device device;
	bool terminal;
	size_t chunk;
};

const struct sf_key sf_stdout_keys[] = {{0}};

size_t sf_whole_lines(const char *lines, size_t length, size_t most)
{
	const char *end;

	if (length <= most)
		return length; /* what comes ends with a line */
	end = memrchr(lines, '\n', most);
	return end ? (size_t)(end - lines) + 1 : 0;
}

/* It takes what it is given at once: files, block devices, and devices such as /dev/null. */
static bool never_blocks(mode_t mode, bool terminal)
{
	return S_ISREG(mode) || S_ISBLK(mode) || (S_ISCHR(mode) && !terminal);
}

/* Not blocking, in a description of our own; -1: another user's. */
static int open_once_more(void)
{
	return open("/proc/self/fd/1", O_WRONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
}

static int open_stdout(struct sf_device *device, struct sf_err *err)
{
	struct stdout_device *self = (struct stdout_device *)device;
	int flags = fcntl(STDOUT_FILENO, F_GETFL);
	struct stat st;

	if (flags < 0 || (flags & O_ACCMODE) == O_RDONLY || fstat(STDOUT_FILENO, &st) < 0)
		return sf_fail(err, -EBADF, "standard output is closed");
	self->terminal = isatty(STDOUT_FILENO);
	self->chunk = never_blocks(st.st_mode, self->terminal) ? FILE_CHUNK : SF_PIPE_CHUNK;
	device->fd = S_ISFIFO(st.st_mode) || self->terminal ? open_once_more() : -1;
	device->wait_first = device->fd < 0 && self->chunk == SF_PIPE_CHUNK;
	if (device->fd < 0)
		device->fd = STDOUT_FILENO;
	return 0;
}

static void reopen_stdout(struct sf_device *device)
{
	(void)device; /* it cannot be: who opened it is not here */
}

static ssize_t write_stdout(struct sf_device *device, const char *lines, size_t length,
			    struct sf_err *err)
{
	const struct stdout_device *self = (const struct stdout_device *)device;
	size_t whole = sf_whole_lines(lines, length, self->chunk) ?: self->chunk;
	ssize_t n = write(device->fd, lines, whole);

	if (n > 0)
		return n;
	if (n == 0 || errno == EINTR || errno == EAGAIN)
		return -EAGAIN;
	/* EIO: a terminal that was hung up. */
	if (errno == EPIPE || errno == ECONNRESET || (errno == EIO && self->terminal))
		return -EPIPE;
	return sf_fail(err, -errno, "cannot write to standard output: %s", strerror(errno));
}

static void close_stdout(struct sf_device *device)
{
	if (device->fd != STDOUT_FILENO)
		sf_close_p(&device->fd);
	free(device);
}

static const struct sf_device_ops device_ops = {"stdout", open_stdout, reopen_stdout, write_stdout,
						close_stdout};

static int open_sink(const void *conf, struct sf_loop *loop, const struct sf_sink_events *events,
		     struct sf_sink **ret, struct sf_err *err)
{
	struct stdout_device *self = sf_new(struct stdout_device);
	struct sf_sink *sink;
	int r;

	(void)conf;
	self->device = (struct sf_device){.ops = &device_ops, .fd = -1};
	sink = sf_writer_new(&self->device, events);
	r = sf_writer_start(sink, loop, err);
	if (r < 0) {
		sf_writer_close(sink);
		return r;
	}
	*ret = sink;
	return 0;
}

const struct sf_sink_ops sf_stdout_ops = {open_sink, sf_writer_put, sf_writer_reopen,
					  sf_writer_close};
