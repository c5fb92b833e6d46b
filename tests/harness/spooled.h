/* SPDX-License-Identifier: Apache-2.0 */
/* An output with a spool in a directory of its own, which lives longer than the output. */
#pragma once

#include "delivery/spooled/spooled.h"
#include "files.h"
#include "senders.h"

struct store {
	struct world w;
	char *directory, *path;
	struct sf_spool_conf conf;
	struct sf_output_setup as;
};

static const struct sf_site here = {.host_name = "h", .host_id = "id", .boot_id = "boot"};

static inline void store_open(struct store *s)
{
	uint64_t seq = s->w.seq;

	s->as.spool = &s->conf;
	s->as.site = &here;
	begin_as(&s->w, s->as);
	s->w.seq = seq;
	s->w.lines = counts_of(&s->w).accepted;
}

static inline void store_begin(struct store *s)
{
	*s = (struct store){.directory = directory_new()};
	s->path = sf_strdup(below(s->directory, "spool"));
	s->conf = (struct sf_spool_conf){.path = s->path, .max_size = 256 << 20, .sync = 500 * 1000, .replay_rate = 1 << 30};
	store_open(s);
}

static inline void store_end(struct store *s)
{
	end(&s->w);
	directory_free(s->directory);
	free(s->path);
}

static inline struct sf_spooled *inner_of(const struct store *s)
{
	return s->w.output->spooled;
}

/* What the output says that waits is what is on its way to the spool, and what the spool says. */
static inline void check_store(const struct store *s)
{
	const struct sf_spooled *sp = inner_of(s);
	struct sf_counts counts = counts_of(&s->w);

	check_counts(&s->w);
	assert_int_equal(counts.waiting, sp->append_lines + sp->state.counts.waiting.lines);
}

static inline bool is_stored(const struct store *s)
{
	return inner_of(s)->appends == 0;
}

static inline bool is_empty(const struct store *s)
{
	return counts_of(&s->w).waiting == 0;
}
