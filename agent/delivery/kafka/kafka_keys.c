/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keys of an output to Kafka, a table: from it they are read, printed and explained. Defaults
 * stand as a user would write them.
 */
#include <string.h>

#include "kafka.h"

static const char *const key_words[] = {
	[SF_KEY_NONE] = "none",	    [SF_KEY_HOST] = "host", [SF_KEY_QUERY] = "query",
	[SF_KEY_SOCKET] = "socket", [SF_KEY_FLOW] = "flow", NULL};
static const char *const compressions[] = {"none", "gzip", "snappy", "lz4", "zstd", NULL};
static const char *const partitioners[] = {
	"random",	  "consistent", "consistent_random", "murmur2",
	"murmur2_random", "fnv1a",	"fnv1a_random",	     NULL};
static const char *const mechanisms[] = {"PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", NULL};

#define AT(member) offsetof(struct sf_kafka_conf, member)
static const struct sf_key tls_keys[] = {
	{.name = "ca_file",
	 .kind = SF_KIND_FILE,
	 .offset = AT(tls.ca),
	 .standard = "",
	 .help = "certificates (PEM) that the brokers' are signed by; the system's, unless set"},
	{.name = "cert_file",
	 .kind = SF_KIND_FILE,
	 .offset = AT(tls.cert),
	 .standard = "",
	 .help = "this host's certificate (PEM), where brokers ask for one"},
	{.name = "key_file",
	 .kind = SF_KIND_SECRET,
	 .offset = AT(tls.key),
	 .standard = "",
	 .help = "its key (PEM)"},
	{.name = "key_password_file",
	 .kind = SF_KIND_SECRET,
	 .offset = AT(tls.key_password),
	 .standard = "",
	 .help = "what the key is encrypted with"},
	{.name = "verify",
	 .kind = SF_KIND_BOOL,
	 .offset = AT(tls.verify),
	 .standard = "true",
	 .help = "a broker proves who it is"},
	{0},
};
static const struct sf_key sasl_keys[] = {
	{.name = "mechanism",
	 .kind = SF_KIND_CHOICE,
	 .offset = AT(sasl.mechanism),
	 .standard = "SCRAM-SHA-512",
	 .choices = mechanisms,
	 .help = "how the password is shown"},
	{.name = "username",
	 .kind = SF_KIND_TEXT,
	 .offset = AT(sasl.username),
	 .help = "who we are"},
	{.name = "password_file",
	 .kind = SF_KIND_SECRET,
	 .offset = AT(sasl.password),
	 .help = "the path of a file that holds the password"},
	{0},
};
static const char *const sync_words[] = {"always", "never", NULL}; /* SF_SPOOL_SYNC_... */
static const char *const rate_words[] = {"auto", NULL};
static const char *const full_words[] = {"drop_oldest", "drop_newest", NULL};
static const struct sf_key spool_keys[] = {
	{.name = "path",
	 .kind = SF_KIND_TEXT,
	 .offset = AT(spool.path),
	 .help = "a directory of its own (relative: to where the agent is started); "
		 "the one that it is in must exist"},
	{.name = "max_size",
	 .kind = SF_KIND_SIZE,
	 .offset = AT(spool.max_size),
	 .standard = "1GiB",
	 .least = 1 << 20,
	 .most = 1ull << 44,
	 .help = "of all its files"},
	{.name = "keep_free",
	 .kind = SF_KIND_SHARE,
	 .offset = AT(spool.keep_free),
	 .standard = "15%",
	 .help = "it does not grow into this share of the file system"},
	{.name = "sync",
	 .kind = SF_KIND_DURATION,
	 .offset = AT(spool.sync),
	 .standard = "500ms",
	 .least = 1000,
	 .most = 60 * 1000000ull,
	 .choices = sync_words,
	 .help = "how much may be lost with the host's power"},
	{.name = "when_full",
	 .kind = SF_KIND_CHOICE,
	 .offset = AT(spool.when_full),
	 .standard = "drop_oldest",
	 .choices = full_words,
	 .help = "what is lost then, counted, with gap records"},
	{.name = "replay_rate",
	 .kind = SF_KIND_RATE,
	 .offset = AT(spool.replay_rate),
	 .standard = "auto",
	 .least = 1 << 10,
	 .choices = rate_words,
	 .help = "how fast what waited is sent; auto: 4 times what comes in, 1MiB/s at least"},
	{0},
};
static const struct sf_key letters_keys[] = {
	{.name = "path",
	 .kind = SF_KIND_TEXT,
	 .offset = AT(letters.path),
	 .help = "a file (relative: to where the agent is started); beside it, PATH.reasons says "
		 "why"},
	{.name = "max_size",
	 .kind = SF_KIND_SIZE,
	 .offset = AT(letters.max_size),
	 .standard = "64MiB",
	 .least = 1 << 20,
	 .most = 1ull << 40,
	 .help = "of the file; what does not fit any more is lost, and counted"},
	{0},
};
const struct sf_key sf_kafka_keys[] = {
	{.name = "brokers",
	 .kind = SF_KIND_LIST,
	 .offset = AT(brokers),
	 .help = "[\"kafka-1:9092\", \"kafka-2:9092\"]; those that are asked first, the others "
		 "are found by them"},
	{.name = "client_id",
	 .kind = SF_KIND_TEXT,
	 .offset = AT(client_id),
	 .standard = "sockfeed",
	 .most = 249,
	 .help = "our name in the brokers' logs and quotas"},
	{.name = "topic",
	 .kind = SF_KIND_PLACED,
	 .offset = AT(topic),
	 .standard = "sockets.{query}",
	 .help = "with {query}, {type}, {host}, {label.NAME}; other bytes than letters, digits, ., "
		 "_ and - become _"},
	{.name = "key",
	 .kind = SF_KIND_CHOICE,
	 .offset = AT(key),
	 .standard = "host",
	 .choices = key_words,
	 .help = "of messages; socket and flow for one record a message alone"},
	{.name = "headers",
	 .kind = SF_KIND_PAIRS,
	 .offset = AT(headers),
	 .standard = "",
	 .help = "of every message"},
	{.name = "records_per_message",
	 .kind = SF_KIND_NUMBER,
	 .offset = AT(records_per_message),
	 .standard = "1",
	 .least = 1,
	 .most = 100000,
	 .help = "more: that many lines in one message, fewer at a batch's end"},
	{.name = "compression",
	 .kind = SF_KIND_CHOICE,
	 .offset = AT(compression),
	 .standard = "lz4",
	 .choices = compressions,
	 .help = "of messages"},
	{.name = "partitioner",
	 .kind = SF_KIND_CHOICE,
	 .offset = AT(partitioner),
	 .standard = "murmur2_random",
	 .choices = partitioners,
	 .help = "which partition a key belongs to"},
	{.name = "tls",
	 .kind = SF_KIND_OPTION,
	 .offset = AT(has_tls),
	 .standard = "",
	 .section = tls_keys,
	 .help = "what is sent is encrypted; tls: {} with all defaults"},
	{.name = "sasl",
	 .kind = SF_KIND_OPTION,
	 .offset = AT(has_sasl),
	 .standard = "",
	 .section = sasl_keys,
	 .help = "a name and a password"},
	{.name = "librdkafka",
	 .kind = SF_KIND_PAIRS,
	 .offset = AT(properties),
	 .standard = "",
	 .help = "any other property of the library, by its name"},
	{.name = "spool",
	 .kind = SF_KIND_OPTION,
	 .offset = AT(has_spool),
	 .standard = "",
	 .section = spool_keys,
	 .help = "what waits is kept on the disk until it is delivered, over restarts too"},
	{.name = "dead_letters",
	 .kind = SF_KIND_OPTION,
	 .offset = AT(has_letters),
	 .standard = "",
	 .section = letters_keys,
	 .help = "lines that no topic will ever take, unchanged, in a file"},
	{0},
};

const struct sf_spool_conf *sf_kafka_spool(const void *own)
{
	const struct sf_kafka_conf *conf = own;

	return conf->has_spool ? &conf->spool : NULL;
}

const struct sf_letters_conf *sf_kafka_letters(const void *own)
{
	const struct sf_kafka_conf *conf = own;

	return conf->has_letters ? &conf->letters : NULL;
}

const char *sf_kafka_choice(const char *name, int choice)
{
	static const struct sf_key *const tables[] = {sf_kafka_keys, sasl_keys};

	for (size_t i = 0; i < SF_COUNT(tables); i++)
		for (const struct sf_key *key = tables[i]; key->name; key++)
			if (!strcmp(key->name, name))
				return key->choices[choice];
	return NULL;
}

unsigned sf_kafka_line_keys(const void *conf)
{
	int key = ((const struct sf_kafka_conf *)conf)->key;

	return key == SF_KEY_SOCKET ? 1u << SF_BY_SOCKET
	       : key == SF_KEY_FLOW ? 1u << SF_BY_FLOW
				    : 0;
}
