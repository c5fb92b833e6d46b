/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state as it is found. A slot that is read while it is written is not whole, and the other
 * one counts; in the worst case both were written in turn while we read: then we read again.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "delivery/spool/spool_state.h"
#include "look.h"

enum { TRIES = 20, PAUSE_MS = 5, SLOT_MOST = 64 << 20 };

static bool is_zero(const char *bytes, size_t length)
{
	size_t i = 0;

	while (i < length && !bytes[i])
		i++;
	return i == length;
}

static enum sf_slot_verdict read_slot(struct sf_look *look, unsigned i)
{
	static const char *const names[2] = {"state.0", "state.1"};
	sf_cleanup(sf_close_p) int fd =
		openat(look->directory, names[i], O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	sf_cleanup(sf_free_p) char *bytes = NULL;
	struct sf_state read = {0};
	uint64_t generation;
	struct stat st;
	bool future;
	ssize_t n;

	if (fd < 0)
		return errno == ENOENT ? SF_SLOT_NONE : SF_SLOT_DAMAGED;
	if (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode) || st.st_size > SLOT_MOST)
		return SF_SLOT_DAMAGED;
	bytes = sf_alloc((size_t)st.st_size + 1);
	n = pread(fd, bytes, (size_t)st.st_size, 0);
	if (n < 0)
		return SF_SLOT_DAMAGED;
	if (is_zero(bytes, (size_t)n))
		return SF_SLOT_NONE;
	if (!sf_slot_decode(bytes, (size_t)n, &look->names, &read, &generation, &future))
		return future ? SF_SLOT_FUTURE : SF_SLOT_DAMAGED;
	if (look->facts.state_known && generation < look->facts.generation) {
		sf_state_finish(&read);
		return SF_SLOT_GOOD;
	}
	sf_state_finish(&look->state);
	look->state = read;
	look->facts.generation = generation;
	look->facts.state_known = true;
	return SF_SLOT_GOOD;
}

bool sf_look_state(struct sf_look *look)
{
	for (int tries = 0; tries < TRIES; tries++) {
		for (unsigned i = 0; i < 2; i++)
			look->slot[i] = read_slot(look, i);
		if (look->facts.state_known || look->slot[0] == SF_SLOT_NONE ||
		    look->slot[1] == SF_SLOT_NONE)
			break;
		nanosleep(&(struct timespec){0, PAUSE_MS * 1000000}, NULL);
	}
	return look->facts.state_known;
}
