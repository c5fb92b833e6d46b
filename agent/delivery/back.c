/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What comes back: from the sink written, done, dead or failed, and from the letters settled. A
 * batch leaves when it is done and all its letters are settled.
 */
#include <string.h>

#include "delivery/spooled/spooled.h"

static void written(void *arg, uint32_t lines)
{
	struct sf_output *o = arg;

	if (o->spooled) {
		sf_gate_progressed(&o->flow);
		return;
	}
	atomic_fetch_add_explicit(&o->tally.delivered, lines, memory_order_relaxed);
	sf_gate_progressed(&o->gate);
}

static void leave(struct sf_output *o, struct sf_entry *entry)
{
	if (o->spooled) {
		sf_spooled_leave(o, entry);
		return;
	}
	if (entry->gap)
		sf_gaps_told(&o->gaps, entry->gap, !entry->left);
	sf_output_leave(o, entry, o->closed ? SF_LOSS_CLOSED : SF_LOSS_SHUTDOWN);
}

static void go_on(struct sf_output *o)
{
	sf_output_tell_gaps(o);
	if (!o->freeing && !o->closed)
		sf_sender_feed(&o->sender);
	if (o->spooled)
		sf_spooled_pump(o->spooled);
	sf_output_tell_if_drained(o);
}

static void done(void *arg, struct sf_batch *batch, uint32_t left)
{
	struct sf_output *o = arg;
	struct sf_entry *entry = sf_sender_done(&o->sender, batch);

	entry->left += left;
	if (entry->letters)
		sf_queue_put(&o->lettering, entry);
	else
		leave(o, entry);
	go_on(o);
}

static void failed(void *arg, struct sf_batch *batch, enum sf_failure failure, const char *why)
{
	struct sf_output *o = arg;

	sf_sender_failed(&o->sender, batch, failure, why);
	if (o->closed)
		sf_output_lose_all(o, SF_LOSS_CLOSED);
	go_on(o);
}

void sf_output_said(void *arg, enum sf_log_level level, const char *text)
{
	struct sf_output *o = arg;

	o->events.said(o->events.arg, o, level, text);
}

static void closed(void *arg)
{
	struct sf_output *o = arg;

	if (o->closed)
		return;
	o->closed = true;
	sf_gate_close(&o->gate);
	sf_gate_close(&o->flow);
	sf_output_lose_all(o, SF_LOSS_CLOSED);
	if (!o->freeing)
		o->events.closed(o->events.arg, o);
	sf_output_tell_if_drained(o);
}

/* ---- the dead ---- */

static bool is_known(const struct sf_entry *entry, uint32_t line)
{
	for (uint32_t i = 0; i < entry->dead; i++) {
		if (entry->dead_line[i] == line)
			return true;
	}
	return false;
}

static const char *find_line(const struct sf_batch *batch, uint32_t line)
{
	const char *at = batch->data;

	for (uint32_t i = 0; i < line; i++)
		at += batch->line[i].length;
	return at;
}

static void lose_line(struct sf_output *o, struct sf_entry *entry, const struct sf_letter *letter,
		      enum sf_loss loss)
{
	entry->loss = loss;
	entry->lost++;
	if (o->spooled)
		sf_spooled_lose_line(o, entry, letter, loss);
	else if (!entry->gap)
		sf_gaps_owe(&o->gaps, &(struct sf_lost){.query = letter->query,
							.first = {letter->run, letter->seq},
							.index = entry->index,
							.begins = letter->number == 0,
							.ends = letter->number == entry->lines - 1,
							.lines = 1,
							.bytes = letter->length,
							.reason = loss});
}

static void post(struct sf_output *o, struct sf_entry *entry, const struct sf_letter *of,
		 const char *line, const char *why)
{
	struct sf_letter *letter = sf_new(struct sf_letter);

	*letter = *of;
	letter->line = memcpy(sf_alloc(of->length), line, of->length);
	letter->topic = entry->topic->name ? sf_strdup(entry->topic->name) : NULL;
	letter->query = sf_strdup(of->query);
	letter->why = sf_strdup(why);
	entry->letters++;
	sf_letters_post(o->letters, letter);
}

static void dead(void *arg, struct sf_batch *batch, uint32_t line, const char *why)
{
	struct sf_output *o = arg;
	struct sf_entry *entry = sf_sender_find(&o->sender, batch);
	struct sf_letter letter;

	if (is_known(entry, line))
		return; /* the batch was sent again */
	entry->dead_line = sf_realloc(entry->dead_line, (entry->dead + 1) * sizeof(line));
	entry->dead_line[entry->dead++] = line;
	letter = (struct sf_letter){.entry = entry,
				    .number = line,
				    .query = (char *)batch->query,
				    .length = batch->line[line].length,
				    .run = batch->run,
				    .seq = batch->first_seq + line};
	if (o->letters)
		post(o, entry, &letter, find_line(batch, line), why);
	else
		lose_line(o, entry, &letter, SF_LOSS_REJECTED);
}

void sf_output_settled(void *arg, const struct sf_letter *letter)
{
	struct sf_output *o = arg;
	struct sf_entry *entry = letter->entry;

	entry->letters--;
	if (entry->gone) {
		if (entry->letters)
			return;
		sf_queue_remove(entry);
		sf_entry_free(entry);
		return;
	}
	switch (letter->state) {
	case SF_LETTER_WRITTEN:
		break;
	case SF_LETTER_FULL:
		if (o->spooled && o->freeing) { /* nobody tells of it any more */
			entry->dead--;
			entry->left++;
			break;
		}
		lose_line(o, entry, letter, SF_LOSS_LETTERS);
		break;
	case SF_LETTER_UNDONE:
		entry->dead--;
		entry->left++;
		break;
	}
	if (letter->state == SF_LETTER_UNDONE && !o->freeing)
		closed(o);
	if (entry->in != &o->lettering || entry->letters)
		return;
	sf_queue_remove(entry);
	leave(o, entry);
	go_on(o);
}

const struct sf_sink_events sf_output_hears = {.written = written,
					       .done = done,
					       .failed = failed,
					       .dead = dead,
					       .said = sf_output_said,
					       .closed = closed};
const struct sf_sender_events sf_output_hears_sender = {.said = sf_output_said,
							.parked = sf_output_park,
							.unparked = sf_output_unpark,
							.gave_up = closed};
const struct sf_sender_events sf_output_hears_spooled = {.said = sf_output_said,
							 .parked = sf_spooled_park,
							 .unparked = sf_spooled_unparked,
							 .gave_up = closed};
