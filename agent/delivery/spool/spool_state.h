/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state on the disk, in slots that are written in turn. What a slot holds: this head, then
 * spans, gaps and runs, each text behind its length.
 */
#pragma once

#include "spool_inner.h"

struct sf_slot_head {
	char magic[8];
	uint32_t version, crc; /* crc: of all `length` bytes, itself as 0 */
	uint64_t length, generation;
	uint8_t id[SF_SPOOL_ID_SIZE];
	struct sf_spool_at base, end;
	uint64_t last_gap_id;
	uint32_t spans, gaps, runs, reserved;
};

struct sf_slot_gap { /* then query and boot id */
	uint64_t id, first_run, first_seq, last_run, last_seq, records, bytes, told, last_offset;
	uint32_t reason, segments;
	uint16_t refused, heard, fixed, reserved;
};

void sf_slot_encode(struct sf_buf *, const struct sf_state *, uint64_t generation);
/* False: damaged, or of another version; *future says which. *state is untouched then. */
bool sf_slot_decode(const char *bytes, size_t length, struct sf_names *, struct sf_state *,
		    uint64_t *generation, bool *future);
void sf_state_finish(struct sf_state *);

/* Reads the newer whole slot. False: there is none, *state is as it was. */
bool sf_state_read(int directory, struct sf_slots *, struct sf_names *, struct sf_state *,
		   uint64_t *aside);
/* Makes both, and takes their space, as far as the disk lets us. */
void sf_state_prepare(int directory, struct sf_slots *);
/* Writes the older one, not synced: 0 or -errno. */
int sf_state_write(int directory, struct sf_slots *, const struct sf_state *);
int sf_state_sync(struct sf_slots *);
void sf_state_close(struct sf_slots *);
/*
 * A record that does not contradicts what is known of its place: it was taken back, and a loss of
 * power undid its removal when another one had its place.
 */
bool sf_state_agrees(const struct sf_state *, const struct sf_spool_span *record);
void sf_runs_set(struct sf_runs *, const char *query, const char *boot_id, uint64_t run);
