/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whether an output to Kafka would work, tried: the brokers, each topic, the right to write, what
 * it takes at most. Nothing is written: a message that asks for two acknowledgements is judged by
 * its rights and then refused.
 */
#include <stdlib.h>
#include <string.h>

#include "kafka.h"

enum { CONNECT_MS = 15000, TOPIC_MS = 10000, MADE_MS = 5000, SLICE_MS = 250 };
enum { NO_EVENT = -1 }; /* of no kind: only the time passes */

struct trial {
	rd_kafka_t *handle;
	rd_kafka_queue_t *queue;
	void (*said)(void *arg, const char *text);
	void *arg;
	char *last;	 /* what was said last */
	size_t set_most; /* bytes that the library sends at once */
	bool all_down;
	unsigned wrongs;
	rd_kafka_resp_err_t report; /* of the message that is tried */
};

static void SF_PRINTF(2, 3) say(struct trial *t, const char *format, ...)
{
	sf_cleanup(sf_buf_finish) struct sf_buf text = {0};
	va_list args;

	va_start(args, format);
	sf_buf_vformat(&text, format, args);
	va_end(args);
	t->said(t->arg, text.data);
}

#define WRONG(t, ...) (say(t, __VA_ARGS__), (t)->wrongs++)

static uint64_t after_ms(uint64_t ms)
{
	return sf_clock_mono() + ms * 1000;
}

/* ---- what the library tells meanwhile ---- */

static void hear(struct trial *t, rd_kafka_event_t *event)
{
	const struct sf_kafka_cause *cause;
	const rd_kafka_message_t *message;
	char *words = sf_kafka_words(event, &cause);

	if (words && (!t->last || strcmp(t->last, words))) {
		WRONG(t, "%s", words);
		free(t->last);
		t->last = sf_take(words);
	}
	free(words);
	t->all_down |= sf_rd.event_error(event) == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN;
	while (sf_rd.event_type(event) == RD_KAFKA_EVENT_DR &&
	       (message = sf_rd.event_message_next(event)))
		t->report = message->err;
}

/* Until an event of the kind, which is the caller's, or that time, or, for none, nothing more. */
static rd_kafka_event_t *wait_for(struct trial *t, int kind, uint64_t until)
{
	rd_kafka_event_t *event;

	while ((event = sf_rd.queue_poll(t->queue, kind ? SLICE_MS : 0)) ||
	       (kind && sf_clock_mono() < until)) {
		if (!event)
			continue;
		if (kind && sf_rd.event_type(event) == kind)
			return event;
		hear(t, event);
		sf_rd.event_destroy(event);
	}
	return NULL;
}

/* ---- brokers ---- */

static int find_brokers(struct trial *t, struct sf_err *err)
{
	const struct rd_kafka_metadata *found = NULL;
	rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR__TRANSPORT;
	uint64_t end = after_ms(CONNECT_MS);

	while (code && !t->all_down && sf_clock_mono() < end) {
		code = sf_rd.metadata(t->handle, 0, NULL, &found, SLICE_MS);
		wait_for(t, 0, 0);
	}
	if (code)
		return sf_fail(err, -ECONNREFUSED, "no broker can be used%s",
			       t->last ? ""
				       : ": none answers; do `brokers:` name them, and does a "
					 "firewall let us through?");
	t->wrongs = 0; /* one of several may be down */
	say(t, "%s answers; there %s", found->orig_broker_name,
	    found->broker_cnt == 1 ? "is no other broker" : "are others");
	sf_rd.metadata_destroy(found);
	return 0;
}

/* ---- a topic ---- */

/* The brokers say so; one that they make for who asks takes a moment. made: it was not there. */
static rd_kafka_resp_err_t look_for(struct trial *t, rd_kafka_topic_t *topic, bool *made)
{
	const struct rd_kafka_metadata *found = NULL;
	rd_kafka_resp_err_t code = 0;
	uint64_t end = after_ms(MADE_MS);

	do {
		if (code)
			wait_for(t, NO_EVENT, after_ms(SLICE_MS));
		code = sf_rd.metadata(t->handle, 0, topic, &found, TOPIC_MS);
		if (code)
			return code;
		code = found->topic_cnt ? found->topics[0].err : RD_KAFKA_RESP_ERR__UNKNOWN_TOPIC;
		*made |= code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART;
		sf_rd.metadata_destroy(found);
	} while ((code == RD_KAFKA_RESP_ERR_LEADER_NOT_AVAILABLE ||
		  code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART) &&
		 sf_clock_mono() < end);
	return code;
}

/* The answer to a message that cannot be acknowledged as it asks to: nothing is written. */
static rd_kafka_resp_err_t try_to_write(struct trial *t, rd_kafka_topic_t *topic)
{
	static char text[] = "sockfeed check --connect";
	rd_kafka_event_t *event;
	rd_kafka_resp_err_t code =
		sf_rd.producev(t->handle, RD_KAFKA_V_RKT(topic), RD_KAFKA_V_KEY(text, strlen(text)),
			       RD_KAFKA_V_VALUE(text, strlen(text)), RD_KAFKA_V_END);

	if (code)
		return code;
	event = wait_for(t, RD_KAFKA_EVENT_DR, after_ms(2 * TOPIC_MS));
	if (!event)
		return RD_KAFKA_RESP_ERR__TIMED_OUT;
	hear(t, event);
	sf_rd.event_destroy(event);
	return t->report == RD_KAFKA_RESP_ERR_INVALID_REQUIRED_ACKS ? 0 : t->report;
}

/* max.message.bytes of the topic; 0: we may not look at it. */
static uint64_t size_limit(struct trial *t, const char *name)
{
	rd_kafka_ConfigResource_t *resource =
		sf_rd.ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, name);
	const rd_kafka_ConfigResource_t **answers;
	const rd_kafka_ConfigEntry_t **entries;
	rd_kafka_event_t *event;
	size_t count = 0;
	uint64_t limit = 0;

	sf_rd.DescribeConfigs(t->handle, &resource, 1, NULL, t->queue);
	sf_rd.ConfigResource_destroy(resource);
	event = wait_for(t, RD_KAFKA_EVENT_DESCRIBECONFIGS_RESULT, after_ms(TOPIC_MS));
	if (!event)
		return 0;
	answers = sf_rd.DescribeConfigs_result_resources(event, &count);
	entries = count ? sf_rd.ConfigResource_configs(answers[0], &count) : NULL;
	for (size_t i = 0; entries && i < count; i++)
		if (!strcmp(sf_rd.ConfigEntry_name(entries[i]), "max.message.bytes"))
			limit = strtoull(sf_rd.ConfigEntry_value(entries[i]) ?: "0", NULL, 10);
	sf_rd.event_destroy(event);
	return limit;
}

static void try_topic(struct trial *t, const char *name)
{
	rd_kafka_topic_conf_t *conf = sf_rd.topic_conf_new();
	rd_kafka_topic_t *topic;
	rd_kafka_resp_err_t code;
	uint64_t limit;
	bool made = false;

	sf_rd.topic_conf_set(conf, "request.required.acks", "2", NULL, 0);
	sf_rd.topic_conf_set(conf, "message.timeout.ms", "10000", NULL, 0);
	topic = sf_rd.topic_new(t->handle, name, conf);
	code = look_for(t, topic, &made) ?: try_to_write(t, topic);
	limit = code ? 0 : size_limit(t, name);
	sf_rd.topic_destroy(topic);
	if (code)
		WRONG(t, "topic %s: %s%s%s", name, sf_rd.err2str(code),
		      *sf_kafka_cause(code)->advice ? "; " : "", sf_kafka_cause(code)->advice);
	else if (limit && limit < t->set_most)
		WRONG(t,
		      "topic %s takes %llu bytes at once, and we send up to %zu: raise "
		      "max.message.bytes of the topic, or write librdkafka: { batch.size: %llu }",
		      name, (unsigned long long)limit, t->set_most, (unsigned long long)limit);
	else
		say(t, "topic %s can be written%s", name, made ? "; the broker has made it" : "");
}

/* ---- all of it ---- */

static size_t number_of(rd_kafka_conf_t *conf, const char *property)
{
	char value[32] = "";
	size_t size = sizeof(value);

	sf_rd.conf_get(conf, property, value, &size);
	return strtoull(value, NULL, 10);
}

static int begin(struct trial *t, const struct sf_kafka_conf *own, struct sf_err *err)
{
	rd_kafka_conf_t *conf = sf_kafka_settings(own, NULL);
	char why[512];

	t->set_most = number_of(conf, "batch.size");
	sf_rd.conf_set(conf, "enable.idempotence", "false", NULL, 0);
	sf_rd.conf_set(conf, "linger.ms", "0", NULL, 0);
	sf_rd.conf_set_events(conf, RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR | RD_KAFKA_EVENT_LOG);
	t->handle = sf_rd.new(RD_KAFKA_PRODUCER, conf, why, sizeof(why));
	if (!t->handle) {
		sf_rd.conf_destroy(conf);
		return sf_fail(err, -EINVAL, "librdkafka cannot work by these settings: %s", why);
	}
	sf_rd.set_log_queue(t->handle, NULL);
	t->queue = sf_rd.queue_get_main(t->handle);
	return 0;
}

int sf_kafka_connect(const void *conf, const struct sf_site *site, const char *const *topics,
		     size_t count, void (*said)(void *arg, const char *text), void *arg,
		     struct sf_err *err)
{
	struct trial t = {.said = said, .arg = arg};
	int r = begin(&t, conf, err);

	(void)site;
	if (r < 0)
		return r;
	r = find_brokers(&t, err);
	for (size_t i = 0; r == 0 && i < count; i++)
		try_topic(&t, topics[i]);
	if (r == 0 && t.wrongs)
		r = sf_fail(err, -EIO, "not ready");
	sf_rd.purge(t.handle, RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
	sf_rd.queue_destroy(t.queue);
	sf_rd.destroy(t.handle);
	free(t.last);
	return r;
}
