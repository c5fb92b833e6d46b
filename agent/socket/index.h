/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For the files that index answers: attributes one after another, and where a part is put. Bytes
 * that nobody has checked.
 */
#pragma once

#include "socket/load.h"

#define ALIGNED(length) (((length) + 3u) & ~3u) /* NLA_ALIGN, linux/netlink.h */
#define NEST_BITS	0x3fffu			/* NLA_TYPE_MASK, linux/netlink.h */

struct attribute { /* struct nlattr, linux/netlink.h: both with its own 4 bytes */
	uint16_t length, type;
};

/* The next attribute of [*at, end): its payload, or NULL at the end; *bad when one does not fit. */
static inline const uint8_t *next(const uint8_t **at, const uint8_t *end, struct attribute *a,
				  bool *bad)
{
	const uint8_t *payload = *at + sizeof(*a);
	size_t left = (size_t)(end - *at);

	if (left < sizeof(*a)) {
		*bad = left != 0;
		return NULL;
	}
	memcpy(a, *at, sizeof(*a));
	if (a->length < sizeof(*a) || a->length > left) {
		*bad = true;
		return NULL;
	}
	*at = ALIGNED(a->length) > left ? end : *at + ALIGNED(a->length);
	a->type &= NEST_BITS;
	a->length -= sizeof(*a);
	return payload;
}

static inline void put(struct sf_view *view, unsigned part, const uint8_t *bytes, size_t length)
{
	view->part[part] = bytes;
	view->length[part] = (uint16_t)length;
}

/* shapes.c: an answer of a table that is not of inet_diag; 0 or -EBADMSG. */
int sf_index_shape(struct sf_view *, enum sf_shape, const uint8_t *at, const uint8_t *end);
int sf_index_tipc(struct sf_view *, const uint8_t *at, const uint8_t *end);
