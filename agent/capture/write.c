/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A walker's tap becomes a pcap file. Its packets go through one buffer; the first write that fails
 * ends the writing and is told at the end. The file gets its name when it is whole: nobody who
 * looks for it sees half of it, and an older one with other rights is replaced, not filled.
 */
#include <endian.h>
#include <fcntl.h>
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sockfeed/capture.h>

#include "note.h"
#include "pcap.h"

enum { BUFFER = 128 << 10 };

struct sf_capture {
	int fd, code; /* code: what the first write failed with */
	char *path;
	char *unnamed; /* the file until it has its name; NULL: there is none to be named */
	struct sf_tap tap;
	struct sf_note note; /* what the next one says */
	size_t length;
	uint8_t buffer[BUFFER];
};

static void flush(struct sf_capture *capture)
{
	const uint8_t *at = capture->buffer, *end = at + capture->length;

	while (at < end && capture->code == 0) {
		ssize_t n = write(capture->fd, at, (size_t)(end - at));

		if (n >= 0)
			at += n;
		else if (errno != EINTR)
			capture->code = -errno;
	}
	capture->length = 0;
}

static void put(struct sf_capture *capture, const void *bytes, size_t length)
{
	while (length) {
		size_t room = BUFFER - capture->length, most = length < room ? length : room;

		memcpy(capture->buffer + capture->length, bytes, most);
		capture->length += most;
		bytes = (const uint8_t *)bytes + most;
		length -= most;
		if (capture->length == BUFFER)
			flush(capture);
	}
}

/* A packet of two parts; one that no reader would take is cut, which its head says. */
static void put_packet(struct sf_capture *capture, uint16_t family, const void *first,
		       size_t length, const void *second, size_t more)
{
	const struct sf_cooked cooked = {.way = htobe16(SF_COOKED_OUTGOING),
					 .hardware = htobe16(SF_COOKED_NETLINK),
					 .family = htobe16(family)};
	const size_t most = SF_PCAP_MOST - sizeof(cooked);
	uint64_t now = sf_clock_wall();
	size_t taken = length < most ? length : most,
	       rest = more < most - taken ? more : most - taken;
	const struct sf_pcap_packet head = {
		.seconds = (uint32_t)(now / 1000000),
		.fraction = (uint32_t)(now % 1000000),
		.length = (uint32_t)(sizeof(cooked) + taken + rest),
		.whole = (uint32_t)(sizeof(cooked) + length + more),
	};

	if (capture->code)
		return;
	put(capture, &head, sizeof(head));
	put(capture, &cooked, sizeof(cooked));
	put(capture, first, taken);
	put(capture, second, rest);
}

static void on_sent(void *arg, const void *request, size_t length, const void *bytecode,
		    size_t bytecode_length)
{
	put_packet(arg, NETLINK_SOCK_DIAG, request, length, bytecode, bytecode_length);
}

static void on_received(void *arg, const void *bytes, size_t length)
{
	put_packet(arg, NETLINK_SOCK_DIAG, bytes, length, NULL, 0);
}

static void put_note(struct sf_capture *capture, const struct sf_note *note)
{
	static const char padding[NLMSG_ALIGNTO];
	sf_cleanup(sf_buf_finish) struct sf_buf text = {0};
	struct nlmsghdr message = {.nlmsg_type = NLMSG_NOOP};

	sf_note_write(note, &text);
	message.nlmsg_len = NLMSG_LENGTH(text.length);
	sf_buf_add(&text, padding, NLMSG_ALIGN(text.length) - text.length);
	put_packet(capture, NETLINK_USERSOCK, &message, sizeof(message), text.data, text.length);
}

static void put_head(struct sf_capture *capture)
{
	const struct sf_pcap_head head = {.magic = SF_PCAP_MICRO,
					  .major = 2,
					  .minor = 4,
					  .most = SF_PCAP_MOST,
					  .link = SF_PCAP_NETLINK};

	put(capture, &head, sizeof(head));
}

/* Of one namespace the first note says which it is. */
void sf_capture_netns(struct sf_capture *capture, uint32_t netns)
{
	capture->note.netns = netns;
	put_note(capture, &capture->note);
	capture->note = (struct sf_note){0};
}

/* /dev/stdout that leads to a file: what else stands in it is not ours. -1: none of these. */
static int standard_stream(const struct stat *st)
{
	struct stat own;

	for (int fd = STDOUT_FILENO; fd <= STDERR_FILENO; fd++)
		if (fstat(fd, &own) == 0 && own.st_dev == st->st_dev && own.st_ino == st->st_ino)
			return fd;
	return -1;
}

static int open_there(const char *path, const struct stat *st)
{
	return S_ISREG(st->st_mode) ? fcntl(standard_stream(st), F_DUPFD_CLOEXEC, 0)
				    : open(path, O_WRONLY | O_CLOEXEC);
}

/* What a link leads to is replaced, not the link. NULL: nothing is there. */
static char *find_place(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISLNK(st.st_mode) ? realpath(path, NULL)
							    : sf_strdup(path);
}

static int open_file(struct sf_capture *capture, const char *path)
{
	struct sf_buf name = {0};
	struct stat st;

	if (stat(path, &st) == 0 && (!S_ISREG(st.st_mode) || standard_stream(&st) >= 0)) {
		capture->path = sf_strdup(path);
		capture->fd = open_there(path, &st);
		return capture->fd < 0 ? -errno : 0;
	}
	capture->path = find_place(path);
	if (!capture->path)
		return -errno;
	sf_buf_format(&name, "%s.XXXXXX", capture->path);
	capture->unnamed = sf_buf_take(&name);
	capture->fd = mkostemp(capture->unnamed, O_CLOEXEC); /* 0600 */
	if (capture->fd >= 0)
		return 0;
	free(sf_take(capture->unnamed));
	return -errno;
}

int sf_capture_new(const char *path, const struct sf_host *host, size_t namespaces,
		   struct sf_capture **ret, struct sf_err *err)
{
	struct sf_capture *capture = sf_new(struct sf_capture);
	int r = open_file(capture, path);

	if (r < 0) {
		free(capture->path);
		free(capture);
		return sf_fail(err, r, "%s cannot be written: %s", path, strerror(-r));
	}
	capture->tap = (struct sf_tap){on_sent, on_received, capture};
	capture->note.host = *host;
	put_head(capture);
	if (namespaces > 1) {
		capture->note.namespaces = (uint32_t)namespaces;
		put_note(capture, &capture->note);
		capture->note = (struct sf_note){0};
	}
	*ret = capture;
	return 0;
}

const struct sf_tap *sf_capture_tap(struct sf_capture *capture)
{
	return &capture->tap;
}

int sf_capture_failed(const struct sf_capture *capture)
{
	return capture->code;
}

int sf_capture_end(struct sf_capture *capture, struct sf_err *err)
{
	int r;

	flush(capture);
	r = capture->code;
	if (close(capture->fd) < 0 && r == 0) /* where quotas and NFS tell of what was written */
		r = -errno;
	capture->fd = -1;
	if (r == 0 && capture->unnamed) {
		if (rename(capture->unnamed, capture->path) < 0)
			r = -errno;
		else
			free(sf_take(capture->unnamed));
	}
	if (r < 0)
		return sf_fail(err, r, "%s cannot be written: %s", capture->path, strerror(-r));
	return 0;
}

void sf_capture_free(struct sf_capture *capture)
{
	if (!capture)
		return;
	sf_close_p(&capture->fd);
	if (capture->unnamed)
		unlink(capture->unnamed);
	free(capture->unnamed);
	free(capture->path);
	free(capture);
}

void sf_capture_free_p(struct sf_capture **capture)
{
	sf_capture_free(*capture);
}
