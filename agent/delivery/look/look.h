/* SPDX-License-Identifier: Apache-2.0 */
/* The parts of a look into a spool's directory, for look*.c alone. */
#pragma once

#include "delivery/spool/spool_list.h"

enum sf_slot_verdict {
	SF_SLOT_NONE, /* not there, or never written */
	SF_SLOT_GOOD,
	SF_SLOT_FUTURE,
	SF_SLOT_DAMAGED
};

struct sf_look {
	struct sf_look_facts facts;
	int directory;
	enum sf_slot_verdict slot[2];
	struct sf_state state;
	struct sf_names names;
	struct sf_look_file *file;
	struct sf_spool_gap *gap;
	struct sf_look_queue *queue;
	size_t last_queue; /* the one that was found last */
};

/* look_state.c: both slots, without changing any of them; false: neither says anything. */
bool sf_look_state(struct sf_look *);

/* look_busy.c: has anybody an exclusive lock on the directory? Asks /proc, takes none. */
bool sf_look_locked(int directory);

/* look_cost.c: what a place costs, and what a record is counted as */
struct sf_spool_amount sf_look_cost(const struct sf_look *, const struct sf_spool_span *);
void sf_look_count(struct sf_look *, struct sf_look_file *, const struct sf_record *);

/* ---- a walk through the records ---- */

struct sf_tour {
	struct sf_look *look;
	const struct sf_look_calls *calls;
	struct sf_pool *pool; /* NULL: heads alone */
	struct sf_walk *walk;
	struct sf_spool_at at; /* behind the last record that was found */
	bool stopped;
};

/* look_tell.c; `file` NULL: it is not there */
void sf_tell(struct sf_tour *, struct sf_look_file *, struct sf_look_place *);
void sf_tell_hole(struct sf_tour *, struct sf_look_file *, struct sf_look_place *,
		  const struct sf_spool_at *from, const struct sf_spool_at *to);
void sf_tell_files(struct sf_tour *); /* what is odd about them before any record is read */
