/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers of inet_diag made by hand, attribute by attribute, and numbers by chance that are the same in each run.
 * No length is checked here: what a test puts in must fit.
 */
#pragma once

#include <stdint.h>
#include <string.h>

#include <sockfeed/wire.h>

struct reply { /* the payload behind nlmsghdr */
	_Alignas(8) uint8_t bytes[4096];
	size_t length;
};

static inline struct sf_inet_msg *reply_header(struct reply *reply)
{
	return (struct sf_inet_msg *)(void *)reply->bytes;
}

static inline void reply_begin(struct reply *reply, uint8_t family, uint8_t state)
{
	memset(reply->bytes, 0, sizeof(struct sf_inet_msg));
	reply->length = sizeof(struct sf_inet_msg);
	reply_header(reply)->family = family;
	reply_header(reply)->state = state;
}

static inline void reply_add(struct reply *reply, unsigned type, const void *payload, size_t length)
{
	const uint16_t head[2] = {(uint16_t)(length + 4), (uint16_t)type};

	memcpy(reply->bytes + reply->length, head, sizeof(head));
	if (length)
		memcpy(reply->bytes + reply->length + 4, payload, length);
	reply->length += (4 + length + 3) & ~(size_t)3;
}

/* A nest: what is added between the two is inside. Returns where it begins, for its end. */
static inline size_t reply_open(struct reply *reply, unsigned type)
{
	size_t start = reply->length;

	reply_add(reply, type, NULL, 0);
	return start;
}

static inline void reply_close(struct reply *reply, size_t start)
{
	const uint16_t length = (uint16_t)(reply->length - start);

	memcpy(reply->bytes + start, &length, sizeof(length));
}

/* xorshift64 (Marsaglia 2003); `*seed` is never 0. */
static inline uint64_t draw(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	return *seed ^= *seed << 17;
}

/* Below `most`: any number of digits is as likely as any other. */
static inline uint64_t draw_varied(uint64_t *seed, uint64_t most)
{
	uint64_t bound = 10;

	for (uint64_t digits = draw(seed) % 20; digits && bound < most / 10; digits--)
		bound *= 10;
	return draw(seed) % (bound < most ? bound : most);
}

static inline void draw_bytes(uint64_t *seed, void *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++)
		((uint8_t *)bytes)[i] = (uint8_t)(draw(seed) >> 32);
}
