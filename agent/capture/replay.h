/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A capture that takes the kernel's place.
 */
#pragma once

#include <sockfeed/capture.h>

#include "file.h"
#include "match.h"
#include "note.h"

struct sf_replay {
	struct sf_file file;
	struct sf_note note;
	struct sf_window *window;
	struct sf_matches matches; /* of the walk under way */
	uint32_t release;
};

/* A walk of sf_replay_walker: `replay` is a struct sf_replay. */
int sf_replay_walk(void *replay, const struct sf_ask *ask, const struct sf_walk_calls *calls,
		   struct sf_walk *walk);
