/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Entries on their way to a sink and back, and when to try again: a topic that was refused is
 * parked while others pass; after any other failure all wait. Entries of one topic are put in
 * their order; where one came back, the rest of its topic waits until none of it is in the sink.
 *
 *   a topic   what is offered   what goes out             until
 *   OPEN      is ready          what is ready             one comes back
 *   HELD      waits with it     nothing                   none is in the sink: OPEN
 *   PARKED    waits with it     nothing                   its time has come, none in the sink
 *   PROBING   waits with it     one                       it is done: OPENING; it comes back
 *   OPENING   waits with it     what is back in memory    none waits with it: OPEN
 */
#pragma once

#include "pause.h"
#include "queue.h"
#include "sink.h"

enum sf_topic_state { SF_OPEN, SF_HELD, SF_PARKED, SF_PROBING, SF_OPENING };

struct sf_topic {
	struct sf_topic *next;
	char *name; /* NULL: of a sink without topics */
	enum sf_topic_state state;
	struct sf_queue queue; /* what waits with it */
	size_t ready, in_sink;
	struct sf_pause pause;
	char said[sizeof(((struct sf_err *)0)->text)]; /* its trouble, "" when there is none */
};

struct sf_sender_events {
	void (*said)(void *arg, enum sf_log_level, const char *text);
	/* It waits with its topic for long: its batch may go where it can be had again. */
	void (*parked)(void *arg, struct sf_entry *);
	void (*unparked)(void *arg, struct sf_entry *); /* it has its batch, and is ready */
	void (*gave_up)(void *arg);			/* was said; nothing is sent any more */
	void *arg;
};

struct sf_sender {
	const struct sf_sink_ops *ops;
	struct sf_sink *sink;
	struct sf_sender_events events;
	struct sf_patience patience;
	struct sf_source *timer;
	struct sf_queue ready, sent;
	struct sf_topic *topics;
	struct sf_pause again;
	char said[sizeof(((struct sf_err *)0)->text)];
	size_t failed; /* entries */
	size_t parked;
	uint64_t below; /* only what is older is sent; UINT64_MAX: all */
	bool gives_up, feeding, came_back, closed;
};

/* Opens the sink, whose events are to call back here. */
int sf_sender_init(struct sf_sender *, const struct sf_output_setup *, struct sf_loop *,
		   const struct sf_sink_events *, const struct sf_sender_events *,
		   struct sf_err *err);
void sf_sender_end(struct sf_sender *);	   /* closes the sink; nothing is sent any more */
void sf_sender_finish(struct sf_sender *); /* when all entries were taken */
/* A name's own, as long as the sender lives. NULL, too, has one. */
struct sf_topic *sf_sender_topic(struct sf_sender *, const char *name);

void sf_sender_offer(struct sf_sender *, struct sf_entry *); /* it has a batch */
void sf_sender_feed(struct sf_sender *);

/* ---- what comes back from the sink ---- */

struct sf_entry *sf_sender_find(struct sf_sender *, const struct sf_batch *);
struct sf_entry *sf_sender_done(struct sf_sender *, const struct sf_batch *); /* is the caller's */
void sf_sender_failed(struct sf_sender *, const struct sf_batch *, enum sf_failure,
		      const char *why);

/* ---- what the sink does not hold ---- */

/* The oldest or the newest; `parked`: of those alone. NULL: none. */
struct sf_entry *sf_sender_outermost(struct sf_sender *, bool newest, bool parked);
void sf_sender_remove(struct sf_sender *, struct sf_entry *); /* it is the caller's */
/* The oldest that would be sent if it had a batch; NULL: none. */
struct sf_entry *sf_sender_wants(struct sf_sender *);
void sf_sender_has(struct sf_sender *, struct sf_entry *); /* and now it has one */

/* ---- topics (topic.c), for sender.c ---- */

void sf_topic_hold(struct sf_sender *, struct sf_entry *); /* it waits with its topic */
void sf_topic_refused(struct sf_sender *, struct sf_topic *, const char *why);
void sf_topic_held_up(struct sf_sender *, struct sf_topic *); /* by another failure */
void sf_topic_done(struct sf_sender *, struct sf_topic *);
/* Does what may be done by now. */
void sf_topic_settle(struct sf_sender *, struct sf_topic *);
void sf_sender_ready(struct sf_sender *, struct sf_entry *);
void sf_sender_look(void *sender); /* a timer's */
/* "why; will try again", unless `said` holds it; "goes on", if it holds something and we do. */
void sf_sender_say(struct sf_sender *, char *said, size_t size, const char *topic, const char *why);
void sf_sender_say_over(struct sf_sender *, char *said, const char *topic);
