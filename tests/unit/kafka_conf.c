/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The settings of an output to Kafka: what topics become, and what the library is told.
 */
#include "kafkas.h"

#define KAFKA __attribute__((cleanup(conf_finish))) struct kafka

static void conf_finish(struct kafka *k)
{
	sf_complaints_free(k->complaints);
	sf_config_free(k->config);
}

static const char *topic_of(const struct sf_kafka_conf *conf, const struct sf_origin *origin, enum sf_line_type type)
{
	static const struct sf_site site = {"web-1.example", "id", "boot"};
	static struct sf_buf topic;
	struct sf_complaints *complaints = sf_complaints_new();

	sf_buf_finish(&topic);
	if (sf_kafka_topic(conf, &site, origin, type, &topic, complaints) < 0)
		sf_buf_finish(&topic);
	assert_int_equal(!topic.data, sf_complaints_errors(complaints) > 0);
	sf_complaints_free(complaints);
	return topic.data;
}

static void assert_topic(const char *text, const char *want, const struct sf_origin *origin, enum sf_line_type type)
{
	KAFKA k = {0};
	char keys[1024];
	const char *topic;

	snprintf(keys, sizeof(keys), "topic: \"%s\"", text);
	topic = topic_of(kafka_conf(&k, "b", keys), origin, type);
	if (!want)
		assert_null(topic);
	else
		assert_string_equal(topic, want);
}

static void a_topic_is_what_its_placeholders_stand_for(void **state)
{
	static const char *const names[] = {"cluster", "role", "empty"}, *const values[] = {"edge", "a/b c\xc3\xa9",
											    ""};
	static const struct sf_origin one = {"slow_https", 3, names, values}, none = {"", 1, names, values};

	(void)state;
	assert_topic("plain", "plain", &one, SF_LINE_SOCKET);
	assert_topic("sockets.{query}", "sockets.slow_https", &one, SF_LINE_SOCKET);
	assert_topic("{type}-{type}", "run-run", &one, SF_LINE_RUN);
	assert_topic("{host}", "web-1.example", &one, SF_LINE_GAP);
	assert_topic("a.{label.cluster}.z", "a.edge.z", &one, SF_LINE_SOCKET);
	/* What Kafka takes no names of becomes _, and nothing does, too. */
	assert_topic("{label.role}", "a_b_c__", &one, SF_LINE_SOCKET);
	assert_topic("x/y@{query}!", "x_y_slow_https_", &one, SF_LINE_SOCKET);
	assert_topic("x.{label.empty}", "x._", &one, SF_LINE_SOCKET);
	/* A query must have its labels; lines of no query have those of the host alone. */
	assert_topic("{label.tier}", NULL, &one, SF_LINE_SOCKET);
	assert_topic("{label.tier}.{query}", "_._", &none, SF_LINE_START);
	assert_topic("{label.cluster}.{type}", "edge.start", &none, SF_LINE_START);
}

static void a_topic_has_249_bytes_at_most(void **state)
{
	char text[300], want[320], value[300];
	const char *names[] = {"x"}, *values[] = {value};
	struct sf_origin origin = {"q", 1, names, values};

	(void)state;
	memset(value, 'v', 248);
	value[248] = '\0';
	snprintf(text, sizeof(text), "t{label.x}");
	snprintf(want, sizeof(want), "t%s", value);
	assert_topic(text, want, &origin, SF_LINE_SOCKET);
	strcpy(value + 248, "v");
	assert_topic(text, NULL, &origin, SF_LINE_SOCKET);
	strcpy(value, ".");
	assert_topic("{label.x}", NULL, &origin, SF_LINE_SOCKET);
	assert_topic("{label.x}{label.x}", NULL, &origin, SF_LINE_SOCKET);
	assert_topic("{label.x}a", ".a", &origin, SF_LINE_SOCKET);
}

/* ---- what the library is told ---- */

static void assert_property(const char *keys, const char *property, const char *want)
{
	KAFKA k = {0};
	rd_kafka_conf_t *conf = sf_kafka_settings(kafka_conf(&k, "one:1", keys), NULL);
	char value[512] = "";
	size_t size = sizeof(value);

	if (rd_kafka_conf_get(conf, property, value, &size) != RD_KAFKA_CONF_OK)
		fail_msg("%s is not set", property);
	assert_string_equal(value, want);
	rd_kafka_conf_destroy(conf);
}

static void every_key_is_told_in_the_library_s_words(void **state)
{
	static const struct {
		const char *keys, *property, *want;
	} rows[] = {
		{"", "bootstrap.servers", "one:1"},
		{"", "client.id", "sockfeed"},
		{"client_id: me", "client.id", "me"},
		{"", "compression.codec", "lz4"},
		{"compression: none", "compression.codec", "none"},
		{"compression: zstd", "compression.codec", "zstd"},
		{"compression: gzip", "compression.codec", "gzip"},
		{"compression: snappy", "compression.codec", "snappy"},
		{"", "partitioner", "murmur2_random"},
		{"partitioner: fnv1a", "partitioner", "fnv1a"},
		{"partitioner: consistent_random", "partitioner", "consistent_random"},
		{"", "security.protocol", "plaintext"},
		{"tls:", "security.protocol", "ssl"},
		{"tls: {}", "enable.ssl.certificate.verification", "true"},
		{"tls: {}", "ssl.endpoint.identification.algorithm", "https"},
		{"tls: { verify: false }", "enable.ssl.certificate.verification", "false"},
		/* Nothing is lost, and nothing is out of order. */
		{"", "enable.idempotence", "true"},
		{"", "message.timeout.ms", "0"},
		{"", "queue.buffering.max.kbytes", "4096"},
		{"", "queue.buffering.max.messages", "8192"},
		{"", "linger.ms", "50"},
		{"", "retry.backoff.ms", "1000"},
		{"", "reconnect.backoff.max.ms", "30000"},
		{"librdkafka: { linger.ms: 7, debug: msg }", "linger.ms", "7"},
		{"librdkafka: { linger.ms: 7, debug: msg }", "debug", "msg"},
	};

	(void)state;
	for (size_t i = 0; i < SF_COUNT(rows); i++)
		assert_property(rows[i].keys, rows[i].property, rows[i].want);
	assert_property("", "max.in.flight.requests.per.connection", rd_kafka_version() >= 0x020300ff ? "5" : "1");
}

static void secrets_go_to_the_library_by_what_their_files_hold(void **state)
{
	char path[] = "/tmp/sockfeed-password-XXXXXX", keys[256];
	int fd = mkstemp(path);

	(void)state;
	kafka_settles = false; /* which are no certificates */
	assert_int_equal(write(fd, "s3cret\n", 7), 7);
	close(fd);
	snprintf(keys, sizeof(keys), "tls: {}, sasl: { mechanism: PLAIN, username: agent, password_file: %s }", path);
	assert_property(keys, "security.protocol", "sasl_ssl");
	assert_property(keys, "sasl.mechanisms", "PLAIN");
	assert_property(keys, "sasl.username", "agent");
	assert_property(keys, "sasl.password", "s3cret");
	snprintf(keys, sizeof(keys), "tls: {}, sasl: { username: agent, password_file: %s }", path);
	assert_property(keys, "sasl.mechanisms", "SCRAM-SHA-512");
	snprintf(keys, sizeof(keys), "tls: { ca_file: %s }", path);
	assert_property(keys, "ssl.ca.pem", "s3cret");
	snprintf(keys, sizeof(keys), "tls: { cert_file: %s, key_file: %s, key_password_file: %s }", path, path, path);
	assert_property(keys, "ssl.certificate.pem", "s3cret");
	assert_property(keys, "ssl.key.pem", "s3cret");
	assert_property(keys, "ssl.key.password", "s3cret");
	kafka_settles = true;
	unlink(path);
}

/* Printed, read and printed again, all keys are the same, and no secret stands in it. */
static void the_settings_print_and_read_back(void **state)
{
	char path[] = "/tmp/sockfeed-password-XXXXXX", keys[2048];
	struct sf_buf first __attribute__((cleanup(sf_buf_finish))) = {0};
	struct sf_buf again __attribute__((cleanup(sf_buf_finish))) = {0};
	int fd = mkstemp(path);
	KAFKA k = {0};
	KAFKA other = {0};

	(void)state;
	kafka_settles = false; /* which are no certificates */
	assert_int_equal(write(fd, "s3cret\n", 7), 7);
	close(fd);
	snprintf(keys, sizeof(keys),
		 "client_id: me, topic: \"a.{query}\", key: query, headers: { a: b, x-Y.z: \"1: $$2\" }, compression: "
		 "zstd,"
		 "records_per_message: 50, partitioner: fnv1a, sasl: { username: u, password_file: %s, mechanism: "
		 "PLAIN },"
		 "tls: { ca_file: %s, cert_file: %s, key_file: %s, key_password_file: %s, verify: false },"
		 "librdkafka: { linger.ms: 7 }, spool: { path: /x/spool, max_size: 3MiB, keep_free: 2%%, sync: never,"
		 "when_full: drop_newest, replay_rate: 3MiB/s }, dead_letters: { path: /x/dead, max_size: 2MiB }",
		 path, path, path, path, path);
	kafka_conf(&k, "one:1", keys);
	sf_config_print(k.config, &first);
	assert_non_null(strstr(first.data, "sync: never"));
	assert_non_null(strstr(first.data, "when_full: drop_newest\n      replay_rate: "));
	assert_null(strstr(first.data, "s3cret"));
	kafka_read(&other, first.data);
	sf_config_print(other.config, &again);
	assert_string_equal(again.data, first.data);
	assert_string_equal(((const struct sf_kafka_conf *)other.config->output[0].own)->sasl.password.content,
			    "s3cret");
	unlink(path);
	kafka_settles = true;
}

static void lines_bring_the_key_that_is_asked_for(void **state)
{
	static const struct {
		const char *keys;
		unsigned want;
	} rows[] = {{"", 0},
		    {"key: none", 0},
		    {"key: query", 0},
		    {"key: socket", 1 << SF_BY_SOCKET},
		    {"key: flow", 1 << SF_BY_FLOW}};

	(void)state;
	for (size_t i = 0; i < SF_COUNT(rows); i++) {
		KAFKA k = {0};

		assert_int_equal(sf_kafka_line_keys(kafka_conf(&k, "b", rows[i].keys)), rows[i].want);
	}
}

static void every_cause_stands_once_in_the_table_and_says_what_to_do(void **state)
{
	const struct sf_kafka_cause *cause = sf_kafka_causes;

	(void)state;
	for (; cause->code; cause++) {
		assert_ptr_equal(sf_kafka_cause(cause->code), cause);
		assert_true(cause->advice[0]);
	}
	assert_int_equal(cause->class, SF_KAFKA_AGAIN);
	assert_ptr_equal(sf_kafka_cause(RD_KAFKA_RESP_ERR_UNKNOWN), cause);
	assert_ptr_equal(sf_kafka_cause(RD_KAFKA_RESP_ERR__PURGE_QUEUE), cause);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_topic_is_what_its_placeholders_stand_for),
		cmocka_unit_test(a_topic_has_249_bytes_at_most),
		cmocka_unit_test(every_key_is_told_in_the_library_s_words),
		cmocka_unit_test(secrets_go_to_the_library_by_what_their_files_hold),
		cmocka_unit_test(the_settings_print_and_read_back),
		cmocka_unit_test(lines_bring_the_key_that_is_asked_for),
		cmocka_unit_test(every_cause_stands_once_in_the_table_and_says_what_to_do),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
