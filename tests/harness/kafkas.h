/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sink for Kafka by itself, without an output: batches of numbered lines go in, what it tells is written down. Its
 * settings are read from a file of the user, as config reads them.
 */
#pragma once

#include <dirent.h>

#include <sockfeed/config.h>

#include "delivery/kafka/kafka_sink.h"
#include "mock.h"

struct lander { /* what came back of a batch */
	struct sf_batch *batch;
	unsigned done, failed;
	uint32_t left;
	enum sf_failure failure;
	uint32_t dead;
	char why[600];
};

struct kafka {
	struct sf_loop *loop;
	struct sf_pool *pool;
	struct sf_sink *sink;
	struct sf_config *config;
	struct sf_complaints *complaints;
	struct lander lander[512];
	size_t landers;
	uint64_t lines, written, dead;
	unsigned done, failed, progress;
	void (*back)(struct sf_batch *, bool done); /* NULL, or called for each; then landers are used again */
	char said[8192];
};

static inline struct lander *lander_of(struct kafka *k, const struct sf_batch *batch)
{
	for (size_t i = k->landers; i-- > 0;)
		if (k->lander[i].batch == batch)
			return &k->lander[i];
	fail_msg("the sink tells of a batch that it never got");
	return NULL;
}

static inline void kafka_written(void *arg, uint32_t lines)
{
	((struct kafka *)arg)->written += lines;
	((struct kafka *)arg)->progress++;
}

static inline void kafka_done(void *arg, struct sf_batch *batch, uint32_t left)
{
	struct kafka *k = arg;
	struct lander *lander = lander_of(k, batch);

	lander->done++;
	lander->left = left;
	lander->batch = NULL;
	k->done++;
	if (k->back)
		k->back(batch, true);
	sf_batch_drop(k->pool, batch);
}

static inline void kafka_failed(void *arg, struct sf_batch *batch, enum sf_failure failure, const char *why)
{
	struct kafka *k = arg;
	struct lander *lander = lander_of(k, batch);

	lander->failed++;
	lander->failure = failure;
	lander->batch = NULL;
	snprintf(lander->why, sizeof(lander->why), "%s", why);
	k->failed++;
	if (k->back)
		k->back(batch, false);
	sf_batch_drop(k->pool, batch);
}

static inline void kafka_dead(void *arg, struct sf_batch *batch, uint32_t line, const char *why)
{
	struct kafka *k = arg;
	struct lander *lander = lander_of(k, batch);

	assert_true(line < batch->lines);
	lander->dead++;
	k->dead++;
	snprintf(lander->why, sizeof(lander->why), "%s", why);
}

static inline void kafka_said(void *arg, enum sf_log_level level, const char *text)
{
	struct kafka *k = arg;
	size_t length = strlen(k->said);

	if (level < SF_LOG_DEBUG)
		snprintf(k->said + length, sizeof(k->said) - length, "%s\n", text);
}

static inline void kafka_closed(void *arg)
{
	(void)arg;
	fail_msg("the sink closed itself");
}

/* Else nobody looks at what settings say together, the library neither. */
static bool kafka_settles = true;

/* The settings of the one output of a configuration, which is of type kafka. */
static inline const struct sf_kafka_conf *kafka_read(struct kafka *k, const char *text)
{
	static struct sf_output_type types[2];
	const struct sf_sink_kind *kind = sf_sink_find("kafka");
	char path[] = "/tmp/sockfeed-kafka-XXXXXX";
	int fd = mkstemp(path);
	struct sf_err err;

	assert_int_equal(sf_rd_open(&err), 0);
	types[0] = (struct sf_output_type){kind->name, kind->keys, kind->size, kind->blocks,
					   kafka_settles ? kind->settle : NULL};
	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	close(fd);
	k->complaints = sf_complaints_new();
	if (sf_config_read(path, types, &k->config, k->complaints) < 0) {
		sf_complaints_print(k->complaints, stderr);
		fail_msg("the settings are wrong: %s", text);
	}
	unlink(path);
	return k->config->output[0].own;
}

static inline const struct sf_kafka_conf *kafka_conf(struct kafka *k, const char *broker, const char *keys)
{
	char text[4096];

	snprintf(text, sizeof(text),
		 "version: 1\nqueries: { one: { outputs: out } }\n"
		 "outputs: { out: { type: kafka, brokers: [\"%s\"]%s%s } }\n",
		 broker, *keys ? ", " : "", keys);
	return kafka_read(k, text);
}

static inline int kafka_try(struct kafka *k, const char *brokers, const char *keys, bool gives_up, struct sf_err *err)
{
	static const struct sf_site site = {"web-1", "host-id", "boot-id"};
	struct sf_sink_events events = {kafka_written, kafka_done, kafka_failed, kafka_dead, kafka_said,
					kafka_closed,  gives_up,   &site,	 k};
	const struct sf_kafka_conf *conf;
	/* Several brokers of the mock stand in one text, which a user may not write. */
	const char *comma = strchr(brokers, ',');
	char first[64];

	*k = (struct kafka){.pool = sf_pool_new()};
	snprintf(first, sizeof(first), "%.*s", (int)(comma ? (size_t)(comma - brokers) : strlen(brokers)), brokers);
	conf = kafka_conf(k, first, keys);
	assert_int_equal(sf_loop_new(&k->loop, err), 0);
	return sf_kafka_ops.open(conf, k->loop, &events, &k->sink, err);
}

static inline void kafka_open_as(struct kafka *k, const char *brokers, const char *keys, bool gives_up)
{
	struct sf_err err;

	if (kafka_try(k, brokers, keys, gives_up, &err) < 0)
		fail_msg("%s", err.text);
}

static inline void kafka_open(struct kafka *k, const char *brokers, const char *keys)
{
	kafka_open_as(k, brokers, keys, false);
}

static inline void kafka_close(struct kafka *k)
{
	sf_kafka_ops.close(k->sink);
	k->sink = NULL;
}

static inline void kafka_finish(struct kafka *k)
{
	if (k->sink)
		kafka_close(k);
	sf_pool_free(k->pool);
	sf_loop_free(k->loop);
	sf_complaints_free(k->complaints);
	sf_config_free(k->config);
}

/* Lines of `length` bytes with their newline, each with its number, for one after the other. */
static inline struct sf_batch *kafka_batch(struct kafka *k, uint32_t count, size_t length)
{
	struct sf_batch *batch = sf_pool_get(k->pool);

	batch->query = "one";
	batch->run = 1;
	for (uint32_t i = 0; i < count; i++) {
		char *line = batch->data + batch->length, number[32];
		int written = snprintf(number, sizeof(number), "%llu", (unsigned long long)k->lines++);

		assert_true(batch->capacity - batch->length >= length && (size_t)written < length);
		memset(line, ' ', length);
		memcpy(line, number, (size_t)written);
		line[length - 1] = '\n';
		sf_batch_line(batch, length, SF_LINE_SOCKET, 1700000000000000 + i * 1000);
	}
	return batch;
}

static inline int kafka_put_batch(struct kafka *k, struct sf_batch *batch, const char *topic)
{
	int r;

	while (k->back && k->landers && !k->lander[k->landers - 1].batch)
		k->landers--;
	assert_true(k->landers < 512);
	k->lander[k->landers++] = (struct lander){.batch = batch};
	r = sf_kafka_ops.put(k->sink, batch, topic);
	if (r < 0)
		k->landers--;
	return r;
}

static inline void kafka_put(struct kafka *k, uint32_t count, size_t length, const char *topic)
{
	assert_int_equal(kafka_put_batch(k, kafka_batch(k, count, length), topic), 0);
}

/* Turns the loop until it holds; false: it never did. */
#define kafka_until(k, condition)                                      \
	({                                                             \
		uint64_t end_ = sf_clock_mono() + 60ull * 1000 * 1000; \
		while (!(condition) && sf_clock_mono() < end_)         \
			sf_loop_turn((k)->loop, 5 * 1000);             \
		(condition);                                           \
	})

static inline unsigned kafka_count(const char *directory)
{
	DIR *dir = opendir(directory);
	unsigned count = 0;

	while (readdir(dir))
		count++;
	closedir(dir);
	return count;
}

static inline unsigned kafka_threads(void)
{
	return kafka_count("/proc/self/task");
}

static inline unsigned kafka_descriptors(void)
{
	return kafka_count("/proc/self/fd");
}
