/* SPDX-License-Identifier: Apache-2.0 */
/* A topic that is refused waits apart, is tried by one batch at a time, and loses by its own; others pass. */
#include "senders.h"

static const char why[] = "no right to write to it";

static void a_refused_topic_lets_others_pass_and_follows_in_order_when_it_is_open(void **state)
{
	struct world w;
	uint64_t seq = 0;

	(void)state;
	begin(&w);
	offer(&w, 10, "refused");
	offer(&w, 10, "other");
	sink_fail(0, SF_REFUSED, why);
	for (int i = 0; i < 5; i++) {
		offer(&w, 10, "refused");
		offer(&w, 10, "other");
		assert_int_equal(held_of("other"), 2);
		while (held_of("other"))
			sink_done(held_at("other"));
		offer(&w, 10, "other");
		check_counts(&w);
	}
	for (int i = 0; i < 4; i++) { /* one at a time asks whether it is still refused */
		assert_true(turn_until(&w, held_of("refused")));
		assert_int_equal(held_of("refused"), 1);
		turn_for(&w, 50);
		assert_int_equal(held_of("refused"), 1);
		assert_int_equal(sink->held[held_at("refused")].batch->first_seq, 0);
		sink_fail(held_at("refused"), SF_REFUSED, why);
	}
	assert_int_equal(w.sentences, 1);
	assert_string_equal(w.said, "topic refused: no right to write to it; will try again");
	assert_true(turn_until(&w, held_of("refused")));
	sink_done(held_at("refused"));
	assert_string_equal(w.said, "topic refused: goes on");
	assert_int_equal(held_of("refused"), 5); /* the rest at once */
	while (held_of("refused")) {
		assert_true(sink->held[held_at("refused")].batch->first_seq > seq);
		seq = sink->held[held_at("refused")].batch->first_seq;
		sink_done(held_at("refused"));
	}
	while (sink->count)
		sink_done(0);
	check_counts(&w);
	assert_int_equal(counts_of(&w).delivered, w.lines);
	end(&w);
}

static void all_that_the_sink_held_come_back_before_the_topic_is_tried(void **state)
{
	struct world w;

	(void)state;
	begin(&w);
	for (int i = 0; i < 3; i++)
		offer(&w, 10, "t");
	sink_fail(1, SF_REFUSED, why);
	turn_for(&w, 50);
	assert_int_equal(sink->count, 2);
	sink_fail(1, SF_REFUSED, why);
	sink_fail(0, SF_REFUSED, why);
	assert_int_equal(w.sentences, 1);
	assert_true(turn_until(&w, sink->count == 1));
	assert_int_equal(sink->held[0].batch->first_seq, 0);
	end(&w);
}

static void a_probe_that_fails_for_another_cause_leaves_the_topic_parked(void **state)
{
	struct world w;

	(void)state;
	begin(&w);
	offer(&w, 10, "t");
	offer(&w, 10, "t");
	sink_fail(0, SF_REFUSED, why);
	sink_fail(0, SF_REFUSED, why);
	for (int i = 0; i < 3; i++) {
		assert_true(turn_until(&w, sink->count == 1));
		sink_fail(0, SF_AGAIN, "the broker is gone");
	}
	assert_true(turn_until(&w, sink->count == 1));
	turn_for(&w, 30);
	assert_int_equal(sink->count, 1);
	sink_done(0);
	assert_int_equal(sink->count, 1);
	sink_done(0);
	check_counts(&w);
	assert_int_equal(counts_of(&w).delivered, 20);
	end(&w);
}

/* Lines lost, as the gaps that were told have it, and that they do not overlap. */
static uint64_t told(const struct world *w)
{
	uint64_t records = 0;

	for (size_t i = 0; i < w->gaps; i++) {
		const struct sf_gap *gap = &w->gap[i];

		assert_string_equal(gap->query, "q");
		assert_string_equal(gap->output, "test");
		assert_int_equal(gap->reason, SF_LOSS_FULL);
		for (size_t j = 0; j < i; j++)
			assert_true(w->gap[j].first.seq > gap->last.seq || w->gap[j].last.seq < gap->first.seq);
		assert_int_equal(gap->first.run, 1);
		assert_int_equal(gap->last.seq - gap->first.seq + 1, gap->records);
		assert_int_equal(gap->bytes, gap->records * LINE);
		records += gap->records;
	}
	return records;
}

static bool is_lost(const struct world *w, uint64_t seq)
{
	for (size_t i = 0; i < w->gaps; i++) {
		if (seq >= w->gap[i].first.seq && seq <= w->gap[i].last.seq)
			return true;
	}
	return false;
}

/* The refused topic has at most what the others leave, and half at least; nobody waits for it. */
static void a_topic_that_stays_refused_loses_by_its_policy_and_the_gaps_name_what(void **state)
{
	for (int when_full = 0; when_full < 2; when_full++) {
		struct sf_output_setup as = {.queue_size = 64 << 10, .when_full = when_full};
		const atomic_bool cancel = false;
		struct world w;
		uint64_t others = 0, arrived[1000];
		size_t arrivals = 0;

		(void)state;
		begin_as(&w, as);
		offer(&w, 10, "refused");
		sink_fail(0, SF_REFUSED, why);
		for (int i = 0; i < 500; i++) {
			offer(&w, 1 + (uint32_t)random() % 20, "refused");
			assert_int_equal(sf_outputs_wait(&w.output, 1, 1000, &cancel), 0);
			offer(&w, 3, "other");
			if (held_of("refused"))
				sink_fail(held_at("refused"), SF_REFUSED, why);
			while (held_of("other")) {
				others += sink->held[held_at("other")].batch->lines;
				sink_done(held_at("other"));
			}
			while (held_of("gaps"))
				sink_done(held_at("gaps"));
			check_counts(&w);
			assert_true(counts_of(&w).waiting_bytes <= 64 << 10);
		}
		assert_int_equal(others, 1500);
		assert_true(counts_of(&w).waiting_bytes > (64 << 10) / 2);
		assert_true(turn_until(&w, held_of("refused")));
		while (sink->count) {
			const struct sf_batch *batch = sink->held[0].batch;

			if (!strcmp(sink->held[0].topic, "refused"))
				arrived[arrivals++] = batch->first_seq;
			sink_done(0);
		}
		check_counts(&w);
		assert_true(turn_until(&w, told(&w) == counts_of(&w).lost[SF_LOSS_FULL])); /* soon */
		while (sink->count)
			sink_done(0);
		for (size_t i = 0; i < arrivals; i++)
			assert_false(is_lost(&w, arrived[i]));
		assert_true(told(&w) > 1000);
		assert_int_equal(counts_of(&w).waiting, 0);
		end(&w);
	}
}

static void losses_of_a_refused_topic_are_said_once(void **state)
{
	struct sf_output_setup as = {.queue_size = 64 << 10};
	struct world w;

	(void)state;
	begin_as(&w, as);
	offer(&w, 10, "refused");
	sink_fail(0, SF_REFUSED, why);
	for (int i = 0; i < 500; i++)
		offer(&w, 10, "refused");
	assert_int_equal(w.warned, 2);
	assert_string_equal(w.said, "a topic is refused and the queue is full: records are lost until it goes on");
	assert_true(turn_until(&w, sink->count == 1));
	while (sink->count)
		sink_done(0);
	offer(&w, 1, "refused");
	assert_non_null(strstr(w.said, "records were lost meanwhile"));
	assert_int_equal(w.warned, 2);
	end(&w);
}

static void a_gap_whose_line_is_lost_is_told_again(void **state)
{
	struct sf_output_setup as = {.queue_size = 4000};
	struct sf_gap first;
	struct world w;

	(void)state;
	sink_room = 1;
	begin_as(&w, as);
	sink_room = 1000;
	offer(&w, 10, "t");
	usleep(1100 * 1000);	    /* a stall */
	for (int i = 0; i < 5; i++) /* two of them are lost */
		offer(&w, 10, "t");
	assert_int_equal(counts_of(&w).lost[SF_LOSS_FULL], 20);
	sink_done(0);
	assert_int_equal(w.gaps, 1);
	first = w.gap[0];
	assert_int_equal(first.records, 20);
	usleep(1100 * 1000);
	for (int i = 0; i < 6; i++)
		offer(&w, 10, "t");
	sink_done(0);
	check_counts(&w);
	assert_int_equal(w.gaps, 3); /* the first one again, as it was, and another */
	assert_int_equal(w.gap[1].id, first.id);
	assert_int_equal(w.gap[1].records, 20);
	assert_int_equal(w.gap[1].last.seq, first.last.seq);
	assert_true(w.gap[2].first.seq > first.last.seq);
	while (sink->count)
		sink_done(0);
	assert_int_equal(w.gaps, 3);
	check_counts(&w);
	end(&w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_refused_topic_lets_others_pass_and_follows_in_order_when_it_is_open),
		cmocka_unit_test(all_that_the_sink_held_come_back_before_the_topic_is_tried),
		cmocka_unit_test(a_probe_that_fails_for_another_cause_leaves_the_topic_parked),
		cmocka_unit_test(a_topic_that_stays_refused_loses_by_its_policy_and_the_gaps_name_what),
		cmocka_unit_test(losses_of_a_refused_topic_are_said_once),
		cmocka_unit_test(a_gap_whose_line_is_lost_is_told_again),
	};

	srandom(20261127);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
