/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Gaps that an output owes its reader, in memory: what was lost of each query, told by a line that
 * goes the same way as all others. A gap that was handed up is never changed again: what is lost
 * after that is another one.
 */
#pragma once

#include <sockfeed/delivery.h>

/* More than so many are not begun, where one can be stretched. */
#define SF_OWED_MOST 1024

struct sf_lost { /* lines of one batch, one behind the other */
	const char *query;
	struct sf_place first;
	uint64_t index;	   /* of the batch among those of its query; 0: not known */
	bool begins, ends; /* with them the batch does */
	uint32_t lines;
	uint64_t bytes;
	enum sf_loss reason;
};

struct sf_owed {
	struct sf_gap gap;
	uint64_t index; /* of the last batch */
	bool whole;	/* the last line is the batch's */
	bool told;	/* handed up */
	bool frozen;	/* was handed up once */
};

struct sf_stream { /* a query */
	char *query;
	uint64_t index; /* of its next batch */
};

struct sf_gaps { /* zero is empty */
	struct sf_stream **stream;
	struct sf_owed *owed;
	size_t streams, count;
	uint64_t next;
};

void sf_gaps_finish(struct sf_gaps *);
const char *sf_gaps_name(struct sf_gaps *, const char *query); /* lives as long as they do */
uint64_t sf_gaps_index(struct sf_gaps *, const char *query);   /* of a batch that comes; from 1 */
void sf_gaps_owe(struct sf_gaps *, const struct sf_lost *);
size_t sf_gaps_owed(const struct sf_gaps *); /* and not handed up */
/* The oldest that is not handed up, which it is now; false: none. */
bool sf_gaps_tell(struct sf_gaps *, struct sf_gap *);
bool sf_gaps_know(const struct sf_gaps *, uint64_t id);
void sf_gaps_told(struct sf_gaps *, uint64_t id, bool arrived); /* false: is to be told again */
