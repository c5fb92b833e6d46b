/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The states of a topic, as the table in sender.h has them: who may not be sent waits in the
 * topic's own queue, in order.
 */
#include "sender.h"

static void park(struct sf_sender *s, struct sf_entry *entry)
{
	if (entry->parked)
		return;
	entry->parked = true;
	s->parked++;
	s->events.parked(s->events.arg, entry);
}

void sf_topic_hold(struct sf_sender *s, struct sf_entry *entry)
{
	struct sf_topic *topic = entry->topic;

	sf_queue_put(&topic->queue, entry);
	if (topic->state != SF_HELD)
		park(s, entry);
}

/* What was ready waits with its topic. */
static void gather(struct sf_sender *s, struct sf_topic *topic)
{
	struct sf_entry *next;

	for (struct sf_entry *entry = s->ready.first; entry && topic->ready; entry = next) {
		next = entry->after;
		if (entry->topic != topic)
			continue;
		sf_queue_remove(entry);
		topic->ready--;
		sf_topic_hold(s, entry);
	}
}

static void make_ready(struct sf_sender *s, struct sf_entry *entry)
{
	sf_queue_remove(entry);
	sf_sender_ready(s, entry);
	if (!entry->parked)
		return;
	entry->parked = false;
	s->parked--;
	s->events.unparked(s->events.arg, entry);
}

static void open_up(struct sf_sender *s, struct sf_topic *topic)
{
	topic->state = SF_OPENING;
	while (topic->queue.first && topic->queue.first->batch)
		make_ready(s, topic->queue.first);
	if (!topic->queue.first)
		topic->state = SF_OPEN;
}

static void probe(struct sf_sender *s, struct sf_topic *topic)
{
	topic->state = topic->queue.first ? SF_PROBING : SF_OPEN;
	if (topic->queue.first && topic->queue.first->batch)
		make_ready(s, topic->queue.first);
}

void sf_topic_settle(struct sf_sender *s, struct sf_topic *topic)
{
	switch (topic->state) {
	case SF_OPEN:
		break;
	case SF_HELD:
		if (!topic->in_sink)
			open_up(s, topic);
		break;
	case SF_PARKED:
		if (!topic->in_sink && sf_clock_mono() >= topic->pause.due)
			probe(s, topic);
		break;
	case SF_PROBING:
		if (!topic->in_sink && !topic->ready)
			probe(s, topic);
		break;
	case SF_OPENING:
		open_up(s, topic);
		break;
	}
}

void sf_topic_refused(struct sf_sender *s, struct sf_topic *topic, const char *why)
{
	if (topic->state == SF_PARKED)
		return;
	sf_pause_begin(&topic->pause, s->patience.refused, s->patience.refused_most,
		       sf_clock_mono());
	topic->state = SF_PARKED;
	for (struct sf_entry *entry = topic->queue.first; entry; entry = entry->after)
		park(s, entry);
	gather(s, topic);
	sf_sender_say(s, topic->said, sizeof(topic->said), topic->name, why);
}

void sf_topic_held_up(struct sf_sender *s, struct sf_topic *topic)
{
	switch (topic->state) {
	case SF_OPEN:
	case SF_OPENING:
		topic->state = SF_HELD;
		gather(s, topic);
		break;
	case SF_PROBING:
		topic->state = SF_PARKED;
		topic->pause.due = 0; /* the probe said nothing about it */
		break;
	case SF_HELD:
	case SF_PARKED:
		break;
	}
}

void sf_topic_done(struct sf_sender *s, struct sf_topic *topic)
{
	switch (topic->state) {
	case SF_PROBING:
		open_up(s, topic);
		/* fall through */
	case SF_OPEN:
	case SF_OPENING:
		topic->pause = (struct sf_pause){0};
		sf_sender_say_over(s, topic->said, topic->name);
		break;
	case SF_HELD:
	case SF_PARKED:
		break;
	}
	sf_topic_settle(s, topic);
}
