/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two slots, written in turn: while one is written the other one holds. Their space is taken
 * before it is needed, so that a full disk does not keep us from saying what was lost on it.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "spool_state.h"

enum { PAGE = 4096, RESERVE = 64 << 10, SLOT_MOST = 64 << 20 };

static const char *const slot_names[2] = {"state.0", "state.1"};

static int write_all(int fd, const char *bytes, size_t length, uint64_t position)
{
	while (length) {
		ssize_t n = pwrite(fd, bytes, length, (off_t)position);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return n < 0 ? -errno : -ENOSPC;
		bytes += n;
		length -= (size_t)n;
		position += (uint64_t)n;
	}
	return 0;
}

/* Written, not only promised: what is only promised needs the disk once more when it is used. */
static int reserve(struct sf_slots *slots, unsigned i, uint64_t length)
{
	static const char zeros[RESERVE];
	int r = 0;

	while (r == 0 && slots->reserved[i] < length) {
		uint64_t at = slots->reserved[i];
		size_t some = RESERVE - at % RESERVE;

		r = write_all(slots->fd[i], zeros, some, at);
		if (r == 0)
			slots->reserved[i] += some;
	}
	return r;
}

static int open_slot(int directory, struct sf_slots *slots, unsigned i)
{
	struct stat st;
	int fd;

	if (slots->fd[i] >= 0)
		return 0;
	fd = openat(directory, slot_names[i], O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
	if (fd < 0 || fstat(fd, &st) < 0) {
		int code = -errno;

		sf_close_p(&fd);
		return code;
	}
	slots->fd[i] = fd;
	slots->reserved[i] = (uint64_t)st.st_size;
	if (fsync(directory) < 0) /* its name */
		return -errno;
	return 0;
}

static void read_slot(int directory, struct sf_slots *slots, unsigned i, struct sf_names *names,
		      struct sf_state *state, bool *found, uint64_t *aside)
{
	sf_cleanup(sf_close_p) int fd =
		openat(directory, slot_names[i], O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	struct sf_state read = {0};
	sf_cleanup(sf_free_p) char *bytes = NULL;
	char other[32];
	struct stat st;
	uint64_t generation;
	bool future;
	ssize_t n;

	if (fd < 0 || fstat(fd, &st) < 0 || st.st_size > SLOT_MOST)
		return;
	bytes = sf_alloc((size_t)st.st_size + 1);
	n = pread(fd, bytes, (size_t)st.st_size, 0);
	if (n <= 0)
		return;
	if (sf_slot_decode(bytes, (size_t)n, names, &read, &generation, &future)) {
		if (!*found || generation > slots->generation) {
			slots->generation = generation;
			slots->newest = i;
			*found = true;
			sf_state_finish(state);
			*state = read;
		} else {
			sf_state_finish(&read);
		}
	} else if (future && aside) {
		snprintf(other, sizeof(other), "%s.aside", slot_names[i]);
		*aside += renameat(directory, slot_names[i], directory, other) == 0;
	}
}

bool sf_state_read(int directory, struct sf_slots *slots, struct sf_names *names,
		   struct sf_state *state, uint64_t *aside)
{
	bool found = false;

	for (unsigned i = 0; i < 2; i++)
		read_slot(directory, slots, i, names, state, &found, aside);
	return found;
}

void sf_state_prepare(int directory, struct sf_slots *slots)
{
	for (unsigned i = 0; i < 2; i++) {
		if (open_slot(directory, slots, i) == 0)
			reserve(slots, i, RESERVE);
	}
}

int sf_state_write(int directory, struct sf_slots *slots, const struct sf_state *state)
{
	static const char zeros[PAGE];
	unsigned i = !slots->newest;
	struct sf_buf buf = {0};
	int r = open_slot(directory, slots, i);

	if (r == 0) {
		sf_slot_encode(&buf, state, slots->generation + 1);
		sf_buf_add(&buf, zeros, (PAGE - buf.length % PAGE) % PAGE);
		r = reserve(slots, i, buf.length);
	}
	if (r == 0)
		r = write_all(slots->fd[i], buf.data, buf.length, 0);
	sf_buf_finish(&buf);
	return r;
}

int sf_state_sync(struct sf_slots *slots)
{
	if (fdatasync(slots->fd[!slots->newest]) < 0) {
		int code = -errno;

		/* Its pages count as clean now, whatever is on the disk: it is opened anew. */
		sf_close_p(&slots->fd[!slots->newest]);
		return code;
	}
	slots->newest = !slots->newest;
	slots->generation++;
	return 0;
}

void sf_state_close(struct sf_slots *slots)
{
	for (unsigned i = 0; i < 2; i++)
		sf_close_p(&slots->fd[i]);
}

bool sf_state_agrees(const struct sf_state *state, const struct sf_spool_span *span)
{
	return sf_span_agrees(span, &state->base) && sf_span_agrees(span, &state->end) &&
	       sf_spans_agree(&state->done, span);
}
