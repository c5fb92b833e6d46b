/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Captures that hold dumps, one of several namespaces, one that `ss -D` writes; replayed, and what a replay of them
 * should have come to. Include behind <cmocka.h>.
 */
#pragma once

#include "captures.h"

enum { PORT = 0x1234, TCP = 6, UDP = 17, INET = 2, INET6 = 10, TIPC = 30 };

static struct made made;
static struct answers answers;

static inline void begin(bool swapped, uint32_t magic)
{
	made.length = 0;
	made.second = 0;
	made.swapped = swapped;
	made_head(&made, magic, 253);
}

static inline struct answers *answer(uint32_t sequence, uint32_t port)
{
	answers.length = 0;
	answers.sequence = sequence;
	answers.port = port;
	return &answers;
}

/* A whole dump of one family: the request, an answer with these sockets, the end. */
static inline void dump(uint8_t family, uint32_t sequence, uint64_t cookie, unsigned sockets)
{
	struct answers *a = answer(sequence, PORT);

	made_request(&made, family, TCP, sequence);
	for (unsigned i = 0; i < sockets; i++)
		((struct sf_inet_msg *)NLMSG_DATA(add_socket(a, cookie + i)))->family = family;
	made_answers(&made, a);
	add_number(answer(sequence, PORT), NLMSG_DONE, 0);
	made_answers(&made, a);
}

static inline void make_several(void)
{
	begin(false, MICRO);
	made_note(&made, "sockfeed 1 kernel=6.18.44 namespaces=3");
	made_note(&made, "sockfeed 1 netns=7");
	dump(INET, 1, 10, 1);
	made_note(&made, "sockfeed 1 netns=8");
	dump(INET, 2, 20, 2);
	made_note(&made, "sockfeed 1 netns=9");
	dump(INET, 3, 30, 1);
}

static inline void make_ss_dump(void)
{
	struct answers *a = answer(123456, PORT);

	made.length = 0;
	add_socket(a, 1);
	add_socket(a, 2);
	add_number(a, NLMSG_DONE, 0);
	add_socket(a, 3);
	((struct sf_inet_msg *)(void *)(a->bytes + a->length - sizeof(struct sf_inet_msg)))->family = INET6;
	add_number(a, NLMSG_DONE, 0);
	made_add(&made, a->bytes, a->length);
}

static inline struct replayed replay_made(void)
{
	struct replayed r = {0};

	replay(&r, made.bytes, made.length, 0x061200);
	return r;
}

static inline struct replayed replay_place(size_t length, size_t at)
{
	struct replayed r = {.place = at};

	replay(&r, made.bytes, length, 0);
	assert_int_equal(r.opened, 0);
	return r;
}

static inline void check_sockets(const struct replayed *r, unsigned count, const uint64_t *cookies)
{
	assert_int_equal(r->opened, 0);
	assert_int_equal(r->sockets, count);
	for (unsigned i = 0; i < count; i++)
		assert_true(r->cookies[i] == cookies[i]);
	assert_true(r->walk.seen - r->walk.duplicates == count);
}

static inline void check_whole(const struct replayed *r, unsigned count, const uint64_t *cookies)
{
	check_sockets(r, count, cookies);
	if (r->result || r->walk.errors)
		fail_msg("%d: %s", r->result, r->walk.error[0].message);
	assert_false(r->walk.partial);
}

static inline void check_failed(const struct replayed *r, int code, const char *message)
{
	assert_int_equal(r->opened, 0);
	assert_int_equal(r->walk.errors, 1);
	assert_string_equal(r->walk.error[0].message, message);
	assert_int_equal(r->walk.error[0].code, code);
	assert_int_equal(r->result, -code);
	assert_true(r->walk.partial);
}
