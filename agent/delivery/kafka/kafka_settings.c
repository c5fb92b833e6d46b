/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the library is told: our keys in its words, what we need of it, and then what the user
 * wants.
 */
#include <string.h>

#include "kafka.h"

/*
 * A property, what it is set to unless the user says otherwise, and what to do instead of setting
 * it: "" where nothing does it. NULL: no need to set it; the user may.
 */
static const struct property {
	const char *name, *standard, *owner;
} properties[] = {
	{"bootstrap.servers", NULL, "write brokers, beside `librdkafka:`"},
	{"metadata.broker.list", NULL, "write brokers, beside `librdkafka:`"},
	{"client.id", NULL, "write client_id, beside `librdkafka:`"},
	{"compression.codec", NULL, "write compression, beside `librdkafka:`"},
	{"compression.type", NULL, "write compression, beside `librdkafka:`"},
	{"partitioner", NULL, "write partitioner, beside `librdkafka:`"},
	{"security.protocol", NULL, "write tls and sasl, beside `librdkafka:`"},
	{"ssl.ca.location", NULL, "write tls: { ca_file: PATH }, beside `librdkafka:`"},
	{"ssl.ca.pem", NULL, "write tls: { ca_file: PATH }, beside `librdkafka:`"},
	{"ssl.certificate.location", NULL, "write tls: { cert_file: PATH }, beside `librdkafka:`"},
	{"ssl.certificate.pem", NULL, "write tls: { cert_file: PATH }, beside `librdkafka:`"},
	{"ssl.key.location", NULL, "write tls: { key_file: PATH }, beside `librdkafka:`"},
	{"ssl.key.pem", NULL, "write tls: { key_file: PATH }, beside `librdkafka:`"},
	{"ssl.key.password", NULL, "write tls: { key_password_file: PATH }, beside `librdkafka:`"},
	{"enable.ssl.certificate.verification", NULL,
	 "write tls: { verify: false }, beside `librdkafka:`"},
	{"sasl.mechanism", NULL, "write sasl: { mechanism: ... }, beside `librdkafka:`"},
	{"sasl.mechanisms", NULL, "write sasl: { mechanism: ... }, beside `librdkafka:`"},
	{"sasl.username", NULL, "write sasl: { username: ... }, beside `librdkafka:`"},
	{"sasl.password", NULL, "write sasl: { password_file: PATH }, beside `librdkafka:`"},
	/* Nothing is lost, nothing twice, all in order; how long is the output's business. */
	{"enable.idempotence", "true", "remove it: it is always true here"},
	{"enable.gapless.guarantee", NULL, "remove it: what is lost is said by gap records"},
	{"transactional.id", NULL, "remove it: there are no transactions here"},
	{"acks", NULL, "remove it: it is always all here"},
	{"request.required.acks", NULL, "remove it: it is always all here"},
	{"retries", NULL, "remove it: nothing is given up here"},
	{"message.send.max.retries", NULL, "remove it: nothing is given up here"},
	{"message.timeout.ms", "0", "remove it: nothing is given up here"},
	{"delivery.timeout.ms", NULL, "remove it: nothing is given up here"},
	{"max.in.flight", NULL, "remove it: how many keep the order depends on the library"},
	{"max.in.flight.requests.per.connection", "1",
	 "remove it: how many keep the order depends on the library"},
	{"delivery.report.only.error", "false", "remove it: every message has its report here"},
	{"log.queue", "true", "remove it: the library's log goes through ours"},
	/* Its queue is small: what waits, waits in ours. As many as fit, one record each. */
	{"queue.buffering.max.kbytes", "4096", NULL},
	{"queue.buffering.max.messages", "8192", NULL},
	{"linger.ms", "50", NULL},
	/* A fleet that comes back together should not come at once. */
	{"retry.backoff.ms", "1000", NULL},
	{"reconnect.backoff.ms", "1000", NULL},
	{"reconnect.backoff.max.ms", "30000", NULL},
	/* A topic that is not there is tried again anyway; until then it holds up others. */
	{"topic.metadata.propagation.max.ms", "5000", NULL},
	{"socket.keepalive.enable", "true", NULL},
	{"ssl.endpoint.identification.algorithm", "https", NULL},
};

/* From it on several requests in flight keep the order. */
enum { IN_ORDER_VERSION = 0x020300ff };

const char *sf_kafka_owner(const char *name)
{
	for (size_t i = 0; i < SF_COUNT(properties); i++)
		if (!strcmp(properties[i].name, name))
			return properties[i].owner;
	return NULL;
}

struct settings {
	rd_kafka_conf_t *ret;
	const struct sf_kafka_refused *refused;
	const char *section; /* of the keys that follow */
};

static void set(struct settings *s, const char *key, const struct sf_text *pair,
		const char *property, const char *value)
{
	char why[512];

	if (sf_rd.conf_set(s->ret, property, value, why, sizeof(why)) != RD_KAFKA_CONF_OK &&
	    s->refused)
		s->refused->call(s->refused->arg, s->section, key, pair, why);
}

static void set_file(struct settings *s, const char *key, const char *property,
		     const struct sf_secret *file)
{
	if (file->content)
		set(s, key, NULL, property, file->content);
}

static void set_standards(struct settings *s)
{
	for (size_t i = 0; i < SF_COUNT(properties); i++)
		if (properties[i].standard)
			set(s, NULL, NULL, properties[i].name, properties[i].standard);
	if (sf_rd.version() >= IN_ORDER_VERSION)
		set(s, NULL, NULL, "max.in.flight.requests.per.connection", "5");
}

static void set_brokers(struct settings *s, const struct sf_list *brokers)
{
	sf_cleanup(sf_buf_finish) struct sf_buf all = {0};

	for (size_t i = 0; i < brokers->count; i++)
		sf_buf_format(&all, "%s%s", i ? "," : "", brokers->items[i].text);
	if (all.length)
		set(s, "brokers", NULL, "bootstrap.servers", all.data);
}

/*
 * What OpenSSL found stays found: only the reason is put into words, and logged as SSLCERTVRFY. The
 * library itself would say no more than that something is wrong. In a thread of the library.
 */
static int explain_certificate(rd_kafka_t *handle, const char *broker, int32_t id, int *error,
			       int depth, const char *bytes, size_t size, char *text, size_t room,
			       void *arg)
{
	const char *words = sf_kafka_certificate(*error);

	(void)handle, (void)broker, (void)id, (void)depth, (void)bytes, (void)size, (void)arg;
	if (*error && words)
		snprintf(text, room, "it %s", words);
	else if (*error)
		snprintf(text, room, "OpenSSL's error %d", *error);
	return *error == 0;
}

static void set_security(struct settings *s, const struct sf_kafka_conf *conf)
{
	static const char *const protocols[2][2] = {{"plaintext", "sasl_plaintext"},
						    {"ssl", "sasl_ssl"}};

	set(s, conf->has_tls ? "tls" : "sasl", NULL, "security.protocol",
	    protocols[conf->has_tls][conf->has_sasl]);
	if (conf->has_tls) {
		s->section = "tls";
		set_file(s, "ca_file", "ssl.ca.pem", &conf->tls.ca);
		set_file(s, "cert_file", "ssl.certificate.pem", &conf->tls.cert);
		set_file(s, "key_password_file", "ssl.key.password", &conf->tls.key_password);
		set_file(s, "key_file", "ssl.key.pem", &conf->tls.key);
		set(s, "verify", NULL, "enable.ssl.certificate.verification",
		    conf->tls.verify ? "true" : "false");
		if (conf->tls.verify)
			sf_rd.conf_set_ssl_cert_verify_cb(s->ret, explain_certificate);
	}
	if (conf->has_sasl) {
		s->section = "sasl";
		set(s, "mechanism", NULL, "sasl.mechanisms",
		    sf_kafka_choice("mechanism", conf->sasl.mechanism));
		set(s, "username", NULL, "sasl.username", conf->sasl.username);
		set_file(s, "password_file", "sasl.password", &conf->sasl.password);
	}
	s->section = NULL;
}

rd_kafka_conf_t *sf_kafka_settings(const struct sf_kafka_conf *conf,
				   const struct sf_kafka_refused *refused)
{
	struct settings s = {sf_rd.conf_new(), refused, NULL};

	set_standards(&s);
	set_brokers(&s, &conf->brokers);
	set(&s, "client_id", NULL, "client.id", conf->client_id);
	set(&s, "compression", NULL, "compression.codec",
	    sf_kafka_choice("compression", conf->compression));
	set(&s, "partitioner", NULL, "partitioner",
	    sf_kafka_choice("partitioner", conf->partitioner));
	set_security(&s, conf);
	for (size_t i = 0; i < conf->properties.count; i++)
		if (!sf_kafka_owner(conf->properties.names[i]))
			set(&s, NULL, &conf->properties.places[i], conf->properties.names[i],
			    conf->properties.items[i].text);
	return s.ret;
}
