/* SPDX-License-Identifier: Apache-2.0 */
/* What became of an output's lines: counted, and what the user must hear of it. */
#pragma once

#include <sockfeed/delivery.h>

struct sf_tally { /* of the loop, but `delivered`, which the sink's thread counts */
	uint64_t accepted, dead, lost[SF_LOSS_COUNT];
	_Atomic uint64_t delivered;
	uint64_t full_before; /* lost to a full queue before it began to lose */
	bool losing;
};

/* All but the bytes that wait. */
void sf_tally_read(const struct sf_tally *, struct sf_counts *);

/*
 * After a put: a sentence when lines began to be lost to a full queue (SF_LOG_WARN; `why`), or when
 * that is over (no `why`; SF_LOG_INFO); false when there is no news.
 */
bool sf_tally_news(struct sf_tally *, const char *why, enum sf_log_level *, char *text,
		   size_t size);
