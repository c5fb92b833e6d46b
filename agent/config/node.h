/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file of YAML as a tree: scalars, lists and maps, each with its place in the file. No anchors,
 * aliases and tags, no document but the first, no key twice in a map; 32 levels at most.
 */
#pragma once

#include <sockfeed/base.h>

enum sf_node_kind { SF_NODE_SCALAR, SF_NODE_LIST, SF_NODE_MAP };

struct sf_node {
	enum sf_node_kind kind;
	bool empty; /* nothing was written: `key:`, `key: ~`, `key: null` */
	bool wrong; /* it was complained about: nothing more is said of it */
	const struct sf_text *file;
	size_t offset, length; /* bytes of the file, of the first line at least */
	struct sf_text text;   /* SCALAR: its value after substitution; for all: line and column */
	size_t count;
	struct sf_node **item;	/* LIST: items; MAP: keys, always scalars */
	struct sf_node **value; /* MAP: what stands beside each key */
};

/*
 * Parses a whole file (`file->text`, borrowed by the tree). Complains about everything in it that
 * is no YAML of ours; -EINVAL only after a syntax error, which ends the reading. A file that says
 * nothing has no tree: NULL.
 */
int sf_yaml_read(struct sf_arena *, const struct sf_text *file, struct sf_complaints *,
		 struct sf_node **ret);

/* Complains about a node: its place in its file, its line, a caret. */
void sf_node_complain(struct sf_complaints *, const struct sf_node *, const char *hint,
		      const char *format, ...) SF_PRINTF(4, 5);
/* Complains about every key of a map that stands in it already. */
void sf_node_complain_twins(struct sf_complaints *, const struct sf_node *map);
/* The value beside a key of a map; NULL: there is none. `map` may be NULL, or no map. */
const struct sf_node *sf_node_get(const struct sf_node *map, const char *key);

/*
 * `${NAME}`, `${NAME:-default}`, `${NAME:?message}` and `$$` in a scalar's value are replaced; any
 * other `$` stands for itself. What is not set is complained about.
 */
void sf_substitute(struct sf_arena *, struct sf_node *scalar, struct sf_complaints *);
