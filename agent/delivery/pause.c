/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Pauses double from the first to the longest. Of each up to a half is cut at random: hosts that
 * failed together do not come back together.
 */
#include <sys/random.h>

#include "pause.h"

#define SECOND (1000 * 1000u)

const struct sf_patience sf_patience = {.refused = SECOND,
					.refused_most = 60 * SECOND,
					.again = SECOND,
					.again_most = 30 * SECOND,
					.gives_up = 30 * SECOND,
					.tells = SECOND};

static uint64_t some_of(uint64_t most)
{
	uint64_t number = 0;

	if (getrandom(&number, sizeof(number), GRND_NONBLOCK) < 0)
		number = sf_clock_mono(); /* a host that has just begun to boot */
	return most ? number % most : 0;
}

void sf_pause_begin(struct sf_pause *pause, uint64_t first, uint64_t most, uint64_t now)
{
	if (!pause->length)
		pause->since = now;
	pause->length = pause->length ? pause->length * 2 : first;
	if (pause->length > most)
		pause->length = most;
	pause->due = now + pause->length - some_of(pause->length / 2);
}
