/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Back-pressure: who collects charges what it hands over, the loop releases what has left. Two
 * collect at most, the collector and the watcher: room that one of them saw the other may take,
 * then a batch is too many.
 */
#include "gate.h"

enum { MOMENT_US = 200 * 1000 };

void sf_gate_init(struct sf_gate *gate, uint64_t size, bool patient)
{
	*gate = (struct sf_gate){.bell = sf_bell_new(), .size = size, .patient = patient};
	sf_gate_progressed(gate);
}

void sf_gate_finish(struct sf_gate *gate)
{
	sf_bell_free(gate->bell);
}

void sf_gate_charge(struct sf_gate *gate, size_t bytes)
{
	/* What just begins to wait has not been waiting for long. */
	if (atomic_fetch_add(&gate->held, bytes) == 0)
		sf_gate_progressed(gate);
}

void sf_gate_release(struct sf_gate *gate, size_t bytes)
{
	atomic_fetch_sub(&gate->held, bytes);
	sf_bell_ring(gate->bell);
}

void sf_gate_progressed(struct sf_gate *gate)
{
	atomic_store_explicit(&gate->progress, sf_clock_mono(), memory_order_relaxed);
}

void sf_gate_narrow(struct sf_gate *gate, uint64_t taken)
{
	atomic_store(&gate->taken, taken);
}

void sf_gate_close(struct sf_gate *gate)
{
	atomic_store(&gate->closed, true);
	sf_bell_ring(gate->bell);
}

bool sf_gate_is_full(const struct sf_gate *gate, size_t bytes)
{
	uint64_t held = atomic_load(&gate->held);

	return held && held + bytes + atomic_load(&gate->taken) > gate->size;
}

static uint64_t stalls_at(const struct sf_gate *gate)
{
	return atomic_load_explicit(&gate->progress, memory_order_relaxed) + SF_STALL_US;
}

bool sf_gate_is_stalled(const struct sf_gate *gate)
{
	return atomic_load(&gate->held) && sf_clock_mono() >= stalls_at(gate);
}

/*
 * Stalled, and its writer had a moment to show otherwise: where the whole process was stopped, the
 * clock alone has run on.
 */
static bool is_given_up(struct sf_gate *gate)
{
	uint64_t progress = atomic_load_explicit(&gate->progress, memory_order_relaxed);

	if (gate->patient || !sf_gate_is_stalled(gate))
		return false;
	if (gate->given_up != progress)
		sf_bell_wait(gate->bell, sf_bell_rings(gate->bell), sf_clock_mono() + MOMENT_US);
	gate->given_up = progress;
	return atomic_load_explicit(&gate->progress, memory_order_relaxed) == progress;
}

static bool lets_pass(struct sf_gate *gate, size_t bytes, const atomic_bool *cancel)
{
	return !sf_gate_is_full(gate, bytes) || atomic_load(&gate->closed) || atomic_load(cancel) ||
	       is_given_up(gate);
}

void sf_gate_wait(struct sf_gate *gate, size_t bytes, const atomic_bool *cancel)
{
	uint64_t rings = sf_bell_rings(gate->bell);

	while (!lets_pass(gate, bytes, cancel)) {
		sf_bell_wait(gate->bell, rings,
			     gate->patient ? sf_clock_mono() + SF_STALL_US : stalls_at(gate));
		rings = sf_bell_rings(gate->bell);
	}
}
