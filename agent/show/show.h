/* SPDX-License-Identifier: Apache-2.0 */
/* The answer of `sockfeed query` as a table for people. */
#pragma once

#include "collect/collect.h"

struct sf_show_calls {
	/* After every receive, as in sf_collect_calls: not 0 ends the walk. */
	int (*pause)(void *arg, uint64_t *waited);
	void (*text)(void *arg, const char *text, size_t length); /* whole lines for stdout */
	void *arg;
};

struct sf_show;
/*
 * `usual`: the columns that most want, as many as fit the terminal; else those of the plan's
 * fields. `filter`: its text, to count what the usual states hide. The plan is borrowed.
 */
struct sf_show *sf_show_new(struct sf_plan *plan, const struct sf_text *filter, bool usual,
			    const struct sf_show_calls *calls);
void sf_show_free(struct sf_show *); /* accepts NULL */
/*
 * A walk for each of the plan's tables; fills run->failed, partial and said as sf_collect does.
 * What was left out is said on a terminal's stderr: after the first run alone, but what a limit
 * cut, each time.
 */
void sf_show_run(struct sf_show *, struct sf_walker *, struct sf_questions *, struct sf_run *run);
