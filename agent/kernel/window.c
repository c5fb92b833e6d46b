/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The window: the last 4,096 different cookies, in constant memory (48 KiB), a few nanoseconds
 * each. A ring holds them in the order in which they came; an open-addressing table, at most half
 * full, says where in the ring a cookie is. It is exact: a cookie is found if and only if it is
 * one of them. Any number is a cookie, 0 too.
 */
#include <stdlib.h>
#include <string.h>

#include <sockfeed/kernel.h>

enum { COOKIES = 4096, SLOTS = 8192, SLOT_BITS = 13 };

struct sf_window {
	uint32_t next;        /* place that is written next: the oldest, once the ring is full */
	uint16_t slot[SLOTS]; /* place in the ring + 1; 0: free */
	uint64_t cookie[COOKIES];
};

/* Fibonacci hashing: cookies of one processor follow each other, their products are far apart. */
static uint32_t home_of(uint64_t cookie)
{
	return (uint32_t)(cookie * 0x9e3779b97f4a7c15u >> (64 - SLOT_BITS));
}

/* The slot of the cookie, or the free one where it would stand. */
static uint32_t find(const struct sf_window *w, uint64_t cookie)
{
	uint32_t at = home_of(cookie);

	while (w->slot[at] && w->cookie[w->slot[at] - 1] != cookie)
		at = (at + 1) % SLOTS;
	return at;
}

/* Frees a slot and moves up who stood behind it: no search ends too early (Knuth, 6.4 R). */
static void vacate(struct sf_window *w, uint32_t hole)
{
	for (uint32_t at = (hole + 1) % SLOTS; w->slot[at]; at = (at + 1) % SLOTS) {
		uint32_t home = home_of(w->cookie[w->slot[at] - 1]);

		if ((at - home) % SLOTS >= (at - hole) % SLOTS) {
			w->slot[hole] = w->slot[at];
			hole = at;
		}
	}
	w->slot[hole] = 0;
}

bool sf_window_seen(struct sf_window *w, uint64_t cookie)
{
	uint32_t place, at = find(w, cookie);

	if (w->slot[at])
		return true;
	place = w->next++ % COOKIES;
	if (w->next > COOKIES) {
		vacate(w, find(w, w->cookie[place]));
		at = find(w, cookie);
		if (w->next == 2 * COOKIES)
			w->next = COOKIES;
	}
	w->cookie[place] = cookie;
	w->slot[at] = (uint16_t)(place + 1);
	return false;
}

void sf_window_clear(struct sf_window *w)
{
	w->next = 0;
	memset(w->slot, 0, sizeof(w->slot));
}

struct sf_window *sf_window_new(void)
{
	return sf_new(struct sf_window);
}

void sf_window_free(struct sf_window *w)
{
	free(w);
}
