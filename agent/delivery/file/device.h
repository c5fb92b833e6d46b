/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a writer writes to: a descriptor and how it is opened, followed and written. All but `open`
 * at the start is called by the writer's thread alone.
 */
#pragma once

#include <limits.h>
#include <sys/types.h>

#include <sockfeed/base.h>

/*
 * A pipe takes so many bytes whole or not at all, so neither a kill nor a stuck reader cuts a line;
 * and after poll(2) has said that there is room it takes them without blocking.
 */
enum { SF_PIPE_CHUNK = PIPE_BUF };

struct sf_device {
	const struct sf_device_ops *ops;
	int fd;		 /* -1: none; the next write opens one, and a begun line begins again */
	bool wait_first; /* a write could block: only after poll(2) has said that there is room */
};

struct sf_device_ops {
	const char *thread;				     /* its name for ps */
	int (*open)(struct sf_device *, struct sf_err *err); /* also anew, after reopen */
	void (*reopen)(struct sf_device *);		     /* closes; the next write opens */
	/*
	 * Writes the first of these whole lines (a line may be begun already, and left begun).
	 * Returns the bytes that are out for good, 1 or more. -EAGAIN: when the descriptor takes
	 * more; -EPIPE: never again; any other -errno with a sentence: try again in a while.
	 */
	ssize_t (*write)(struct sf_device *, const char *lines, size_t length, struct sf_err *err);
	void (*close)(struct sf_device *); /* frees it */
};

/* The whole lines within the first `most` bytes; 0 when there is none. */
size_t sf_whole_lines(const char *lines, size_t length, size_t most);
