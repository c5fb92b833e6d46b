/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What becomes of a flight. A batch is delivered when all of its messages are; it has failed when
 * one may still get out by another try. What is too large or wrong is first sent again so that no
 * other message can be to blame, then line by line, and a line that is refused then is dead.
 */
#include <stdlib.h>

#include "kafka_sink.h"

/*
 * The library's sets have so many bytes at most; so much less is tried; below, one message at a
 * time. With so many messages a round, there are no rounds any more. More bytes are tried when so
 * many times as many were taken: seldom, as a set that fails goes out again.
 */
enum { WIDEST = 1000000, NARROWER = 4, NARROWEST = 1000, FEW_MOST = 1000, WIDER_AFTER = 128 };

void sf_flight_fail(struct sf_flight *flight, enum sf_failure failure, const char *why)
{
	if (flight->failed)
		return;
	flight->failed = true;
	flight->failure = failure;
	flight->why = sf_strdup(why);
}

/* Others were in the same set: who is to blame is not known yet. */
static void doubt(struct sf_flight *flight, const struct sf_again *again, bool too_large)
{
	struct sf_kafka_topic *topic = flight->topic;
	size_t messages = topic->few ?: topic->out + 1;

	if (!topic->settling && too_large) {
		topic->window = (topic->window < WIDEST ? topic->window : WIDEST) / NARROWER;
		if (topic->window < NARROWEST)
			topic->window = 0;
		topic->taken = 0;
	} else if (!topic->settling) {
		topic->few = (unsigned)(messages / NARROWER) ?: 1;
	}
	topic->settling = true;
	sf_again_add(flight, again);
}

/* Its bound may have been raised, or one message alone was too large. */
static void widen(struct sf_kafka_topic *topic, size_t taken)
{
	size_t window = topic->window > NARROWEST ? topic->window : NARROWEST;

	topic->taken += taken;
	if (window > WIDEST || topic->taken < (uint64_t)window * WIDER_AFTER)
		return;
	topic->taken = 0;
	window = topic->window ? window * NARROWER : NARROWEST;
	topic->window = window < WIDEST ? window : SIZE_MAX;
}

/* All that was out has its report. */
static void end_round(struct sf_kafka_topic *topic)
{
	if (topic->few && !topic->settling && !topic->found)
		topic->few = topic->few < FEW_MOST ? topic->few * NARROWER : 0;
	topic->round = 0;
	topic->alone = topic->settling = topic->found = false;
}

static void judge(struct sf_sink *sink, struct sf_flight *flight, uint32_t line, uint32_t lines,
		  rd_kafka_resp_err_t code, bool alone)
{
	const struct sf_kafka_cause *cause = sf_kafka_cause(code);
	const struct sf_again again = {line, lines, .single = alone};
	const struct sf_doomed doomed = {line, code};
	sf_cleanup(sf_free_p) char *why = NULL;

	switch (cause->class) {
	case SF_KAFKA_SIZE:
	case SF_KAFKA_DATA:
		flight->topic->found |= alone;
		if (!alone)
			doubt(flight, &again, cause->class == SF_KAFKA_SIZE);
		else if (lines > 1)
			sf_again_add(flight, &again);
		else
			sf_buf_add(&flight->doomed, &doomed, sizeof(doomed));
		break;
	case SF_KAFKA_REFUSED:
	case SF_KAFKA_AGAIN:
		why = sf_kafka_why(sink, flight->topic->name, code);
		sf_flight_fail(flight, cause->class == SF_KAFKA_REFUSED ? SF_REFUSED : SF_AGAIN,
			       why);
		break;
	}
}

void sf_flight_judge(struct sf_sink *sink, struct sf_flight *flight, uint32_t line, uint32_t lines,
		     rd_kafka_resp_err_t code, bool alone)
{
	if (!flight->failed)
		judge(sink, flight, line, lines, code, alone);
	sf_flight_changed(sink, flight);
}

/* Its lines: messages are reported in the order in which they went out, nearly always. */
static uint32_t lines_of(struct sf_sink *sink, struct sf_flight *flight,
			 const rd_kafka_message_t *message)
{
	const struct sf_batch *batch = flight->batch;
	size_t at = (size_t)((const char *)message->payload - batch->data);
	struct sf_spot *spot = &flight->reported;
	uint32_t first;

	if (spot->at > at)
		*spot = (struct sf_spot){0};
	while (spot->at < at)
		sf_spot_seek(sink, batch, spot, spot->line + 1);
	first = spot->line;
	while (spot->at < at + message->len)
		sf_spot_seek(sink, batch, spot, spot->line + 1);
	return spot->line - first;
}

/*
 * Without an offset no broker has said it: the library concludes it from a later message that a
 * broker took. But it may send that one first, when the leader moves while a request fails, and a
 * leader that does not know the producer takes it, with what was before it nowhere.
 */
static bool is_confirmed(const rd_kafka_message_t *message)
{
	return !message->err && message->offset != RD_KAFKA_OFFSET_INVALID;
}

void sf_kafka_report(struct sf_sink *sink, const rd_kafka_message_t *message)
{
	struct sf_flight *flight = message->_private;
	struct sf_kafka_topic *topic = flight->topic;
	uint32_t lines = lines_of(sink, flight, message);

	sink->out--;
	flight->out--;
	topic->out--;
	topic->out_bytes -= message->len;
	if (is_confirmed(message)) {
		flight->good += lines;
		widen(topic, message->len);
	} else if (message->err) {
		sf_flight_judge(sink, flight, flight->reported.line - lines, lines, message->err,
				topic->alone);
	} else {
		sf_flight_fail(flight, SF_AGAIN, "no broker has confirmed it");
		sf_flight_changed(sink, flight);
	}
	if (!topic->out)
		end_round(topic);
}

void sf_kafka_land(struct sf_sink *sink)
{
	struct sf_flight **at = &sink->flying.first, *flight;

	while ((flight = *at)) {
		if (flight->out || !sf_flight_is_out(flight)) {
			at = &flight->next;
			continue;
		}
		*at = flight->next;
		if (!*at)
			sink->flying.last = at;
		sf_flights_put(&sink->landed, flight);
	}
}
