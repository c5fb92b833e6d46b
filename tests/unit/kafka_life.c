/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of the sink for Kafka: it takes what it has room for, outlives brokers and the library's fatal errors, and
 * ends in time. SF_FATALS: how many fatal errors (3).
 */
#include "kafkas.h"

#define SECONDS(n) ((n)*1000000ull)

/* The library takes each of the settings, and finds them wrong together. */
static void settings_that_the_library_cannot_work_by_are_an_error_and_nothing_is_left(void **state)
{
	unsigned descriptors = kafka_descriptors();
	struct kafka k;
	struct sf_err err;

	(void)state;
	kafka_settles = false;
	assert_true(kafka_try(&k, "127.0.0.1:1", "librdkafka: { reconnect.backoff.max.ms: 500 }", false, &err) < 0);
	kafka_settles = true;
	assert_non_null(strstr(err.text, "`reconnect.backoff.max.ms`"));
	kafka_finish(&k);
	assert_int_equal(kafka_descriptors(), descriptors);
}

static void what_the_library_has_no_room_for_is_not_taken_and_goes_out_later(void **state)
{
	struct mock mock = mock_new(1);
	struct kafka k;
	unsigned taken = 0;
	struct sf_batch *batch;
	bool full = false;

	(void)state;
	mock_topic(&mock, "t", 1);
	mock_do(&mock, MOCK_DOWN, 1, 0);
	kafka_open(&k, mock.brokers, "");
	while (!full && taken < 64) {
		batch = kafka_batch(&k, 250, 1000);
		full = kafka_put_batch(&k, batch, "t") == -EAGAIN;
		taken += !full;
		if (full)
			sf_batch_drop(k.pool, batch);
	}
	assert_in_range(taken, 16, 20); /* 4 MiB, and one that is begun */
	mock_do(&mock, MOCK_UP, 1, 0);
	assert_true(kafka_until(&k, k.done == taken));
	assert_int_equal(k.written, taken * 250);
	kafka_finish(&k);
	mock_free(&mock);
}

/* What waited for room failed with the rest: nobody waits for room any more. */
static void after_all_of_a_full_library_has_failed_the_next_batch_is_taken(void **state)
{
	struct mock mock = mock_new(1);
	struct kafka k;
	struct sf_batch *batch;
	unsigned taken = 0;

	(void)state;
	mock_topic(&mock, "t", 1);
	mock_do(&mock, MOCK_DOWN, 1, 0);
	kafka_open(&k, mock.brokers, "");
	while (kafka_put_batch(&k, batch = kafka_batch(&k, 250, 1000), "t") == 0)
		taken++;
	sf_batch_drop(k.pool, batch);
	assert_int_equal(rd_kafka_test_fatal_error(k.sink->handle, RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER,
						   "for a test"),
			 0);
	assert_true(kafka_until(&k, k.failed == taken));
	mock_do(&mock, MOCK_UP, 1, 0);
	assert_true(kafka_until(&k, k.sink->state == SF_KAFKA_UP));
	kafka_put(&k, 10, 100, "t");
	assert_true(kafka_until(&k, k.done == 1));
	assert_int_equal(k.written, 10);
	kafka_finish(&k);
	mock_free(&mock);
}

static void batches_of_a_topic_stay_in_order(void **state)
{
	struct mock mock = mock_new(1);
	struct mock_messages all __attribute__((cleanup(mock_messages_finish))) = {0};
	struct kafka k;

	(void)state;
	mock_topic(&mock, "t", 1);
	mock_fail(&mock, MOCK_PRODUCE, 2, RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION);
	kafka_open(&k, mock.brokers, "");
	for (unsigned i = 0; i < 20; i++) {
		kafka_put(&k, 50, 100, "t");
		sf_loop_turn(k.loop, 20 * 1000);
	}
	assert_true(kafka_until(&k, k.done == 20));
	all = mock_read(&mock, "t", 1000);
	assert_int_equal(all.count, 1000);
	for (size_t i = 0; i < all.count; i++)
		assert_int_equal(atoi(all.message[i].value), i);
	kafka_finish(&k);
	mock_free(&mock);
}

static void a_broker_that_comes_back_gets_all(void **state)
{
	struct mock mock = mock_new(1);
	struct kafka k;

	(void)state;
	mock_topic(&mock, "t", 1);
	kafka_open(&k, mock.brokers, "librdkafka: { reconnect.backoff.max.ms: 1000 }");
	kafka_put(&k, 10, 100, "t");
	assert_true(kafka_until(&k, k.done == 1));
	mock_do(&mock, MOCK_DOWN, 1, 0);
	kafka_put(&k, 10, 100, "t");
	assert_true(kafka_until(&k, strstr(k.said, "is the broker up")));
	assert_int_equal(k.done + k.failed, 1);
	mock_do(&mock, MOCK_UP, 1, 0);
	assert_true(kafka_until(&k, k.done == 2));
	assert_int_equal(k.written, 20);
	assert_non_null(strstr(k.said, "Kafka takes messages again"));
	kafka_finish(&k);
	mock_free(&mock);
}

static void a_topic_that_is_not_there_fails_alone(void **state)
{
	struct mock mock = mock_new(1);
	struct kafka k;
	struct mock_order missing = {
		.what = MOCK_TOPIC_ERROR, .topic = "missing", .codes = {RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART}};

	(void)state;
	mock_topic(&mock, "t", 1);
	mock_say(&mock, &missing);
	kafka_open(&k, mock.brokers, "librdkafka: { topic.metadata.propagation.max.ms: 2000 }");
	for (unsigned i = 0; i < 3; i++) {
		kafka_put(&k, 10, 100, "missing");
		kafka_put(&k, 10, 100, "t");
	}
	assert_true(kafka_until(&k, k.done == 3));
	assert_true(kafka_until(&k, k.failed == 3));
	for (unsigned i = 0; i < 6; i += 2) {
		assert_int_equal(k.lander[i].failure, SF_REFUSED);
		assert_non_null(strstr(k.lander[i].why, "topic missing: "));
		assert_non_null(strstr(k.lander[i].why, "create the topic"));
	}
	assert_int_equal(k.written, 30);
	missing.codes[0] = 0;
	mock_say(&mock, &missing);
	kafka_put(&k, 10, 100, "missing");
	/* The library asks again in its own time. */
	assert_true(kafka_until(&k, k.done + k.failed == 7));
	kafka_finish(&k);
	mock_free(&mock);
}

static void a_line_that_the_library_finds_too_large_is_dead_and_its_neighbours_are_written(void **state)
{
	struct mock mock = mock_new(1);
	struct kafka k;
	struct sf_batch *batch;

	(void)state;
	mock_topic(&mock, "t", 1);
	kafka_open(&k, mock.brokers, "records_per_message: 3, librdkafka: { message.max.bytes: 1000 }");
	batch = kafka_batch(&k, 2, 100);
	memset(batch->data + batch->length, 'x', 2000);
	batch->data[batch->length + 1999] = '\n';
	sf_batch_line(batch, 2000, SF_LINE_SOCKET, 0);
	memcpy(batch->data + batch->length, "3\n", 2);
	sf_batch_line(batch, 2, SF_LINE_SOCKET, 0);
	assert_int_equal(kafka_put_batch(&k, batch, "t"), 0);
	assert_true(kafka_until(&k, k.done == 1));
	assert_int_equal(k.written, 3);
	assert_int_equal(k.dead, 1);
	assert_int_equal(k.lander[0].left, 0);
	assert_non_null(strstr(k.lander[0].why, "too large"));
	kafka_finish(&k);
	mock_free(&mock);
}

/* ---- how it ends ---- */

static void the_end_gives_back_what_is_out_in_time(void **state)
{
	struct mock mock = mock_new(1);
	struct kafka k;
	uint64_t begin;

	(void)state;
	mock_topic(&mock, "t", 1);
	kafka_open(&k, mock.brokers, "");
	kafka_put(&k, 10, 100, "t");
	assert_true(kafka_until(&k, k.done == 1));
	mock_do(&mock, MOCK_DOWN, 1, 0);
	kafka_put(&k, 10, 100, "t");
	kafka_put(&k, 20, 100, "t");
	begin = sf_clock_mono();
	kafka_close(&k);
	assert_true(sf_clock_mono() - begin < SECONDS(4));
	assert_int_equal(k.done, 3);
	assert_int_equal(k.written, 10);
	assert_int_equal(k.lander[1].left, 10);
	assert_int_equal(k.lander[2].left, 20);
	kafka_finish(&k);
	mock_free(&mock);
}

static void an_end_before_anything_began_leaves_nothing(void **state)
{
	unsigned threads = kafka_threads(), descriptors = kafka_descriptors();
	struct kafka k;

	(void)state;
	for (unsigned i = 0; i < 3; i++) {
		kafka_open(&k, "127.0.0.1:1", "tls: {}");
		kafka_finish(&k);
	}
	assert_int_equal(kafka_threads(), threads);
	assert_int_equal(kafka_descriptors(), descriptors);
}

/* For who waits no longer than that, no broker is a failure with its cause. */
static void who_gives_up_hears_why(void **state)
{
	struct kafka k;

	(void)state;
	kafka_open_as(&k, "127.0.0.1:1", "", true);
	kafka_put(&k, 1, 100, "t");
	assert_true(kafka_until(&k, k.failed == 1));
	assert_int_equal(k.lander[0].failure, SF_AGAIN);
	assert_non_null(strstr(k.lander[0].why, "Connection refused"));
	kafka_finish(&k);
}

static void after_a_fatal_error_there_is_another_producer_and_nothing_else_is_left(void **state)
{
	unsigned fatals = (unsigned)atoi(getenv("SF_FATALS") ?: "3"), threads = 0, descriptors = 0;
	struct mock mock = mock_new(1);
	uint64_t begin, longest = 0;
	struct kafka k;

	(void)state;
	mock_topic(&mock, "t", 1);
	kafka_open(&k, mock.brokers, "");
	for (unsigned i = 0; i < fatals; i++) {
		unsigned done = k.done, failed = k.failed;

		k.landers = 0;
		kafka_put(&k, 10, 100, "t");
		assert_true(kafka_until(&k, k.done == done + 1));
		if (i == 0) {
			threads = kafka_threads();
			descriptors = kafka_descriptors();
		}
		assert_int_equal(kafka_threads(), threads);
		assert_int_equal(kafka_descriptors(), descriptors);
		kafka_put(&k, 10, 100, "t");
		begin = sf_clock_mono();
		assert_int_equal(rd_kafka_test_fatal_error(
					 k.sink->handle, RD_KAFKA_RESP_ERR_OUT_OF_ORDER_SEQUENCE_NUMBER, "for a test"),
				 0);
		assert_true(kafka_until(&k, k.failed == failed + 1));
		assert_int_equal(k.lander[1].failure, SF_AGAIN);
		if (!strstr(k.lander[1].why, "for a test"))
			fail_msg("failed for another reason: %s", k.lander[1].why);
		assert_true(kafka_until(&k, k.sink->state == SF_KAFKA_UP));
		longest = sf_clock_mono() - begin > longest ? sf_clock_mono() - begin : longest;
	}
	assert_int_equal(k.written, 10 * fatals);
	assert_true(longest < SECONDS(5));
	print_message("%u fatal errors, the longest took %llu ms\n", fatals, (unsigned long long)longest / 1000);
	kafka_finish(&k);
	mock_free(&mock);
}

/* The library may also do nothing and say nothing: then there is another producer, too. */
static void after_a_long_silence_there_is_another_producer(void **state)
{
	struct mock mock = mock_new(1);
	struct kafka k;

	(void)state;
	mock_topic(&mock, "t", 1);
	mock_do(&mock, MOCK_RTT, 1, 20000);
	kafka_open(&k, mock.brokers, "");
	kafka_put(&k, 10, 100, "t");
	assert_true(kafka_until(&k, k.sink->out == 10));
	sf_kafka_time(k.sink);
	assert_int_equal(k.sink->state, SF_KAFKA_UP); /* it is not long yet */
	k.sink->progress = k.sink->heard = k.sink->flying.first->since = 1;
	sf_kafka_time(k.sink);
	assert_int_equal(k.sink->state, SF_KAFKA_PURGING);
	mock_do(&mock, MOCK_RTT, 1, 0);
	assert_true(kafka_until(&k, k.failed == 1));
	assert_int_equal(k.lander[0].failure, SF_AGAIN);
	assert_non_null(strstr(k.said, "nothing for 5 minutes"));
	kafka_put(&k, 10, 100, "t");
	assert_true(kafka_until(&k, k.done == 1));
	assert_int_equal(k.written, 10);
	kafka_finish(&k);
	mock_free(&mock);
}

/* The same cause again and again, such as no right to write anywhere: the pauses grow, and it is said once. */
static void a_fatal_error_that_comes_again_is_said_once_and_tried_less_and_less(void **state)
{
	struct mock mock = mock_new(1);
	struct kafka k;
	char *first;

	(void)state;
	mock_topic(&mock, "t", 1);
	mock_fail(&mock, MOCK_PRODUCER_ID, 2, RD_KAFKA_RESP_ERR_CLUSTER_AUTHORIZATION_FAILED);
	kafka_open(&k, mock.brokers, "");
	kafka_put(&k, 10, 100, "t");
	assert_true(kafka_until(&k, k.failed == 1));
	kafka_put(&k, 10, 100, "t"); /* waits for the next producer, which fails as well */
	assert_true(kafka_until(&k, k.failed == 2));
	kafka_put(&k, 10, 100, "t");
	assert_true(kafka_until(&k, k.done == 1));
	first = strstr(k.said, "Cluster authorization failed");
	assert_non_null(first);
	assert_null(strstr(first + 30, "Cluster authorization failed"));
	assert_non_null(strstr(k.said, "Write and Describe"));
	kafka_finish(&k);
	mock_free(&mock);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(settings_that_the_library_cannot_work_by_are_an_error_and_nothing_is_left),
		cmocka_unit_test(what_the_library_has_no_room_for_is_not_taken_and_goes_out_later),
		cmocka_unit_test(after_all_of_a_full_library_has_failed_the_next_batch_is_taken),
		cmocka_unit_test(batches_of_a_topic_stay_in_order),
		cmocka_unit_test(a_broker_that_comes_back_gets_all),
		cmocka_unit_test(a_topic_that_is_not_there_fails_alone),
		cmocka_unit_test(a_line_that_the_library_finds_too_large_is_dead_and_its_neighbours_are_written),
		cmocka_unit_test(the_end_gives_back_what_is_out_in_time),
		cmocka_unit_test(an_end_before_anything_began_leaves_nothing),
		cmocka_unit_test(who_gives_up_hears_why),
		cmocka_unit_test(after_a_fatal_error_there_is_another_producer_and_nothing_else_is_left),
		cmocka_unit_test(after_a_long_silence_there_is_another_producer),
		cmocka_unit_test(a_fatal_error_that_comes_again_is_said_once_and_tried_less_and_less),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
