/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the runs of a sweep ask of a table of the kernel together: the union of their states and
 * attributes, and the sieve that lets through what any of them wants.
 */
#pragma once

#include "plan.h"

struct sf_run;

/*
 * The last few are remembered: those who were due together will be again. One thread at a time.
 */
struct sf_questions;
struct sf_questions *sf_questions_new(void);
void sf_questions_free(struct sf_questions *); /* accepts NULL */

/*
 * Good until the next call. `more`, a filter that is judged beside those of the plans and that
 * stays as long as the questions, may be NULL.
 */
const struct sf_ask *sf_questions_ask(struct sf_questions *, struct sf_walker *, enum sf_table,
				      struct sf_run *const *runs, size_t count,
				      const struct sf_filter *more);
