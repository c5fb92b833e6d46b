/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sink for Kafka. A batch in it is a flight: its lines go out as messages, each has its report,
 * and with the last one the batch goes back to the output, as a whole.
 *
 *   kafka.c         opens, takes batches, gives them back, closes
 *   kafka_flight.c  lines -> messages
 *   kafka_report.c  reports -> what becomes of a flight
 *   kafka_life.c    the producer's own life: fatal errors, stalls, a new one
 *   kafka_voice.c   errors and the library's log -> what is said, and how often
 */
#pragma once

#include "kafka.h"
#include "kafka_producer.h"

struct sf_kafka_topic {
	const char *name; /* as the output gave it */
	rd_kafka_topic_t *handle;
	size_t out, out_bytes; /* messages without a report */
	/*
	 * Brokers judge messages in sets, which the library forms of what is out. So no more bytes
	 * are out at a time than the topic was seen to take, and then more again; and where one of
	 * a set is wrong, so few go out at a time that it is found, and then more again.
	 */
	size_t window;	/* bytes */
	uint64_t taken; /* bytes with a good report since it changed */
	unsigned few;	/* messages a round, until all of it have their reports; 0: no rounds */
	unsigned round; /* messages that went out in it */
	bool alone;	/* the message that is out is the only one of its set */
	bool settling;	/* nothing goes out before all that is out has its report */
	bool found;	/* one that is wrong by itself, in this round */
	unsigned pass;	/* of sf_kafka_resume, in which nothing of it goes out any more */
};

struct sf_spot { /* a place in a batch: its line, where that begins, and its key */
	uint32_t line;
	size_t at, key;
};

struct sf_again { /* lines that go out once more */
	uint32_t line, lines;
	bool single; /* each by itself; else together as before */
};

struct sf_doomed { /* a line that nobody takes */
	uint32_t line;
	rd_kafka_resp_err_t code;
};

struct sf_flight {
	struct sf_flight *next;
	struct sf_batch *batch;
	struct sf_kafka_topic *topic;
	struct sf_spot sent;	 /* what is before it went out */
	struct sf_spot reported; /* the message whose report came last ends here */
	uint32_t out, good;	 /* messages without a report; lines with a good one */
	struct sf_buf again;	 /* struct sf_again, by line */
	struct sf_buf doomed;	 /* struct sf_doomed */
	bool waits;		 /* not all of it is out */
	bool failed;
	enum sf_failure failure;
	char *why;
	uint64_t since; /* mono, when it was taken */
};

struct sf_flights {
	struct sf_flight *first, **last;
};
void sf_flights_put(struct sf_flights *, struct sf_flight *);

enum sf_kafka_state {
	SF_KAFKA_UP,
	SF_KAFKA_PURGING, /* of what is out nothing is wanted but reports */
	SF_KAFKA_ENDING,  /* the producer is destroyed */
	SF_KAFKA_PAUSING  /* before the next one */
};

enum { SF_KAFKA_SAID = 16 };
struct sf_kafka_said { /* a sentence, since it worked last */
	const struct sf_kafka_cause *cause;
	char *words;
};

struct sf_sink {
	const struct sf_kafka_conf *conf;
	struct sf_loop *loop;
	struct sf_sink_events events;
	struct sf_producer *producer;
	rd_kafka_t *handle; /* of it, while it is UP or PURGING */
	rd_kafka_headers_t *headers;
	enum sf_kafka_state state;
	struct sf_source *timer;
	struct sf_source *wake; /* finished flights are to be given back */
	struct sf_kafka_topic **topic;
	size_t topics;
	struct sf_flights flying, landed; /* landed: on their way back to the output */
	struct sf_flight *spare;
	size_t waiting; /* flights that are not all out */
	size_t out;	/* messages without a report */
	bool full;	/* the library's queue, when one that waits tried last */
	bool hurry;	/* what waits needs the reports of what is out */
	unsigned pass;
	uint64_t pause_ms;	  /* before the next producer; longer each time, until one works */
	uint64_t progress, heard; /* mono: the last good report; the last error */
	struct sf_kafka_said said[SF_KAFKA_SAID]; /* in order; the first without a cause ends it */
	char *trouble; /* the last error, for who hears of a time-out alone; NULL: it works */
	unsigned log_lines[SF_LOG_DEBUG + 1]; /* of the library, in the minute from log_since on */
	uint64_t log_since;
};

/* ---- kafka_flight.c ---- */

/* The spot of a line: looked for from `spot` on, when that is not behind it. */
void sf_spot_seek(const struct sf_sink *, const struct sf_batch *, struct sf_spot *, uint32_t line);
/* Sends what may go out now, of all flights in order. */
void sf_kafka_resume(struct sf_sink *);
/* All of it went out, or it failed. */
bool sf_flight_is_out(const struct sf_flight *);
/* Counts it as waiting or not. */
void sf_flight_changed(struct sf_sink *, struct sf_flight *);
void sf_again_add(struct sf_flight *, const struct sf_again *);
/* So many lines less, of the first. */
void sf_again_cut(struct sf_flight *, uint32_t lines);

/* ---- kafka_report.c ---- */

void sf_kafka_report(struct sf_sink *, const rd_kafka_message_t *);
/* A message did not get out: its lines from `line` on; `alone`: no other is to blame. */
void sf_flight_judge(struct sf_sink *, struct sf_flight *, uint32_t line, uint32_t lines,
		     rd_kafka_resp_err_t, bool alone);
void sf_flight_fail(struct sf_flight *, enum sf_failure, const char *why);
/* Flights that are over are landed. */
void sf_kafka_land(struct sf_sink *);

/* ---- kafka_life.c ---- */

int sf_kafka_begin(struct sf_sink *, struct sf_err *);
void sf_kafka_ready(void *sink); /* the producer has something to say */
void sf_kafka_time(void *sink);	 /* the timer */
/* The producer is of no use any more: another one is made, all that is out has failed. */
void sf_kafka_renew(struct sf_sink *, rd_kafka_resp_err_t, const char *why);
/* Until that time the producer may take to end. */
void sf_kafka_end(struct sf_sink *, uint64_t until);

/* ---- kafka_voice.c ---- */

void sf_kafka_hear_error(struct sf_sink *, rd_kafka_event_t *);
void sf_kafka_hear_log(struct sf_sink *, rd_kafka_event_t *);
void sf_kafka_hear_fatal(struct sf_sink *, rd_kafka_resp_err_t, const char *text);
/* A good report came. */
void sf_kafka_works(struct sf_sink *);
void sf_kafka_hush(struct sf_sink *); /* at the end */
/* Why messages of a topic failed, with what to do; to be freed. */
char *sf_kafka_why(const struct sf_sink *, const char *topic, rd_kafka_resp_err_t);

/* ---- kafka.c ---- */

void sf_kafka_topic_open(struct sf_sink *, struct sf_kafka_topic *);
/* What has landed goes back to the output, which may put others at once. */
void sf_kafka_give_back(void *sink);
