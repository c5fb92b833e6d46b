/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Loads from the unaligned bytes of a part. The caller has checked presence: offset + size within
 * the part's length. The kernel writes in its own byte order; little-endian hosts alone are
 * supported.
 */
#pragma once

#include <string.h>

#include <sockfeed/socket.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "sockfeed runs on little-endian hosts");

static inline uint64_t load(const struct sf_view *view, unsigned part, size_t offset, size_t size)
{
	uint64_t number = 0;

	memcpy(&number, view->part[part] + offset, size);
	return number;
}

#define LOAD_HEADER(view, m)                                          \
	load(view, SF_PART_HEADER, offsetof(struct sf_inet_msg, m),    \
	     sizeof(((struct sf_inet_msg *)0)->m))
#define LOAD_TCP(view, m)                                             \
	load(view, SF_PART_INFO, offsetof(struct sf_tcp_info, m),      \
	     sizeof(((struct sf_tcp_info *)0)->m))
