/* SPDX-License-Identifier: Apache-2.0 */
/*
 * librdkafka's mock cluster in a process of its own, which does what a test says: the agent's side must not share
 * anything with it. It knows no rights and no sequence numbers; real brokers are in tests/kafka.
 */
#pragma once

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

enum { MOCK_PRODUCE = 0, MOCK_METADATA = 3, MOCK_PRODUCER_ID = 22 }; /* requests */

struct mock_order {
	enum { MOCK_ERRORS, MOCK_CLEAR, MOCK_TOPIC, MOCK_TOPIC_ERROR, MOCK_UP, MOCK_DOWN, MOCK_RTT, MOCK_LEADER } what;
	int number, value;
	char topic[64];
	size_t count;
	rd_kafka_resp_err_t codes[256];
};

struct mock {
	pid_t pid;
	int orders, answers;
	char brokers[256];
};

static inline void mock_obey(rd_kafka_mock_cluster_t *cluster, const struct mock_order *order)
{
	switch (order->what) {
	case MOCK_ERRORS:
		rd_kafka_mock_push_request_errors_array(cluster, (int16_t)order->number, order->count, order->codes);
		break;
	case MOCK_CLEAR:
		rd_kafka_mock_clear_request_errors(cluster, (int16_t)order->number);
		break;
	case MOCK_TOPIC:
		rd_kafka_mock_topic_create(cluster, order->topic, order->number, 1);
		break;
	case MOCK_TOPIC_ERROR:
		rd_kafka_mock_topic_set_error(cluster, order->topic, order->codes[0]);
		break;
	case MOCK_UP:
		rd_kafka_mock_broker_set_up(cluster, order->number);
		break;
	case MOCK_DOWN:
		rd_kafka_mock_broker_set_down(cluster, order->number);
		break;
	case MOCK_RTT:
		rd_kafka_mock_broker_set_rtt(cluster, order->number, order->value);
		break;
	case MOCK_LEADER:
		rd_kafka_mock_partition_set_leader(cluster, order->topic, 0, order->number);
		break;
	}
}

static inline void mock_live(int orders, int answers, int brokers)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	char why[256], bootstraps[256] = "";
	rd_kafka_t *handle;
	rd_kafka_mock_cluster_t *cluster;
	struct mock_order order;

	rd_kafka_conf_set(conf, "log_level", "0", NULL, 0);
	handle = rd_kafka_new(RD_KAFKA_PRODUCER, conf, why, sizeof(why));
	cluster = rd_kafka_mock_cluster_new(handle, brokers);
	snprintf(bootstraps, sizeof(bootstraps), "%s", rd_kafka_mock_cluster_bootstraps(cluster));
	while (write(answers, bootstraps, sizeof(bootstraps)) > 0 &&
	       read(orders, &order, sizeof(order)) == (ssize_t)sizeof(order))
		mock_obey(cluster, &order);
	_exit(0);
}

static inline struct mock mock_new(int brokers)
{
	struct mock mock;
	int orders[2], answers[2];

	assert_int_equal(pipe(orders), 0);
	assert_int_equal(pipe(answers), 0);
	mock.pid = fork();
	if (mock.pid == 0) {
		close(orders[1]);
		close(answers[0]);
		mock_live(orders[0], answers[1], brokers);
	}
	close(orders[0]);
	close(answers[1]);
	mock.orders = orders[1];
	mock.answers = answers[0];
	assert_int_equal(read(mock.answers, mock.brokers, sizeof(mock.brokers)), sizeof(mock.brokers));
	return mock;
}

/* Done when it returns. */
static inline void mock_say(struct mock *mock, const struct mock_order *order)
{
	assert_int_equal(write(mock->orders, order, sizeof(*order)), sizeof(*order));
	assert_int_equal(read(mock->answers, mock->brokers, sizeof(mock->brokers)), sizeof(mock->brokers));
}

/* The next `count` requests of the kind fail with the code. */
static inline void mock_fail(struct mock *mock, int request, size_t count, rd_kafka_resp_err_t code)
{
	struct mock_order order = {.what = MOCK_ERRORS, .number = request, .count = count};

	assert_true(count <= 256);
	for (size_t i = 0; i < count; i++)
		order.codes[i] = code;
	mock_say(mock, &order);
}

static inline void mock_do(struct mock *mock, int what, int number, int value)
{
	mock_say(mock, &(struct mock_order){.what = what, .number = number, .value = value});
}

static inline void mock_topic(struct mock *mock, const char *name, int partitions)
{
	struct mock_order order = {.what = MOCK_TOPIC, .number = partitions};

	snprintf(order.topic, sizeof(order.topic), "%s", name);
	mock_say(mock, &order);
}

static inline void mock_free(struct mock *mock)
{
	close(mock->orders);
	close(mock->answers);
	kill(mock->pid, SIGKILL);
	waitpid(mock->pid, NULL, 0);
}

/* ---- what is in a topic, read by another client ---- */

struct mock_message {
	char *value, *key;
	size_t length, key_length;
	int64_t time_ms;
};

struct mock_messages {
	size_t count;
	struct mock_message *message;
};

static inline void mock_messages_finish(struct mock_messages *all)
{
	for (size_t i = 0; i < all->count; i++) {
		free(all->message[i].value);
		free(all->message[i].key);
	}
	free(all->message);
}

static inline char *mock_copy(const void *bytes, size_t length)
{
	char *copy = calloc(1, length + 1);

	return bytes ? memcpy(copy, bytes, length) : (free(copy), NULL);
}

/* Partition 0 from its beginning to its end, but so many messages at least. */
static inline struct mock_messages mock_read(const struct mock *mock, const char *topic, size_t least)
{
	rd_kafka_conf_t *conf = rd_kafka_conf_new();
	rd_kafka_topic_partition_list_t *list = rd_kafka_topic_partition_list_new(1);
	struct mock_messages all = {0};
	rd_kafka_message_t *message;
	bool ended = false;
	rd_kafka_t *handle;
	char why[256];

	rd_kafka_conf_set(conf, "bootstrap.servers", mock->brokers, NULL, 0);
	rd_kafka_conf_set(conf, "group.id", "test", NULL, 0);
	rd_kafka_conf_set(conf, "enable.auto.commit", "false", NULL, 0);
	rd_kafka_conf_set(conf, "enable.partition.eof", "true", NULL, 0);
	rd_kafka_conf_set(conf, "log_level", "0", NULL, 0);
	handle = rd_kafka_new(RD_KAFKA_CONSUMER, conf, why, sizeof(why));
	assert_non_null(handle);
	rd_kafka_poll_set_consumer(handle);
	rd_kafka_topic_partition_list_add(list, topic, 0)->offset = RD_KAFKA_OFFSET_BEGINNING;
	assert_int_equal(rd_kafka_assign(handle, list), 0);
	rd_kafka_topic_partition_list_destroy(list);
	while (!ended && (message = rd_kafka_consumer_poll(handle, 30000))) {
		ended = message->err == RD_KAFKA_RESP_ERR__PARTITION_EOF && all.count >= least;
		if (!message->err) {
			all.message = realloc(all.message, (all.count + 1) * sizeof(*all.message));
			all.message[all.count++] = (struct mock_message){
				mock_copy(message->payload, message->len), mock_copy(message->key, message->key_len),
				message->len, message->key_len, rd_kafka_message_timestamp(message, NULL)};
		}
		rd_kafka_message_destroy(message);
	}
	rd_kafka_consumer_close(handle);
	rd_kafka_destroy(handle);
	assert_true(all.count >= least);
	return all;
}
