/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the errors of brokers and of the library mean for a batch, and what a user can do about
 * them.
 */
#include "kafka.h"

#define ERR(name) RD_KAFKA_RESP_ERR_##name
const struct sf_kafka_cause sf_kafka_causes[] = {
	{ERR(MSG_SIZE_TOO_LARGE), SF_KAFKA_SIZE,
	 "raise max.message.bytes of the topic, or lower records_per_message"},
	{ERR(RECORD_LIST_TOO_LARGE), SF_KAFKA_SIZE, "raise max.message.bytes of the topic"},
	{ERR(INVALID_MSG_SIZE), SF_KAFKA_SIZE, "raise max.message.bytes of the topic"},
	{ERR(INVALID_MSG), SF_KAFKA_DATA, "a compacted topic takes no message without a key"},
	{ERR(INVALID_RECORD), SF_KAFKA_DATA, "a compacted topic takes no message without a key"},
	{ERR(INVALID_TIMESTAMP), SF_KAFKA_DATA,
	 "the broker's and this host's clock differ by more than the topic allows, or the record "
	 "waited for longer: look at message.timestamp.before.max.ms of the topic"},

	{ERR(TOPIC_AUTHORIZATION_FAILED), SF_KAFKA_REFUSED,
	 "give our user the rights Write and Describe on the topic"},
	{ERR(CLUSTER_AUTHORIZATION_FAILED), SF_KAFKA_REFUSED,
	 "give our user the right IdempotentWrite on the cluster"},
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
	{ERR(_ALL_BROKERS_DOWN), SF_KAFKA_AGAIN, ""},
	{ERR(_SSL), SF_KAFKA_AGAIN,
	 "look at `tls:`: ca_file must hold who signed the broker's certificate, which must be "
	 "valid today and for the broker's name"},
	{ERR(_AUTHENTICATION), SF_KAFKA_AGAIN,
	 "look at `sasl:` (mechanism, username, password_file), and at the broker's users"},
	{ERR(SASL_AUTHENTICATION_FAILED), SF_KAFKA_AGAIN,
	 "look at `sasl:` (mechanism, username, password_file), and at the broker's users"},
	{ERR(UNSUPPORTED_SASL_MECHANISM), SF_KAFKA_AGAIN,
	 "look at mechanism under `sasl:`, and at what the broker offers"},
	{ERR(NOT_ENOUGH_REPLICAS), SF_KAFKA_AGAIN,
	 "too few brokers hold the topic: bring them back"},
	{ERR(NOT_ENOUGH_REPLICAS_AFTER_APPEND), SF_KAFKA_AGAIN,
	 "too few brokers hold the topic: bring them back"},
	{ERR(NO_ERROR), SF_KAFKA_AGAIN, ""}, /* all others */
};
const size_t sf_kafka_causes_count = SF_COUNT(sf_kafka_causes);

const struct sf_kafka_cause *sf_kafka_cause(rd_kafka_resp_err_t code)
{
	const struct sf_kafka_cause *cause = sf_kafka_causes;

	while (cause->code != code && cause->code != ERR(NO_ERROR))
		cause++;
	return cause;
}
