/* SPDX-License-Identifier: Apache-2.0 */
/* What a sink gives back is sent again: after a pause, in order, and said once; who cannot wait gives up. */
#include "delivery/pause.h"
#include "senders.h"

static uint64_t first_of(size_t at)
{
	return sink->held[at].batch->first_seq;
}

static void what_failed_is_sent_again_in_order_after_a_pause(void **state)
{
	struct world w;

	(void)state;
	begin(&w);
	for (int i = 0; i < 6; i++)
		offer(&w, 10, "t");
	assert_int_equal(sink->count, 6);
	sink_fail(3, SF_AGAIN, "the broker is gone");
	sink_fail(1, SF_AGAIN, "the broker is gone");
	offer(&w, 10, "t"); /* waits behind */
	assert_int_equal(sink->count, 4);
	sink_done(2); /* the third of them */
	turn_for(&w, 50);
	assert_int_equal(sink->count, 3); /* nothing passes what is still in the sink and may fail, too */
	sink_done(0);
	sink_fail(1, SF_AGAIN, "the broker is gone");
	sink_done(0);
	check_counts(&w);
	assert_true(turn_until(&w, sink->count == 4));
	assert_int_equal(first_of(0), 10);
	assert_int_equal(first_of(1), 30);
	assert_int_equal(first_of(2), 50);
	assert_int_equal(first_of(3), 60);
	while (sink->count)
		sink_done(0);
	check_counts(&w);
	assert_int_equal(counts_of(&w).delivered, 70);
	end(&w);
}

static void other_topics_wait_too_when_the_cause_is_not_a_topic(void **state)
{
	struct world w;

	(void)state;
	begin(&w);
	offer(&w, 10, "t");
	sink_fail(0, SF_AGAIN, "the broker is gone");
	offer(&w, 10, "u");
	assert_int_equal(sink->count, 0);
	assert_true(turn_until(&w, sink->count == 2));
	assert_int_equal(first_of(0), 0);
	end(&w);
}

static void a_cause_is_said_once_and_so_is_its_end(void **state)
{
	struct world w;

	(void)state;
	begin(&w);
	offer(&w, 10, "t");
	offer(&w, 10, "t");
	for (int i = 0; i < 5; i++) {
		while (sink->count)
			sink_fail(0, SF_AGAIN, "the broker is gone");
		assert_true(turn_until(&w, sink->count == 2));
	}
	assert_int_equal(w.sentences, 1);
	assert_string_equal(w.said, "the broker is gone; will try again");
	assert_int_equal(w.level, SF_LOG_WARN);
	sink_fail(0, SF_AGAIN, "the broker is busy");
	assert_string_equal(w.said, "the broker is busy; will try again");
	sink_done(0);
	assert_true(turn_until(&w, sink->count == 1));
	assert_int_equal(w.sentences, 2); /* not all that failed is out */
	sink_done(0);
	assert_int_equal(w.sentences, 3);
	assert_string_equal(w.said, "goes on");
	assert_int_equal(w.level, SF_LOG_INFO);
	end(&w);
}

static void pauses_double_up_to_the_longest_and_begin_anew_when_it_went_well(void **state)
{
	struct sf_pause pause = {0};
	uint64_t lengths[] = {1000, 2000, 4000, 8000, 10000, 10000};
	bool differs = false;

	(void)state;
	for (int turn = 0; turn < 20; turn++) {
		pause = (struct sf_pause){0};
		for (size_t i = 0; i < SF_COUNT(lengths); i++) {
			sf_pause_begin(&pause, 1000, 10000, 50000 + i);
			assert_true(pause.due - (50000 + i) > lengths[i] / 2);
			assert_true(pause.due - (50000 + i) <= lengths[i]);
			assert_int_equal(pause.since, 50000);
		}
		differs |= pause.due - 50005 != lengths[5];
	}
	assert_true(differs);
}

/* A sink that knows at once. */
static unsigned refusals;

static int put_that_fails(struct sf_sink *s, struct sf_batch *batch, const char *topic)
{
	if (refusals) {
		refusals--;
		s->events.failed(s->events.arg, batch, SF_AGAIN, "not now");
		return 0;
	}
	s->events.written(s->events.arg, batch->lines);
	s->events.done(s->events.arg, batch, 0);
	(void)topic;
	return 0;
}

static void a_sink_may_answer_while_it_is_asked(void **state)
{
	const struct sf_sink_ops ops = {sink_open, put_that_fails, sink_reopen, sink_close};
	struct world w;

	(void)state;
	begin(&w);
	sf_output_free(w.output);
	assert_int_equal(sf_output_new(&(struct sf_output_setup){.name = "test", .ops = &ops, .queue_size = 16 << 20,
								 .patience = &impatient},
				       w.loop, w.pool, &(struct sf_output_events){on_said, on_closed, on_drained, on_gap, &w},
				       &w.output, NULL),
			 0);
	refusals = 3;
	for (int i = 0; i < 1000; i++)
		offer(&w, 1, "t");
	assert_true(turn_until(&w, counts_of(&w).delivered == 1000));
	check_counts(&w);
	end(&w);
}

static void who_cannot_wait_for_ever_gives_up_and_says_why(void **state)
{
	for (int refused = 0; refused < 2; refused++) {
		struct world w;

		(void)state;
		begin_as(&w, (struct sf_output_setup){.waits = true, .gives_up = true});
		offer(&w, 10, "t");
		offer(&w, 10, "t");
		while (!w.closed) {
			while (sink->count && !w.closed)
				sink_fail(0, refused ? SF_REFUSED : SF_AGAIN, "the broker is gone");
			sf_loop_turn(w.loop, 1000);
		}
		assert_int_equal(w.level, SF_LOG_ERROR);
		assert_non_null(strstr(w.said, "the broker is gone; gives up after 100ms"));
		assert_int_equal(counts_of(&w).lost[SF_LOSS_CLOSED], 20);
		offer(&w, 5, "t");
		assert_int_equal(counts_of(&w).lost[SF_LOSS_CLOSED], 25);
		assert_int_equal(w.closed, 1);
		assert_int_equal(w.gaps, 0); /* nobody is left to be told */
		check_counts(&w);
		end(&w);
	}
}

static void who_cannot_wait_for_ever_gives_up_although_the_sink_says_no_more(void **state)
{
	struct world w;

	(void)state;
	begin_as(&w, (struct sf_output_setup){.waits = true, .gives_up = true});
	offer(&w, 10, "t");
	sink_fail(0, SF_AGAIN, "the broker is gone");
	assert_true(turn_until(&w, w.closed)); /* it was given the batch again and keeps it */
	assert_int_equal(counts_of(&w).waiting, 10);
	sf_output_end(w.output);
	assert_int_equal(counts_of(&w).lost[SF_LOSS_CLOSED], 10);
	check_counts(&w);
	end(&w);
}

static void who_gave_up_does_not_say_that_it_goes_on(void **state)
{
	struct world w;

	(void)state;
	begin_as(&w, (struct sf_output_setup){.waits = true, .gives_up = true});
	offer(&w, 10, "t");
	sink_fail(0, SF_AGAIN, "the broker is gone");
	assert_true(turn_until(&w, w.closed));
	sink_done(0); /* it was given the batch again, and is rid of it at the end */
	assert_string_equal(w.said, "the broker is gone; gives up after 100ms");
	check_counts(&w);
	end(&w);
}

static void what_waits_for_its_pause_at_the_end_is_lost_and_counted(void **state)
{
	struct world w;

	(void)state;
	begin(&w);
	for (int i = 0; i < 4; i++)
		offer(&w, 10, "t");
	sink_fail(0, SF_AGAIN, "the broker is gone");
	sf_output_end(w.output);
	assert_int_equal(counts_of(&w).lost[SF_LOSS_SHUTDOWN], 40);
	check_counts(&w);
	end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_failed_is_sent_again_in_order_after_a_pause),
		cmocka_unit_test(other_topics_wait_too_when_the_cause_is_not_a_topic),
		cmocka_unit_test(a_cause_is_said_once_and_so_is_its_end),
		cmocka_unit_test(pauses_double_up_to_the_longest_and_begin_anew_when_it_went_well),
		cmocka_unit_test(a_sink_may_answer_while_it_is_asked),
		cmocka_unit_test(who_cannot_wait_for_ever_gives_up_and_says_why),
		cmocka_unit_test(who_cannot_wait_for_ever_gives_up_although_the_sink_says_no_more),
		cmocka_unit_test(who_gave_up_does_not_say_that_it_goes_on),
		cmocka_unit_test(what_waits_for_its_pause_at_the_end_is_lost_and_counted),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
