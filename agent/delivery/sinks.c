/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kinds of outputs: a table, from which configuration, check and help come. What would keep an
 * output from opening is said before it is opened, where that can be known.
 */
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "delivery/file/file.h"
#include "delivery/kafka/kafka.h"
#include "sink.h"

/* Whether it may be written to is not asked: another user may run the agent. */
static int check_place(const char *path, struct sf_err *err)
{
	sf_cleanup(sf_free_p) char *copy = sf_strdup(path);
	const char *directory = dirname(copy);
	struct stat status;

	if (stat(directory, &status) < 0 && (errno == ENOENT || errno == ENOTDIR))
		return sf_fail(err, -errno, "the directory %s does not exist", directory);
	if (stat(directory, &status) == 0 && !S_ISDIR(status.st_mode))
		return sf_fail(err, -ENOTDIR, "%s is no directory", directory);
	return 0;
}

static int check_path(const char *path, struct sf_err *err)
{
	struct stat status;
	int r = check_place(path, err);

	if (r == 0 && stat(path, &status) == 0 && S_ISDIR(status.st_mode))
		return sf_fail(err, -EISDIR, "%s is a directory", path);
	return r;
}

static int check_file(const void *conf, struct sf_err *err)
{
	return check_path(((const struct sf_file_conf *)conf)->path, err);
}

static int check_kafka(const void *own, struct sf_err *err)
{
	const struct sf_kafka_conf *conf = own;
	int r = conf->has_spool ? check_place(conf->spool.path, err) : 0;

	return r == 0 && conf->has_letters ? check_path(conf->letters.path, err) : r;
}

/* One of these outputs would do the same as two. */
static const char shared[] = "one output may stand in the list of several queries";
static const char alone[] = "write a path of its own";

static size_t stdout_holds(const void *conf, struct sf_holding *hold)
{
	(void)conf;
	*hold = (struct sf_holding){.what = "lines", .right = shared};
	return 1;
}

static size_t file_holds(const void *own, struct sf_holding *hold)
{
	const struct sf_file_conf *conf = own;

	*hold = (struct sf_holding){.path = conf->path,
				    .what = "lines",
				    .right = shared,
				    .past = conf->size ? sf_is_rotated_name : NULL};
	return 1;
}

static size_t kafka_holds(const void *own, struct sf_holding *hold)
{
	const struct sf_kafka_conf *conf = own;
	size_t count = 0;

	if (conf->has_spool)
		hold[count++] = (struct sf_holding){
			.path = conf->spool.path, .what = "spool", .right = alone};
	if (conf->has_letters) {
		hold[count++] = (struct sf_holding){
			.path = conf->letters.path, .what = "dead letters", .right = alone};
		hold[count++] = (struct sf_holding){.path = conf->letters.path,
						    .suffix = SF_REASONS,
						    .what = "reasons of dead letters",
						    .right = alone};
	}
	return count;
}

const struct sf_sink_kind sf_sinks[] = {
	{.name = "stdout",
	 .help = "lines to standard output",
	 .keys = sf_stdout_keys,
	 .size = 0,
	 .blocks = true,
	 .ops = &sf_stdout_ops,
	 .holds = stdout_holds},
	{.name = "file",
	 .help = "lines to a file, rotated by size",
	 .keys = sf_file_keys,
	 .size = sizeof(struct sf_file_conf),
	 .ops = &sf_file_ops,
	 .check = check_file,
	 .holds = file_holds},
	{.name = "kafka",
	 .help = "messages to topics of Kafka",
	 .keys = sf_kafka_keys,
	 .size = sizeof(struct sf_kafka_conf),
	 .ops = &sf_kafka_ops,
	 .settle = sf_kafka_settle,
	 .check = check_kafka,
	 .topic = sf_kafka_topic,
	 .line_keys = sf_kafka_line_keys,
	 .holds = kafka_holds,
	 .spool = sf_kafka_spool,
	 .letters = sf_kafka_letters,
	 .connect = sf_kafka_connect},
	{0},
};

const struct sf_sink_kind *sf_sink_find(const char *name)
{
	for (const struct sf_sink_kind *kind = sf_sinks; kind->name; kind++) {
		if (!strcmp(kind->name, name))
			return kind;
	}
	return NULL;
}
