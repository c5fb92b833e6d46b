/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A kernel that refuses, fails, lies or lacks something: the descriptors of a walk are real ones; what is sent to them
 * and received from them goes by a script, because sendmsg and recvfrom are the functions below. Include behind
 * <cmocka.h>.
 */
#pragma once

#include <endian.h>
#include <linux/inet_diag.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/uio.h>
#include <unistd.h>

#include <sockfeed/kernel.h>

#include "answers.h"

enum { LEGACY = LEGACY_ANSWER, INET = 2, INET6 = 10, REQUESTS = 16, DATAGRAMS = 6, BYTECODE = 64 };

enum kind { NOTHING, SOCKETS, DONE, REFUSAL, FAILURE };

struct scripted { /* what one receive call brings */
	enum kind kind;
	int number;       /* in DONE or REFUSAL; the errno of FAILURE */
	uint64_t cookie;  /* the first of the sockets */
	unsigned sockets; /* before DONE too */
	uint16_t flags;   /* of every message */
	uint32_t sender;  /* nl_pid; 0: the kernel */
	size_t longer;    /* the datagram is so long */
};

static struct { /* the kernel */
	struct scripted answers[REQUESTS][DATAGRAMS]; /* by request */
	int asked[REQUESTS]; /* LEGACY, INET or INET6 */
	uint16_t sport[REQUESTS], dport[REQUESTS];
	uint8_t bytecode[REQUESTS][BYTECODE];
	size_t bytecode_length[REQUESTS]; /* 0: none came */
	uint32_t sequence;
	unsigned requests, receives;
	ino_t under_way; /* inode of the descriptor with an unfinished dump; 0: none */
	bool busy;       /* a dump was asked for while one was under way */
	bool waited;     /* something was received that the script does not have */
	unsigned opens, refused_open; /* sockets that were made; which of them is refused */
} os;

static struct { /* what was handed out */
	unsigned receives, sockets;
	uint64_t cookies[400];
	int stop_at, stop_with; /* in the receive of this number (from 1) */
} got;

/* Without <sys/socket.h>, whose types for addresses are not the same everywhere. */
int getsockname(int fd, void *address, unsigned *size);
int socket(int domain, int type, int protocol);
struct message { /* struct msghdr */
	void *name;
	unsigned size;
	struct iovec *parts;
	size_t count;
	void *control;
	size_t control_length;
	int flags;
};
ssize_t sendmsg(int fd, const void *message, int flags);
ssize_t recvfrom(int fd, void *bytes, size_t length, int flags, void *from, unsigned *size);

int socket(int domain, int type, int protocol)
{
	if (++os.opens == os.refused_open) {
		errno = EMFILE;
		return -1;
	}
	return (int)syscall(SYS_socket, domain, type, protocol);
}

/* What was sent, in one piece. */
static inline size_t gather(const struct message *message, uint8_t *bytes, size_t most)
{
	size_t length = 0;

	for (size_t i = 0; i < message->count; i++) {
		assert_true(length + message->parts[i].iov_len <= most);
		memcpy(bytes + length, message->parts[i].iov_base, message->parts[i].iov_len);
		length += message->parts[i].iov_len;
	}
	return length;
}

static inline void note_request(const struct nlmsghdr *header)
{
	const struct inet_diag_req_v2 *newer = NLMSG_DATA(header);
	const struct inet_diag_req *legacy = NLMSG_DATA(header);
	bool is_legacy = header->nlmsg_type == LEGACY;
	const struct inet_diag_sockid *id = is_legacy ? &legacy->id : &newer->id;
	size_t end = NLMSG_LENGTH(is_legacy ? sizeof(*legacy) : sizeof(*newer));
	const struct nlattr *attribute = (const void *)((const char *)header + end);
	unsigned n = os.requests++;

	os.asked[n] = is_legacy ? LEGACY : newer->sdiag_family;
	os.sport[n] = be16toh(id->idiag_sport);
	os.dport[n] = be16toh(id->idiag_dport);
	os.bytecode_length[n] = 0;
	if (header->nlmsg_len == end)
		return;
	assert_int_equal(attribute->nla_type, INET_DIAG_REQ_BYTECODE);
	assert_int_equal(end + attribute->nla_len, header->nlmsg_len);
	os.bytecode_length[n] = attribute->nla_len - sizeof(*attribute);
	memcpy(os.bytecode[n], attribute + 1, os.bytecode_length[n] < BYTECODE ? os.bytecode_length[n] : BYTECODE);
}

ssize_t sendmsg(int fd, const void *message, int flags)
{
	static _Alignas(8) uint8_t bytes[70000];
	const struct nlmsghdr *header = (const void *)bytes;
	size_t length = gather(message, bytes, sizeof(bytes));
	struct stat st;
	(void)flags;

	assert_int_equal(fstat(fd, &st), 0);
	assert_true(os.requests < REQUESTS);
	assert_int_equal(header->nlmsg_flags, NLM_F_REQUEST | NLM_F_DUMP);
	assert_int_equal(header->nlmsg_len, length);
	os.busy |= st.st_ino == os.under_way;
	os.under_way = st.st_ino;
	os.sequence = header->nlmsg_seq;
	os.receives = 0;
	note_request(header);
	return (ssize_t)length;
}

static inline size_t write_answers(struct answers *a, const struct scripted *s)
{
	for (unsigned i = 0; i < s->sockets; i++)
		add_socket(a, s->cookie + i)->nlmsg_flags |= s->flags;
	if (s->kind == DONE)
		add_number(a, NLMSG_DONE, s->number)->nlmsg_flags |= s->flags;
	if (s->kind == REFUSAL)
		add_number(a, NLMSG_ERROR, s->number);
	return a->length > s->longer ? a->length : s->longer;
}

ssize_t recvfrom(int fd, void *bytes, size_t length, int flags, void *from, unsigned *size)
{
	const struct scripted *s = &os.answers[os.requests - 1][os.receives];
	struct sockaddr_nl *sender = from, own;
	unsigned own_size = sizeof(own);
	static struct answers a;
	size_t whole;

	assert_int_equal(flags, 0x20); /* MSG_TRUNC: the true length is returned */
	if (s->kind == NOTHING) {
		os.waited = true;
		errno = EAGAIN;
		return -1;
	}
	os.receives++;
	if (s->kind == FAILURE) {
		errno = s->number;
		return -1;
	}
	assert_int_equal(getsockname(fd, &own, &own_size), 0);
	a.length = 0;
	a.sequence = os.sequence;
	a.port = own.nl_pid;
	whole = write_answers(&a, s);
	memcpy(bytes, a.bytes, whole < length ? whole : length);
	*sender = (struct sockaddr_nl){.nl_family = 16, .nl_pid = s->sender};
	*size = sizeof(*sender);
	if (!s->sender && s->kind != SOCKETS)
		os.under_way = 0;
	return (ssize_t)whole;
}

static inline int received(void *arg, uint64_t wall_us)
{
	(void)arg;
	assert_true(wall_us > 1577836800ull * 1000000); /* 2020 */
	return ++got.receives == (unsigned)got.stop_at ? got.stop_with : 0;
}

static inline void socket_seen(void *arg, const struct sf_view *view)
{
	(void)arg;
	assert_true(got.receives > 0);
	assert_true(got.sockets < 400);
	got.cookies[got.sockets++] = sf_view_cookie(view);
}

static inline int walk(struct sf_walker *walker, struct sf_walk *ret)
{
	const struct sf_ask ask = {.table = SF_TABLE_TCP, .states = 1 << SF_ESTABLISHED};
	const struct sf_walk_calls calls = {received, socket_seen, NULL};

	memset(&got, 0, offsetof(typeof(got), stop_at));
	return sf_walker_walk(walker, &ask, &calls, ret);
}

static inline void assert_asked(unsigned count, const int *forms)
{
	assert_int_equal(os.requests, count);
	for (unsigned i = 0; i < count; i++)
		assert_int_equal(os.asked[i], forms[i]);
}

static inline int begin(void **state)
{
	memset(&os, 0, sizeof(os));
	memset(&got, 0, sizeof(got));
	*state = sf_walker_new(0);
	return 0;
}

static inline int end(void **state)
{
	sf_walker_free(*state);
	return os.busy ? -1 : 0;
}

#define WITH_WALKER(test) cmocka_unit_test_setup_teardown(test, begin, end)
