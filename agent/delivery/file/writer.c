/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Batches go to a thread by one channel and come back by another; the thread writes, counts, waits
 * for a slow reader and tries again. It waits together with a pipe that says "end", at any moment.
 */
#include <fcntl.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "writer.h"

enum {
	SLOTS = 2, /* one batch that is written, one that is ready */
	RETRY_MS = 1000,
};

struct slot { /* a batch on its way there and back */
	struct sf_batch *batch;
	uint32_t written; /* lines */
	bool taken;	  /* loop: by a batch */
};

struct sf_sink {
	struct sf_device *device;
	struct sf_sink_events events;
	struct sf_channel *in, *out; /* of slots */
	struct sf_voice *voice;
	struct sf_source *wake;
	struct sf_thread *thread;
	struct slot slot[SLOTS];
	struct slot reopen; /* not a batch: a word to the thread */
	int end[2];	    /* a pipe */
	atomic_bool ending, gone;
	bool told_gone;
	char trouble[sizeof(((struct sf_err *)0)->text)]; /* thread: what was said last, or "" */
};

/* ---- the thread ---- */

struct sf_voice *sf_writer_voice(struct sf_sink *w)
{
	return w->voice;
}

/* Until the descriptor takes bytes (fd not -1), for a while, or the end. */
static void wait_for(struct sf_sink *w, int fd, int timeout_ms)
{
	struct pollfd wanted[] = {{.fd = w->end[0], .events = POLLIN},
				  {.fd = fd, .events = POLLOUT}};

	if (poll(wanted, SF_COUNT(wanted), timeout_ms) < 0 && errno != EINTR)
		usleep(100 * 1000); /* ENOMEM */
}

static void say_trouble(struct sf_sink *w, const char *sentence)
{
	if (!strcmp(sentence, w->trouble))
		return;
	snprintf(w->trouble, sizeof(w->trouble), "%s", sentence);
	sf_voice_say(w->voice, SF_LOG_WARN, "%s; will try again", sentence);
}

static void say_recovered(struct sf_sink *w)
{
	if (w->trouble[0])
		sf_voice_say(w->voice, SF_LOG_INFO, "writes again");
	w->trouble[0] = '\0';
}

/* That end in these bytes of the batch. */
static uint32_t count_lines(const struct slot *slot, size_t at, size_t length)
{
	const char *bytes = slot->batch->data + at, *end = bytes + length;
	uint32_t lines = 0;

	if (at + length == slot->batch->length)
		return slot->batch->lines - slot->written;
	while ((bytes = memchr(bytes, '\n', (size_t)(end - bytes)))) {
		lines++;
		bytes++;
	}
	return lines;
}

static size_t begin_of_line(const char *lines, size_t at)
{
	const char *newline = memrchr(lines, '\n', at);

	return newline ? (size_t)(newline - lines) + 1 : 0;
}

static void write_batch(struct sf_sink *w, struct slot *slot)
{
	const struct sf_batch *batch = slot->batch;
	struct sf_device *device = w->device;
	bool may_write = !device->wait_first;
	size_t at = 0;

	while (at < batch->length && !atomic_load(&w->gone) && !atomic_load(&w->ending)) {
		struct sf_err err = {0};
		ssize_t n = -EAGAIN;

		if (may_write)
			n = device->ops->write(device, batch->data + at, batch->length - at, &err);
		may_write = !device->wait_first;
		if (n > 0) {
			uint32_t lines = count_lines(slot, at, (size_t)n);
			at += (size_t)n;
			slot->written += lines;
			w->events.written(w->events.arg, lines);
			say_recovered(w);
		} else if (n == -EAGAIN) {
			wait_for(w, device->fd, -1);
			may_write = true;
		} else if (n == -EPIPE) {
			atomic_store(&w->gone, true);
		} else if (w->events.gives_up) {
			sf_voice_say(w->voice, SF_LOG_ERROR, "%s", err.text);
			atomic_store(&w->gone, true);
		} else {
			if (device->fd < 0)
				at = begin_of_line(batch->data, at);
			say_trouble(w, err.text);
			wait_for(w, -1, RETRY_MS);
		}
	}
}

static void work(void *arg)
{
	struct sf_sink *w = arg;
	struct slot *slot;

	while ((slot = sf_channel_take(w->in))) {
		if (slot->batch)
			write_batch(w, slot);
		else
			w->device->ops->reopen(w->device);
		sf_channel_put(w->out, slot);
	}
}

/* ---- the loop ---- */

static void give_back(struct sf_sink *w, struct slot *slot)
{
	struct sf_batch *batch = slot->batch;
	uint32_t left = batch ? batch->lines - slot->written : 0;

	*slot = (struct slot){0};
	if (batch)
		w->events.done(w->events.arg, batch, left);
}

static void take(void *arg)
{
	struct sf_sink *w = arg;
	struct slot *slot;

	sf_voice_hear(w->voice, w->events.said, w->events.arg);
	while ((slot = sf_channel_try_take(w->out))) {
		if (atomic_load(&w->gone) && !w->told_gone) {
			w->told_gone = true;
			w->events.closed(w->events.arg);
		}
		give_back(w, slot);
	}
}

int sf_writer_put(struct sf_sink *w, struct sf_batch *batch, const char *topic)
{
	(void)topic;
	for (size_t i = 0; i < SLOTS; i++) {
		if (w->slot[i].taken)
			continue;
		w->slot[i] = (struct slot){.batch = batch, .taken = true};
		sf_channel_try_put(w->in, &w->slot[i]);
		return 0;
	}
	return -EAGAIN;
}

void sf_writer_reopen(struct sf_sink *w)
{
	if (w->reopen.taken)
		return;
	w->reopen.taken = true;
	sf_channel_try_put(w->in, &w->reopen);
}

struct sf_sink *sf_writer_new(struct sf_device *device, const struct sf_sink_events *events)
{
	struct sf_sink *w = sf_new(struct sf_sink);

	w->device = device;
	w->events = *events;
	w->end[0] = w->end[1] = -1;
	w->in = sf_channel_new(SLOTS + 1);
	w->out = sf_channel_new(SLOTS + 1);
	w->voice = sf_voice_new();
	return w;
}

/* A disk that is full and a FIFO that nobody reads yet are tried again; the rest is a mistake. */
static bool may_pass(int code)
{
	return code == -ENOSPC || code == -EDQUOT || code == -ENXIO;
}

int sf_writer_start(struct sf_sink *w, struct sf_loop *loop, struct sf_err *err)
{
	int r = pipe2(w->end, O_CLOEXEC);

	if (r < 0)
		return sf_fail(err, -errno, "cannot make a pipe: %s", strerror(errno));
	r = w->device->ops->open(w->device, err);
	if (r < 0 && (w->events.gives_up || !may_pass(r)))
		return r;
	r = sf_loop_wake(loop, take, w, &w->wake, err);
	if (r < 0)
		return r;
	sf_channel_wakes(w->out, w->wake);
	sf_voice_wakes(w->voice, w->wake);
	return sf_thread_start(w->device->ops->thread, work, w, &w->thread, err);
}

void sf_writer_close(struct sf_sink *w)
{
	if (!w)
		return;
	atomic_store(&w->ending, true);
	if (w->end[1] >= 0 && write(w->end[1], "", 1) < 0)
		abort(); /* one byte into an empty pipe */
	sf_channel_close(w->in);
	sf_thread_join(w->thread);
	w->device->ops->close(w->device);
	sf_channel_wakes(w->out, NULL);
	sf_voice_wakes(w->voice, NULL);
	sf_source_remove(w->wake);
	take(w);
	sf_channel_free(w->in);
	sf_channel_free(w->out);
	sf_voice_free(w->voice);
	sf_close_p(&w->end[0]);
	sf_close_p(&w->end[1]);
	free(w);
}
