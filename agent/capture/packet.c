/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The next packet of a file. A pcap file says how long each is; a dump of ss is messages alone, of
 * which those that came together are taken as one packet. No length is believed that does not fit.
 */
#include <byteswap.h>
#include <endian.h>
#include <linux/netlink.h>
#include <string.h>

#include "file.h"
#include "pcap.h"

enum { TOGETHER = 32 << 10 }; /* bytes of messages that are taken as one packet */

static int say_end(const struct sf_file *file, const char *what, struct sf_err *err)
{
	return sf_fail(err, -EBADMSG,
		       "the capture ends at byte %llu, in the middle of the %s that begins at byte "
		       "%llu",
		       (unsigned long long)(file->offset + file->end), what,
		       (unsigned long long)sf_file_place(file));
}

static int say_damage(const struct sf_file *file, const char *what, uint32_t length,
		      struct sf_err *err)
{
	return sf_fail(err, -EBADMSG,
		       "the capture is damaged: at byte %llu a %s is said to have %u bytes",
		       (unsigned long long)sf_file_place(file), what, length);
}

/* What was asked for at `at`: 1, 0 at the end of the file, or what cannot be read in words. */
static int need(struct sf_file *file, size_t size, const char *what, struct sf_err *err)
{
	int r = sf_file_need(file, size);

	if (r > 0 || (r == 0 && file->at == file->end))
		return r;
	if (r == 0)
		return say_end(file, what, err);
	return sf_fail(err, r, "the capture cannot be read at byte %llu: %s",
		       (unsigned long long)sf_file_place(file), strerror(-r));
}

/* ---- pcap ---- */

static uint32_t told(const struct sf_file *file, uint32_t number)
{
	return file->swapped ? bswap_32(number) : number;
}

/* Moved over the end of the heads before it, which have been read. */
static const uint8_t *align(uint8_t *bytes, size_t length)
{
	size_t beyond = (uintptr_t)bytes % NLMSG_ALIGNTO;

	return beyond ? memmove(bytes - beyond, bytes, length) : bytes;
}

static int next_packet(struct sf_file *file, struct sf_packet *packet, struct sf_err *err)
{
	struct sf_pcap_packet head;
	struct sf_cooked cooked;
	const size_t heads = sizeof(head) + sizeof(cooked);
	uint32_t length, whole, fraction;
	int r = need(file, sizeof(head), "packet", err);

	if (r <= 0)
		return r;
	memcpy(&head, file->buffer + file->at, sizeof(head));
	length = told(file, head.length);
	whole = told(file, head.whole);
	fraction = told(file, head.fraction);
	if (length < sizeof(cooked) || length > SF_PCAP_MOST)
		return say_damage(file, "packet", length, err);
	r = need(file, sizeof(head) + length, "packet", err);
	if (r <= 0)
		return r;
	memcpy(&cooked, file->buffer + file->at + sizeof(head), sizeof(cooked));
	length -= (uint32_t)sizeof(cooked);
	*packet = (struct sf_packet){
		.bytes = align(file->buffer + file->at + heads, length),
		.length = length,
		.cut = whole > length + sizeof(cooked),
		.family = be16toh(cooked.family),
		.wall_us = told(file, head.seconds) * 1000000ull +
			   (file->nanoseconds ? fraction / 1000 : fraction),
		.offset = sf_file_place(file) + heads,
	};
	file->at += heads + length;
	return 1;
}

/* ---- a dump ---- */

/* Is there a whole message, with its padding, that begins so far behind `at`? */
static bool has_message(const struct sf_file *file, size_t behind, struct nlmsghdr *message)
{
	size_t left = file->end - file->at - behind;

	if (left < sizeof(*message))
		return false;
	memcpy(message, file->buffer + file->at + behind, sizeof(*message));
	return message->nlmsg_len >= sizeof(*message) && message->nlmsg_len <= left &&
	       NLMSG_ALIGN(message->nlmsg_len) <= left;
}

static bool ends_dump(const struct nlmsghdr *message)
{
	return message->nlmsg_type == NLMSG_DONE || message->nlmsg_type == NLMSG_ERROR;
}

static int next_messages(struct sf_file *file, struct sf_packet *packet, struct sf_err *err)
{
	struct nlmsghdr first, last;
	size_t length;
	int r = need(file, sizeof(first), "message", err);

	if (r <= 0)
		return r;
	memcpy(&first, file->buffer + file->at, sizeof(first));
	if (first.nlmsg_len < sizeof(first) || first.nlmsg_len > SF_PCAP_MOST)
		return say_damage(file, "message", first.nlmsg_len, err);
	r = need(file, first.nlmsg_len, "message", err);
	if (r <= 0)
		return r;
	length = NLMSG_ALIGN(first.nlmsg_len);
	if (sf_file_need(file, length) == 0) /* the last one's padding may be missing */
		length = first.nlmsg_len;
	last = first;
	while (!ends_dump(&last) && length < TOGETHER && has_message(file, length, &last) &&
	       last.nlmsg_pid == first.nlmsg_pid && last.nlmsg_seq == first.nlmsg_seq)
		length += NLMSG_ALIGN(last.nlmsg_len);
	*packet = (struct sf_packet){.bytes = file->buffer + file->at,
				     .length = length,
				     .family = NETLINK_SOCK_DIAG,
				     .wall_us = file->changed_us,
				     .offset = sf_file_place(file)};
	file->at += length;
	return 1;
}

int sf_file_next(struct sf_file *file, struct sf_packet *packet, struct sf_err *err)
{
	switch (file->form) {
	case SF_READ_PCAP:
		return next_packet(file, packet, err);
	case SF_READ_DUMP:
		return next_messages(file, packet, err);
	}
	return 0;
}
