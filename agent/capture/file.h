/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A capture that is read: bytes of a file, and the packets that they are.
 */
#pragma once

#include <sys/types.h>

#include <sockfeed/base.h>

enum sf_form_read { SF_READ_PCAP, SF_READ_DUMP };

struct sf_file {
	int fd;
	uint8_t *buffer; /* in no core: others may have captured keys */
	size_t at, end;	 /* in it: what comes next, what was read */
	uint64_t offset; /* in the file: of the buffer */
	enum sf_form_read form;
	bool swapped, nanoseconds; /* the heads of a pcap file */
	uint64_t changed_us;	   /* wall: the file was, last */
};

struct sf_packet {
	const uint8_t *bytes; /* netlink messages; 4 divides the address; good until the next one */
	size_t length;
	bool cut;	  /* there were more bytes than were captured */
	uint16_t family;  /* NETLINK_* */
	uint64_t wall_us; /* when it was captured */
	uint64_t offset;  /* in the file: of the bytes */
};

/* Of messages that cannot be read here, behind what they are. */
#define SF_OTHER_ORDER                                                                            \
	"has netlink messages in the byte order of another kind of machine: replay it on one of " \
	"that kind"

/* Opens it and finds out its form. On failure nothing is open. */
int sf_file_open(struct sf_file *, const char *path, struct sf_err *err);
void sf_file_finish(struct sf_file *);
/* The next packet is that of this place; 0: the first one. */
void sf_file_seek(struct sf_file *, uint64_t offset);
/* 1: a packet; 0: the end; -errno with a sentence: there is no further one. */
int sf_file_next(struct sf_file *, struct sf_packet *packet, struct sf_err *err);

/* 1: so many bytes stand at buffer + at; 0: the file ends before them; -errno. */
int sf_file_need(struct sf_file *, size_t size);
static inline uint64_t sf_file_place(const struct sf_file *file)
{
	return file->offset + file->at;
}
