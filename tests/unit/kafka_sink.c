/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The sink for Kafka against librdkafka's mock cluster: what becomes of batches when brokers say every error of the
 * table, go away, come back, or when the library itself breaks.
 */
#include "kafkas.h"

static void a_batch_is_done_when_all_its_messages_are_written(void **state)
{
	struct mock mock = mock_new(1);
	struct mock_messages all __attribute__((cleanup(mock_messages_finish))) = {0};
	struct kafka k;

	(void)state;
	mock_topic(&mock, "t", 1);
	kafka_open(&k, mock.brokers, "headers: { a: b }");
	kafka_put(&k, 100, 200, "t");
	kafka_put(&k, 1, 50, "t");
	assert_true(kafka_until(&k, k.done == 2));
	assert_int_equal(k.written, 101);
	assert_int_equal(k.lander[0].left + k.lander[1].left + k.failed, 0);
	assert_true(k.progress > 0);
	all = mock_read(&mock, "t", 101);
	assert_int_equal(all.count, 101);
	for (size_t i = 0; i < 101; i++) {
		assert_int_equal(atoi(all.message[i].value), i);
		assert_int_equal(all.message[i].length, i < 100 ? 199 : 49);
		assert_string_equal(all.message[i].key, "host-id");
		assert_true(all.message[i].time_ms == 1700000000000 + (int64_t)(i % 100));
	}
	kafka_finish(&k);
	mock_free(&mock);
}

static void lines_share_a_message_up_to_its_number_and_the_batch_s_end(void **state)
{
	struct mock mock = mock_new(1);
	struct mock_messages all __attribute__((cleanup(mock_messages_finish))) = {0};
	struct kafka k;

	(void)state;
	mock_topic(&mock, "t", 1);
	kafka_open(&k, mock.brokers, "records_per_message: 7, key: query");
	kafka_put(&k, 20, 10, "t");
	assert_true(kafka_until(&k, k.done == 1));
	assert_int_equal(k.written, 20);
	all = mock_read(&mock, "t", 3);
	assert_int_equal(all.count, 3);
	assert_int_equal(all.message[0].length, 69);
	assert_int_equal(all.message[1].length, 69);
	assert_int_equal(all.message[2].length, 59);
	assert_int_equal(atoi(all.message[2].value), 14);
	assert_string_equal(all.message[0].key, "one");
	kafka_finish(&k);
	mock_free(&mock);
}

static void a_line_s_own_key_is_its_message_s_and_one_without_has_none(void **state)
{
	struct mock mock = mock_new(1);
	struct mock_messages all __attribute__((cleanup(mock_messages_finish))) = {0};
	struct sf_batch *batch;
	struct kafka k;

	(void)state;
	mock_topic(&mock, "t", 1);
	kafka_open(&k, mock.brokers, "key: flow");
	batch = kafka_batch(&k, 1, 10);
	sf_batch_key(batch, SF_BY_SOCKET, "socket", 6);
	sf_batch_key(batch, SF_BY_FLOW, "a\0b", 3);
	memcpy(batch->data + batch->length, "1\n2\n", 4);
	sf_batch_line(batch, 2, SF_LINE_RUN, 1700000000000000);
	sf_batch_line(batch, 2, SF_LINE_SOCKET, 1700000000000000);
	sf_batch_key(batch, SF_BY_FLOW, "second", 6);
	assert_int_equal(kafka_put_batch(&k, batch, "t"), 0);
	assert_true(kafka_until(&k, k.done == 1));
	all = mock_read(&mock, "t", 3);
	assert_int_equal(all.message[0].key_length, 3);
	assert_memory_equal(all.message[0].key, "a\0b", 3);
	assert_null(all.message[1].key);
	assert_string_equal(all.message[2].key, "second");
	kafka_finish(&k);
	mock_free(&mock);
}

/* ---- the table of causes, row by row ---- */

#define ERR(name) RD_KAFKA_RESP_ERR_##name
enum fate { WRITTEN, ALL_DEAD, REFUSED, AGAIN };

static void check_row(struct mock *mock, const char *keys, rd_kafka_resp_err_t code, size_t times, enum fate fate)
{
	struct kafka k;

	mock_fail(mock, MOCK_PRODUCE, times, code);
	kafka_open(&k, mock->brokers, keys);
	kafka_put(&k, 3, 100, "t");
	assert_true(kafka_until(&k, k.done + k.failed == 1));
	if (k.done != (fate <= ALL_DEAD) || k.dead != (fate == ALL_DEAD ? 3 : 0) ||
	    k.written != (fate == WRITTEN ? 3 : 0) ||
	    (k.failed && k.lander[0].failure != (fate == REFUSED ? SF_REFUSED : SF_AGAIN)) || k.lander[0].left)
		fail_msg("%s %zu times: %u done, %llu dead, %llu written, %u failed: %s", rd_kafka_err2name(code),
			 times, k.done, (unsigned long long)k.dead, (unsigned long long)k.written, k.failed,
			 k.lander[0].why);
	if (fate == REFUSED)
		assert_non_null(strstr(k.lander[0].why, "topic t: "));
	kafka_finish(&k);
	mock_do(mock, MOCK_CLEAR, MOCK_PRODUCE, 0);
}

static void every_error_of_a_broker_has_the_fate_of_its_row(void **state)
{
	static const struct {
		rd_kafka_resp_err_t code;
		size_t times;
		enum fate fate;
	} rows[] = {
		/* Once with others, once alone: it was not to blame. */
		{ERR(MSG_SIZE_TOO_LARGE), 1, WRITTEN},
		{ERR(INVALID_MSG), 1, WRITTEN},
		{ERR(INVALID_RECORD), 1, WRITTEN},
		{ERR(MSG_SIZE_TOO_LARGE), 200, ALL_DEAD},
		{ERR(INVALID_MSG), 200, ALL_DEAD},
		{ERR(INVALID_RECORD), 200, ALL_DEAD},
		{ERR(RECORD_LIST_TOO_LARGE), 200, ALL_DEAD},
		{ERR(INVALID_TIMESTAMP), 200, ALL_DEAD},
		{ERR(INVALID_MSG_SIZE), 200, ALL_DEAD},
		{ERR(TOPIC_AUTHORIZATION_FAILED), 1, REFUSED},
		{ERR(CLUSTER_AUTHORIZATION_FAILED), 1, REFUSED},
		{ERR(POLICY_VIOLATION), 1, REFUSED},
		{ERR(TOPIC_EXCEPTION), 1, REFUSED},
		{ERR(THROTTLING_QUOTA_EXCEEDED), 1, REFUSED},
		{ERR(UNKNOWN), 1, AGAIN},
		{ERR(UNSUPPORTED_COMPRESSION_TYPE), 1, AGAIN},
		{ERR(INVALID_CONFIG), 1, AGAIN},
		/* These the library tries again itself. */
		{ERR(NOT_LEADER_FOR_PARTITION), 1, WRITTEN},
		{ERR(NOT_ENOUGH_REPLICAS), 1, WRITTEN},
		{ERR(NOT_ENOUGH_REPLICAS_AFTER_APPEND), 1, WRITTEN},
		{ERR(REQUEST_TIMED_OUT), 1, WRITTEN},
		{ERR(KAFKA_STORAGE_ERROR), 1, WRITTEN},
		{ERR(LEADER_NOT_AVAILABLE), 1, WRITTEN},
		{ERR(_TRANSPORT), 1, WRITTEN},
	};
	struct mock mock = mock_new(1);

	(void)state;
	mock_topic(&mock, "t", 1);
	for (size_t i = 0; i < SF_COUNT(rows); i++) {
		check_row(&mock, "", rows[i].code, rows[i].times, rows[i].fate);
		check_row(&mock, "records_per_message: 2", rows[i].code, rows[i].times, rows[i].fate);
	}
	mock_free(&mock);
}

/* ---- how much goes out at a time ---- */

/* As much as is out when a batch was just put. */
static size_t out_at_once(struct kafka *k)
{
	unsigned done = k->done;
	size_t out;

	k->landers = 0;
	kafka_put(k, 200, 1000, "t");
	out = k->sink->out;
	assert_true(kafka_until(k, k->done == done + 1));
	return out;
}

static void a_topic_that_took_too_little_at_a_time_gets_more_again(void **state)
{
	struct mock mock = mock_new(1);
	struct kafka k;
	unsigned batches = 0;

	(void)state;
	mock_topic(&mock, "t", 1);
	kafka_open(&k, mock.brokers, "");
	assert_int_equal(out_at_once(&k), 200);
	mock_fail(&mock, MOCK_PRODUCE, 3, ERR(MSG_SIZE_TOO_LARGE));
	out_at_once(&k);
	assert_in_range(out_at_once(&k), 2, 50);
	while (out_at_once(&k) < 200)
		assert_true(batches++ < 1000);
	assert_int_equal(k.dead + k.failed, 0);
	kafka_finish(&k);
	mock_free(&mock);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_batch_is_done_when_all_its_messages_are_written),
		cmocka_unit_test(lines_share_a_message_up_to_its_number_and_the_batch_s_end),
		cmocka_unit_test(a_line_s_own_key_is_its_message_s_and_one_without_has_none),
		cmocka_unit_test(every_error_of_a_broker_has_the_fate_of_its_row),
		cmocka_unit_test(a_topic_that_took_too_little_at_a_time_gets_more_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
