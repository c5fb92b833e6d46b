/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the library says of connections, as sentences: without what only its makers read, and with
 * what a user can do.
 */
#include <stdlib.h>
#include <string.h>

#include "kafka.h"

char *sf_kafka_sentence(const char *begin, const char *text, const char *advice)
{
	/* "Connect failed (after 3ms in state CONNECT, 4 identical error(s) suppressed)" */
	const char *after = strstr(text, " (after ");
	struct sf_buf buf = {0};

	sf_buf_text(&buf, begin);
	sf_buf_add(&buf, text, after ? (size_t)(after - text) : strlen(text));
	sf_buf_format(&buf, "%s%s", *advice ? "; " : "", advice);
	return sf_buf_take(&buf);
}

const char *sf_kafka_log_text(const char *text)
{
	const char *after = text[0] == '[' ? strstr(text, "]: ") : NULL;

	return after ? after + strlen("]: ") : text;
}

static char *error_words(rd_kafka_event_t *event, const struct sf_kafka_cause **cause)
{
	rd_kafka_resp_err_t code = sf_rd.event_error(event);
	const char *text = sf_rd.event_error_string(event) ?: sf_rd.err2str(code);

	if (strstr(text, "in state UP"))
		return NULL; /* a broker closed a connection, which begins anew */
	*cause = sf_kafka_cause_by_words(code, text);
	/* Each broker that is down was told, and so was what is wrong with a certificate. */
	if (code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN || code == RD_KAFKA_RESP_ERR__FATAL ||
	    sf_rd.event_error_is_fatal(event) || sf_kafka_is_certificate(*cause))
		return NULL;
	return sf_kafka_sentence("", text, (*cause)->advice);
}

/* "HOST: Certificate (...) verification callback failed: it has expired" */
static char *certificate_words(const char *text, const struct sf_kafka_cause **cause)
{
	static const char extra[] = " verification callback failed: it";
	const char *at = strstr(text, extra);
	struct sf_buf words = {0};

	*cause = sf_kafka_cause_by_words(RD_KAFKA_RESP_ERR__SSL, text);
	sf_buf_add(&words, text, at ? (size_t)(at - text) : strlen(text));
	sf_buf_text(&words, at ? at + strlen(extra) : "");
	return sf_buf_take(&words);
}

char *sf_kafka_words(rd_kafka_event_t *event, const struct sf_kafka_cause **cause)
{
	const char *facility, *text;
	int level;

	*cause = NULL;
	if (sf_rd.event_type(event) == RD_KAFKA_EVENT_ERROR)
		return error_words(event, cause);
	if (sf_rd.event_type(event) != RD_KAFKA_EVENT_LOG ||
	    sf_rd.event_log(event, &facility, &text, &level) < 0 || strcmp(facility, "SSLCERTVRFY"))
		return NULL;
	return certificate_words(sf_kafka_log_text(text), cause);
}
