/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a walk waits for between receives: queries that are alike fill their batches at the same
 * moment, so an output needs room for a batch of each.
 */
#include <stdlib.h>

#include "targets.h"

struct sf_target {
	struct sf_output *output;
	size_t need; /* bytes */
};

static void add(struct sf_targets *targets, struct sf_output *output, size_t need)
{
	size_t at = 0;

	while (at < targets->count && targets->target[at].output != output)
		at++;
	if (at == targets->count)
		targets->target[targets->count++] = (struct sf_target){.output = output};
	targets->target[at].need += need;
}

void sf_targets_find(struct sf_targets *targets, struct sf_run *const *runs, size_t count)
{
	size_t most = 0;

	for (size_t i = 0; i < count; i++)
		most += runs[i]->plan->outputs;
	targets->target = sf_realloc(targets->target, (most ?: 1) * sizeof(*targets->target));
	targets->count = 0;
	for (size_t i = 0; i < count; i++) {
		const struct sf_plan *plan = runs[i]->plan;

		for (size_t o = 0; o < plan->outputs; o++)
			add(targets, plan->output[o], sf_collect_batch(count));
	}
}

void sf_targets_finish(struct sf_targets *targets)
{
	free(targets->target);
}

uint64_t sf_targets_wait(const struct sf_targets *targets, const atomic_bool *cancel)
{
	uint64_t waited = 0;

	for (size_t i = 0; i < targets->count; i++)
		waited += sf_outputs_wait(&targets->target[i].output, 1, targets->target[i].need,
					  cancel);
	return waited;
}
