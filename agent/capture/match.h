/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which answers belong to which request, and so to which table.
 */
#pragma once

#include <linux/netlink.h>

#include <sockfeed/kernel.h>

enum { SF_V4 = 1, SF_V6 = 2, SF_NO_IP = 4 }; /* bits of families */

struct sf_request_seen {
	uint64_t number; /* in the order of the file, from 1; 0: the place is free */
	uint32_t sequence, port;
	int table; /* below 0: none of ours */
	uint16_t type;
	uint8_t family, families;
	bool dump;	      /* NLMSG_DONE ends it; else its first answer does */
	bool answered, ended; /* answered: the port is known */
};

enum { SF_REQUESTS = 64 };

struct sf_matches { /* zero: nothing was seen */
	uint64_t requests;
	struct sf_request_seen request[SF_REQUESTS];
};

/* Reads a request, whose whole head is there. NULL: it asks for no socket. */
struct sf_request_seen *sf_match_request(struct sf_matches *, const void *message, size_t length);
/* Whose answer it is, by the first message of a datagram; NULL: its request was not seen. */
struct sf_request_seen *sf_match_answer(struct sf_matches *, const void *message, size_t length);
/* An answer in a file that has no requests, all of whose answers are of this table. */
struct sf_request_seen *sf_match_assume(struct sf_matches *, const void *message,
					enum sf_table table);
