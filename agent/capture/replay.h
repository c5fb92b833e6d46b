/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A capture that takes the kernel's place.
 */
#pragma once

#include <sockfeed/capture.h>

#include "file.h"
#include "match.h"
#include "note.h"

struct sf_place { /* what of the file is of one namespace */
	uint64_t begin, end;
};

struct sf_replay {
	struct sf_file file;
	struct sf_note note;
	size_t places; /* one at least */
	struct sf_place *place;
	uint32_t *netns; /* of each */
	bool lacking;	 /* it ends before it has all that its note says */
	struct sf_window *window;
	struct sf_matches matches; /* of the walk under way */
	uint32_t release;
};

/* Reads the note at the file's beginning, and finds the places. -errno with a sentence. */
int sf_places_find(struct sf_replay *, struct sf_err *err);
/* A walk of sf_replay_walker: `replay` is a struct sf_replay. */
int sf_replay_walk(void *replay, size_t at, const struct sf_ask *ask,
		   const struct sf_walk_calls *calls, struct sf_walk *walk);
