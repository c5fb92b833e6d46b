/* SPDX-License-Identifier: Apache-2.0 */
/* What the collector asks of outputs, in its thread: to wait for room, and to take what comes. */
#include "output.h"

uint64_t sf_outputs_wait(struct sf_output *const *outputs, size_t count, size_t need,
			 const atomic_bool *cancel)
{
	uint64_t start = 0;

	for (size_t i = 0; i < count; i++) {
		if (!sf_gate_is_full(&outputs[i]->gate, need))
			continue;
		start = start ?: sf_clock_mono();
		sf_gate_wait(&outputs[i]->gate, need, cancel);
	}
	return start ? sf_clock_mono() - start : 0;
}

void sf_outputs_charge(struct sf_output *const *outputs, size_t count, size_t bytes)
{
	for (size_t i = 0; i < count; i++)
		sf_gate_charge(&outputs[i]->gate, bytes);
}

void sf_outputs_interrupt(struct sf_output *const *outputs, size_t count)
{
	for (size_t i = 0; i < count; i++)
		sf_bell_ring(outputs[i]->gate.bell);
}
