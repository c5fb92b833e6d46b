/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Records without a run are made here and go to one output alone: the start, which links what comes
 * to what the output had before, and the gaps that delivery owes.
 *
 * A gap goes where the lines that it tells of would have gone. A start is of no query: in a topic
 * its query is `sockfeed`, and labels that the host lacks are those of the output's first query.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <sockfeed/record.h>

#include "notice.h"
#include "plan/origin.h"

static const struct sf_output_conf *find_output(const struct sf_agent *a, const char *name)
{
	const struct sf_config *config = a->setup->config;

	for (size_t i = 0; !a->setup->to_stdout && i < config->outputs; i++) {
		if (!strcmp(config->output[i].name, name))
			return &config->output[i];
	}
	return NULL;
}

static const struct sf_query_conf *find_query(const struct sf_agent *a, const char *name)
{
	const struct sf_config *config = a->setup->config;

	for (size_t i = 0; i < config->queries; i++) {
		if (!strcmp(config->query[i].name, name))
			return &config->query[i];
	}
	return NULL;
}

static const struct sf_query_conf *first_query(const struct sf_agent *a, const char *output)
{
	const struct sf_config *config = a->setup->config;

	for (size_t i = 0; i < config->queries; i++) {
		const struct sf_query_conf *query = &config->query[i];

		for (size_t o = 0; o < query->outputs; o++) {
			if (!strcmp(query->output[o]->name, output))
				return query;
		}
	}
	return NULL;
}

/* `query`: whose labels may be used besides the host's; NULL: none. */
static char *make_topic(const struct sf_agent *a, const char *output, const char *name,
			const struct sf_query_conf *query, enum sf_line_type type)
{
	sf_cleanup(sf_complaints_free_p) struct sf_complaints *none = sf_complaints_new();
	const struct sf_output_conf *conf = find_output(a, output);
	struct sf_labels labels;
	char *topic = NULL;

	if (!conf)
		return NULL;
	sf_labels_merge(&labels, &a->setup->config->host.labels, query ? &query->labels : NULL);
	sf_topic_make(conf, &a->site, name, &labels, type, &topic, none);
	sf_labels_finish(&labels);
	return topic;
}

/* A batch of this one line. */
static struct sf_batch *make_batch(struct sf_agent *a, struct sf_output *output,
				   const struct sf_buf *line, enum sf_line_type type,
				   uint64_t wall_us)
{
	struct sf_batch *batch = sf_pool_get(a->pool);

	memcpy(batch->data, line->data, line->length);
	sf_batch_line(batch, line->length, type, wall_us);
	batch = sf_pool_trim(a->pool, batch);
	sf_outputs_charge(&output, 1, batch->length);
	return batch;
}

static struct sf_envelope envelope_of(const struct sf_agent *a, const struct sf_labels *labels)
{
	const struct sf_host *host = a->setup->host;

	return (struct sf_envelope){.host_name = host->name,
				    .host_id = host->id,
				    .boot_id = host->boot_id,
				    .labels = labels->count,
				    .label_names = labels->names,
				    .label_values = labels->values};
}

/* ---- start ---- */

/* FNV-1a, 64 bits. */
static uint64_t hash_config(const struct sf_config *config)
{
	sf_cleanup(sf_buf_finish) struct sf_buf text = {0};
	uint64_t hash = 0xcbf29ce484222325;

	sf_config_print(config, &text);
	for (size_t i = 0; i < text.length; i++)
		hash = (hash ^ (unsigned char)text.data[i]) * 0x100000001b3;
	return hash;
}

struct lasts {
	size_t count;
	struct sf_start_last *list;
};

static void add_last(void *arg, const char *query, const char *boot_id, uint64_t run)
{
	struct lasts *lasts = arg;

	lasts->list = sf_realloc(lasts->list, (lasts->count + 1) * sizeof(*lasts->list));
	lasts->list[lasts->count++] = (struct sf_start_last){query, boot_id, run};
}

static void put_start(struct sf_agent *a, struct sf_output *output, const char *hash)
{
	const struct sf_query_conf *first = first_query(a, sf_output_name(output));
	sf_cleanup(sf_free_p) char *topic =
		make_topic(a, sf_output_name(output), SF_NO_QUERY, first, SF_LINE_START);
	sf_cleanup(sf_labels_finish) struct sf_labels labels = {0};
	sf_cleanup(sf_buf_finish) struct sf_buf line = {0};
	const uint64_t now = sf_clock_wall();
	struct sf_envelope envelope;
	struct sf_batch *batch;
	struct lasts lasts = {0};

	sf_labels_merge(&labels, &a->setup->config->host.labels, NULL);
	envelope = envelope_of(a, &labels);
	sf_output_last(output, add_last, &lasts);
	sf_encode_start(&envelope,
			&(struct sf_start_facts){.wall_us = now,
						 .version = SF_VERSION,
						 .kernel = a->setup->host->kernel,
						 .config_hash = hash,
						 .output = sf_output_name(output),
						 .lasts = lasts.count,
						 .last = lasts.list},
			&line);
	free(lasts.list);
	batch = make_batch(a, output, &line, SF_LINE_START, now);
	sf_output_put(output, batch, topic);
	sf_batch_drop(a->pool, batch);
}

void sf_notice_starts(struct sf_agent *a)
{
	char hash[17];

	snprintf(hash, sizeof(hash), "%016" PRIx64, hash_config(a->setup->config));
	for (size_t i = 0; i < a->outputs; i++)
		put_start(a, a->output[i], hash);
}

/* ---- gap ---- */

void sf_notice_gap(void *agent, struct sf_output *output, const struct sf_gap *gap)
{
	struct sf_agent *a = agent;
	const struct sf_query_conf *query = find_query(a, gap->query);
	const struct sf_query_conf *whose = query ?: first_query(a, gap->output);
	sf_cleanup(sf_free_p) char *topic = make_topic(
		a, gap->output, *gap->query ? gap->query : SF_NO_QUERY, whose, SF_LINE_GAP);
	sf_cleanup(sf_labels_finish) struct sf_labels labels = {0};
	sf_cleanup(sf_buf_finish) struct sf_buf line = {0};
	const uint64_t now = sf_clock_wall();
	struct sf_envelope envelope;
	struct sf_batch *batch;

	sf_labels_merge(&labels, &a->setup->config->host.labels, query ? &query->labels : NULL);
	envelope = envelope_of(a, &labels);
	envelope.query = gap->query;
	if (gap->boot_id && *gap->boot_id)
		envelope.boot_id = gap->boot_id;
	sf_encode_gap(&envelope,
		      &(struct sf_gap_facts){.wall_us = now,
					     .output = gap->output,
					     .reason = sf_loss_name(gap->reason),
					     .first_run = gap->first.run,
					     .first_seq = gap->first.seq,
					     .last_run = gap->last.run,
					     .last_seq = gap->last.seq,
					     .records = gap->records,
					     .bytes = gap->bytes},
		      &line);
	batch = make_batch(a, output, &line, SF_LINE_GAP, now);
	sf_output_put_gap(output, batch, topic, gap->id);
	sf_batch_drop(a->pool, batch);
}
