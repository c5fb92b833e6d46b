/* SPDX-License-Identifier: Apache-2.0 */
/* What the arguments of `sockfeed query` and `sockfeed explain` ask for. */
#pragma once

#include <sockfeed/config.h>

#include "options.h"

struct sf_request {
	struct sf_query_conf conf;
	struct sf_arena *arena;
	bool table, usual; /* as a table, with its usual columns: no --fields */
	uint64_t count;	   /* runs; 0: no end */
	const char *from;  /* a capture; NULL: the kernel is asked */
	uint32_t release;  /* of the kernel in the capture; 0: it was not given */
};

/* 0, or SF_EXIT_USAGE after a sentence; sf_request_finish either way. */
int sf_request_read(struct sf_request *, const struct sf_arguments *);
/* Of capture, whose argument is no filter: all states, unless a filter comes from a file. */
int sf_request_capture(struct sf_request *, const struct sf_arguments *);
void sf_request_finish(struct sf_request *);
/*
 * Of explain: *path is the configuration's, or NULL. SF_EXIT_USAGE after a sentence: an option of a
 * single query stands beside it.
 */
int sf_request_config(const struct sf_arguments *, const char **path);
