/* SPDX-License-Identifier: Apache-2.0 */
/* How long to wait before the next try: longer each time, and never the same on two hosts. */
#pragma once

#include <sockfeed/delivery.h>

struct sf_pause {	 /* zero: nothing has failed */
	uint64_t length; /* microseconds, of the last one before it was cut at random; 0: none */
	uint64_t since;	 /* mono: the first failure */
	uint64_t due;	 /* mono: the next try */
};

/* Something failed now: when to try again is in `due`. */
void sf_pause_begin(struct sf_pause *, uint64_t first, uint64_t most, uint64_t now);
