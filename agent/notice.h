/* SPDX-License-Identifier: Apache-2.0 */
/* The agent's own lines to an output, outside of any run: that it begins, and what was lost. */
#pragma once

#include "life.h"

/* The first line of each output; when all are open and nothing has run. */
void sf_notice_starts(struct sf_agent *);
/* For sf_output_events. */
void sf_notice_gap(void *agent, struct sf_output *, const struct sf_gap *);
