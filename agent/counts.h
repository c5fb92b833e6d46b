/* SPDX-License-Identifier: Apache-2.0 */
/* The counts of every output and query as one JSON line in the log (SIGUSR2). */
#pragma once

#include "collect/job.h"

void sf_counts_log(const struct sf_loop *, struct sf_job *const *jobs, size_t job_count,
		   struct sf_output *const *outputs, size_t output_count);
