/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the errors of brokers and of the library mean for a batch, and what a user can do about
 * them.
 */
#include "kafka.h"

#include <string.h>

#define ERR(name) RD_KAFKA_RESP_ERR_##name
#define TLS	  "look at `tls:`: "
#define LOGIN	  "look at `sasl:` (mechanism, username, password_file), and at the broker's users"
#define RIGHTS	  "give our user the rights Write and Describe on the topic"
#define SPEAKS	  "is what the broker speaks at that port what `tls:` and `sasl:` say?"

/* What is said of a connection, by a part of the library's words: its codes say less. */
static const struct {
	const char *part;
	struct sf_kafka_cause cause;
} by_words[] = {
	{"ertificate verif", {ERR(_SSL), SF_KAFKA_AGAIN, TLS "who signed it must be in ca_file"}},
	{"certificate required",
	 {ERR(_SSL), SF_KAFKA_AGAIN, TLS "the broker wants cert_file and key_file"}},
	{"alert", {ERR(_SSL), SF_KAFKA_AGAIN, TLS "the broker refuses cert_file, or wants one"}},
	{"SSL", {ERR(_SSL), SF_KAFKA_AGAIN, SPEAKS}},
	{"ApiVersion", {ERR(_TRANSPORT), SF_KAFKA_AGAIN, SPEAKS}},
};

const struct sf_kafka_cause sf_kafka_causes[] = {
	{ERR(MSG_SIZE_TOO_LARGE), SF_KAFKA_SIZE,
	 "raise max.message.bytes of the topic, or lower records_per_message"},
	{ERR(RECORD_LIST_TOO_LARGE), SF_KAFKA_SIZE, "raise max.message.bytes of the topic"},
	{ERR(INVALID_MSG_SIZE), SF_KAFKA_SIZE, "raise max.message.bytes of the topic"},
	{ERR(INVALID_MSG), SF_KAFKA_DATA, "a compacted topic takes no message without a key"},
	{ERR(INVALID_RECORD), SF_KAFKA_DATA, "a compacted topic takes no message without a key"},
	{ERR(INVALID_TIMESTAMP), SF_KAFKA_DATA,
	 "look at the clocks, and at message.timestamp.before.max.ms of the topic"},

	{ERR(TOPIC_AUTHORIZATION_FAILED), SF_KAFKA_REFUSED, RIGHTS},
	{ERR(CLUSTER_AUTHORIZATION_FAILED), SF_KAFKA_REFUSED, RIGHTS},
	{ERR(UNKNOWN_TOPIC_OR_PART), SF_KAFKA_REFUSED, "create the topic"},
	{ERR(_UNKNOWN_TOPIC), SF_KAFKA_REFUSED, "create the topic"},
	{ERR(_UNKNOWN_PARTITION), SF_KAFKA_REFUSED, "create the topic"},
	{ERR(TOPIC_EXCEPTION), SF_KAFKA_REFUSED, "the topic's name is none for the broker"},
	{ERR(POLICY_VIOLATION), SF_KAFKA_REFUSED,
	 "the broker's policy forbids it: ask who runs the broker"},
	{ERR(THROTTLING_QUOTA_EXCEEDED), SF_KAFKA_REFUSED,
	 "the broker's quota is used up: ask who runs the broker"},

	{ERR(_RESOLVE), SF_KAFKA_AGAIN, "look at `brokers:`, and at this host's DNS"},
	{ERR(_TRANSPORT), SF_KAFKA_AGAIN, "is the broker up, and does it listen there?"},
	{ERR(_SSL), SF_KAFKA_AGAIN, SPEAKS},
	{ERR(_AUTHENTICATION), SF_KAFKA_AGAIN, LOGIN},
	{ERR(SASL_AUTHENTICATION_FAILED), SF_KAFKA_AGAIN, LOGIN},
	{ERR(UNSUPPORTED_SASL_MECHANISM), SF_KAFKA_AGAIN, LOGIN},
	{ERR(NOT_ENOUGH_REPLICAS), SF_KAFKA_AGAIN,
	 "too few brokers hold the topic: bring them back"},
	{ERR(NOT_ENOUGH_REPLICAS_AFTER_APPEND), SF_KAFKA_AGAIN,
	 "too few brokers hold the topic: bring them back"},
	{ERR(NO_ERROR), SF_KAFKA_AGAIN, ""}, /* all others */
};

const struct sf_kafka_cause *sf_kafka_cause(rd_kafka_resp_err_t code)
{
	const struct sf_kafka_cause *cause = sf_kafka_causes;

	while (cause->code != code && cause->code != ERR(NO_ERROR))
		cause++;
	return cause;
}

const struct sf_kafka_cause *sf_kafka_cause_by_words(rd_kafka_resp_err_t code, const char *words)
{
	for (size_t i = 0; i < SF_COUNT(by_words); i++)
		if (strstr(words, by_words[i].part))
			return &by_words[i].cause;
	return sf_kafka_cause(code);
}

bool sf_kafka_is_certificate(const struct sf_kafka_cause *cause)
{
	return cause == &by_words[0].cause;
}

/* Of OpenSSL's numbers, which its headers name, those that people meet. */
const char *sf_kafka_certificate(int number)
{
	static const struct {
		int number;
		const char *words;
	} wrongs[] = {
		{9, "is not valid yet"},
		{10, "has expired"},
		{18, "is signed by itself, and not in ca_file"},
		{19, "is signed by who is not in ca_file"},
		{20, "is signed by who is not in ca_file"},
		{21, "is signed by who is not in ca_file"},
		{23, "was revoked"},
		{62, "is for another name than the one under `brokers:`"},
		{64, "is for another address than the one under `brokers:`"},
	};

	for (size_t i = 0; i < SF_COUNT(wrongs); i++)
		if (wrongs[i].number == number)
			return wrongs[i].words;
	return NULL;
}
