/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the library says becomes sentences for people: the cause, and what to do. Each cause is
 * said once until it works again; the library's own log is cut to so many lines a minute.
 */
#include <stdlib.h>
#include <string.h>

#include "kafka_sink.h"

#define SECOND (uint64_t)1000000

static void say(struct sf_sink *sink, enum sf_log_level level, const char *text)
{
	sink->events.said(sink->events.arg, level, text);
}

/* Takes the sentence. Each cause is said once until it works, or when another one came between. */
static void tell(struct sf_sink *sink, const struct sf_kafka_cause *cause, char *text)
{
	struct sf_kafka_said *said = sink->said, *end = said + SF_KAFKA_SAID;

	free(sink->trouble);
	sink->trouble = text;
	while (said < end && said->cause && (said->cause != cause || strcmp(said->words, text)))
		said++;
	if (said == end || said->cause)
		return;
	said->cause = cause;
	said->words = sf_strdup(text);
	say(sink, SF_LOG_WARN, text);
}

void sf_kafka_hear_error(struct sf_sink *sink, rd_kafka_event_t *event)
{
	const struct sf_kafka_cause *cause;
	char *words = sf_kafka_words(event, &cause);

	if (!cause)
		return;
	sink->heard = sf_clock_mono();
	if (words)
		tell(sink, cause, words);
}

void sf_kafka_hear_fatal(struct sf_sink *sink, rd_kafka_resp_err_t code, const char *text)
{
	const struct sf_kafka_cause *cause = sf_kafka_cause(code);

	tell(sink, cause, sf_kafka_sentence("begins anew: ", text, cause->advice));
}

static void forget(struct sf_sink *sink)
{
	for (size_t i = 0; i < SF_KAFKA_SAID; i++)
		free(sink->said[i].words);
	memset(sink->said, 0, sizeof(sink->said));
	free(sf_take(sink->trouble));
}

void sf_kafka_works(struct sf_sink *sink)
{
	sink->progress = sf_clock_mono();
	sink->events.written(sink->events.arg, 0);
	if (sink->trouble)
		say(sink, SF_LOG_INFO, "Kafka takes messages again");
	forget(sink);
}

void sf_kafka_hush(struct sf_sink *sink)
{
	forget(sink);
}

char *sf_kafka_why(const struct sf_sink *sink, const char *topic, rd_kafka_resp_err_t code)
{
	const struct sf_kafka_cause *cause = sf_kafka_cause(code);
	const char *text = sf_rd.err2str(code);
	sf_cleanup(sf_buf_finish) struct sf_buf begin = {0};

	if (cause->class == SF_KAFKA_AGAIN && sink->trouble)
		return sf_strdup(sink->trouble);
	sf_buf_text(&begin, "");
	if (cause->class == SF_KAFKA_REFUSED)
		sf_buf_format(&begin, "topic %s: ", topic);
	return sf_kafka_sentence(begin.data, text, cause->advice);
}

/*
 * By syslog's levels: up to 3 it is an error. Those of connections come as events, too; what is
 * less is for who looks for something.
 */
static enum sf_log_level level_of(int level, const char *facility)
{
	static const char *const told[] = {"FAIL", "ERROR", "FATAL"};

	for (size_t i = 0; i < SF_COUNT(told); i++)
		if (!strcmp(facility, told[i]))
			return SF_LOG_DEBUG;
	return level <= 3 || !strcmp(facility, "CONFWARN") ? SF_LOG_WARN : SF_LOG_DEBUG;
}

void sf_kafka_hear_log(struct sf_sink *sink, rd_kafka_event_t *event)
{
	static const unsigned most[] = {[SF_LOG_WARN] = 10, [SF_LOG_DEBUG] = 1000};
	const char *facility, *text;
	const struct sf_kafka_cause *cause;
	uint64_t now = sf_clock_mono();
	sf_cleanup(sf_free_p) char *line = sf_kafka_words(event, &cause);
	enum sf_log_level level;
	int number;

	if (cause) {
		sink->heard = now;
		tell(sink, cause, sf_take(line));
		return;
	}
	if (sf_rd.event_log(event, &facility, &text, &number) < 0)
		return;
	level = level_of(number, facility);
	if (now - sink->log_since > 60 * SECOND) {
		sink->log_since = now;
		memset(sink->log_lines, 0, sizeof(sink->log_lines));
	}
	if (sink->log_lines[level]++ >= most[level])
		return;
	line = sf_kafka_sentence("librdkafka: ", sf_kafka_log_text(text), "");
	say(sink, level, line);
}
