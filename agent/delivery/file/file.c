/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file: appended to by whole lines, rotated by size, opened anew when somebody moved it away, on
 * SIGHUP, and after an error. A full disk leaves no half of a line behind.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "tail.h"
#include "writer.h"

struct file_device {
	struct sf_device device;
	struct sf_file_conf conf;
	struct sf_archive *archive;			  /* NULL: not compressed */
	bool regular;					  /* not a FIFO or a device */
	uint64_t size;					  /* of the file, when we looked last */
	uint64_t rotate_at;				  /* bytes; 0: never */
	char trouble[sizeof(((struct sf_err *)0)->text)]; /* of rotation, said last */
	struct sf_voice *voice;
};

#define AT(member) offsetof(struct sf_file_conf, member)
static const struct sf_key rotate_keys[] = {
	{.name = "size",
	 .kind = SF_KIND_SIZE,
	 .offset = AT(size),
	 .standard = "100MiB",
	 .help = "a file that would be larger is rotated; 0B: never"},
	{.name = "keep",
	 .kind = SF_KIND_NUMBER,
	 .offset = AT(keep),
	 .standard = "5",
	 .most = 10000,
	 .help = "files of the past that stay, as PATH.1, PATH.2, ..."},
	{.name = "compress",
	 .kind = SF_KIND_BOOL,
	 .offset = AT(compress),
	 .standard = "false",
	 .help = "files of the past are compressed by gzip, as PATH.1.gz"},
	{0},
};
const struct sf_key sf_file_keys[] = {
	{.name = "path",
	 .kind = SF_KIND_TEXT,
	 .offset = AT(path),
	 .help = "where the file lies (relative: to where the agent is started); its "
		 "directory must exist"},
	{.name = "rotate",
	 .kind = SF_KIND_SECTION,
	 .standard = "",
	 .section = rotate_keys,
	 .help = "when a new file is begun"},
	{0},
};

/* ---- open, and open anew ---- */

static int open_file(struct sf_device *device, struct sf_err *err)
{
	struct file_device *self = (struct file_device *)device;
	const char *path = self->conf.path;
	sf_cleanup(sf_close_p) int fd =
		open(path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0640);
	struct stat st;
	int r = 0;

	if (fd < 0 || fstat(fd, &st) < 0)
		return sf_fail(err, -errno, "cannot open %s: %s", path,
			       errno == ENOENT ? "its directory does not exist" : strerror(errno));
	self->regular = S_ISREG(st.st_mode);
	self->size = (uint64_t)st.st_size;
	self->rotate_at = self->conf.size;
	if (self->regular)
		r = sf_mend_tail(path, fd, &self->size, err);
	if (r < 0)
		return r;
	device->fd = fd;
	fd = -1; /* the device's now */
	return 0;
}

static void reopen_file(struct sf_device *device)
{
	struct sf_err ignored; /* the next write says it */

	sf_close_p(&device->fd);
	open_file(device, &ignored);
}

/* Somebody may have moved, removed or cut the file since the last write. */
static int follow(struct file_device *self, struct sf_err *err)
{
	struct stat ours, named;

	if (self->device.fd >= 0 && !self->regular)
		return 0;
	if (self->device.fd >= 0 && fstat(self->device.fd, &ours) == 0 &&
	    stat(self->conf.path, &named) == 0 && ours.st_ino == named.st_ino &&
	    ours.st_dev == named.st_dev) {
		self->size = (uint64_t)ours.st_size;
		return 0;
	}
	sf_close_p(&self->device.fd);
	return open_file(&self->device, err);
}

/* ---- rotate ---- */

static void say_once(struct file_device *self, const char *sentence)
{
	if (strcmp(self->trouble, sentence))
		sf_voice_say(self->voice, SF_LOG_WARN, "%s", sentence);
	snprintf(self->trouble, sizeof(self->trouble), "%s", sentence);
}

/* What cannot be rotated, and what is still compressed, grows on. */
static int rotate(struct file_device *self, struct sf_err *err)
{
	struct sf_err why;

	if (self->archive && sf_archive_is_busy(self->archive))
		return 0;
	if (sf_rotate(self->conf.path, self->conf.keep, &why) < 0) {
		say_once(self, why.text);
		self->rotate_at = self->size + self->conf.size;
		return 0;
	}
	self->trouble[0] = '\0';
	if (self->archive && self->conf.keep)
		sf_archive_start(self->archive);
	sf_close_p(&self->device.fd);
	return open_file(&self->device, err);
}

/* How many of these bytes still belong into this file; 0: it is full. */
static size_t fits(const struct file_device *self, const char *lines, size_t length)
{
	size_t first = (size_t)((const char *)memchr(lines, '\n', length) - lines) + 1;
	uint64_t room = self->rotate_at > self->size ? self->rotate_at - self->size : 0;

	if (!self->rotate_at)
		return length;
	if (first > room)
		return self->size ? 0 : first; /* a line longer than a file has one of its own */
	return sf_whole_lines(lines, length, room);
}

/* ---- write ---- */

/* All, or the whole lines before the error; never a part of a line. */
static ssize_t write_lines(struct file_device *self, const char *lines, size_t length,
			   struct sf_err *err)
{
	size_t done = 0, whole;
	int code = 0;

	while (done < length && !code) {
		ssize_t n = write(self->device.fd, lines + done, length - done);

		if (n >= 0)
			done += (size_t)n;
		else if (errno != EINTR)
			code = errno;
	}
	if (!code)
		return (ssize_t)length;
	if (!self->regular && done)
		return (ssize_t)done; /* a FIFO keeps what it took */
	whole = done ? sf_whole_lines(lines, length, done) : 0;
	if (whole < done && !sf_cut_tail(self->device.fd, self->size + done, self->size + whole))
		sf_close_p(&self->device.fd); /* opening it anew mends its end */
	if (whole)
		return (ssize_t)whole;
	if (code == EAGAIN)
		return -EAGAIN;
	sf_close_p(&self->device.fd); /* opened anew at the next try */
	return sf_fail(err, code == EPIPE ? -EIO : -code, "cannot write %s: %s", self->conf.path,
		       strerror(code));
}

static size_t pipe_chunk(const char *lines, size_t length)
{
	return sf_whole_lines(lines, length, SF_PIPE_CHUNK) ?: SF_PIPE_CHUNK;
}

static ssize_t write_file(struct sf_device *device, const char *lines, size_t length,
			  struct sf_err *err)
{
	struct file_device *self = (struct file_device *)device;
	int r = follow(self, err);
	size_t chunk;

	if (r < 0)
		return r;
	if (!self->regular)
		return write_lines(self, lines, pipe_chunk(lines, length), err);
	chunk = fits(self, lines, length);
	if (!chunk) {
		r = rotate(self, err);
		if (r < 0)
			return r;
		chunk = fits(self, lines, length) ?: length;
	}
	return write_lines(self, lines, chunk, err);
}

static void close_file(struct sf_device *device)
{
	struct file_device *self = (struct file_device *)device;

	sf_archive_free(self->archive);
	sf_close_p(&device->fd);
	free(self);
}

static const struct sf_device_ops device_ops = {"file", open_file, reopen_file, write_file,
						close_file};

static int open_sink(const void *conf, struct sf_loop *loop, const struct sf_sink_events *events,
		     struct sf_sink **ret, struct sf_err *err)
{
	struct file_device *self = sf_new(struct file_device);
	struct sf_sink *sink;
	int r = 0;

	self->device = (struct sf_device){.ops = &device_ops, .fd = -1};
	self->conf = *(const struct sf_file_conf *)conf;
	sink = sf_writer_new(&self->device, events);
	self->voice = sf_writer_voice(sink);
	if (self->conf.compress)
		r = sf_archive_new(self->conf.path, self->voice, &self->archive, err);
	if (r == 0)
		r = sf_writer_start(sink, loop, err);
	if (r < 0) {
		sf_writer_close(sink);
		return r;
	}
	*ret = sink;
	return 0;
}

const struct sf_sink_ops sf_file_ops = {open_sink, sf_writer_put, sf_writer_reopen,
					sf_writer_close};
