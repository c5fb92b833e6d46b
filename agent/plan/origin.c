/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Labels and topics are made once, when a plan is: what a batch then costs is a pointer to its
 * topic.
 */
#include <stdlib.h>
#include <string.h>

#include "origin.h"

void sf_labels_merge(struct sf_labels *labels, const struct sf_list *host,
		     const struct sf_list *query)
{
	const struct sf_list *lists[] = {host, query};
	size_t most = host->count + (query ? query->count : 0);

	*labels = (struct sf_labels){.names = sf_alloc((most + 1) * sizeof(*labels->names)),
				     .values = sf_alloc((most + 1) * sizeof(*labels->values))};
	for (size_t l = 0; l < SF_COUNT(lists) && lists[l]; l++) {
		for (size_t i = 0; i < lists[l]->count; i++) {
			size_t at = 0;

			while (at < labels->count && strcmp(labels->names[at], lists[l]->names[i]))
				at++;
			labels->names[at] = lists[l]->names[i];
			labels->values[at] = lists[l]->items[i].text;
			labels->count += at == labels->count;
		}
	}
}

void sf_labels_finish(struct sf_labels *labels)
{
	free(labels->names);
	free(labels->values);
}

int sf_topic_make(const struct sf_output_conf *output, const struct sf_site *site,
		  const char *query, const struct sf_labels *labels, enum sf_line_type type,
		  char **ret, struct sf_complaints *complaints)
{
	const struct sf_sink_kind *kind = sf_sink_find(output->type->name);
	const struct sf_origin origin = {.query = query,
					 .labels = labels->count,
					 .label_names = labels->names,
					 .label_values = labels->values};
	sf_cleanup(sf_buf_finish) struct sf_buf topic = {0};
	int r;

	if (!kind->topic) {
		*ret = NULL;
		return 0;
	}
	r = kind->topic(output->own, site, &origin, type, &topic, complaints);
	if (r == 0)
		*ret = sf_buf_take(&topic);
	return r;
}
