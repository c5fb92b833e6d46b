/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A compiled query as text for `sockfeed explain`. Lines are stable and begin with what they tell:
 * `filter:`, `states:`, `attributes:` ...; what belongs to a line stands indented under it.
 */
#pragma once

#include "plan.h"

/*
 * What is asked of the kernel and why, what it leaves out, what is judged. `operations`: those of
 * the kernel's filter, as sf_walker_operations.
 */
void sf_explain_plan(const struct sf_plan *, uint32_t operations, struct sf_buf *);

/* With which of all plans of a configuration the one at `which` shares walks, and when. */
void sf_explain_shares(struct sf_plan *const *plans, size_t count, size_t which,
		       uint32_t operations, struct sf_buf *);

/* What is asked of a table; `of`: " of udp", or nothing where it is the only one. */
void sf_explain_asked(const struct sf_plan *, enum sf_table, const char *of, struct sf_buf *);

/* Names of states, each behind a blank; of a table's attributes: INFO CONG. */
void sf_explain_states(uint32_t states, struct sf_buf *);
void sf_explain_attributes(enum sf_table, uint32_t ext, struct sf_buf *);
