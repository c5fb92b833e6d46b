/* SPDX-License-Identifier: Apache-2.0 */
/*
 * config: YAML files become typed settings with places; all errors of all files in one run; the normal form printed
 * back.
 *
 * config knows no filter, field or sink: texts that other rooms read (filter, fields) are kept with their places, and
 * the keys of each type of output come as a table from who makes it. Everything lives in one arena and is immutable
 * after the reading.
 */
#pragma once

#include <sockfeed/base.h>

struct sf_output_type { /* what config must know of a sink */
	const char *name;          /* "file" */
	const struct sf_key *keys; /* its own section; ends with an entry without a name */
	size_t size;               /* of its settings' struct */
	bool blocks;               /* as the configuration's only output it blocks, unless when_full says otherwise */
	/* Complains about what its settings say together, and about texts that config does not read. May be NULL. */
	void (*settle)(void *own, const struct sf_places *, struct sf_complaints *);
};

enum sf_when_full { SF_DROP_OLDEST, SF_DROP_NEWEST, SF_BLOCK };

struct sf_output_conf {
	const char *name;
	struct sf_text place; /* of its name in the file; line 0: it is not there */
	const struct sf_output_type *type;
	void *own;            /* the type's settings */
	uint64_t queue_size;  /* bytes */
	int when_full;        /* enum sf_when_full */
};

enum sf_mode { SF_SNAPSHOT, SF_CLOSED };

struct sf_query_conf {
	const char *name;
	struct sf_text place;
	uint64_t interval, timeout; /* us */
	bool run_on_start;
	struct sf_list sockets;     /* words for agent: tcp */
	struct sf_list namespaces;  /* words for agent: self */
	struct sf_text filter;      /* text of the user; "" without one; from a file: it is the whole of it */
	struct sf_list fields;
	uint64_t limit;             /* records a run, 0: all */
	struct sf_list labels;      /* the query's own */
	struct sf_list output_names;
	size_t outputs;
	const struct sf_output_conf **output; /* what the names name, in their order */
	int mode;                   /* enum sf_mode */
	bool include_unconnected;   /* closed */
	uint64_t receive_buffer;    /* closed: bytes */
	bool elsewhere;             /* of another host's sockets; no key says so */
};

struct sf_config {
	const char *path;
	uint64_t version; /* of the language: 1 */
	struct {
		const char *name, *id;
		struct sf_list labels;
	} host;
	struct {
		bool align;
		uint64_t splay; /* us */
	} schedule;
	struct {
		int level; /* enum sf_log_level */
		int json;  /* 0 text, 1 json */
	} log;
	size_t queries, outputs;
	struct sf_query_conf *query; /* in the order of the files */
	struct sf_output_conf *output;
	struct sf_arena *arena; /* owns all of it */
};

/*
 * Reads `path` and what it includes. 0: no error (there may be warnings). -EINVAL: complaints say why. `*ret` is set
 * either way, as far as the reading came, so that other rooms can complain about their texts in the same run; the
 * caller frees it. `types` ends with an entry without a name and must outlive the configuration.
 */
int sf_config_read(const char *path, const struct sf_output_type *types, struct sf_config **ret,
		   struct sf_complaints *complaints);
void sf_config_free(struct sf_config *);
void sf_config_free_p(struct sf_config **);

/*
 * The normal form with all defaults, in one file; of a secret the path of its file alone. It parses to the same again
 * (`$` comes out as `$$`). For a configuration without errors.
 */
void sf_config_print(const struct sf_config *, struct sf_buf *);
