/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The producer's life. After a fatal error, or when nothing was heard for long, it is of no use any
 * more: what is out is purged, the producer destroyed, and after a pause there is another one.
 * Batches go back to the output only when the library cannot look at them any more.
 */
#include "kafka_sink.h"

#define MS (uint64_t)1000
enum {
	TURN_MS = 2,	 /* of one callback, then others have theirs */
	PURGE_MS = 2000, /* for the reports of what was purged */
	PAUSE_MS = 1000, /* before a new producer; twice as long, when that does not work */
	PAUSE_MOST_MS = 60000,
	TROUBLE_MS = 10000, /* before another try to make one */
	WATCH_MS = 30000,   /* how often we look whether it still works */
	SILENCE_MS = 300000 /* no report and no error, and something is out */
};

static void set_timer(struct sf_sink *sink, uint64_t ms)
{
	sf_timer_set(sink->timer, sf_clock_mono() + ms * MS);
}

/* ---- what comes from the library ---- */

static void on_fatal(struct sf_sink *sink)
{
	char text[512];
	rd_kafka_resp_err_t code = sf_rd.fatal_error(sink->handle, text, sizeof(text));

	if (code)
		sf_kafka_renew(sink, code, text);
}

static void hear(struct sf_sink *sink, rd_kafka_event_t *event)
{
	const rd_kafka_message_t *message;
	bool good = false;

	switch (sf_rd.event_type(event)) {
	case RD_KAFKA_EVENT_DR:
		while ((message = sf_rd.event_message_next(event))) {
			good |= !message->err;
			if (message->err)
				on_fatal(sink); /* if it is, the report does not say why */
			sf_kafka_report(sink, message);
		}
		break;
	case RD_KAFKA_EVENT_ERROR:
		sf_kafka_hear_error(sink, event);
		break;
	case RD_KAFKA_EVENT_LOG:
		sf_kafka_hear_log(sink, event);
		break;
	}
	if (!good)
		return;
	sink->pause_ms = PAUSE_MS;
	sf_kafka_works(sink);
}

/* False: there may be more. */
static bool poll(struct sf_sink *sink)
{
	uint64_t end = sf_clock_mono() + TURN_MS * MS;
	rd_kafka_event_t *event;

	while ((event = sf_producer_poll(sink->producer, 0))) {
		hear(sink, event);
		sf_rd.event_destroy(event);
		if (sf_clock_mono() > end)
			return false;
	}
	return true;
}

/* ---- one producer after the other ---- */

static void purge(struct sf_sink *sink)
{
	sf_rd.purge(sink->handle, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT |
					  RD_KAFKA_PURGE_F_NON_BLOCKING);
}

void sf_kafka_renew(struct sf_sink *sink, rd_kafka_resp_err_t code, const char *why)
{
	if (sink->state != SF_KAFKA_UP)
		return;
	sf_kafka_hear_fatal(sink, code, why);
	sink->state = SF_KAFKA_PURGING;
	purge(sink);
	set_timer(sink, PURGE_MS);
}

static void drop_topics(struct sf_sink *sink)
{
	for (size_t i = 0; i < sink->topics; i++)
		if (sink->topic[i]->handle)
			sf_rd.topic_destroy(sf_take(sink->topic[i]->handle));
}

/* Nobody knows what became of it: all of it is tried again. */
static void fail_what_is_out(struct sf_sink *sink)
{
	for (struct sf_flight *flight = sink->flying.first; flight; flight = flight->next) {
		if (!flight->out)
			continue;
		flight->out = 0;
		sf_flight_fail(flight, SF_AGAIN, sink->trouble ?: "the library began anew");
		sf_flight_changed(sink, flight);
	}
	for (size_t i = 0; i < sink->topics; i++) {
		struct sf_kafka_topic *topic = sink->topic[i];

		topic->out = topic->out_bytes = topic->round = 0;
		topic->alone = topic->settling = topic->found = false;
	}
	sink->out = 0;
}

static void begin_end(struct sf_sink *sink)
{
	drop_topics(sink);
	sink->handle = NULL;
	sink->state = SF_KAFKA_ENDING;
	if (sf_producer_end(sink->producer, NULL) < 0)
		set_timer(sink, TROUBLE_MS); /* no thread is to be had now */
	else
		sf_timer_clear(sink->timer);
}

static void on_ended(struct sf_sink *sink)
{
	sf_producer_free(sf_take(sink->producer), 0);
	fail_what_is_out(sink);
	sink->state = SF_KAFKA_PAUSING;
	set_timer(sink, sink->pause_ms);
	sink->pause_ms = sink->pause_ms < PAUSE_MOST_MS / 2 ? sink->pause_ms * 2 : PAUSE_MOST_MS;
}

int sf_kafka_begin(struct sf_sink *sink, struct sf_err *err)
{
	rd_kafka_conf_t *conf = sf_kafka_settings(sink->conf, NULL);
	int r;

	if (sink->events.gives_up) /* else nobody would hear that no broker is there */
		sf_rd.conf_set(conf, "message.timeout.ms", "10000", NULL, 0);
	r = sf_producer_new(conf, sink->loop, sf_kafka_ready, sink, &sink->producer, err);
	if (r < 0)
		return r;
	sink->handle = sf_producer_handle(sink->producer);
	for (size_t i = 0; i < sink->topics; i++)
		sf_kafka_topic_open(sink, sink->topic[i]);
	sink->state = SF_KAFKA_UP;
	sink->pause_ms = sink->pause_ms ?: PAUSE_MS;
	sink->progress = sink->heard = sf_clock_mono();
	set_timer(sink, WATCH_MS);
	return 0;
}

static void begin_again(struct sf_sink *sink)
{
	struct sf_err err;

	if (sf_kafka_begin(sink, &err) == 0) {
		sf_kafka_resume(sink);
		return;
	}
	sink->events.said(sink->events.arg, SF_LOG_WARN, err.text);
	set_timer(sink, TROUBLE_MS);
}

/* Something is out, and for long there was no report and no error that would say why. */
static void watch(struct sf_sink *sink)
{
	uint64_t silent = sf_clock_mono() - SILENCE_MS * MS;

	set_timer(sink, WATCH_MS);
	if (sink->out && sink->flying.first->since < silent && sink->progress < silent &&
	    sink->heard < silent)
		sf_kafka_renew(sink, RD_KAFKA_RESP_ERR__STATE,
			       "Kafka has said nothing for 5 minutes");
}

void sf_kafka_time(void *arg)
{
	struct sf_sink *sink = arg;

	switch (sink->state) {
	case SF_KAFKA_UP:
		watch(sink);
		break;
	case SF_KAFKA_PURGING:
	case SF_KAFKA_ENDING:
		begin_end(sink);
		break;
	case SF_KAFKA_PAUSING:
		begin_again(sink);
		break;
	}
}

void sf_kafka_ready(void *arg)
{
	struct sf_sink *sink = arg;
	bool all;

	if (sink->state == SF_KAFKA_ENDING) {
		if (sf_producer_has_ended(sink->producer))
			on_ended(sink);
	} else if (sink->state != SF_KAFKA_PAUSING) {
		all = poll(sink);
		on_fatal(sink);
		if (!all)
			sf_producer_wake(sink->producer);
		if (sink->state == SF_KAFKA_PURGING && !sink->out)
			begin_end(sink);
		sf_kafka_resume(sink);
	}
	sf_kafka_land(sink);
	sf_kafka_give_back(sink);
}

void sf_kafka_end(struct sf_sink *sink, uint64_t until)
{
	rd_kafka_event_t *event;

	if (sink->handle)
		purge(sink);
	while (sink->handle && sink->out && sf_clock_mono() < until) {
		event = sf_producer_poll(sink->producer, 50);
		if (!event)
			continue;
		hear(sink, event);
		sf_rd.event_destroy(event);
	}
	drop_topics(sink);
	sink->handle = NULL;
	sf_producer_free(sf_take(sink->producer), until);
}
