/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From nodes to typed settings, by tables of keys. Everything that is wrong is complained about and
 * the reading goes on: a value that could not be read keeps what was there.
 */
#pragma once

#include <sockfeed/config.h>

#include "node.h"

struct sf_reader {
	struct sf_arena *arena;
	struct sf_complaints *complaints;
	struct sf_config *config;
	const struct sf_output_type *types;
	bool incomplete; /* a file could not be read: what is missing may be in there */
};

/* A table of keys and the struct that its offsets are of. */
struct sf_layer {
	const struct sf_key *keys;
	void *memory;
};

/*
 * Reads a section: every pair of `map` by the table that has its key. `owner` is who has the section
 * ("slow_https"), for texts inside the file. `map` may be NULL. With `fill` the keys that are not in
 * it get their defaults, and those without one are complained about at `place`.
 */
void sf_section_read(struct sf_reader *, const struct sf_layer *layers, size_t count,
		     const char *owner, const struct sf_node *place, const struct sf_node *map,
		     bool fill);
/* A map, or complaints: NULL then, and where nothing was written. */
const struct sf_node *sf_section_map(struct sf_reader *, const struct sf_node *key,
				     const struct sf_node *value);

/* Reads one value into the key's place in `memory`. `name` is its key in the file. */
void sf_value_read(struct sf_reader *, const struct sf_key *, const char *owner,
		   const struct sf_node *name, const struct sf_node *value, void *memory);
/* Reads a default, as it stands in the table. */
void sf_value_default(struct sf_reader *, const struct sf_key *, void *memory);
void sf_list_read(struct sf_reader *, const struct sf_key *, const char *owner,
		  const struct sf_node *name, const struct sf_node *value, void *at);
void sf_labels_read(struct sf_reader *, const struct sf_key *, const char *owner,
		    const struct sf_node *name, const struct sf_node *value, void *at);
void sf_secret_read(struct sf_reader *, const struct sf_key *, const char *owner,
		    const struct sf_node *name, const struct sf_node *value, void *at);
/* The scalar's text; NULL after a complaint that `example` would be right. */
const struct sf_text *sf_value_text(struct sf_reader *, const struct sf_node *name,
				    const struct sf_node *value, const char *example);

/* ---- files ---- */

/* Reads a file of `most` bytes at most. -errno with a sentence without its name. */
int sf_bytes_read(struct sf_arena *, const char *path, size_t most, bool regular, char **bytes,
		  size_t *length, struct sf_err *);

struct sf_documents { /* the file and those that it includes, in order */
	size_t count;
	struct sf_node **root; /* maps */
};
void sf_documents_read(struct sf_reader *, const char *path, struct sf_documents *);

/* ---- the sections of a configuration ---- */

extern const struct sf_key sf_host_keys[], sf_schedule_keys[], sf_log_keys[];
extern const struct sf_key sf_query_keys[];
extern const struct sf_key sf_output_keys[]; /* those that all types have */

struct sf_named { /* the entries of `queries` or `outputs`, of all documents */
	size_t count;
	const struct sf_node **name, **value;
};
/* Names are [a-z0-9_-]{1,64} and unique over all documents; what is not is left out. */
void sf_named_read(struct sf_reader *, const struct sf_documents *, const char *section,
		   struct sf_named *);

void sf_outputs_read(struct sf_reader *, const struct sf_named *);
/* After the outputs. `defaults` may be NULL. */
void sf_queries_read(struct sf_reader *, const struct sf_named *, const struct sf_node *defaults);
