/* SPDX-License-Identifier: Apache-2.0 */
/* The sender's begin and end, its topics by name, and what it holds that its sink does not. */
#include <stdlib.h>
#include <string.h>

#include "sender.h"

int sf_sender_init(struct sf_sender *s, const struct sf_output_setup *setup, struct sf_loop *loop,
		   const struct sf_sink_events *of_sink, const struct sf_sender_events *events,
		   struct sf_err *err)
{
	int r;

	s->ops = setup->ops;
	s->events = *events;
	s->patience = setup->patience ? *setup->patience : sf_patience;
	s->gives_up = setup->gives_up;
	s->below = UINT64_MAX;
	r = sf_loop_timer(loop, sf_sender_look, s, &s->timer, err);
	if (r < 0)
		return r;
	return s->ops->open(setup->conf, loop, of_sink, &s->sink, err);
}

void sf_sender_end(struct sf_sender *s)
{
	s->closed = true;
	if (s->sink)
		s->ops->close(sf_take(s->sink));
	sf_source_remove(sf_take(s->timer));
}

void sf_sender_finish(struct sf_sender *s)
{
	struct sf_topic *next;

	for (struct sf_topic *topic = s->topics; topic; topic = next) {
		next = topic->next;
		free(topic->name);
		free(topic);
	}
	s->topics = NULL;
}

static bool is_named(const struct sf_topic *topic, const char *name)
{
	return name && topic->name ? !strcmp(topic->name, name) : !name && !topic->name;
}

/* As many as the configuration names, and what is in the spool of the one before. */
struct sf_topic *sf_sender_topic(struct sf_sender *s, const char *name)
{
	struct sf_topic **at = &s->topics;

	while (*at && !is_named(*at, name))
		at = &(*at)->next;
	if (!*at) {
		*at = sf_new(struct sf_topic);
		(*at)->name = name ? sf_strdup(name) : NULL;
	}
	return *at;
}

/* ---- what the sink does not hold ---- */

static bool is_further_out(const struct sf_entry *entry, const struct sf_entry *than, bool newest)
{
	return entry && (!than || (entry->number > than->number) == newest);
}

struct sf_entry *sf_sender_outermost(struct sf_sender *s, bool newest, bool parked)
{
	struct sf_entry *found = newest ? s->ready.last : s->ready.first;

	if (parked)
		found = NULL;
	for (struct sf_topic *topic = s->topics; topic; topic = topic->next) {
		struct sf_entry *entry = newest ? topic->queue.last : topic->queue.first;

		if (is_further_out(entry, found, newest) && (!parked || entry->parked))
			found = entry;
	}
	return found;
}

void sf_sender_remove(struct sf_sender *s, struct sf_entry *entry)
{
	struct sf_topic *topic = entry->topic;

	if (entry->in == &s->ready)
		topic->ready--;
	sf_queue_remove(entry);
	s->parked -= entry->parked;
	s->failed -= entry->failed;
	sf_topic_settle(s, topic);
}

struct sf_entry *sf_sender_wants(struct sf_sender *s)
{
	struct sf_entry *found = NULL;

	for (struct sf_topic *topic = s->topics; topic; topic = topic->next) {
		bool may = topic->state == SF_OPENING ||
			   (topic->state == SF_PROBING && !topic->ready && !topic->in_sink);

		if (may && is_further_out(topic->queue.first, found, false))
			found = topic->queue.first;
	}
	return found && found->number < s->below ? found : NULL;
}

void sf_sender_has(struct sf_sender *s, struct sf_entry *entry)
{
	struct sf_topic *topic = entry->topic;

	if (topic->state == SF_PARKED)
		s->events.parked(s->events.arg, entry); /* meanwhile */
	sf_topic_settle(s, topic);
}
