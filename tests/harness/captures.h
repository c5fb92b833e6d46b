/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Captures made by hand, byte by byte and not by what writes them in the program, and replayed from memory.
 */
#pragma once

#include <linux/inet_diag.h>
#include <sys/mman.h>
#include <unistd.h>

#include <sockfeed/capture.h>
#include <sockfeed/netns.h>

#include "answers.h"

enum { MICRO = 0xa1b2c3d4, NANO = 0xa1b23c4d, SOCK_DIAG = 4, USERSOCK = 2 };

struct made {
	uint8_t bytes[1 << 18];
	size_t length;
	bool swapped; /* the heads of the file and of packets */
	uint32_t second;
};

static inline void made_add(struct made *m, const void *bytes, size_t length)
{
	memcpy(m->bytes + m->length, bytes, length);
	m->length += length;
}

static inline void made_number(struct made *m, uint32_t number)
{
	if (m->swapped)
		number = __builtin_bswap32(number);
	made_add(m, &number, sizeof(number));
}

static inline void made_head(struct made *m, uint32_t magic, uint32_t link)
{
	const uint16_t version[] = {m->swapped ? 0x0200 : 2, m->swapped ? 0x0400 : 4};

	made_number(m, magic);
	made_add(m, version, sizeof(version));
	made_number(m, 0);
	made_number(m, 0);
	made_number(m, 262144);
	made_number(m, link);
}

/* The n-th packet is of the n-th second, and 250 ms if it is counted in us. */
static inline void made_packet_of(struct made *m, uint8_t family, const void *bytes, size_t length, size_t whole)
{
	const uint8_t cooked[16] = {0, 4, 3, 56, [15] = family}; /* 824 */

	made_number(m, ++m->second);
	made_number(m, 250000);
	made_number(m, (uint32_t)(sizeof(cooked) + length));
	made_number(m, (uint32_t)(sizeof(cooked) + whole));
	made_add(m, cooked, sizeof(cooked));
	made_add(m, bytes, length);
}

static inline void made_packet(struct made *m, uint8_t family, const void *bytes, size_t length)
{
	made_packet_of(m, family, bytes, length, length);
}

static inline void made_answers(struct made *m, const struct answers *a)
{
	made_packet(m, SOCK_DIAG, a->bytes, a->length);
}

/* As ss and we ask: port id 0. */
static inline void made_request(struct made *m, uint8_t family, uint8_t protocol, uint32_t sequence)
{
	struct {
		struct nlmsghdr header;
		struct inet_diag_req_v2 request;
	} bytes = {{sizeof(bytes), ANSWER, NLM_F_REQUEST | NLM_F_DUMP, sequence, 0},
		   {.sdiag_family = family, .sdiag_protocol = protocol}};

	made_packet(m, SOCK_DIAG, &bytes, sizeof(bytes));
}

static inline void made_legacy(struct made *m, uint32_t sequence)
{
	struct {
		struct nlmsghdr header;
		struct inet_diag_req request;
	} bytes = {{sizeof(bytes), LEGACY_ANSWER, NLM_F_REQUEST | NLM_F_DUMP, sequence, 0}, {.idiag_family = 2}};

	made_packet(m, SOCK_DIAG, &bytes, sizeof(bytes));
}

static inline void made_note(struct made *m, const char *text)
{
	_Alignas(4) uint8_t bytes[1024] = {0};
	struct nlmsghdr header = {.nlmsg_len = (uint32_t)(sizeof(header) + strlen(text)), .nlmsg_type = NLMSG_NOOP};

	memcpy(bytes, &header, sizeof(header));
	memcpy(bytes + sizeof(header), text, strlen(text));
	made_packet(m, USERSOCK, bytes, NLMSG_ALIGN(header.nlmsg_len));
}

/* ---- replay ---- */

struct replayed {
	int opened; /* sf_replay_new */
	int result; /* of the walk */
	struct sf_walk walk;
	struct sf_host host;
	uint32_t netns;
	unsigned sockets;
	uint64_t cookies[64];
	uint64_t wall_us; /* of the last receive */
	uint32_t release; /* in the last view */
	struct sf_err err;
	int stop_with;
	enum sf_table table;  /* to walk: TCP */
	size_t place, places; /* which namespace to walk, of how many */
	void (*look)(const struct sf_view *); /* at each socket, or NULL */
};

static inline int replayed_receive(void *arg, uint64_t wall_us)
{
	struct replayed *r = arg;

	r->wall_us = wall_us;
	return r->stop_with;
}

static inline void replayed_socket(void *arg, const struct sf_view *view)
{
	struct replayed *r = arg;

	if (r->sockets < SF_COUNT(r->cookies))
		r->cookies[r->sockets] = sf_view_cookie(view);
	r->sockets++;
	r->release = view->release;
	if (r->look)
		r->look(view);
}

/* A file of these bytes that has no name: its path, good until the next one. */
static inline const char *nameless(const void *bytes, size_t length)
{
	static char path[64];
	static int fd = -1;

	if (fd < 0)
		fd = memfd_create("capture", MFD_CLOEXEC);
	assert_true(ftruncate(fd, 0) == 0);
	assert_true(pwrite(fd, bytes, length, 0) == (ssize_t)length);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return path;
}

static inline void replay(struct replayed *r, const void *bytes, size_t length, uint32_t release)
{
	const struct sf_walk_calls calls = {replayed_receive, replayed_socket, r};
	struct sf_replay *file = NULL;
	struct sf_walker *walker;

	r->opened = sf_replay_new(nameless(bytes, length), &file, &r->err);
	if (r->opened < 0) {
		assert_true(r->err.text[0] && strlen(r->err.text) < sizeof(r->err.text) - 1);
		return;
	}
	r->host = *sf_replay_host(file);
	walker = sf_replay_walker(file, release);
	r->places = sf_walker_look(walker, NULL, 0);
	assert_true(r->place < r->places);
	assert_true(sf_walker_enter(walker, r->place) == 0);
	r->netns = sf_walker_netns(walker);
	r->result = sf_walker_walk(walker, &(struct sf_ask){.table = r->table}, &calls, &r->walk);
	sf_walker_free(walker);
	sf_replay_free(file);
}
