/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decimal numbers with a fraction, exactly: up to 38 digits, nothing is rounded.
 */
#pragma once

#include <sockfeed/base.h>

struct sf_number { /* digits / 10^places; too_long: more than 38 digits, the rest is not known */
	unsigned __int128 digits;
	unsigned places;
	bool too_long;
	const char *text; /* borrowed */
	size_t length;
};

/*
 * Reads `12` or `12.5` at the beginning of text. Bytes read; 0 where no number begins or a point
 * has no digit behind.
 */
size_t sf_number_read(const char *text, size_t length, struct sf_number *);
/*
 * number * times / by, exactly. -EDOM when it does not come out whole, -ERANGE when it leaves 64
 * bits.
 */
int sf_number_scale(const struct sf_number *, uint64_t times, uint64_t by, uint64_t *value);
/* number / 10^places, as the nearest double; -ERANGE for a text of more than 400 bytes. */
int sf_number_share(const struct sf_number *, unsigned places, double *share);
/* The shortest percentage that reads back to the same double: `15%`. */
void sf_number_print_share(struct sf_buf *, double share);
