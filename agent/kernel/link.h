/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The descriptor to the kernel and the buffer that it is read into.
 */
#pragma once

#include <sys/types.h>

#include "request.h"

struct sf_link {		   /* zero is closed and empty */
	struct mnl_socket *socket; /* NULL: closed */
	uint8_t *buffer;
	size_t capacity;
	uint32_t port;
	const struct sf_tap *tap; /* or NULL */
};

/* Opens it unless it is open. */
int sf_link_open(struct sf_link *, struct sf_err *err);
/* Ends what may be under way: a dump that was not read to its end would make the next one EBUSY. */
void sf_link_close(struct sf_link *);
void sf_link_finish(struct sf_link *);

/* The request and, as its end, the bytecode that its length counts already. */
int sf_link_send(struct sf_link *, const union sf_request *, const void *bytecode, size_t length);
/*
 * One datagram of the kernel: its length; what others sent is passed over. -EMSGSIZE: it was
 * longer than the buffer and is lost, now there is room for such a one. -ETIMEDOUT: nothing came.
 */
ssize_t sf_link_receive(struct sf_link *);
