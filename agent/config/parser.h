/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libyaml at work on one file, and where it is in it.
 */
#pragma once

#include <yaml.h>

#include "node.h"

struct sf_spot { /* a place in a file, counted in all ways; line and column from 1 */
	size_t characters, bytes;
	unsigned line, column;
};

struct sf_parser {
	yaml_parser_t yaml;
	struct sf_arena *arena;
	const struct sf_text *file;
	struct sf_complaints *complaints;
	struct sf_spot spot; /* where the last event began, or the last list or map ended */
	unsigned depth;
};

/* Moves a spot to what a mark means: quick when that is not far behind it. */
void sf_spot_move(struct sf_spot *, const struct sf_text *file, const yaml_mark_t *);
/* The next event, to be deleted; -EINVAL after a complaint about the file's syntax. */
int sf_parser_next(struct sf_parser *, yaml_event_t *);
