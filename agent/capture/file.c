/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file as a stream of bytes through one buffer, and what form its first bytes have. Of what is
 * none of ours the sentence says how to make one that is.
 */
#include <byteswap.h>
#include <fcntl.h>
#include <linux/inet_diag.h>
#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "file.h"
#include "pcap.h"

/* A packet and what precedes it fit in; memory that no packet needs is never touched. */
enum { CAPACITY = SF_PCAP_MOST + (64 << 10), CHUNK = 128 << 10 };

static int read_more(struct sf_file *file, size_t size)
{
	size_t most = size > CHUNK ? size : CHUNK;
	ssize_t n;

	if (file->at + most > CAPACITY || file->at == file->end) {
		memmove(file->buffer, file->buffer + file->at, file->end - file->at);
		file->offset += file->at;
		file->end -= file->at;
		file->at = 0;
	}
	do {
		n = pread(file->fd, file->buffer + file->end, file->at + most - file->end,
			  (off_t)(file->offset + file->end));
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	file->end += (size_t)n;
	return n > 0;
}

int sf_file_need(struct sf_file *file, size_t size)
{
	while (file->end - file->at < size) {
		int r = read_more(file, size);

		if (r <= 0)
			return r;
	}
	return 1;
}

/* ---- its form ---- */

static bool is_magic(uint32_t magic, struct sf_file *file)
{
	file->nanoseconds = magic == SF_PCAP_NANO;
	return magic == SF_PCAP_NANO || magic == SF_PCAP_MICRO;
}

static int find_link(struct sf_file *file, const char *path, struct sf_err *err)
{
	struct sf_pcap_head head;
	uint32_t link;

	if (file->end < sizeof(head))
		return sf_fail(err, -EBADMSG, "%s ends at byte %zu, in the middle of its head",
			       path, file->end);
	memcpy(&head, file->buffer, sizeof(head));
	link = (file->swapped ? bswap_32(head.link) : head.link) & 0xffff;
	if (link == SF_PCAP_NETLINK)
		return 0;
	return sf_fail(err, -EPROTO,
		       "%s has packets of link type %u, not %u (netlink): capture what an nlmon "
		       "interface shows (ip link add nlmon0 type nlmon; ip link set nlmon0 up; "
		       "tcpdump -i nlmon0 -w FILE), or by `sockfeed capture`",
		       path, link, SF_PCAP_NETLINK);
}

static bool is_answer(uint32_t length, uint16_t type)
{
	return length >= sizeof(struct nlmsghdr) && length <= SF_PCAP_MOST &&
	       (type == TCPDIAG_GETSOCK || type == SOCK_DIAG_BY_FAMILY || type == NLMSG_DONE ||
		type == NLMSG_ERROR);
}

/* What ss writes has no head: it begins with an answer. */
static int find_answer(struct sf_file *file, const char *path, struct sf_err *err)
{
	struct nlmsghdr first;

	memcpy(&first, file->buffer, sizeof(first));
	file->form = SF_READ_DUMP;
	if (is_answer(first.nlmsg_len, first.nlmsg_type))
		return 0;
	if (is_answer(bswap_32(first.nlmsg_len), bswap_16(first.nlmsg_type)))
		return sf_fail(err, -EPROTO, "%s " SF_OTHER_ORDER, path);
	return sf_fail(err, -EPROTO,
		       "%s is no capture: neither a pcap file nor what `ss -D` writes", path);
}

static int find_form(struct sf_file *file, const char *path, struct sf_err *err)
{
	uint32_t magic;

	if (file->end == 0)
		return sf_fail(err, -ENODATA, "%s is empty", path);
	if (file->end < sizeof(struct nlmsghdr))
		return sf_fail(err, -EBADMSG, "%s ends at byte %zu, before it says what it is",
			       path, file->end);
	memcpy(&magic, file->buffer, sizeof(magic));
	file->form = SF_READ_PCAP;
	if (magic == SF_PCAP_NG)
		return sf_fail(err, -EPROTO,
			       "%s is a pcapng file: make a pcap file of it by `editcap -F pcap %s "
			       "FILE`, or let tcpdump write it",
			       path, path);
	if (is_magic(magic, file))
		return find_link(file, path, err);
	file->swapped = is_magic(bswap_32(magic), file);
	if (file->swapped)
		return find_link(file, path, err);
	return find_answer(file, path, err);
}

int sf_file_open(struct sf_file *file, const char *path, struct sf_err *err)
{
	struct stat st;
	int r;

	*file = (struct sf_file){.fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
	if (file->fd < 0 || fstat(file->fd, &st) < 0) {
		r = -errno;
		sf_close_p(&file->fd);
		return sf_fail(err, r, "%s: %s", path, strerror(-r));
	}
	if (!S_ISREG(st.st_mode)) {
		sf_close_p(&file->fd);
		return sf_fail(err, -ESPIPE, "%s is no file that can be read twice", path);
	}
	file->buffer = sf_secret_alloc(CAPACITY);
	file->changed_us =
		(uint64_t)st.st_mtim.tv_sec * 1000000 + (uint64_t)st.st_mtim.tv_nsec / 1000;
	r = sf_file_need(file, sizeof(struct sf_pcap_head));
	r = r < 0 ? sf_fail(err, r, "%s: %s", path, strerror(-r)) : find_form(file, path, err);
	if (r < 0)
		sf_file_finish(file);
	else
		sf_file_seek(file, 0);
	return r;
}

void sf_file_finish(struct sf_file *file)
{
	sf_close_p(&file->fd);
	sf_secret_free(sf_take(file->buffer), CAPACITY);
}

void sf_file_seek(struct sf_file *file, uint64_t offset)
{
	file->at = file->end = 0;
	file->offset = offset			    ? offset
		       : file->form == SF_READ_PCAP ? sizeof(struct sf_pcap_head)
						    : 0;
}
