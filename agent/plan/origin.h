/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where lines come from, as a record and a topic say it: the labels of the host and of a query as
 * one list, and the topic that an output's kind makes of them.
 */
#pragma once

#include <sockfeed/config.h>
#include <sockfeed/delivery.h>

/* Of lines of no query, in a topic. */
#define SF_NO_QUERY "sockfeed"

struct sf_labels { /* the texts are borrowed */
	size_t count;
	const char **names, **values;
};

/* The host's labels, then the query's own (NULL: none); a name that both have is the query's. */
void sf_labels_merge(struct sf_labels *, const struct sf_list *host, const struct sf_list *query);
void sf_labels_finish(struct sf_labels *);

/*
 * The topic of a query's lines of a type; NULL: the output's kind has none. The caller frees it.
 * -EINVAL after a complaint. Without a site it is only tried.
 */
int sf_topic_make(const struct sf_output_conf *, const struct sf_site *, const char *query,
		  const struct sf_labels *, enum sf_line_type, char **ret, struct sf_complaints *);
