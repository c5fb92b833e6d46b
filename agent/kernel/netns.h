/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The namespaces of a walker, for the files that find, open and tell of them.
 */
#pragma once

#include <sys/stat.h>

#include <sockfeed/netns.h>

#include "walk.h"

#define SF_NETNS_NAMES "/run/netns" /* of ip-netns(8) */

enum sf_netns_kind { SF_NETNS_SELF, SF_NETNS_ALL, SF_NETNS_PID, SF_NETNS_NAME, SF_NETNS_GLOB };

struct sf_netns_choice {
	size_t count;
	struct sf_netns_word {
		enum sf_netns_kind kind;
		int pid;
		char *text; /* as written */
	} word[];
};

enum sf_netns_state { SF_NETNS_UNKNOWN, SF_NETNS_OPEN, SF_NETNS_REFUSED };

struct sf_netns { /* a namespace: little more than its descriptor */
	uint32_t inode;
	uint8_t state;
	bool seen;
	int code;     /* REFUSED: -errno */
	int32_t nsid; /* by which the kernel's events call it; below 0: by none */
	int pid;      /* who leads there; 0: its name does */
	char *name;   /* NULL: a process leads there */
	struct mnl_socket *socket;
	uint32_t port;
	uint64_t *chosen; /* bits: by which choices of the last look, behind those that pause */
};

struct sf_netns_problem { /* what a choice names and the look did not find */
	size_t choice;	  /* among all that pause, too */
	struct sf_walk_error error;
};

struct sf_netns_list {
	dev_t device; /* of all files that are namespaces */
	size_t count, choices, words;
	size_t paused;		 /* choices of looks that go on later: their numbers come first */
	struct sf_netns **place; /* 0 is home; the others by inode */
	size_t problems;
	struct sf_netns_problem *problem;
	struct mnl_socket *numbers; /* is told of new nsids; NULL: nobody asked for them */
	struct mnl_socket *home;    /* while the walker is away: its descriptor at home */
	uint32_t home_port;
};

/* ---- netns_list.c ---- */

struct sf_netns_list *sf_netns_list_new(uint32_t home); /* the inode */
void sf_netns_free(struct sf_netns *);
/* That of the inode, seen now; a new one is UNKNOWN. `name` NULL: process `pid` leads there. */
struct sf_netns *sf_netns_list_take(struct sf_netns_list *, uint32_t inode, const char *name,
				    int pid);
/* The first that is not before the inode, of all but home. */
size_t sf_netns_list_at(const struct sf_netns_list *, uint32_t inode);
static inline void sf_netns_choose(const struct sf_netns_list *places, struct sf_netns *place,
				   size_t choice)
{
	choice += places->paused;
	place->chosen[choice / 64] |= 1ull << choice % 64;
}
void sf_netns_path(const struct sf_netns *, struct sf_buf *path);
/* What was not found for a choice, in words. */
void sf_netns_list_problem(struct sf_netns_list *, size_t choice, int code, const char *format, ...)
	SF_PRINTF(4, 5);

/* ---- netns_find.c ---- */

/* What the choices name: places are taken and chosen; what is not there becomes a problem. */
void sf_netns_list_find(struct sf_netns_list *, const struct sf_netns_choice *const *choices,
			size_t count);
/* Does what led there still lead there? */
bool sf_netns_leads(const struct sf_netns *, dev_t device);
/* Some process is in it: that leads there from now on. */
bool sf_netns_find_again(struct sf_netns *, dev_t device);

/* ---- netns_open.c ---- */

/* Room for so many descriptors, if the limit can be raised. */
void sf_netns_list_raise_limit(size_t count);
/* So few numbers are left that it must not stay open. */
bool sf_netns_list_scarce(int fd);
/*
 * Opens the link in the namespace: on a thread of its own, which nothing follows. -ESRCH: it is not
 * there any more.
 */
int sf_netns_open(const struct sf_netns *, struct sf_link *link, struct sf_err *err);
