/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Letters go to a thread and come back settled. It writes as many as there are at once; while the
 * disk takes none it tries again, every second, until the end.
 */
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "delivery/voice.h"
#include "letters.h"

enum { UNDERWAY = 256, RETRY_US = 1000 * 1000 };

struct sf_letters {
	struct sf_letters_events events;
	struct sf_letter_files *files; /* of the thread */
	struct sf_channel *in, *out;
	struct sf_voice *voice;
	struct sf_source *wake;
	struct sf_thread *thread;
	struct sf_bell *bell; /* rings when it is ending */
	atomic_bool ending;
	bool full;			 /* thread: was said */
	char trouble[512];		 /* thread: what was said last, or "" */
	struct sf_letter *first, **last; /* loop: those that wait for room in the channel */
	size_t underway;
};

static void drop(struct sf_letter *letter)
{
	free(letter->line);
	free(letter->topic);
	free(letter->query);
	free(letter->why);
	free(letter);
}

/* ---- the thread ---- */

static void say_trouble(struct sf_letters *l, const char *sentence)
{
	if (l->events.gives_up)
		sf_voice_say(l->voice, SF_LOG_ERROR, "dead letters: %s", sentence);
	else if (strcmp(l->trouble, sentence))
		sf_voice_say(l->voice, SF_LOG_WARN, "dead letters: %s; will try again", sentence);
	snprintf(l->trouble, sizeof(l->trouble), "%s", sentence);
}

static void say_full(struct sf_letters *l, bool full)
{
	if (full && !l->full)
		sf_voice_say(l->voice, SF_LOG_WARN,
			     "dead letters: the file has reached its max_size: letters are lost "
			     "until it is moved away");
	l->full = full;
}

static void write_group(struct sf_letters *l, struct sf_letter *group)
{
	bool last = false;
	struct sf_err err;

	while (!last) {
		uint64_t rings = sf_bell_rings(l->bell);

		last = atomic_load(&l->ending) || l->events.gives_up;
		if (sf_letter_files_write(l->files, group, &err) == 0) {
			l->trouble[0] = '\0';
			return;
		}
		say_trouble(l, err.text);
		if (!last)
			sf_bell_wait(l->bell, rings, sf_clock_mono() + RETRY_US);
	}
	for (struct sf_letter *letter = group; letter; letter = letter->next)
		letter->state = SF_LETTER_UNDONE;
}

static void work(void *arg)
{
	struct sf_letters *l = arg;
	struct sf_letter *group, *next;

	while ((group = sf_channel_take(l->in))) {
		struct sf_letter **end = &group->next;

		while ((*end = sf_channel_try_take(l->in)))
			end = &(*end)->next;
		write_group(l, group);
		for (; group; group = next) {
			next = group->next;
			say_full(l, group->state == SF_LETTER_FULL);
			sf_channel_put(l->out, group);
		}
	}
}

/* ---- the loop ---- */

static void send(struct sf_letters *l)
{
	while (l->first && l->underway < UNDERWAY) {
		struct sf_letter *letter = l->first;

		l->first = letter->next;
		if (!l->first)
			l->last = &l->first;
		letter->next = NULL;
		l->underway++;
		sf_channel_try_put(l->in, letter); /* has room for all that are under way */
	}
}

static void settle(struct sf_letters *l, struct sf_letter *letter)
{
	l->events.settled(l->events.arg, letter);
	drop(letter);
}

static void collect(struct sf_letters *l)
{
	struct sf_letter *letter;

	sf_voice_hear(l->voice, l->events.said, l->events.arg);
	while ((letter = sf_channel_try_take(l->out))) {
		l->underway--;
		settle(l, letter);
	}
}

static void hear(void *arg)
{
	collect(arg);
	send(arg);
}

void sf_letters_post(struct sf_letters *l, struct sf_letter *letter)
{
	letter->next = NULL;
	*l->last = letter;
	l->last = &letter->next;
	send(l);
}

static bool may_pass(int code)
{
	return code == -ENOSPC || code == -EDQUOT || code == -EROFS || code == -EIO;
}

static int start(struct sf_letters *l, struct sf_loop *loop, struct sf_err *err)
{
	int r = sf_letter_files_open(l->files, err);

	if (r < 0 && !may_pass(r))
		return r;
	r = sf_loop_wake(loop, hear, l, &l->wake, err);
	if (r < 0)
		return r;
	sf_channel_wakes(l->out, l->wake);
	sf_voice_wakes(l->voice, l->wake);
	return sf_thread_start("letters", work, l, &l->thread, err);
}

int sf_letters_new(const struct sf_letters_conf *conf, const char *output, struct sf_loop *loop,
		   const struct sf_letters_events *events, struct sf_letters **ret,
		   struct sf_err *err)
{
	struct sf_letters *l = sf_new(struct sf_letters);
	int r;

	l->events = *events;
	l->files = sf_letter_files_new(conf, output);
	l->in = sf_channel_new(UNDERWAY);
	l->out = sf_channel_new(UNDERWAY);
	l->voice = sf_voice_new();
	l->bell = sf_bell_new();
	l->last = &l->first;
	r = start(l, loop, err);
	if (r < 0) {
		sf_letters_free(l);
		return r;
	}
	*ret = l;
	return 0;
}

void sf_letters_free(struct sf_letters *l)
{
	if (!l)
		return;
	atomic_store(&l->ending, true);
	sf_bell_ring(l->bell);
	sf_channel_close(l->in);
	sf_thread_join(l->thread);
	sf_channel_wakes(l->out, NULL);
	sf_voice_wakes(l->voice, NULL);
	sf_source_remove(l->wake);
	collect(l);
	while (l->first) {
		struct sf_letter *letter = l->first;

		l->first = letter->next;
		letter->state = SF_LETTER_UNDONE;
		settle(l, letter);
	}
	sf_channel_free(l->in);
	sf_channel_free(l->out);
	sf_voice_free(l->voice);
	sf_bell_free(l->bell);
	sf_letter_files_free(l->files);
	free(l);
}
