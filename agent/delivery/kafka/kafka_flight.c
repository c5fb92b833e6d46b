/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines become messages: the bytes of the batch, which the library only points to. Per message
 * nothing is allocated here, nothing is copied and nothing is printed.
 */
#include <string.h>
#include <sys/uio.h>

#include "kafka_sink.h"

enum { HURRY_MS = 1 };

static enum sf_line_key line_key(const struct sf_sink *sink)
{
	return sink->conf->key == SF_KEY_FLOW ? SF_BY_FLOW : SF_BY_SOCKET;
}

static void step(const struct sf_batch *batch, enum sf_line_key by, struct sf_spot *spot)
{
	spot->at += batch->line[spot->line].length;
	spot->key += batch->line[spot->line].key[by];
	spot->line++;
}

void sf_spot_seek(const struct sf_sink *sink, const struct sf_batch *batch, struct sf_spot *spot,
		  uint32_t line)
{
	enum sf_line_key by = line_key(sink);

	if (line < spot->line)
		*spot = (struct sf_spot){0};
	while (spot->line < line)
		step(batch, by, spot);
}

void sf_flight_changed(struct sf_sink *sink, struct sf_flight *flight)
{
	bool waits = !sf_flight_is_out(flight);

	sink->waiting += waits;
	sink->waiting -= flight->waits;
	flight->waits = waits;
}

bool sf_flight_is_out(const struct sf_flight *flight)
{
	return flight->failed ||
	       (flight->sent.line == flight->batch->lines && !flight->again.length);
}

/* ---- one message ---- */

struct message {
	uint32_t lines;
	size_t length; /* without the last newline */
};

static struct message form(const struct sf_batch *batch, const struct sf_spot *spot, uint32_t most)
{
	struct message message = {0};

	if (most > batch->lines - spot->line)
		most = batch->lines - spot->line;
	do
		message.length += batch->line[spot->line + message.lines++].length;
	while (message.lines < most &&
	       message.length + batch->line[spot->line + message.lines].length <= SF_MESSAGE_MOST);
	message.length--;
	return message;
}

static struct iovec key_of(const struct sf_sink *sink, const struct sf_batch *batch,
			   const struct sf_spot *spot)
{
	const char *text = NULL;
	enum sf_line_key by;

	switch ((enum sf_kafka_key)sink->conf->key) {
	case SF_KEY_NONE:
		return (struct iovec){0};
	case SF_KEY_HOST:
		text = sink->events.site->host_id;
		break;
	case SF_KEY_QUERY:
		text = batch->query;
		break;
	case SF_KEY_SOCKET:
	case SF_KEY_FLOW:
		by = line_key(sink);
		if (!batch->line[spot->line].key[by])
			return (struct iovec){0};
		return (struct iovec){batch->keys[by].data + spot->key,
				      batch->line[spot->line].key[by]};
	}
	return *text ? (struct iovec){(void *)text, strlen(text)} : (struct iovec){0};
}

static rd_kafka_resp_err_t produce(struct sf_sink *sink, struct sf_flight *flight,
				   const struct sf_spot *spot, size_t length)
{
	const struct sf_batch *batch = flight->batch;
	int64_t time_ms = (int64_t)(batch->time_us / 1000) + batch->line[spot->line].later_ms;
	struct iovec key = key_of(sink, batch, spot);
	rd_kafka_headers_t *headers = sink->headers ? sf_rd.headers_copy(sink->headers) : NULL;
	rd_kafka_resp_err_t code = sf_rd.producev(
		sink->handle, RD_KAFKA_V_RKT(flight->topic->handle), RD_KAFKA_V_MSGFLAGS(0),
		RD_KAFKA_V_VALUE(batch->data + spot->at, length),
		RD_KAFKA_V_KEY(key.iov_base, key.iov_len), RD_KAFKA_V_TIMESTAMP(time_ms),
		RD_KAFKA_V_OPAQUE(flight), RD_KAFKA_V_HEADERS(headers), RD_KAFKA_V_END);

	if (code && headers)
		sf_rd.headers_destroy(headers);
	return code;
}

static bool may_go(const struct sf_kafka_topic *topic, const struct message *message)
{
	if (!topic->out)
		return true;
	return !topic->alone && !topic->settling && (!topic->few || topic->round < topic->few) &&
	       topic->out_bytes + message->length <= topic->window;
}

/* False: it cannot go out now. A message that the library refuses has its report at once. */
static bool send_message(struct sf_sink *sink, struct sf_flight *flight, const struct sf_spot *spot,
			 const struct message *message)
{
	struct sf_kafka_topic *topic = flight->topic;
	rd_kafka_resp_err_t code;

	if (!may_go(topic, message)) {
		topic->pass = sink->pass;
		sink->hurry = true;
		return false;
	}
	code = produce(sink, flight, spot, message->length);
	if (code == RD_KAFKA_RESP_ERR__QUEUE_FULL && sink->out) {
		sink->full = true;
		return false;
	}
	if (code) {
		sf_flight_judge(sink, flight, spot->line, message->lines, code, true);
		return true;
	}
	flight->out++;
	sink->out++;
	topic->out++;
	topic->out_bytes += message->length;
	topic->round++;
	topic->alone = topic->few == 1 || message->length >= topic->window;
	return true;
}

/* ---- lines that go out once more, in their order ---- */

void sf_again_add(struct sf_flight *flight, const struct sf_again *again)
{
	size_t count = flight->again.length / sizeof(*again), at = 0;
	struct sf_again *all;

	sf_buf_add(&flight->again, again, sizeof(*again));
	all = (struct sf_again *)flight->again.data;
	while (at < count && all[at].line < again->line)
		at++;
	memmove(&all[at + 1], &all[at], (count - at) * sizeof(*again));
	all[at] = *again;
}

void sf_again_cut(struct sf_flight *flight, uint32_t lines)
{
	struct sf_again *first = (struct sf_again *)flight->again.data;

	first->line += lines;
	first->lines -= lines;
	if (first->lines)
		return;
	flight->again.length -= sizeof(*first);
	memmove(first, first + 1, flight->again.length);
}

/* ---- a flight ---- */

static bool send_again(struct sf_sink *sink, struct sf_flight *flight)
{
	struct sf_again lines = *(struct sf_again *)flight->again.data;
	struct sf_spot spot = {0};
	struct message message;

	sf_spot_seek(sink, flight->batch, &spot, lines.line);
	message = form(flight->batch, &spot, lines.single ? 1 : lines.lines);
	sf_again_cut(flight, message.lines); /* first: what is refused at once is added */
	if (send_message(sink, flight, &spot, &message))
		return true;
	lines.lines = message.lines;
	sf_again_add(flight, &lines);
	return false;
}

static bool send_next(struct sf_sink *sink, struct sf_flight *flight)
{
	struct sf_spot *spot = &flight->sent;
	struct message message =
		form(flight->batch, spot, (uint32_t)sink->conf->records_per_message);

	if (!send_message(sink, flight, spot, &message))
		return false;
	sf_spot_seek(sink, flight->batch, spot, spot->line + message.lines);
	return true;
}

static void resume(struct sf_sink *sink, struct sf_flight *flight)
{
	bool went = true;

	while (went && !sf_flight_is_out(flight))
		went = flight->again.length ? send_again(sink, flight) : send_next(sink, flight);
}

void sf_kafka_resume(struct sf_sink *sink)
{
	struct sf_flight *flight = sink->flying.first;

	if (sink->state != SF_KAFKA_UP || !sink->waiting)
		return;
	sink->pass++;
	sink->full = sink->hurry = false;
	for (; flight && !sink->full && sink->waiting; flight = flight->next) {
		if (!flight->waits || flight->topic->pass == sink->pass)
			continue;
		resume(sink, flight);
		sf_flight_changed(sink, flight);
	}
	if (sink->hurry)
		sf_rd.flush(sink->handle, HURRY_MS); /* without it, what is out would linger */
}
