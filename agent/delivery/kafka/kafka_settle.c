/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the settings of an output to Kafka say together, and what the library says of them: all that
 * can be known to be wrong without a broker is said at its place in the file.
 */
#include <stdlib.h>
#include <string.h>

#include "kafka.h"

static void check_broker(const struct sf_text *broker, struct sf_complaints *complaints)
{
	static const char hint[] = "write \"kafka-1:9092\", or \"[2001:db8::1]:9092\"";
	const char *text = broker->text, *bracket = text[0] == '[' ? strchr(text, ']') : NULL;
	const char *colon = strchr(bracket ?: text, ':'), *end = text + broker->length;
	size_t digits = colon ? strspn(colon + 1, "0123456789") : 0;
	unsigned long port = digits && digits < 6 ? strtoul(colon + 1, NULL, 10) : 0;

	if (strchr(text, ','))
		sf_complain(complaints, broker, 0, broker->length,
			    "write [\"one:9092\", \"two:9092\"]",
			    "\"%s\" are several brokers in one text", text);
	else if (strstr(text, "://"))
		sf_complain(complaints, broker, 0, broker->length,
			    "TLS is what `tls:` says, names and passwords what `sasl:` says",
			    "a broker is a host and a port, not an address such as \"%s\"", text);
	else if (!broker->length || colon == text || strpbrk(text, " \t\n/@"))
		sf_complain(complaints, broker, 0, broker->length, hint, "\"%s\" is no broker",
			    text);
	else if (colon && (colon + 1 + digits != end || !port || port > 65535))
		sf_complain(complaints, broker, (size_t)(colon + 1 - text),
			    (size_t)(end - colon - 1), hint, "\"%s\" is no port", colon + 1);
}

static void check_key(const struct sf_kafka_conf *conf, const struct sf_places *places,
		      struct sf_complaints *complaints)
{
	const struct sf_text *place = places->at(places, NULL, "key");

	if (conf->key >= SF_KEY_SOCKET && conf->records_per_message > 1 && place)
		sf_complain(complaints, place, 0, place->length,
			    "write key: host, query or none, or records_per_message: 1",
			    "a message of several records has no one %s to be its key",
			    place->text);
}

static void check_tls(const struct sf_kafka_conf *conf, const struct sf_places *places,
		      struct sf_complaints *complaints)
{
	const struct sf_text *cert = places->at(places, "tls", "cert_file"),
			     *key = places->at(places, "tls", "key_file"),
			     *password = places->at(places, "tls", "key_password_file"),
			     *sasl = places->at(places, NULL, "sasl");

	if (cert && cert->length && !(key && key->length))
		sf_complain(complaints, cert, 0, cert->length, "write key_file beside it",
			    "a certificate without its key");
	if (key && key->length && !(cert && cert->length))
		sf_complain(complaints, key, 0, key->length, "write cert_file beside it",
			    "a key without its certificate");
	if (password && password->length && !(key && key->length))
		sf_complain(complaints, password, 0, password->length, "write key_file beside it",
			    "a password without its key");
	if (conf->has_sasl && !conf->has_tls && sasl)
		sf_warn(complaints, sasl, 0, sasl->length, "write tls: {} beside it",
			"the %s can be read on the network: there is no tls",
			conf->sasl.mechanism == 0 ? "password" : "login");
}

struct settling {
	const struct sf_places *places;
	struct sf_complaints *complaints;
};

static void complain_refused(void *arg, const char *section, const char *key,
			     const struct sf_text *pair, const char *why)
{
	const struct settling *s = arg;
	const struct sf_text *place = pair ?: s->places->at(s->places, section, key)
					      ?: s->places->at(s->places, NULL, NULL);

	sf_complain(s->complaints, place, 0, place->length, NULL, "librdkafka says: %s", why);
}

/*
 * What the library refuses of settings together it says when a producer is made: by one without
 * brokers, which asks nobody.
 */
static void try_together(const struct sf_kafka_conf *conf, const struct settling *s)
{
	const struct sf_text *whole = s->places->at(s->places, NULL, NULL);
	struct sf_kafka_conf alone = *conf;
	rd_kafka_conf_t *settings;
	rd_kafka_t *handle;
	char why[512];

	alone.brokers.count = 0;
	settings = sf_kafka_settings(&alone, NULL);
	handle = sf_rd.new(RD_KAFKA_PRODUCER, settings, why, sizeof(why));
	if (handle) {
		sf_rd.destroy(handle);
		return;
	}
	sf_rd.conf_destroy(settings);
	sf_complain(s->complaints, whole, 0, whole->length, NULL,
		    "librdkafka cannot work by these settings: %s", why);
}

void sf_kafka_settle(void *own, const struct sf_places *places, struct sf_complaints *complaints)
{
	const struct sf_kafka_conf *conf = own;
	struct settling settling = {places, complaints};
	const struct sf_kafka_refused refused = {complain_refused, &settling};
	const struct sf_text *brokers = places->at(places, NULL, "brokers");
	const struct sf_text *whole = places->at(places, NULL, NULL);
	struct sf_err err;

	if (sf_rd_open(&err) < 0) {
		sf_complain(complaints, whole, 0, whole->length,
			    "install librdkafka 2.0.2 or newer (Debian, Ubuntu: librdkafka1)", "%s",
			    err.text);
		return;
	}
	if (brokers && !conf->brokers.count)
		sf_complain(complaints, brokers, 0, brokers->length, "write [\"kafka-1:9092\"]",
			    "there is no broker in it");
	for (size_t i = 0; i < conf->brokers.count; i++)
		check_broker(&conf->brokers.items[i], complaints);
	sf_kafka_topic_check(&conf->topic, complaints);
	check_key(conf, places, complaints);
	check_tls(conf, places, complaints);
	for (size_t i = 0; i < conf->properties.count; i++) {
		const struct sf_text *name = &conf->properties.places[i];
		const char *owner = sf_kafka_owner(name->text);

		if (owner)
			sf_complain(complaints, name, 0, name->length, owner,
				    "\"%s\" is not set here", name->text);
	}
	sf_rd.conf_destroy(sf_kafka_settings(conf, &refused));
	if (sf_complaints_errors(complaints) == places->errors)
		try_together(conf, &settling);
}
