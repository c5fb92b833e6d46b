/* SPDX-License-Identifier: Apache-2.0 */
/* What an output consists of, for the files that are one: output.c and wait.c. */
#pragma once

#include "gate.h"
#include "queue.h"
#include "sink.h"
#include "tally.h"

struct sf_output {
	char *name;
	const struct sf_sink_ops *ops;
	struct sf_sink *sink;
	struct sf_pool *pool;
	struct sf_output_events events;
	enum { OLDEST, NEWEST, BLOCK } when_full; /* as in struct sf_output_setup */
	struct sf_gate gate;
	struct sf_queue queue;
	bool closed, draining, freeing;
	size_t batches; /* in the queue and in the sink */
	uint64_t bytes; /* of them */
	struct sf_tally tally;
};
