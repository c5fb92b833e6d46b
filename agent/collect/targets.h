/* SPDX-License-Identifier: Apache-2.0 */
/* The outputs of a sweep, and how much each may get after one receive: the walk waits for that. */
#pragma once

#include "collect.h"

struct sf_targets { /* zero is none */
	size_t count;
	struct sf_target *target;
};

/* Those of the runs that share the walk. */
void sf_targets_find(struct sf_targets *, struct sf_run *const *runs, size_t count);
void sf_targets_finish(struct sf_targets *);
/* Until each has room, or is past waiting for: microseconds. */
uint64_t sf_targets_wait(const struct sf_targets *, const atomic_bool *cancel);
