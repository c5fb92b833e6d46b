/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Three brokers that fall silent, come back, move their leader and say errors at random, while batches go out and those
 * that failed go out again: at the end every line is there. What happens is drawn from SF_SEED (1); SF_BATCHES (150).
 * All of it with one request in flight, and with several, as newer versions of the library may have.
 */
#include "kafkas.h"

enum { LINES = 20, LINE = 200, SLOTS = 20, DISTURBED = 1000 }; /* turns, after which the brokers are left alone */

/* The sink asks the library for its version to know how many requests may be in flight. */
static int one_in_flight(void)
{
	return 0x020000ff;
}

static int several_in_flight(void)
{
	return 0x020300ff;
}

static void take_for(int (*version)(void))
{
	struct sf_err err;

	assert_int_equal(sf_rd_open(&err), 0);
	sf_rd.version = version;
}

static uint64_t seed;

static unsigned draw(unsigned below)
{
	seed = seed * 6364136223846793005ull + 1442695040888963407ull;
	return (unsigned)(seed >> 33) % below;
}

/* One broker at a time is down: *down, 0 for none. */
static void disturb(struct mock *mock, unsigned *down)
{
	static const rd_kafka_resp_err_t codes[] = {
		RD_KAFKA_RESP_ERR_NOT_LEADER_FOR_PARTITION,
		RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT,
		RD_KAFKA_RESP_ERR_NOT_ENOUGH_REPLICAS,
		RD_KAFKA_RESP_ERR_TOPIC_AUTHORIZATION_FAILED,
		RD_KAFKA_RESP_ERR_UNKNOWN,
		RD_KAFKA_RESP_ERR_THROTTLING_QUOTA_EXCEEDED,
		RD_KAFKA_RESP_ERR__TRANSPORT,
		RD_KAFKA_RESP_ERR_KAFKA_STORAGE_ERROR,
		RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE,
	};
	unsigned broker = 1 + draw(3);
	struct mock_order order = {.what = MOCK_LEADER, .number = (int)broker, .topic = "t"};

	switch (draw(4)) {
	case 0:
		mock_do(mock, *down ? MOCK_UP : MOCK_DOWN, (int)(*down ?: broker), 0);
		*down = *down ? 0 : broker;
		break;
	case 1:
		mock_do(mock, MOCK_RTT, (int)broker, (int)draw(2) * 300);
		break;
	case 2:
		mock_say(mock, &order);
		break;
	case 3:
		mock_fail(mock, MOCK_PRODUCE, 1, codes[draw(SF_COUNT(codes))]);
		break;
	}
}

static void calm(struct mock *mock)
{
	mock_do(mock, MOCK_CLEAR, MOCK_PRODUCE, 0);
	for (int broker = 1; broker <= 3; broker++) {
		mock_do(mock, MOCK_UP, broker, 0);
		mock_do(mock, MOCK_RTT, broker, 0);
	}
}

/* ---- batches, put again as an output would do it, but without its pauses ---- */

static struct slot {
	struct sf_batch *batch;
	bool out;
} slots[SLOTS];
static unsigned delivered, *failed; /* how often, by batch */

static void came_back(struct sf_batch *batch, bool done)
{
	struct slot *slot = slots;

	while (slot->batch != batch)
		slot++;
	slot->out = false;
	failed[atoi(batch->data) / LINES] += !done;
	if (!done)
		return;
	batch->references--; /* ours */
	slot->batch = NULL;
	delivered++;
}

static void put(struct kafka *k, struct slot *slot)
{
	slot->batch->references++; /* the sink's */
	slot->out = true;
	if (kafka_put_batch(k, slot->batch, "t") == 0)
		return;
	slot->batch->references--;
	slot->out = false;
}

/*
 * The library may lose the way to a leader that moved, and ask who is none, again and again. The sink begins anew when it
 * has heard nothing for 5 minutes: so they are over when 30 s are.
 */
static void shorten_silence(struct sf_sink *sink)
{
	uint64_t silent = sf_clock_mono() - 30 * 1000000;

	if (sink->state != SF_KAFKA_UP || !sink->out || sink->flying.first->since > silent ||
	    sink->progress > silent || sink->heard > silent)
		return;
	print_message("nothing was heard for 30 s\n");
	sink->flying.first->since = sink->progress = sink->heard = 1;
	sf_kafka_time(sink);
}

static void assert_all_lines(const struct mock_messages *all, unsigned batches)
{
	char *seen = calloc(batches, LINES);
	unsigned missing = 0;

	for (size_t i = 0; i < all->count; i++)
		for (char *line = strtok(all->message[i].value, "\n"); line; line = strtok(NULL, "\n"))
			seen[atoi(line)] = 1;
	for (unsigned i = 0; i < batches * LINES; i++) {
		if (seen[i])
			continue;
		missing++;
		print_error("line %u of batch %u, which had failed %u times, is not there\n", i, i / LINES,
			    failed[i / LINES]);
	}
	free(seen);
	assert_int_equal(missing, 0);
}

static void flap(int (*version)(void))
{
	unsigned batches = (unsigned)atoi(getenv("SF_BATCHES") ?: "150"), begun = 0;
	struct mock mock = mock_new(3);
	struct mock_messages all __attribute__((cleanup(mock_messages_finish))) = {0};
	unsigned down = 0;
	struct kafka k;

	take_for(version);
	seed = strtoull(getenv("SF_SEED") ?: "1", NULL, 10);
	print_message("SF_SEED=%llu\n", (unsigned long long)seed);
	delivered = 0;
	failed = calloc(batches, sizeof(*failed));
	mock_topic(&mock, "t", 1);
	kafka_open(&k, mock.brokers,
		   "records_per_message: 3, librdkafka: { reconnect.backoff.max.ms: 500, retry.backoff.ms: 50,"
		   " reconnect.backoff.ms: 50, socket.timeout.ms: 1000 }");
	k.back = came_back;
	for (unsigned turn = 0; delivered < batches; turn++) {
		if (turn % 10 == 0 && begun < batches && turn < DISTURBED)
			disturb(&mock, &down);
		else if (turn % 10 == 0)
			calm(&mock);
		for (unsigned i = 0; i < SLOTS; i++) {
			if (!slots[i].batch && begun < batches && draw(8) == 0) {
				slots[i].batch = kafka_batch(&k, LINES, LINE);
				begun++;
			}
			if (slots[i].batch && !slots[i].out && draw(4) == 0)
				put(&k, &slots[i]);
		}
		sf_loop_turn(k.loop, 20 * 1000);
		shorten_silence(k.sink);
	}
	calm(&mock);
	all = mock_read(&mock, "t", batches * LINES / 3);
	assert_all_lines(&all, batches);
	assert_int_equal(k.dead, 0);
	print_message("%u batches, %u came back, %zu messages\n", batches, k.failed, all.count);
	free(failed);
	kafka_finish(&k);
	mock_free(&mock);
}

static void every_line_gets_out_whatever_the_brokers_do(void **state)
{
	(void)state;
	flap(one_in_flight);
}

static void every_line_gets_out_with_several_requests_in_flight(void **state)
{
	(void)state;
	flap(several_in_flight);
}

static bool has_line(const struct mock_messages *all, size_t line)
{
	size_t i = 0;

	while (i < all->count && strtoul(all->message[i].value, NULL, 10) != line)
		i++;
	return i < all->count;
}

/*
 * The first of two requests gets an error that leaves open whether it was written, the second is written: the library
 * takes that for the first one's report. The mock takes what has gaps, as a leader does that does not know the producer.
 */
static void what_no_broker_has_confirmed_comes_back(void **state)
{
	struct mock mock = mock_new(1);
	struct mock_messages all __attribute__((cleanup(mock_messages_finish))) = {0};
	struct kafka k;

	(void)state;
	take_for(several_in_flight);
	mock_topic(&mock, "t", 1);
	kafka_open(&k, mock.brokers, "");
	kafka_put(&k, 1, 100, "t");
	assert_true(kafka_until(&k, k.done == 1));
	mock_do(&mock, MOCK_RTT, 1, 2000);
	for (unsigned tries = 0; tries < 10 && !k.failed; tries++) {
		mock_fail(&mock, MOCK_PRODUCE, 1, RD_KAFKA_RESP_ERR_REQUEST_TIMED_OUT);
		kafka_put(&k, 1, 100, "t");
		for (uint64_t end = sf_clock_mono() + 200 * 1000; sf_clock_mono() < end;) /* it is out */
			sf_loop_turn(k.loop, 5 * 1000);
		kafka_put(&k, 1, 100, "t");
		assert_true(kafka_until(&k, k.done + k.failed == k.landers));
	}
	mock_do(&mock, MOCK_RTT, 1, 0);
	all = mock_read(&mock, "t", 1);
	for (size_t i = 0; i < k.landers; i++)
		if (k.lander[i].failed)
			assert_int_equal(k.lander[i].failure, SF_AGAIN);
		else if (!has_line(&all, i))
			fail_msg("line %zu is not there, and was said to be", i);
	assert_true(k.failed);
	kafka_finish(&k);
	mock_free(&mock);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_line_gets_out_whatever_the_brokers_do),
		cmocka_unit_test(every_line_gets_out_with_several_requests_in_flight),
		cmocka_unit_test(what_no_broker_has_confirmed_comes_back),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
