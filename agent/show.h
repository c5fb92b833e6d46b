/* SPDX-License-Identifier: Apache-2.0 */
/* The answer of `sockfeed query` as a table for people. */
#pragma once

#include "collect.h"

struct sf_show;
/*
 * `usual`: the columns that most want, as many as fit the terminal; else those of the plan's
 * fields. `filter`: its text, to count what the usual states hide. The plan is borrowed.
 */
struct sf_show *sf_show_new(struct sf_plan *plan, const struct sf_text *filter, bool usual);
void sf_show_free(struct sf_show *); /* accepts NULL */
/* One walk, one table; fills run->failed, partial and error as sf_collect does. */
void sf_show_run(struct sf_show *, struct sf_walker *, struct sf_run *run);
