/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the library says becomes sentences for people: the cause, and what to do. Each cause is
 * said once until it works again; the library's own log is cut to so many lines a minute.
 */
#include <stdlib.h>
#include <string.h>

#include "kafka_sink.h"

#define SECOND (uint64_t)1000000
enum { AGAIN_S = 600 };

static void say(struct sf_sink *sink, enum sf_log_level level, const char *text)
{
	sink->events.said(sink->events.arg, level, text);
}

/* "Connect failed (after 3ms in state CONNECT, 4 identical error(s) suppressed)": the start. */
static size_t length_of(const char *text)
{
	const char *after = strstr(text, " (after ");

	return after ? (size_t)(after - text) : strlen(text);
}

static char *sentence(const char *begin, const char *text, size_t length, const char *advice)
{
	struct sf_buf buf = {0};

	sf_buf_text(&buf, begin);
	sf_buf_add(&buf, text, length);
	sf_buf_format(&buf, "%s%s", *advice ? "; " : "", advice);
	return sf_buf_take(&buf);
}

void sf_kafka_hear_error(struct sf_sink *sink, rd_kafka_event_t *event)
{
	rd_kafka_resp_err_t code = rd_kafka_event_error(event);
	const struct sf_kafka_cause *cause = sf_kafka_cause(code);
	const char *text = rd_kafka_event_error_string(event) ?: rd_kafka_err2str(code);
	struct sf_kafka_said *said = &sink->said[cause - sf_kafka_causes];
	uint64_t now = sf_clock_mono();

	sink->heard = now;
	/* Fatal ones have words of their own, and each broker that is down was told already. */
	if (code == RD_KAFKA_RESP_ERR__FATAL || code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN)
		return;
	free(sink->trouble);
	sink->trouble = sentence("", text, length_of(text), cause->advice);
	if (said->at && now - said->at < AGAIN_S * SECOND)
		return;
	said->at = now;
	say(sink, SF_LOG_WARN, sink->trouble);
}

void sf_kafka_works(struct sf_sink *sink)
{
	sink->progress = sf_clock_mono();
	sink->events.written(sink->events.arg, 0);
	if (!sink->trouble)
		return;
	say(sink, SF_LOG_INFO, "Kafka takes messages again");
	free(sf_take(sink->trouble));
	memset(sink->said, 0, sf_kafka_causes_count * sizeof(*sink->said));
}

char *sf_kafka_why(const struct sf_sink *sink, const char *topic, rd_kafka_resp_err_t code)
{
	const struct sf_kafka_cause *cause = sf_kafka_cause(code);
	const char *text = rd_kafka_err2str(code);
	sf_cleanup(sf_buf_finish) struct sf_buf begin = {0};

	if (code == RD_KAFKA_RESP_ERR__MSG_TIMED_OUT && sink->trouble)
		return sf_strdup(sink->trouble);
	sf_buf_format(&begin, "topic %s: ", topic);
	return sentence(begin.data, text, strlen(text), cause->advice);
}

/*
 * By syslog's levels: up to 3 it is an error. Those of connections come as events, too; what is
 * less is for who looks for something.
 */
static enum sf_log_level level_of(int level, const char *facility)
{
	static const char *const told[] = {"FAIL", "ERROR", "CONNECTION"};

	for (size_t i = 0; i < SF_COUNT(told); i++)
		if (!strcmp(facility, told[i]))
			return SF_LOG_DEBUG;
	return level <= 3 || !strcmp(facility, "CONFWARN") ? SF_LOG_WARN : SF_LOG_DEBUG;
}

void sf_kafka_hear_log(struct sf_sink *sink, rd_kafka_event_t *event)
{
	static const unsigned most[] = {[SF_LOG_WARN] = 10, [SF_LOG_DEBUG] = 1000};
	const char *facility, *text, *after;
	uint64_t now = sf_clock_mono();
	sf_cleanup(sf_free_p) char *line = NULL;
	enum sf_log_level level;
	int number;

	if (rd_kafka_event_log(event, &facility, &text, &number) < 0)
		return;
	level = level_of(number, facility);
	if (now - sink->log_since > 60 * SECOND) {
		sink->log_since = now;
		memset(sink->log_lines, 0, sizeof(sink->log_lines));
	}
	if (sink->log_lines[level]++ >= most[level])
		return;
	after = text[0] == '[' ? strstr(text, "]: ") : NULL; /* the thread */
	text = after ? after + strlen("]: ") : text;
	line = sentence("librdkafka: ", text, strlen(text), "");
	say(sink, level, line);
}
