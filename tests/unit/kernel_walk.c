/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The room `kernel`: what a walk makes of a kernel that refuses, fails, lies or lacks something. The descriptors are
 * real ones; what is sent to them and received from them goes by a script, because sendmsg and recvfrom are the
 * functions below.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>
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
static size_t gather(const struct message *message, uint8_t *bytes, size_t most)
{
	size_t length = 0;

	for (size_t i = 0; i < message->count; i++) {
		assert_true(length + message->parts[i].iov_len <= most);
		memcpy(bytes + length, message->parts[i].iov_base, message->parts[i].iov_len);
		length += message->parts[i].iov_len;
	}
	return length;
}

static void note_request(const struct nlmsghdr *header)
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

static size_t write_answers(struct answers *a, const struct scripted *s)
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

static int received(void *arg, uint64_t wall_us)
{
	(void)arg;
	assert_true(wall_us > 1577836800ull * 1000000); /* 2020 */
	return ++got.receives == (unsigned)got.stop_at ? got.stop_with : 0;
}

static void socket_seen(void *arg, const struct sf_view *view)
{
	(void)arg;
	assert_true(got.receives > 0);
	assert_true(got.sockets < 400);
	got.cookies[got.sockets++] = sf_view_cookie(view);
}

static int walk(struct sf_walker *walker, struct sf_walk *ret)
{
	const struct sf_ask ask = {.table = SF_TABLE_TCP, .states = 1 << SF_ESTABLISHED};
	const struct sf_walk_calls calls = {received, socket_seen, NULL};

	memset(&got, 0, offsetof(typeof(got), stop_at));
	return sf_walker_walk(walker, &ask, &calls, ret);
}

static void assert_asked(unsigned count, const int *forms)
{
	assert_int_equal(os.requests, count);
	for (unsigned i = 0; i < count; i++)
		assert_int_equal(os.asked[i], forms[i]);
}

static int begin(void **state)
{
	memset(&os, 0, sizeof(os));
	memset(&got, 0, sizeof(got));
	*state = sf_walker_new(0);
	return 0;
}

static int end(void **state)
{
	sf_walker_free(*state);
	return os.busy ? -1 : 0;
}

static void one_legacy_dump_is_a_whole_walk(void **state)
{
	struct sf_walk w, v;

	os.answers[0][0] = (struct scripted){SOCKETS, .cookie = 1, .sockets = 3};
	os.answers[0][1] = (struct scripted){DONE, .cookie = 4, .sockets = 1};
	os.answers[1][0] = (struct scripted){DONE};
	assert_int_equal(walk(*state, &w), 0);
	assert_int_equal(w.dumps, 1);
	assert_int_equal(w.seen, 4);
	assert_int_equal(got.sockets, 4);
	assert_int_equal(got.receives, 2);
	assert_false(w.partial);
	assert_int_equal(w.errors, 0);
	assert_int_equal(walk(*state, &v), 0);
	assert_true(v.id > w.id && w.id > 0);
	assert_int_equal(v.seen, 0);
	assert_asked(2, (int[]){LEGACY, LEGACY});
}

static void a_kernel_without_the_legacy_dump_is_asked_for_it_once(void **state)
{
	const int refusals[] = {-EOPNOTSUPP, -EINVAL};

	for (int i = 0; i < 2; i++) {
		struct sf_walk w;

		if (i) {
			end(state);
			begin(state);
		}
		os.answers[0][0] = (struct scripted){REFUSAL, .number = refusals[i]};
		os.answers[1][0] = (struct scripted){DONE, .cookie = 1, .sockets = 2};
		os.answers[2][0] = (struct scripted){DONE, .cookie = 3, .sockets = 2};
		os.answers[3][0] = os.answers[4][0] = (struct scripted){DONE};
		assert_int_equal(walk(*state, &w), 0);
		assert_int_equal(w.dumps, 3);
		assert_int_equal(w.errors, 0);
		assert_false(w.partial);
		assert_int_equal(got.sockets, 4);
		assert_int_equal(walk(*state, &w), 0);
		assert_asked(5, (int[]){LEGACY, INET, INET6, INET, INET6});
	}
}

static void a_missing_module_is_said_and_asked_for_again(void **state)
{
	struct sf_walk w;

	os.answers[0][0] = (struct scripted){REFUSAL, .number = -EOPNOTSUPP}; /* no inet_diag */
	os.answers[1][0] = (struct scripted){REFUSAL, .number = -ENOENT};
	os.answers[2][0] = (struct scripted){DONE, .number = -ENOENT}; /* no tcp_diag */
	os.answers[3][0] = (struct scripted){DONE, .cookie = 1, .sockets = 1};
	for (int i = 0; i < 2; i++) {
		assert_int_equal(walk(*state, &w), -ENOENT);
		assert_int_equal(w.errors, 1);
		assert_int_equal(w.error[0].code, ENOENT);
		assert_string_equal(w.error[0].message, "this kernel has no tcp_diag (modules inet_diag, tcp_diag)");
		assert_true(w.partial);
	}
	assert_int_equal(walk(*state, &w), 0);
	assert_int_equal(w.seen, 1);
	assert_asked(4, (int[]){LEGACY, INET, LEGACY, LEGACY});
}

/* The descriptor knows how much its reader takes at once: a fresh one begins with small chunks. */
static void a_refusal_leaves_the_descriptor_open_and_what_may_still_come_does_not(void **state)
{
	unsigned opens = os.opens;
	struct sf_walk w;

	os.answers[0][0] = (struct scripted){REFUSAL, .number = -EACCES};
	os.answers[1][0] = (struct scripted){DONE, .number = -ENOENT};
	os.answers[2][0] = (struct scripted){SOCKETS, .cookie = 1, .sockets = 1};
	os.answers[2][1] = (struct scripted){FAILURE, .number = ENOBUFS};
	os.answers[3][0] = (struct scripted){DONE};
	assert_int_equal(walk(*state, &w), -EACCES);
	assert_int_equal(walk(*state, &w), -ENOENT);
	assert_int_equal(walk(*state, &w), -ENOBUFS);
	assert_int_equal(os.opens, opens);
	assert_int_equal(walk(*state, &w), 0);
	assert_int_equal(os.opens, opens + 1);
}

static void another_dump_on_the_descriptor_is_left_behind(void **state)
{
	unsigned opens = os.opens;
	struct sf_walk w;

	os.answers[0][0] = (struct scripted){REFUSAL, .number = -EBUSY};
	os.answers[1][0] = (struct scripted){DONE, .cookie = 1, .sockets = 1};
	assert_int_equal(walk(*state, &w), 0);
	assert_int_equal(os.opens, opens + 1);
}

static void the_newer_form_can_be_forced(void **state)
{
	struct sf_walk w;

	sf_walker_avoid_legacy(*state);
	os.answers[0][0] = os.answers[1][0] = (struct scripted){DONE, .cookie = 1, .sockets = 1};
	os.answers[1][0].cookie = 2;
	assert_int_equal(walk(*state, &w), 0);
	assert_int_equal(got.sockets, 2);
	assert_asked(2, (int[]){INET, INET6});
}

static void a_cookie_that_comes_again_is_handed_out_once(void **state)
{
	struct sf_walk w;

	for (int i = 0; i < 2; i++) { /* a new walk begins with an empty window */
		os.answers[i][0] = (struct scripted){SOCKETS, .cookie = 1, .sockets = 3};
		os.answers[i][1] = (struct scripted){DONE, .cookie = 2, .sockets = 3};
		assert_int_equal(walk(*state, &w), 0);
		assert_int_equal(w.seen, 6);
		assert_int_equal(w.duplicates, 2);
		assert_int_equal(got.sockets, 4);
		assert_int_equal(got.cookies[3], 4);
	}
}

static void a_dump_that_fails_before_its_first_socket_is_asked_again(void **state)
{
	struct sf_walk w;

	os.answers[0][0] = (struct scripted){FAILURE, .number = ENOBUFS};
	os.answers[1][0] = (struct scripted){REFUSAL, .number = -EBUSY};
	os.answers[2][0] = (struct scripted){DONE, .number = -ENOMEM};
	os.answers[3][0] = (struct scripted){DONE, .cookie = 1, .sockets = 1};
	assert_int_equal(walk(*state, &w), 0);
	assert_int_equal(w.dumps, 4);
	assert_int_equal(w.errors, 0);
	assert_false(w.partial);
	assert_int_equal(got.sockets, 1);
}

static void the_retries_have_an_end(void **state)
{
	struct sf_walk w;

	for (int i = 0; i < 8; i++)
		os.answers[i][0] = (struct scripted){DONE, .number = -ENOMEM};
	assert_int_equal(walk(*state, &w), -ENOMEM);
	assert_int_equal(w.dumps, 4);
	assert_true(w.partial);
	assert_int_equal(w.errors, 1);
	assert_int_equal(w.error[0].code, ENOMEM);
	assert_string_equal(w.error[0].message, "the dump failed: Cannot allocate memory");
}

static void the_last_failure_is_the_one_that_is_said(void **state)
{
	struct sf_walk w;

	os.answers[0][0] = (struct scripted){FAILURE, .number = ENOBUFS};
	os.refused_open = os.opens + 1; /* the next descriptor */
	os.answers[1][0] = os.answers[2][0] = (struct scripted){REFUSAL, .number = -EIO};
	assert_int_equal(walk(*state, &w), -EIO);
	assert_int_equal(w.error[0].code, EIO);
	assert_string_equal(w.error[0].message, "the dump failed: Input/output error");
}

static void what_is_not_permitted_is_not_asked_again(void **state)
{
	struct sf_walk w;

	os.answers[0][0] = (struct scripted){REFUSAL, .number = -EACCES};
	assert_int_equal(walk(*state, &w), -EACCES);
	assert_int_equal(w.dumps, 1);
	assert_non_null(strstr(w.error[0].message, "permit"));
}

static void a_dump_that_fails_after_a_socket_ends_the_walk_as_partial(void **state)
{
	static const struct scripted failures[] = {
		{FAILURE, .number = ENOBUFS}, {DONE, .number = -EMSGSIZE}, {REFUSAL, .number = -EIO}};
	const int codes[] = {ENOBUFS, EMSGSIZE, EIO};

	for (int i = 0; i < 3; i++) {
		struct sf_walk w;

		os.answers[i][0] = (struct scripted){SOCKETS, .cookie = 1, .sockets = 2};
		os.answers[i][1] = failures[i];
		assert_int_equal(walk(*state, &w), -codes[i]);
		assert_int_equal(w.dumps, 1);
		assert_int_equal(w.seen, 2);
		assert_int_equal(got.sockets, 2);
		assert_true(w.partial);
		assert_int_equal(w.errors, 1);
		assert_int_equal(w.error[0].code, codes[i]);
	}
}

static void a_table_that_changed_during_the_dump_makes_it_partial(void **state)
{
	struct sf_walk w;

	os.answers[0][0] = (struct scripted){SOCKETS, .cookie = 1, .sockets = 2, .flags = NLM_F_DUMP_INTR};
	os.answers[0][1] = (struct scripted){DONE, .cookie = 3, .sockets = 2};
	assert_int_equal(walk(*state, &w), -EINTR);
	assert_int_equal(got.sockets, 4); /* the rest is read all the same */
	assert_true(w.partial);
	assert_int_equal(w.error[0].code, EINTR);
	os.answers[1][0] = (struct scripted){DONE, .flags = NLM_F_DUMP_INTR};
	os.answers[2][0] = (struct scripted){DONE};
	assert_int_equal(walk(*state, &w), 0); /* nothing was handed out: asked again */
	assert_int_equal(w.dumps, 2);
}

static void an_interrupted_receive_is_repeated(void **state)
{
	struct sf_walk w;

	os.answers[0][0] = os.answers[0][1] = (struct scripted){FAILURE, .number = EINTR};
	os.answers[0][2] = (struct scripted){DONE, .cookie = 1, .sockets = 1};
	assert_int_equal(walk(*state, &w), 0);
	assert_int_equal(w.dumps, 1);
	assert_int_equal(got.receives, 1);
	assert_int_equal(got.sockets, 1);
}

static void what_other_processes_send_never_counts(void **state)
{
	struct sf_walk w;

	os.answers[0][0] = (struct scripted){SOCKETS, .cookie = 66, .sockets = 1, .sender = 4711};
	os.answers[0][1] = (struct scripted){DONE, .number = -EPERM, .sender = 4711};
	os.answers[0][2] = (struct scripted){SOCKETS, .longer = 65536, .sender = 4711};
	os.answers[0][3] = (struct scripted){DONE, .cookie = 1, .sockets = 1};
	assert_int_equal(walk(*state, &w), 0);
	assert_int_equal(got.sockets, 1);
	assert_int_equal(got.cookies[0], 1);
	assert_int_equal(got.receives, 1);
	assert_int_equal(w.seen, 1);
}

static void an_answer_that_does_not_fit_makes_room_for_the_next(void **state)
{
	struct sf_walk w;

	os.answers[0][0] = os.answers[1][0] = (struct scripted){DONE, .cookie = 1, .sockets = 380};
	assert_true(380 * (NLMSG_HDRLEN + sizeof(struct sf_inet_msg)) > 32768);
	assert_int_equal(walk(*state, &w), 0);
	assert_int_equal(w.dumps, 2);
	assert_int_equal(got.sockets, 380);
}

static void a_walk_that_is_ended_from_outside_has_no_error(void **state)
{
	struct sf_walk w;

	os.answers[0][0] = (struct scripted){SOCKETS, .cookie = 1, .sockets = 2};
	os.answers[0][1] = (struct scripted){SOCKETS, .cookie = 3, .sockets = 2};
	os.answers[1][0] = (struct scripted){DONE, .cookie = 1, .sockets = 4};
	got.stop_at = 2;
	got.stop_with = -ECANCELED;
	assert_int_equal(walk(*state, &w), -ECANCELED);
	assert_true(w.partial);
	assert_int_equal(w.errors, 0);
	assert_int_equal(w.dumps, 1);
	assert_int_equal(got.sockets, 2); /* nothing of the receive that was refused */
	assert_true(os.under_way != 0);
	got.stop_at = 0;
	assert_int_equal(walk(*state, &w), 0); /* end() looks whether the dump was still under way */
	assert_int_equal(got.sockets, 4);
}

static void a_kernel_that_does_not_answer_is_not_waited_for_without_end(void **state)
{
	struct sf_walk w;

	assert_int_equal(walk(*state, &w), -ETIMEDOUT);
	assert_true(os.waited);
	assert_string_equal(w.error[0].message, "the kernel did not answer");
	assert_int_equal(w.dumps, 1); /* it had seconds for it */
}

/* ---- what the kernel may leave out ---- */

static const uint8_t two_ways[8] = {SF_BC_JMP, 4, 8, 0, SF_BC_JMP, 4, 4, 0};

static int walk_sieved(struct sf_walker *walker, struct sf_walk *ret)
{
	const struct sf_ask ask = {.table = SF_TABLE_TCP, .states = 1 << SF_ESTABLISHED, .sport = 443, .dport = 51514,
				   .bytecode = two_ways, .bytecode_length = sizeof(two_ways)};
	const struct sf_walk_calls calls = {received, socket_seen, NULL};

	memset(&got, 0, offsetof(typeof(got), stop_at));
	return sf_walker_walk(walker, &ask, &calls, ret);
}

static void ports_and_bytecode_are_sent_in_every_form(void **state)
{
	struct sf_walk w;

	os.answers[0][0] = os.answers[1][0] = os.answers[2][0] = (struct scripted){DONE};
	assert_int_equal(walk_sieved(*state, &w), 0);
	sf_walker_avoid_legacy(*state);
	assert_int_equal(walk_sieved(*state, &w), 0);
	assert_asked(3, (int[]){LEGACY, INET, INET6});
	for (unsigned i = 0; i < os.requests; i++) {
		assert_int_equal(os.sport[i], 443);
		assert_int_equal(os.dport[i], 51514);
		assert_int_equal(os.bytecode_length[i], sizeof(two_ways));
		assert_memory_equal(os.bytecode[i], two_ways, sizeof(two_ways));
	}
}

static void the_longest_bytecode_fits_its_attribute(void **state)
{
	static const uint8_t longest[SF_BC_MOST];
	const struct sf_ask ask = {.states = 2, .bytecode = longest, .bytecode_length = sizeof(longest)};
	struct sf_walk w;

	os.answers[0][0] = (struct scripted){DONE};
	assert_int_equal(sf_walker_walk(*state, &ask, &(struct sf_walk_calls){received, socket_seen, NULL}, &w), 0);
	assert_int_equal(os.bytecode_length[0], SF_BC_MOST);
}

static void assert_without_bytecode(unsigned request)
{
	assert_int_equal(os.bytecode_length[request], 0);
	assert_int_equal(os.sport[request], 443);
}

static void bytecode_that_is_refused_is_left_out(void **state)
{
	struct sf_walk w;

	/* the kernel may lack the legacy dump, or mean the bytecode */
	os.answers[0][0] = os.answers[1][0] = (struct scripted){REFUSAL, .number = -EINVAL};
	os.answers[2][0] = (struct scripted){DONE, .cookie = 1, .sockets = 2};
	assert_int_equal(walk_sieved(*state, &w), 0);
	assert_int_equal(w.errors, 0);
	assert_false(w.partial);
	assert_int_equal(got.sockets, 2);
	assert_without_bytecode(2);
	/* the process has lost a right */
	os.answers[3][0] = (struct scripted){REFUSAL, .number = -EPERM};
	os.answers[4][0] = (struct scripted){DONE};
	assert_int_equal(walk_sieved(*state, &w), 0);
	assert_int_equal(w.errors, 0);
	assert_without_bytecode(4);
	assert_asked(5, (int[]){LEGACY, INET, LEGACY, LEGACY, LEGACY});
}

static void bytecode_that_is_refused_is_left_out_of_a_dump_a_family(void **state)
{
	struct sf_walk w;

	sf_walker_avoid_legacy(*state);
	os.answers[0][0] = (struct scripted){REFUSAL, .number = -EPERM};
	os.answers[1][0] = os.answers[2][0] = (struct scripted){DONE, .cookie = 1, .sockets = 1};
	os.answers[2][0].cookie = 2;
	assert_int_equal(walk_sieved(*state, &w), 0);
	assert_int_equal(got.sockets, 2);
	assert_int_equal(w.dumps, 3);
	assert_without_bytecode(1);
	assert_without_bytecode(2);
	assert_asked(3, (int[]){INET, INET, INET6});
}

static void a_refusal_that_is_not_for_the_bytecode_is_said(void **state)
{
	struct sf_walk w;

	os.answers[0][0] = os.answers[1][0] = (struct scripted){REFUSAL, .number = -EPERM};
	assert_int_equal(walk_sieved(*state, &w), -EPERM);
	assert_int_equal(w.errors, 1);
	assert_int_equal(w.error[0].code, EPERM);
	assert_asked(2, (int[]){LEGACY, LEGACY});
}

static void a_walk_that_showed_sockets_is_not_begun_again_without_bytecode(void **state)
{
	struct sf_walk w;

	sf_walker_avoid_legacy(*state);
	os.answers[0][0] = (struct scripted){DONE, .cookie = 1, .sockets = 1};
	os.answers[1][0] = (struct scripted){REFUSAL, .number = -EINVAL};
	assert_int_equal(walk_sieved(*state, &w), -EINVAL);
	assert_true(w.partial);
	assert_int_equal(got.sockets, 1);
	assert_asked(2, (int[]){INET, INET6});
}

#define FIRST ((1u << SF_BC_DEV_COND) - 1)
enum { PROBES = 5 };

static void operations_are_found_out_once_by_asking(void **state)
{
	uint32_t operations;

	for (unsigned i = 0; i < PROBES; i++)
		os.answers[i][0] = (struct scripted){DONE};
	operations = sf_walker_operations(*state);
	assert_int_equal(operations, (1u << SF_BC_COUNT) - 1);
	assert_int_equal(sf_walker_operations(*state), operations);
	assert_asked(PROBES, (int[]){INET, INET, INET, INET, INET});
	for (unsigned i = 0; i < PROBES; i++)
		assert_int_equal(os.bytecode[i][1], os.bytecode_length[i]);
}

static void operations_that_are_refused_are_not_had(void **state)
{
	os.answers[0][0] = (struct scripted){DONE};
	for (unsigned i = 1; i < PROBES; i++)
		os.answers[i][0] = (struct scripted){REFUSAL, .number = i % 2 ? -EINVAL : -EPERM};
	assert_int_equal(sf_walker_operations(*state), FIRST);
	assert_int_equal(sf_walker_operations(*state), FIRST);
	assert_int_equal(os.requests, PROBES);
}

static void without_an_answer_the_operations_are_asked_for_again(void **state)
{
	os.answers[0][0] = (struct scripted){REFUSAL, .number = -ENOENT};
	assert_int_equal(sf_walker_operations(*state), FIRST);
	os.answers[1][0] = (struct scripted){REFUSAL, .number = -EPERM}; /* a sandbox: it says nothing of operations */
	assert_int_equal(sf_walker_operations(*state), FIRST);
	assert_int_equal(os.requests, 2);
	os.answers[2][0] = (struct scripted){DONE};
	os.answers[3][0] = (struct scripted){DONE, .number = -ENOENT};
	assert_int_equal(sf_walker_operations(*state), FIRST);
	for (unsigned i = 4; i < 4 + PROBES; i++)
		os.answers[i][0] = (struct scripted){DONE};
	assert_int_equal(sf_walker_operations(*state), (1u << SF_BC_COUNT) - 1);
	assert_int_equal(os.requests, 4 + PROBES);
}

static void operations_are_asked_for_again_once_bytecode_was_refused(void **state)
{
	struct sf_walk w;

	for (unsigned i = 0; i < 2 * PROBES + 2; i++)
		os.answers[i][0] = (struct scripted){DONE};
	os.answers[PROBES][0] = os.answers[PROBES + 4][0] = (struct scripted){REFUSAL, .number = -EPERM};
	sf_walker_operations(*state);
	assert_int_equal(walk_sieved(*state, &w), 0);
	assert_int_equal(sf_walker_operations(*state), ((1u << SF_BC_COUNT) - 1) & ~(1u << SF_BC_MARK_COND));
}

#define WITH_WALKER(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(void)
{
	const struct CMUnitTest tests[] = {
		WITH_WALKER(one_legacy_dump_is_a_whole_walk),
		WITH_WALKER(a_kernel_without_the_legacy_dump_is_asked_for_it_once),
		WITH_WALKER(a_missing_module_is_said_and_asked_for_again),
		WITH_WALKER(a_refusal_leaves_the_descriptor_open_and_what_may_still_come_does_not),
		WITH_WALKER(another_dump_on_the_descriptor_is_left_behind),
		WITH_WALKER(the_newer_form_can_be_forced),
		WITH_WALKER(a_cookie_that_comes_again_is_handed_out_once),
		WITH_WALKER(a_dump_that_fails_before_its_first_socket_is_asked_again),
		WITH_WALKER(the_retries_have_an_end),
		WITH_WALKER(the_last_failure_is_the_one_that_is_said),
		WITH_WALKER(what_is_not_permitted_is_not_asked_again),
		WITH_WALKER(a_dump_that_fails_after_a_socket_ends_the_walk_as_partial),
		WITH_WALKER(a_table_that_changed_during_the_dump_makes_it_partial),
		WITH_WALKER(an_interrupted_receive_is_repeated),
		WITH_WALKER(what_other_processes_send_never_counts),
		WITH_WALKER(an_answer_that_does_not_fit_makes_room_for_the_next),
		WITH_WALKER(a_walk_that_is_ended_from_outside_has_no_error),
		WITH_WALKER(a_kernel_that_does_not_answer_is_not_waited_for_without_end),
		WITH_WALKER(ports_and_bytecode_are_sent_in_every_form),
		WITH_WALKER(the_longest_bytecode_fits_its_attribute),
		WITH_WALKER(bytecode_that_is_refused_is_left_out),
		WITH_WALKER(bytecode_that_is_refused_is_left_out_of_a_dump_a_family),
		WITH_WALKER(a_refusal_that_is_not_for_the_bytecode_is_said),
		WITH_WALKER(a_walk_that_showed_sockets_is_not_begun_again_without_bytecode),
		WITH_WALKER(operations_are_found_out_once_by_asking),
		WITH_WALKER(operations_that_are_refused_are_not_had),
		WITH_WALKER(without_an_answer_the_operations_are_asked_for_again),
		WITH_WALKER(operations_are_asked_for_again_once_bytecode_was_refused),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
