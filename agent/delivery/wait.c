/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the collector asks of outputs, in its thread: to wait for room, and to take what comes.
 * Where there is a spool, it waits for the disk, and for a sink that gets on: what is sent from
 * memory need not be read back.
 */
#include "output.h"

static void wait_at(struct sf_gate *gate, size_t need, const atomic_bool *cancel, uint64_t *start)
{
	if (!sf_gate_is_full(gate, need))
		return;
	*start = *start ?: sf_clock_mono();
	sf_gate_wait(gate, need, cancel);
}

uint64_t sf_outputs_wait(struct sf_output *const *outputs, size_t count, size_t need,
			 const atomic_bool *cancel)
{
	uint64_t start = 0;

	for (size_t i = 0; i < count; i++) {
		wait_at(&outputs[i]->gate, need, cancel, &start);
		wait_at(&outputs[i]->flow, need, cancel, &start);
	}
	return start ? sf_clock_mono() - start : 0;
}

void sf_outputs_charge(struct sf_output *const *outputs, size_t count, size_t bytes)
{
	for (size_t i = 0; i < count; i++) {
		sf_gate_charge(&outputs[i]->gate, bytes);
		if (outputs[i]->spooled)
			sf_gate_charge(&outputs[i]->flow, bytes);
	}
}

void sf_outputs_interrupt(struct sf_output *const *outputs, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		sf_bell_ring(outputs[i]->gate.bell);
		sf_bell_ring(outputs[i]->flow.bell);
	}
}
