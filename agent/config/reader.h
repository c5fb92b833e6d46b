/* SPDX-License-Identifier: Apache-2.0 */
/*
 * From nodes to typed settings, by tables of keys. Everything that is wrong is complained about and
 * the reading goes on: a value that could not be read keeps what was there.
 */
#pragma once

#include <sys/stat.h>

#include <sockfeed/config.h>

#include "node.h"

struct sf_reader {
	struct sf_arena *arena;
	struct sf_complaints *complaints;
	struct sf_config *config;
	const struct sf_output_type *types;
	bool incomplete; /* names could not be read: who misses one may be wrong */
};

/* ---- sections ---- */

struct sf_layer { /* a table of keys and the struct that its offsets are of */
	const struct sf_key *keys;
	void *memory;
	uint64_t seen; /* bit i: key i stands in the file, or another that was meant for it */
};

/*
 * Reads a section: every pair of `map` (or NULL) by the layer that has its key. `owner` is who has
 * the section ("slow_https"), for texts inside the file.
 */
void sf_section_read(struct sf_reader *, struct sf_layer *layers, size_t count, const char *owner,
		     const struct sf_node *map);
/* Before that: every key gets its default, so that a value that cannot be read has one. */
void sf_section_default(struct sf_reader *, const struct sf_layer *);
/* After that: complains at `place` about keys without a default that are missing. */
void sf_section_require(struct sf_reader *, const struct sf_layer *, const struct sf_node *place);
/* Was the key of this offset written, or meant? */
bool sf_layer_saw(const struct sf_layer *, size_t offset);

/* A map, or complaints: NULL then, and where nothing was written. */
const struct sf_node *sf_section_map(struct sf_reader *, const struct sf_node *key,
				     const struct sf_node *value);
/* "unknown key", with the nearest of `count` known ones, which comes back, or all of them. */
const char *sf_section_unknown(struct sf_reader *, const struct sf_node *name, size_t count,
			       const char *(*get)(const void *arg, size_t i), const void *arg);

/* ---- values ---- */

struct sf_pair { /* a key of a table, where it stands in a file, and where its value goes */
	const struct sf_key *key;
	const char *owner;
	const struct sf_node *name, *value;
	void *at;
};

/* Reads one value into the key's place in `memory`. */
void sf_value_read(struct sf_reader *, const struct sf_key *, const char *owner,
		   const struct sf_node *name, const struct sf_node *value, void *memory);
/* Reads a default, as it stands in the table. */
void sf_value_default(struct sf_reader *, const struct sf_key *, void *memory);
void sf_quantity_read(struct sf_reader *, const struct sf_pair *);
void sf_list_read(struct sf_reader *, const struct sf_pair *);
void sf_pairs_read(struct sf_reader *, const struct sf_pair *);
void sf_secret_read(struct sf_reader *, const struct sf_pair *);
void sf_placed_read(struct sf_reader *, const struct sf_pair *);
/* The scalar's text; NULL after a complaint that `hint` would be right. */
const struct sf_text *sf_value_text(struct sf_reader *, const struct sf_node *name,
				    const struct sf_node *value, const char *hint);

/* ---- files ---- */

struct sf_bytes {
	char *data; /* with a NUL behind */
	size_t length;
	struct stat status;
};

/* Reads a file of `most` bytes at most. -errno with a sentence without its name. */
int sf_bytes_read(struct sf_arena *, const char *path, size_t most, bool regular,
		  struct sf_bytes *ret, struct sf_err *);
/* `path` as it is meant in `file`: beside it, unless it begins with a slash. */
const char *sf_path_beside(struct sf_arena *, const char *file, const char *path);

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
	size_t twins; /* of these, names that stand before already */
	const struct sf_node **name, **value;
};
/* Names are [a-z0-9_-]{1,64} and unique over all documents; what is not is read all the same. */
void sf_named_read(struct sf_reader *, const struct sf_documents *, const char *section,
		   size_t most, struct sf_named *);

enum { SF_OUTPUTS_MOST = 100, SF_QUERIES_MOST = 1000 };
void sf_outputs_read(struct sf_reader *, const struct sf_named *);
/* After the outputs. `defaults` may be NULL. */
void sf_queries_read(struct sf_reader *, const struct sf_named *, const struct sf_node *defaults);
