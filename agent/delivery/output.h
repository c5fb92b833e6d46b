/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What an output consists of, for the files that are one: output.c (its life, and what it is
 * asked), back.c (what comes back from the sink), leave.c (what leaves, and how it is counted),
 * wait.c (what the collector asks).
 */
#pragma once

#include "delivery/letters/letters.h"
#include "gaps.h"
#include "gate.h"
#include "sender.h"
#include "tally.h"

struct sf_spooled;

struct sf_output {
	char *name;
	struct sf_pool *pool;
	struct sf_output_events events;
	enum { SF_OLDEST, SF_NEWEST, SF_PATIENT } when_full; /* as in struct sf_output_setup */
	struct sf_gate gate;
	struct sf_gate flow; /* with a spool: of what is sent from memory */
	struct sf_sender sender;
	struct sf_letters *letters; /* NULL: none are kept */
	struct sf_queue lettering;  /* done, but for their letters */
	struct sf_gaps gaps;
	struct sf_source *later; /* a timer: the next time gaps may be told */
	uint64_t told_at;	 /* mono */
	bool closed, draining, freeing;
	uint64_t number;       /* of the last that was put */
	size_t batches;	       /* in queues and in the sink */
	uint64_t bytes;	       /* of them */
	uint64_t parked_bytes; /* of them, of topics that were refused; not in a patient output */
	struct sf_tally tally;
	struct sf_spooled *spooled; /* NULL: what waits is in memory */
};

/* ---- what comes back from the sink, and from the letters (back.c) ---- */

extern const struct sf_sink_events sf_output_hears;
extern const struct sf_sender_events sf_output_hears_sender, sf_output_hears_spooled;
void sf_output_settled(void *output, const struct sf_letter *);
void sf_output_said(void *output, enum sf_log_level, const char *text);

/* ---- what leaves (leave.c) ---- */

/* The entry leaves: its `left` lines are lost, and its dead are counted. */
void sf_output_leave(struct sf_output *, struct sf_entry *, enum sf_loss);
void sf_output_forget(struct sf_output *, struct sf_entry *); /* is freed, when it may be */
/* What the sink does not hold leaves, lost as a whole. */
void sf_output_lose(struct sf_output *, struct sf_entry *, enum sf_loss);
void sf_output_lose_all(struct sf_output *, enum sf_loss);
/* Where parked topics have more than their share, they lose. */
void sf_output_squeeze(struct sf_output *);
void sf_output_park(void *output, struct sf_entry *);
void sf_output_unpark(void *output, struct sf_entry *);
void sf_output_tell_gaps(void *output);	  /* it got on; tells now, or soon */
void sf_output_hurry(struct sf_output *); /* nothing more comes: gaps are told without a pause */
void sf_output_tell_if_drained(struct sf_output *);
