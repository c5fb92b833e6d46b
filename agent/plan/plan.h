/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A plan: one query, compiled. What to ask of the kernel, what to judge, what to write, and for
 * whom.
 */
#pragma once

#include <sockfeed/config.h>
#include <sockfeed/delivery.h>
#include <sockfeed/filter.h>
#include <sockfeed/host.h>
#include <sockfeed/kernel.h>
#include <sockfeed/netns.h>
#include <sockfeed/record.h>

struct sf_plan { /* the encoder is the collector's alone, or the watcher's; the rest is immutable */
	uint64_t number;   /* unique in this process, from 1 */
	const char *query; /* its name, borrowed from the configuration */
	enum sf_mode mode;
	bool include_unconnected; /* closed */
	size_t receive_buffer;	  /* closed: bytes */
	uint32_t tables, named;	  /* those that are asked: masks; of them named by no group */
	struct sf_needs needs[SF_TABLE_COUNT]; /* of the filter and the record */
	struct sf_netns_choice *netns;	       /* the namespaces; NULL: self */
	struct sf_filter *filter;
	struct sf_fieldset fields;
	struct sf_encoder *encoder;
	bool elsewhere;	   /* of another host's sockets */
	uint64_t limit;	   /* records a run; 0: all */
	uint64_t interval; /* us; 0: outside a schedule */
	uint64_t timeout;  /* us; 0: none */
	char boot_id[sizeof(((struct sf_host *)0)->boot_id)];

	/* Set by who opens the outputs; these are borrowed. */
	size_t outputs;
	struct sf_output **output;
	struct sf_topics { /* of the output beside it; NULL: it has none */
		char *socket, *run;
	} * topic;
	bool apart; /* topics of an output differ: the run record has a batch of its own */
	enum sf_line_type line; /* of its sockets */
	unsigned keys; /* bits 1 << enum sf_line_key: what the lines of sockets must bring */
};

/* Fills `tables` and `named`; -EINVAL after complaints. */
int sf_plan_tables(struct sf_plan *, const struct sf_query_conf *conf, struct sf_complaints *);
/* Fills `fields`; the same. A word is warned of that names nothing that one of the tables has. */
int sf_plan_fields(struct sf_plan *, const struct sf_query_conf *conf, uint32_t tables,
		   struct sf_complaints *);

/*
 * Compiles a query. Everything wrong in its tables, fields, filter and labels is added to
 * `complaints`: then -EINVAL. The host's labels come first, the query's win. `host` NULL: only to
 * find errors, no encoder is made.
 */
int sf_plan_new(const struct sf_query_conf *conf, const struct sf_host *host,
		const struct sf_list *host_labels, struct sf_plan **ret,
		struct sf_complaints *complaints);
void sf_plan_free(struct sf_plan *);
void sf_plan_free_p(struct sf_plan **);
