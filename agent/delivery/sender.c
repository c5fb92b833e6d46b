/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is ready goes to the sink in order, as long as it takes more. What comes back with an error
 * waits for its time; a cause is said when it begins, and when all that failed is out.
 */
#include <stdlib.h>
#include <string.h>

#include "sender.h"

/* ---- what is said ---- */

static void say(struct sf_sender *s, enum sf_log_level level, const char *topic, const char *what,
		const char *then)
{
	bool named = topic && !strstr(what, topic);
	sf_cleanup(sf_buf_finish) struct sf_buf text = {0};

	if (named)
		sf_buf_format(&text, "topic %s: ", topic);
	sf_buf_format(&text, "%s%s", what, then);
	s->events.said(s->events.arg, level, text.data);
}

void sf_sender_say(struct sf_sender *s, char *said, size_t size, const char *topic, const char *why)
{
	bool is_news = strncmp(said, why, size - 1) != 0;

	snprintf(said, size, "%s", why);
	if (is_news)
		say(s, SF_LOG_WARN, topic, why, "; will try again");
}

void sf_sender_say_over(struct sf_sender *s, char *said, const char *topic)
{
	if (said[0] && !s->closed)
		say(s, SF_LOG_INFO, topic, "goes on", "");
	said[0] = '\0';
}

static void give_up(struct sf_sender *s, const char *topic, const char *said)
{
	sf_cleanup(sf_buf_finish) struct sf_buf then = {0};

	sf_buf_text(&then, "; gives up after ");
	sf_unit_print(&then, SF_UNIT_US, s->patience.gives_up, 0);
	s->closed = true;
	say(s, SF_LOG_ERROR, topic, said, then.data);
	s->events.gave_up(s->events.arg);
}

/* ---- out ---- */

static bool is_pausing(const struct sf_sender *s)
{
	return s->again.length && sf_clock_mono() < s->again.due;
}

void sf_sender_ready(struct sf_sender *s, struct sf_entry *entry)
{
	entry->topic->ready++;
	sf_queue_put(&s->ready, entry);
}

/* False: the sink takes no more. */
static bool send(struct sf_sender *s, struct sf_entry *entry)
{
	struct sf_topic *topic = entry->topic;

	sf_queue_remove(entry);
	topic->ready--;
	sf_queue_put(&s->sent, entry);
	topic->in_sink++;
	s->came_back = false;
	if (s->ops->put(s->sink, entry->batch, topic->name) == 0)
		return true;
	sf_queue_remove(entry);
	topic->in_sink--;
	sf_sender_ready(s, entry);
	return s->came_back; /* from inside put(): there may be room now */
}

void sf_sender_feed(struct sf_sender *s)
{
	if (s->feeding || s->closed || is_pausing(s))
		return;
	s->feeding = true;
	while (s->ready.first && s->ready.first->number < s->below && !s->closed &&
	       !is_pausing(s) && send(s, s->ready.first))
		;
	s->feeding = false;
}

void sf_sender_offer(struct sf_sender *s, struct sf_entry *entry)
{
	if (entry->topic->state == SF_OPEN)
		sf_sender_ready(s, entry);
	else
		sf_topic_hold(s, entry);
}

/* ---- time ---- */

static bool has_had_its_time(const struct sf_sender *s, const struct sf_pause *pause, uint64_t now)
{
	return s->gives_up && pause->length && now >= pause->since + s->patience.gives_up;
}

static void earlier(uint64_t *next, uint64_t time, uint64_t now)
{
	if (time > now && time < *next)
		*next = time;
}

static void set_timer(struct sf_sender *s, uint64_t now)
{
	uint64_t next = UINT64_MAX;

	if (s->again.length) {
		earlier(&next, s->again.due, now);
		earlier(&next, s->again.since + s->patience.gives_up, now);
	}
	for (const struct sf_topic *topic = s->topics; topic; topic = topic->next) {
		if (!topic->pause.length)
			continue;
		earlier(&next, topic->pause.due, now);
		earlier(&next, topic->pause.since + s->patience.gives_up, now);
	}
	if (next != UINT64_MAX)
		sf_timer_set(s->timer, next);
}

void sf_sender_look(void *arg)
{
	struct sf_sender *s = arg;
	uint64_t now = sf_clock_mono();

	for (struct sf_topic *topic = s->topics; topic && !s->closed; topic = topic->next) {
		if (has_had_its_time(s, &topic->pause, now))
			give_up(s, topic->name, topic->said);
		else
			sf_topic_settle(s, topic);
	}
	if (!s->closed && has_had_its_time(s, &s->again, now))
		give_up(s, NULL, s->said);
	set_timer(s, now);
	sf_sender_feed(s);
}

/* ---- back ---- */

struct sf_entry *sf_sender_find(struct sf_sender *s, const struct sf_batch *batch)
{
	struct sf_entry *entry = s->sent.first;

	while (entry && entry->batch != batch)
		entry = entry->after;
	return entry;
}

static struct sf_entry *come_back(struct sf_sender *s, const struct sf_batch *batch)
{
	struct sf_entry *entry = sf_sender_find(s, batch);

	sf_queue_remove(entry);
	entry->topic->in_sink--;
	s->came_back = true;
	return entry;
}

struct sf_entry *sf_sender_done(struct sf_sender *s, const struct sf_batch *batch)
{
	struct sf_entry *entry = come_back(s, batch);

	s->failed -= entry->failed;
	entry->failed = false;
	if (s->again.length && !s->failed && !is_pausing(s)) {
		s->again = (struct sf_pause){0};
		sf_sender_say_over(s, s->said, NULL);
	}
	sf_topic_done(s, entry->topic);
	return entry;
}

static void wait_all(struct sf_sender *s, struct sf_entry *entry, const char *why, uint64_t now)
{
	s->failed += !entry->failed;
	entry->failed = true;
	if (is_pausing(s))
		return;
	sf_pause_begin(&s->again, s->patience.again, s->patience.again_most, now);
	sf_sender_say(s, s->said, sizeof(s->said), NULL, why);
}

void sf_sender_failed(struct sf_sender *s, const struct sf_batch *batch, enum sf_failure failure,
		      const char *why)
{
	struct sf_entry *entry = come_back(s, batch);
	uint64_t now = sf_clock_mono();

	switch (failure) {
	case SF_REFUSED:
		sf_topic_refused(s, entry->topic, why);
		break;
	case SF_AGAIN:
		sf_topic_held_up(s, entry->topic);
		wait_all(s, entry, why, now);
		break;
	}
	sf_topic_hold(s, entry);
	sf_topic_settle(s, entry->topic);
	set_timer(s, now);
}
