/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An output whose store is the disk: every batch is appended to the spool; as long as nothing older
 * is left to be sent, and memory allows, it is sent from memory (it is live), else it is read back,
 * in order and at a pace. An entry's batch is in memory only from then until it is done or parked.
 *
 *   offsets below `next`   have an entry, or are done
 *   from `next` on         are on the disk alone; while there are such, the output is behind
 */
#pragma once

#include "delivery/output.h"
#include "keeper.h"
#include "pace.h"

enum {
	SF_LOADED_SIZE = 4 << 20, /* bytes of entries that are in memory; one more may be read */
	SF_LOADED_SHARE = 4,	  /* and a fourth of the spool: what is in flight is not dropped */
	SF_LOADED_MOST = 1024,	  /* such entries */
	SF_PARKED_MOST = 4096,	  /* entries that are not, of topics that were refused */
	SF_UNWRITTEN = 4 << 20	  /* bytes on their way to a disk that gets on */
};

struct sf_spooled {
	struct sf_output *output;
	struct sf_keeper *keeper;
	struct sf_keeper_state state; /* when the last errand came back */
	struct sf_spool_run *run;
	size_t runs;
	struct sf_pace pace;
	struct sf_source *tick, *later, *ask; /* timers: of the keeper; of reading; of gaps */
	uint64_t next;
	bool behind, reading;
	uint64_t retry_at;		    /* mono: what could not be read is not tried before */
	struct sf_entry *wanted;	    /* what is read is for it; NULL: for a new one */
	uint64_t accepted;		    /* lines that were put */
	uint64_t loaded_bytes, loaded_size; /* of them; the most */
	size_t loaded;
	size_t appends; /* under way */
	uint64_t append_lines, append_bytes;
	uint64_t queue_size;	/* bytes that may be on their way to a disk that does not */
	uint64_t in_gate;	/* bytes that were appended, but wait in the spool's memory */
	struct sf_queue unsaid; /* done, but the spool has too many holes */
	uint64_t unsaid_base;	/* the spool's when they were said last */
	uint64_t handed
		[SF_KEEPER_GAPS]; /* gaps whose lines are to come, or on their way to the disk */
	size_t handeds;
	bool asking;	   /* the keeper for gaps */
	uint64_t asked_at; /* mono */
	char trouble[sizeof(((struct sf_spool_counts *)0)->trouble)];
	uint64_t lost_said, lost_said_at; /* lines, mono */
};

/* ---- what the output asks (spooled.c) ---- */

int sf_spooled_new(struct sf_output *, const struct sf_output_setup *, struct sf_loop *,
		   struct sf_err *err);
/* When the sink and the letters are closed: closes the spool. */
void sf_spooled_end(struct sf_output *);
void sf_spooled_free(struct sf_spooled *);
/* `gap`: as in sf_output_put_gap; 0: none. */
void sf_spooled_put(struct sf_output *, struct sf_batch *, const char *topic, uint64_t gap);
/* A dead line of an entry that is not done yet is in no file. */
void sf_spooled_lose_line(struct sf_output *, struct sf_entry *, const struct sf_letter *,
			  enum sf_loss);
void sf_spooled_drop_all(
	struct sf_output *); /* what the sink does not hold; it stays on the disk */
void sf_spooled_counts(const struct sf_output *, struct sf_counts *);
/* Nothing waits, but on the disk of one that is closed, nor (if it `tells` gaps) is owed. */
bool sf_spooled_is_idle(const struct sf_spooled *, bool tells);
void sf_spooled_park(void *output, struct sf_entry *);
void sf_spooled_unparked(void *output, struct sf_entry *);
void sf_spooled_leave(struct sf_output *, struct sf_entry *); /* the sink is done with it */
void sf_spooled_back(void *spooled, struct sf_errand *);      /* an errand (errands.c) */

/* ---- memory, and reading back (replay.c) ---- */

void sf_spooled_load(struct sf_spooled *, struct sf_entry *, struct sf_batch *);
void sf_spooled_unload(struct sf_spooled *, struct sf_entry *);
void sf_spooled_forget(struct sf_spooled *, struct sf_entry *);
bool sf_spooled_is_live(const struct sf_spooled *, size_t length);
void sf_spooled_read(struct sf_spooled *, struct sf_errand *); /* it came back */
void sf_spooled_pump(void *spooled);			       /* reads on, if it may */

/* ---- what is told (spooled_tell.c) ---- */

void sf_spooled_ask(void *spooled);	    /* for gaps, when there are some and it is time */
void sf_spooled_hurry(struct sf_spooled *); /* asks for them without a pause: nothing more comes */
void sf_spooled_tell(struct sf_spooled *, struct sf_errand *); /* they came */
enum sf_loss sf_spooled_loss(enum sf_spool_loss);
bool sf_spooled_has_handed(const struct sf_spooled *, uint64_t id);
void sf_spooled_unhand(struct sf_spooled *, uint64_t id);
void sf_spooled_say(struct sf_spooled *); /* trouble, and losses */
