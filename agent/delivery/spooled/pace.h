/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How fast old batches are read back: so many bytes a second, or (auto) four times what comes in,
 * and a MiB at least, so that a fleet that comes back does not stampede.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct sf_pace {	/* zero but `fixed` and `at` is a beginning */
	uint64_t fixed; /* bytes a second; 0: auto */
	double coming;	/* bytes a second, of the last half minute */
	double credit;	/* bytes; below zero: wait */
	uint64_t at;	/* mono: when both were so */
};

void sf_pace_came(struct sf_pace *, uint64_t bytes, uint64_t now);
void sf_pace_spend(struct sf_pace *, uint64_t bytes, uint64_t now);
uint64_t sf_pace_due(struct sf_pace *, uint64_t now); /* when the next one may be read */
