/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The other side of an output, for those who write a sink. A sink never blocks the loop and never
 * logs: it answers, and its output decides.
 */
#pragma once

#include <sockfeed/delivery.h>

struct sf_sink; /* each sink's own */

enum sf_failure {
	SF_REFUSED, /* its topic takes nothing: no right, no such topic, a quota; others may pass */
	SF_AGAIN,   /* anything else that may pass */
};

struct sf_sink_events {
	/* Any thread: so many more lines are out for good; 0: there was progress. */
	void (*written)(void *arg, uint32_t lines);
	/* In the loop: the sink needs the batch no longer; `left` of its lines did not get out. */
	void (*done)(void *arg, struct sf_batch *, uint32_t left);
	/*
	 * In the loop, instead of done(): none of the batch's lines was counted, all are to be
	 * tried again, after a pause. `why` is for the log.
	 */
	void (*failed)(void *arg, struct sf_batch *, enum sf_failure, const char *why);
	/* In the loop, before done(), which does not count them as left: this line is taken by
	 * nobody, ever. */
	void (*dead)(void *arg, struct sf_batch *, uint32_t line, const char *why);
	void (*said)(void *arg, enum sf_log_level,
		     const char *text); /* in the loop, once a cause */
	void (*closed)(void *arg);	/* in the loop: nothing will get out any more, ever */
	bool gives_up;			/* an error is said and closes it, and is not tried again */
	const struct sf_site *site;	/* lives as long as the sink */
	void *arg;
};

struct sf_sink_ops {
	/* -errno with a sentence: what the user must put right; what may pass is no error. */
	int (*open)(const void *conf, struct sf_loop *, const struct sf_sink_events *,
		    struct sf_sink **ret, struct sf_err *err);
	/*
	 * 0: taken, it comes back by done() or failed(); -EAGAIN: not taken, try after one of
	 * those. `topic` as in sf_output_put, interned by the output: it lives as long.
	 */
	int (*put)(struct sf_sink *, struct sf_batch *, const char *topic);
	void (*reopen)(struct sf_sink *);
	/* Ends its threads; what it still holds comes back by done() before this returns. */
	void (*close)(struct sf_sink *); /* accepts NULL */
};

extern const struct sf_sink_ops sf_stdout_ops, sf_file_ops, sf_kafka_ops;
extern const struct sf_key sf_stdout_keys[], sf_file_keys[];
