/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kernel: asks NETLINK_SOCK_DIAG and hands out its replies, one view at a time.
 *
 * A walker belongs to one thread at a time and to the network namespace that it was made in; netns.h says how it goes
 * to others. Its descriptor stays open from walk to walk. Facts about the kernel and its traps stand in the comments of
 * agent/kernel/.
 */
#pragma once

#include <sockfeed/socket.h>

struct sf_ask { /* what one walk asks for */
	enum sf_table table;
	uint32_t states; /* bits of 1 << SF_ESTABLISHED ... */
	uint32_t ext;    /* of the table, as sf_field_ext */
	/* What the kernel may leave out, so that who asked judges fewer; of a table that is filtered alone. */
	uint16_t sport, dport;      /* of the header, host order; 0: any */
	const uint8_t *bytecode;    /* sf_bc_op ...; borrowed for the walk */
	size_t bytecode_length;     /* 0: none */
};

struct sf_walk_error {
	int code;          /* a positive errno */
	char message[160]; /* in words: "this kernel has no tcp_diag (modules inet_diag, tcp_diag)" */
};

#define SF_WALK_ERRORS 4

struct sf_walk { /* what one walk did so far: its callbacks may read it; filled also when it failed */
	uint64_t id;         /* unique in this process, from 1 */
	uint32_t release;    /* of the kernel that answered; 0: not known */
	uint32_t dumps;      /* dumps sent, refused and repeated ones included */
	uint64_t seen;       /* answers received */
	uint64_t duplicates; /* of them, not handed out: the cookie was one of the last 4,096 */
	bool partial;        /* it ended before the kernel was done */
	uint64_t lost;       /* of a watch: events that there was no room for */
	unsigned errors;
	struct sf_walk_error error[SF_WALK_ERRORS];
};

/* It failed because this kernel, as it is now, has no such table. */
static inline bool sf_walk_lacks(const struct sf_walk *walk)
{
	return walk->errors && (walk->error[0].code == ENOENT || walk->error[0].code == EOPNOTSUPP);
}

/*
 * `received` is called after every receive call, before its replies, with the wall clock of that moment; not 0 (a
 * negative errno, -ETIME or -ECANCELED) ends the walk there: partial, without an error of its own. `socket` is called
 * for every reply that is no duplicate.
 */
struct sf_walk_calls {
	int (*received)(void *arg, uint64_t wall_us);
	void (*socket)(void *arg, const struct sf_view *view);
	void *arg;
};

/*
 * `release` of the running kernel goes into every view (0x061200 for 6.18; 0: not known). Opens one descriptor; where
 * that is refused each walk tries again and says why.
 */
struct sf_walker;
struct sf_walker *sf_walker_new(uint32_t release);
void sf_walker_free(struct sf_walker *);
void sf_walker_free_p(struct sf_walker **);
uint32_t sf_walker_netns(const struct sf_walker *); /* inode of the namespace that it is in; 0: not known */
/*
 * The operations that this kernel takes in a filter, from this process: bits of 1 << SF_BC_*. Found out once, by
 * asking; without an answer (no tcp_diag) those of 2.6.14 alone, and asked again at the next call.
 */
uint32_t sf_walker_operations(struct sf_walker *);
/* From now on a dump a family, even where the kernel has the legacy form, which does both: the answers are the same. */
void sf_walker_avoid_legacy(struct sf_walker *);

/*
 * What passes between a walker and the kernel, for a capture: each request as it was sent, in two parts (the second is
 * its bytecode, and may be empty), each datagram as it came, but for TCP-MD5 keys, which are zeros by then.
 */
struct sf_tap {
	void (*sent)(void *arg, const void *request, size_t length, const void *bytecode, size_t bytecode_length);
	void (*received)(void *arg, const void *bytes, size_t length);
	void *arg;
};
/* From now on; borrowed; NULL: nobody listens any more. */
void sf_walker_tap(struct sf_walker *, const struct sf_tap *);

/*
 * A walker over something else than the running kernel: its walks are the source's, which does what sf_walker_walk says
 * but for the id. Nothing is opened, nothing is asked: sf_walker_operations are none.
 */
struct sf_walker_source {
	/* In the namespace of that index; without any it is 0. */
	int (*walk)(void *arg, size_t at, const struct sf_ask *ask, const struct sf_walk_calls *calls,
		    struct sf_walk *walk);
	void *arg;
	size_t netnses; /* of which it has answers, whatever a query chose; 0: that is not known */
	const uint32_t *netns; /* their inodes, 0: not known; borrowed */
};
struct sf_walker *sf_walker_of(const struct sf_walker_source *);

/*
 * Bytecode that the kernel refuses all the same (EINVAL, EPERM: the process has fewer rights now) is left out.
 *
 * One walk: 0, or -errno after `walk->error` was filled (ENOENT: the kernel lacks the table), or what `received` ended
 * it with. A dump that fails before it handed out a reply is asked again, at most 3 times; one that fails later ends
 * the walk, with the error. Every walk that does not return 0 is partial.
 */
int sf_walker_walk(struct sf_walker *, const struct sf_ask *ask, const struct sf_walk_calls *calls,
		   struct sf_walk *walk);

/*
 * Is there somebody to answer for these tables? Asks for no socket; who is missing may be loaded any time, and is an
 * error of `walk`. Of a table that nobody answers for no event of an end ever comes, either.
 */
void sf_walker_probe(struct sf_walker *, uint32_t tables, struct sf_walk *walk);

/* ---- watching sockets end ---- */

/*
 * A watch: the kernel's events of sockets that end, TCP's and UDP's of both families, as views of class SF_CLASS_ENDED.
 * It is subscribed from its opening on, in the namespace of the thread that opened it. One thread at a time.
 */
struct sf_watch;
struct sf_watch_setup {
	uint32_t release; /* of the kernel, for the views */
	uint32_t tables;  /* mask of 1 << enum sf_table */
	size_t buffer;    /* bytes of the receive buffer that are wanted; without rights the system's bound is less */
	bool everywhere;  /* also of other namespaces, those that have a number here: netns.h */
};
int sf_watch_open(const struct sf_watch_setup *, struct sf_watch **ret, struct sf_err *err);
void sf_watch_free(struct sf_watch *); /* accepts NULL */
/* 0, or -errno: why nothing comes of other namespaces. */
int sf_watch_abroad(const struct sf_watch *);
int sf_watch_fd(const struct sf_watch *); /* readable: there are events */
size_t sf_watch_buffer(const struct sf_watch *); /* bytes of the receive buffer that it has */

struct sf_watch_calls {
	void (*received)(void *arg, uint64_t wall_us); /* before the events of a receive call */
	void (*ended)(void *arg, const struct sf_view *view, int32_t nsid); /* SF_NSID_HOME or another's */
	void *arg;
};
/*
 * One receive call: up to 64 datagrams, of an event each. Their number, 0: none waits, or -errno. What cannot be
 * understood is lost.
 */
int sf_watch_read(struct sf_watch *, const struct sf_watch_calls *calls);
/*
 * Events that were lost since the opening: those that the receive buffer had no room for. Exact when asked after
 * everything was read.
 */
uint64_t sf_watch_lost(struct sf_watch *);

/*
 * The parser of received bytes alone, for the walker, the fuzzer and the tests: the messages of one datagram, which
 * begins at an address that 4 divides. Messages of another sequence or port, and of types that are not ours, are passed
 * over. Returns 1 when the dump is done, 0 to go on, -errno of NLMSG_ERROR, of the number inside NLMSG_DONE, or
 * -EBADMSG.
 */
struct sf_datagram {
	uint32_t sequence, port; /* as expected of the answers */
	enum sf_table table;
	uint32_t release;
	bool interrupted; /* set when a message had NLM_F_DUMP_INTR */
	bool ended;       /* set when the kernel has ended the dump, also by refusing it */
	int (*reply)(void *arg, struct sf_view *view); /* not 0 ends the reading and is returned */
	void *arg;
};
int sf_datagram_read(struct sf_datagram *, const void *bytes, size_t length);
/*
 * Overwrites the payloads of INET_DIAG_MD5SIG with zeros in all answers of a datagram, and all behind a message or an
 * attribute that does not fit.
 */
void sf_datagram_wipe(void *bytes, size_t length);
/* The table that somebody's request of SOCK_DIAG_BY_FAMILY asks for, or -ENOENT. */
int sf_request_table(uint8_t family, uint32_t protocol);
/* Adds what a walk failed with, in words: those of `err`, or what the number means for a dump of the table. */
void sf_walk_fail(struct sf_walk *, enum sf_table table, int code, const struct sf_err *err);

/* The last 4,096 cookies of a walk: a dump under churn shows a socket twice, always near each other. */
struct sf_window;
struct sf_window *sf_window_new(void);
void sf_window_free(struct sf_window *);
void sf_window_clear(struct sf_window *);
bool sf_window_seen(struct sf_window *, uint64_t cookie); /* true: it was there; false: it is now */
