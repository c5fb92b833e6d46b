/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sink for Kafka: batches come in, are flights until all of their messages have a report, and
 * go back. It runs in the loop; the library has threads of its own.
 */
#include <stdlib.h>
#include <string.h>

#include "kafka_sink.h"

/* How many flights may wait for room in the library, and how long an end may take. */
enum { WAITING_MOST = 8, END_US = 3 * 1000 * 1000 };

void sf_flights_put(struct sf_flights *flights, struct sf_flight *flight)
{
	flight->next = NULL;
	*flights->last = flight;
	flights->last = &flight->next;
}

static struct sf_flight *take_first(struct sf_flights *flights)
{
	struct sf_flight *flight = flights->first;

	if (flight) {
		flights->first = flight->next;
		if (!flights->first)
			flights->last = &flights->first;
	}
	return flight;
}

/* ---- in ---- */

void sf_kafka_topic_open(struct sf_sink *sink, struct sf_kafka_topic *topic)
{
	topic->handle = sf_rd.topic_new(sink->handle, topic->name, NULL);
}

static struct sf_kafka_topic *find_topic(struct sf_sink *sink, const char *name)
{
	struct sf_kafka_topic *topic;

	for (size_t i = 0; i < sink->topics; i++)
		if (sink->topic[i]->name == name)
			return sink->topic[i];
	topic = sf_new(struct sf_kafka_topic);
	topic->name = name;
	topic->window = SIZE_MAX;
	if (sink->handle)
		sf_kafka_topic_open(sink, topic);
	sink->topic = sf_realloc(sink->topic, (sink->topics + 1) * sizeof(struct sf_kafka_topic *));
	sink->topic[sink->topics++] = topic;
	return topic;
}

static int put(struct sf_sink *sink, struct sf_batch *batch, const char *topic)
{
	struct sf_flight *flight;

	if (sink->waiting && (sink->full || sink->waiting >= WAITING_MOST))
		return -EAGAIN;
	flight = sink->spare ?: sf_new(struct sf_flight);
	sink->spare = flight->next;
	flight->batch = batch;
	flight->topic = find_topic(sink, topic);
	flight->since = sf_clock_mono();
	sf_flights_put(&sink->flying, flight);
	sf_flight_changed(sink, flight);
	sf_kafka_resume(sink);
	if (!flight->out && !flight->waits)
		sf_wake(sink->wake); /* it failed at once: not from in here */
	return 0;
}

/* ---- out ---- */

static void bury(struct sf_sink *sink, const struct sf_flight *flight)
{
	const struct sf_doomed *doomed = (const struct sf_doomed *)flight->doomed.data;
	size_t count = flight->doomed.length / sizeof(*doomed);

	for (size_t i = 0; i < count; i++)
		sink->events.dead(sink->events.arg, flight->batch, doomed[i].line,
				  sf_rd.err2str(doomed[i].code));
}

static void forget(struct sf_sink *sink, struct sf_flight *flight)
{
	free(flight->why);
	*flight = (struct sf_flight){
		.next = sink->spare, .again = flight->again, .doomed = flight->doomed};
	flight->again.length = flight->doomed.length = 0;
	sink->spare = flight;
}

/* `fails`: it may be tried again; else it goes with what did not get out of it. */
static void give_back(struct sf_sink *sink, struct sf_flight *flight, bool fails)
{
	const struct sf_sink_events *events = &sink->events;
	struct sf_batch *batch = flight->batch;
	uint32_t dead = (uint32_t)(flight->doomed.length / sizeof(struct sf_doomed));
	uint32_t left = batch->lines - flight->good - dead;

	if (fails) {
		events->failed(events->arg, batch, flight->failure, flight->why);
	} else {
		bury(sink, flight);
		events->written(events->arg, flight->good);
		events->done(events->arg, batch, left);
	}
}

void sf_kafka_give_back(void *arg)
{
	struct sf_sink *sink = arg;
	struct sf_flight *flight;

	sf_kafka_land(sink);
	while ((flight = take_first(&sink->landed))) {
		give_back(sink, flight, flight->failed);
		forget(sink, flight);
	}
}

/* ---- open and close ---- */

static void free_flights(struct sf_flight *flight)
{
	struct sf_flight *next;

	for (; flight; flight = next) {
		next = flight->next;
		sf_buf_finish(&flight->again);
		sf_buf_finish(&flight->doomed);
		free(flight);
	}
}

static void close_sink(struct sf_sink *sink)
{
	struct sf_flight *flight;

	if (!sink)
		return;
	sf_kafka_end(sink, sf_clock_mono() + END_US);
	while ((flight = take_first(&sink->landed) ?: take_first(&sink->flying))) {
		give_back(sink, flight, false);
		forget(sink, flight);
	}
	free_flights(sink->spare);
	for (size_t i = 0; i < sink->topics; i++)
		free(sink->topic[i]);
	free(sink->topic);
	if (sink->headers)
		sf_rd.headers_destroy(sink->headers);
	sf_source_remove(sink->timer);
	sf_source_remove(sink->wake);
	sf_kafka_hush(sink);
	free(sink);
}

static void reopen(struct sf_sink *sink)
{
	(void)sink; /* there is nothing that was moved away */
}

static rd_kafka_headers_t *make_headers(const struct sf_list *list)
{
	rd_kafka_headers_t *headers = list->count ? sf_rd.headers_new(list->count) : NULL;

	for (size_t i = 0; i < list->count; i++)
		sf_rd.header_add(headers, list->names[i], -1, list->items[i].text,
				 (ssize_t)list->items[i].length);
	return headers;
}

static int open_sink(const void *conf, struct sf_loop *loop, const struct sf_sink_events *events,
		     struct sf_sink **ret, struct sf_err *err)
{
	struct sf_sink *sink = sf_new(struct sf_sink);
	int r;

	sink->conf = conf;
	sink->loop = loop;
	sink->events = *events;
	sink->flying.last = &sink->flying.first;
	sink->landed.last = &sink->landed.first;
	sink->headers = make_headers(&sink->conf->headers);
	r = sf_loop_wake(loop, sf_kafka_give_back, sink, &sink->wake, err);
	if (r == 0)
		r = sf_loop_timer(loop, sf_kafka_time, sink, &sink->timer, err);
	if (r == 0)
		r = sf_kafka_begin(sink, err);
	if (r < 0) {
		close_sink(sink);
		return r;
	}
	*ret = sink;
	return 0;
}

const struct sf_sink_ops sf_kafka_ops = {open_sink, put, reopen, close_sink};
