/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The text of our own packet: whose sockets a capture shows.
 */
#pragma once

#include <sockfeed/host.h>

struct sf_note { /* empty, 0: not known */
	struct sf_host host;
	uint32_t netns;	     /* of what follows */
	uint32_t namespaces; /* so many are to follow, each behind a note of its own; 0: one */
};

void sf_note_write(const struct sf_note *, struct sf_buf *);
/*
 * 0; -ENOENT: it is no note of ours; -EPROTO with a sentence: one of a form that we do not know.
 * Words that are not known, or whose value cannot be, are passed over.
 */
int sf_note_read(struct sf_note *, const char *text, size_t length, struct sf_err *err);
