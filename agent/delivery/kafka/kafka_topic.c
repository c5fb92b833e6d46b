/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Topics: a text with placeholders becomes the name of a topic, for a query's lines of one type.
 */
#include <string.h>

#include "kafka.h"

enum { TOPIC_MOST = 249 }; /* bytes of a topic's name: Kafka's own bound */

enum holder { QUERY, TYPE, HOST, LABEL, HOLDERS };
static const char *const holders[HOLDERS] = {"query", "type", "host", "label."};
static const char known[] = "here may stand: {query}, {type}, {host}, {label.NAME}";

struct part {		    /* of the text, from left to right */
	size_t at, length;  /* with its braces */
	enum holder holder; /* HOLDERS: a text as it stands */
	const char *label;  /* its name, `label_length` bytes */
	size_t label_length;
};

static enum holder holder_of(const char *name, size_t length)
{
	enum holder holder = 0;
	size_t label = strlen(holders[LABEL]);

	if (length > label && !memcmp(name, holders[LABEL], label))
		return LABEL;
	while (holder < LABEL &&
	       (strlen(holders[holder]) != length || memcmp(holders[holder], name, length)))
		holder++;
	return holder < LABEL ? holder : HOLDERS;
}

/* False at the end of the text. What is no placeholder is complained about, if anybody hears. */
static bool next_part(const struct sf_text *text, struct part *part,
		      struct sf_complaints *complaints)
{
	const char *from = text->text + part->at + part->length, *end = text->text + text->length;
	const char *close, *name = from + 1;
	size_t length;

	*part = (struct part){.at = (size_t)(from - text->text), .holder = HOLDERS};
	if (from == end)
		return false;
	if (*from != '{') {
		close = memchr(from, '{', (size_t)(end - from));
		part->length = (size_t)((close ?: end) - from);
		return true;
	}
	close = memchr(from, '}', (size_t)(end - from));
	part->length = (size_t)((close ? close + 1 : end) - from);
	if (!close) {
		if (complaints)
			sf_complain(complaints, text, part->at, part->length, known,
				    "a { that no } ends");
		return true;
	}
	length = (size_t)(close - name);
	part->holder = holder_of(name, length);
	if (part->holder == LABEL) {
		part->label = name + strlen(holders[LABEL]);
		part->label_length = length - strlen(holders[LABEL]);
	} else if (part->holder == HOLDERS && complaints) {
		sf_complain(complaints, text, part->at, part->length, known,
			    "\"%.*s\" is no placeholder", (int)length, name);
	}
	return true;
}

static bool is_topic(const char *text, size_t length)
{
	return length && strcmp(text, ".") && strcmp(text, "..");
}

void sf_kafka_topic_check(const struct sf_text *text, struct sf_complaints *complaints)
{
	struct part part = {0};
	size_t least = 0;

	while (next_part(text, &part, complaints))
		least += part.holder == HOLDERS ? part.length : 0;
	if (!is_topic(text->text, text->length))
		sf_complain(complaints, text, 0, text->length, "write topic: \"sockets.{query}\"",
			    text->length ? "\"%s\" is no topic" : "the topic is empty%s",
			    text->text);
	else if (least > TOPIC_MOST)
		sf_complain(complaints, text, 0, text->length, "249 bytes are the most",
			    "the topic is too long");
}

static const char *label_of(const struct sf_origin *origin, const struct part *part)
{
	for (size_t i = 0; i < origin->labels; i++)
		if (strlen(origin->label_names[i]) == part->label_length &&
		    !memcmp(origin->label_names[i], part->label, part->label_length))
			return origin->label_values[i];
	return NULL;
}

/* What stands for a placeholder; NULL: the origin has no such label. */
static const char *value_of(const struct part *part, const struct sf_site *site,
			    const struct sf_origin *origin, enum sf_line_type type)
{
	switch (part->holder) {
	case QUERY:
		return origin->query;
	case TYPE:
		return sf_line_type_name(type);
	case HOST:
		return site ? site->host_name : "host";
	case LABEL:
		/* Lines of no query have the labels of none. */
		return label_of(origin, part) ?: *origin->query ? NULL : "";
	case HOLDERS:
		break;
	}
	return "";
}

/* Kafka's own letters alone: others become _, and so does nothing where something should be. */
static void add(struct sf_buf *topic, const char *bytes, size_t length)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789._-";

	for (size_t i = 0; i < length; i++)
		sf_buf_add(topic, bytes[i] && strchr(letters, bytes[i]) ? &bytes[i] : "_", 1);
	if (!length)
		sf_buf_text(topic, "_");
}

int sf_kafka_topic(const void *own, const struct sf_site *site, const struct sf_origin *origin,
		   enum sf_line_type type, struct sf_buf *topic, struct sf_complaints *complaints)
{
	const struct sf_text *text = &((const struct sf_kafka_conf *)own)->topic;
	struct part part = {0};
	size_t before = topic->length;
	const char *value;

	if (!is_topic(text->text, text->length))
		return -EINVAL; /* which was said */
	while (next_part(text, &part, NULL)) {
		if (part.holder == HOLDERS) {
			add(topic, text->text + part.at, part.length);
			continue;
		}
		value = value_of(&part, site, origin, type);
		if (!value) {
			sf_complain(complaints, text, part.at, part.length,
				    "write it under `labels:` of the query or of the host",
				    "query \"%s\" has no label \"%.*s\"", origin->query,
				    (int)part.label_length, part.label);
			return -EINVAL;
		}
		add(topic, value, strlen(value));
	}
	if (topic->length - before > TOPIC_MOST)
		sf_complain(complaints, text, 0, text->length, "249 bytes are the most",
			    "query \"%s\" would have a topic of %zu bytes", origin->query,
			    topic->length - before);
	else if (!is_topic(topic->data + before, 1))
		sf_complain(complaints, text, 0, text->length, "write more than that",
			    "the topic of query \"%s\" would be \"%s\"", origin->query,
			    topic->data + before);
	else
		return 0;
	return -EINVAL;
}
