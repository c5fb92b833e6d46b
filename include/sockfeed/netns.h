/* SPDX-License-Identifier: Apache-2.0 */
/*
 * kernel: the network namespaces that queries ask, and a walker's way into them.
 *
 * A namespace is known by its inode. For each a walker keeps a descriptor and nothing else: its buffer, its window and
 * what it found out about the kernel serve all. Which there are is looked up before every sweep: nobody tells. The
 * states of one, and what leads from one to another, stand in agent/kernel/netns.c.
 */
#pragma once

#include <sockfeed/kernel.h>

/* ---- `namespaces:` of a query ---- */

struct sf_netns_choice;
/* self, all, pid:N, names and globs of those in /run/netns; none: self. -EINVAL after complaints. */
int sf_netns_choice_read(const struct sf_list *words, struct sf_netns_choice **ret, struct sf_complaints *);
void sf_netns_choice_free(struct sf_netns_choice *);    /* accepts NULL */
bool sf_netns_choice_self(const struct sf_netns_choice *); /* that of this process alone; NULL is that too */
bool sf_netns_choice_all(const struct sf_netns_choice *); /* `all` is one of its words */
bool sf_netns_choice_same(const struct sf_netns_choice *, const struct sf_netns_choice *); /* word for word */
void sf_netns_choice_print(const struct sf_netns_choice *, struct sf_buf *); /* "self blue web-*" */

/* ---- a walker among them ---- */

/*
 * Looks which namespaces there are of all these choices, and closes those that are gone. Their number; they are told by
 * an index until the next look, and 0 is that of this process, whoever chose it. For nothing but self it looks nowhere.
 */
size_t sf_walker_look(struct sf_walker *, const struct sf_netns_choice *const *choices, size_t count);
bool sf_walker_chosen(const struct sf_walker *, size_t at, size_t choice);

/*
 * After a visit of `at`, one of several, others may look and walk before the sweep goes on: what it has looked up
 * stays, but for the indices. Pauses nest. The resume returns the index of the next namespace, and how many there are.
 */
struct sf_walker_pause {
	size_t choices;
	uint32_t inode; /* 0: at home */
};
struct sf_walker_pause sf_walker_pause(struct sf_walker *, size_t at);
size_t sf_walker_resume(struct sf_walker *, const struct sf_walker_pause *, size_t *count);

/*
 * From here to sf_walker_leave every walk is in that namespace. Its descriptor is opened unless it is, and stays open.
 * -errno: it cannot be entered, which sf_walker_netns_errors says; -ESRCH: it went since the look.
 */
int sf_walker_enter(struct sf_walker *, size_t at);
void sf_walker_leave(struct sf_walker *);

/*
 * A descriptor holds its namespace, and what is in it: who walks seldom must tidy now and then. Closes those to which
 * nothing leads any more; how many are left. Like a look it ends what indices mean.
 */
size_t sf_walker_tidy(struct sf_walker *);
void sf_walker_let_go(struct sf_walker *); /* closes all */

/*
 * Why a choice was not asked whole: what it names and is not there, what cannot be seen or entered. The same as long as
 * nothing has changed. Returns how many, SF_WALK_ERRORS at most.
 */
unsigned sf_walker_netns_errors(const struct sf_walker *, size_t choice, struct sf_walk_error error[SF_WALK_ERRORS]);
/* ---- events of other namespaces ---- */

#define SF_NSID_HOME (-2) /* of an event: it is of the namespace of the watch itself */
/* After a look: by which number, its nsid, does the kernel call each of them here? */
void sf_walker_number(struct sf_walker *);
/* Were numbers given or taken since it was asked last? Then it is time for another look. */
bool sf_walker_renumbered(struct sf_walker *);
/* The index of the namespace with that number, -ENOENT: it is none that was found; its inode. */
int sf_walker_numbered(const struct sf_walker *, int32_t nsid);
uint32_t sf_walker_inode(const struct sf_walker *, size_t at);
/*
 * Namespaces that a choice has chosen by words other than all, and that have no number: they tell of no end. Their
 * names become an error.
 */
void sf_walker_unnumbered(const struct sf_walker *, const struct sf_netns_choice *choice, size_t number,
			  struct sf_walk *walk);

/* "blue", "of process 812", "of this process": as it was found. */
void sf_walker_netns_name(const struct sf_walker *, size_t at, struct sf_buf *);
