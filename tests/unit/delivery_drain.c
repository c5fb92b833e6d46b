/* SPDX-License-Identifier: Apache-2.0 */
/* The end of an output in order: nothing waits any more, and its reader has been told of every gap that was owed. */
#include "spooled.h"

static const struct sf_patience tells_rarely = {2000,  20000,	   2000,
						20000, 100 * 1000, 60ull * 1000 * 1000};

static void lose_a_line(struct world *w)
{
	struct sf_batch *batch;

	offer(w, 10, "t");
	assert_true(turn_until(w, sink->count));
	batch = sink->held[0].batch;
	sink->events.dead(sink->events.arg, batch, 3, "too large");
	sink_take(sink, 0);
	sink->events.written(sink->events.arg, batch->lines - 1);
	sink->events.done(sink->events.arg, batch, 0);
}

/* The first gap is told at once, the second one within a minute. */
static void owe_two(struct world *w)
{
	lose_a_line(w);
	assert_true(turn_until(w, w->gaps == 1 && sink->count));
	sink_done(0); /* the gap's line */
	lose_a_line(w);
	turn_for(w, 20);
	assert_int_equal(w->gaps, 1);
}

static void check_the_end(struct world *w)
{
	assert_int_equal(w->drained, 0);
	sf_output_drain(w->output);
	assert_true(turn_until(w, w->gaps == 2 && sink->count));
	assert_int_equal(w->gap[1].first.seq, 13);
	turn_for(w, 20);
	assert_int_equal(w->drained, 0); /* its line is not delivered */
	sink_done(0);
	assert_true(turn_until(w, w->drained));
	assert_int_equal(w->gaps, 2);
	check_counts(w);
	assert_int_equal(counts_of(w).waiting, 0);
}

static void gaps_that_are_owed_are_told_at_the_end_without_a_pause(void **state)
{
	struct world w;

	(void)state;
	begin_as(&w, (struct sf_output_setup){.patience = &tells_rarely});
	owe_two(&w);
	check_the_end(&w);
	end(&w);
}

static void gaps_that_a_spool_owes_are_told_at_the_end_without_a_pause(void **state)
{
	struct store s;

	(void)state;
	store_begin(&s);
	end(&s.w);
	s.as.patience = &tells_rarely;
	store_open(&s);
	owe_two(&s.w);
	check_the_end(&s.w);
	store_end(&s);
}

static void an_output_whose_reader_is_gone_is_drained_with_its_gaps_untold(void **state)
{
	struct world w;

	(void)state;
	begin_as(&w, (struct sf_output_setup){.patience = &tells_rarely});
	owe_two(&w);
	sink->events.closed(sink->events.arg);
	sf_output_drain(w.output);
	assert_int_equal(w.drained, 1);
	assert_int_equal(w.gaps, 1);
	end(&w);
}

/* What waits stays on the disk: nobody writes it any more, so nobody waits for it. */
static void an_output_with_a_spool_that_has_given_up_is_drained_with_what_waits_on_the_disk(void **state)
{
	struct store s;

	(void)state;
	store_begin(&s);
	offer(&s.w, 10, "t");
	assert_true(turn_until(&s.w, sink->count));
	sink->events.closed(sink->events.arg);
	offer(&s.w, 10, "t");
	sf_output_drain(s.w.output);
	assert_true(turn_until(&s.w, s.w.drained));
	assert_true(is_stored(&s));
	assert_int_equal(counts_of(&s.w).waiting, 20);
	end(&s.w);

	store_open(&s);
	offer(&s.w, 10, "t");
	sf_output_drain(s.w.output);
	assert_true(turn_until(&s.w, sink->count == 3));
	assert_int_equal(s.w.drained, 0);
	sink->events.closed(sink->events.arg);
	assert_true(turn_until(&s.w, s.w.drained));
	assert_int_equal(counts_of(&s.w).waiting, 30);
	store_end(&s);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(gaps_that_are_owed_are_told_at_the_end_without_a_pause),
		cmocka_unit_test(gaps_that_a_spool_owes_are_told_at_the_end_without_a_pause),
		cmocka_unit_test(an_output_whose_reader_is_gone_is_drained_with_its_gaps_untold),
		cmocka_unit_test(an_output_with_a_spool_that_has_given_up_is_drained_with_what_waits_on_the_disk),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
