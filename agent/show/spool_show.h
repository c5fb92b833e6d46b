/* SPDX-License-Identifier: Apache-2.0 */
/* What is known of a spool: as tables for people, as one JSON object, as sentences. */
#pragma once

#include <sockfeed/spool.h>

/* Both after sf_look_walk; `now`: wall clock, for ages. */
void sf_spool_tables(const struct sf_look_facts *, uint64_t now, struct sf_buf *);
void sf_spool_json(const struct sf_look_facts *, uint64_t now, struct sf_buf *);

/* "FILE: byte N, M bytes: WHAT; this costs ...", without the end of the line. */
void sf_place_text(const struct sf_look_place *, struct sf_buf *);
/* The last lines of `sockfeed spool verify`; `cost`: of all places. */
void sf_verdict_text(const struct sf_look_facts *, const struct sf_spool_amount *cost,
		     struct sf_buf *);
