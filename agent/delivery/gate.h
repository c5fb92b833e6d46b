/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The gate before an output: how many bytes are on their way to it or wait in it, when it last got
 * something out, and whether the collector should wait. Any thread.
 */
#pragma once

#include <sockfeed/delivery.h>

/* An output that got nothing out for so long is stalled. */
#define SF_STALL_US (1000u * 1000)

struct sf_gate {
	struct sf_bell *bell;
	uint64_t size;			 /* bytes */
	bool patient;			 /* is waited for, also when it is stalled */
	_Atomic uint64_t held, progress; /* bytes; mono */
	_Atomic uint64_t taken;		 /* bytes of its size that others have */
	atomic_bool closed;
	_Atomic uint64_t given_up; /* the progress after which nobody waits any more */
};

void sf_gate_init(struct sf_gate *, uint64_t size, bool patient);
void sf_gate_finish(struct sf_gate *);
void sf_gate_charge(struct sf_gate *, size_t bytes);
void sf_gate_release(struct sf_gate *, size_t bytes);
void sf_gate_progressed(struct sf_gate *);
void sf_gate_narrow(struct sf_gate *, uint64_t taken); /* less than its size */
void sf_gate_close(struct sf_gate *);		       /* nobody waits at it from here on */

/* Would `bytes` more be too much? A batch larger than the gate passes when nothing else is held. */
bool sf_gate_is_full(const struct sf_gate *, size_t bytes);
bool sf_gate_is_stalled(const struct sf_gate *);
void sf_gate_wait(struct sf_gate *, size_t bytes, const atomic_bool *cancel);
