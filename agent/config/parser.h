/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libyaml at work on one file, and where it is in it.
 */
#pragma once

#include <yaml.h>

#include "node.h"

struct sf_parser {
	yaml_parser_t yaml;
	struct sf_arena *arena;
	const struct sf_text *file;
	struct sf_complaints *complaints;
	size_t characters, bytes; /* the same place, counted both ways */
	unsigned depth;
};

/* The byte of the file that a mark means. */
size_t sf_parser_byte(struct sf_parser *, const yaml_mark_t *);
/* The next event, to be deleted; -EINVAL after a complaint about the file's syntax. */
int sf_parser_next(struct sf_parser *, yaml_event_t *);
