/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A spool that is full: which batches go, and that the gaps name exactly these, until somebody was told of them.
 */
#include "delivery/spool/spool_inner.h"
#include "spools.h"

enum { SEGMENT = 16 << 10, SIZE = 128 << 10, GAPS = 300 };

static int setup(void **state)
{
	struct tank *t = sf_new(struct tank);

	tank_new(t);
	t->setup.segment_size = SEGMENT;
	t->conf.max_size = SIZE;
	tank_open(t);
	*state = t;
	return 0;
}

static void reopen(struct tank *t)
{
	tank_close(t);
	tank_open(t);
}

/* The lines from..to of the query's batches, by what the harness knows of them. */
static uint64_t lines_between(uint64_t from, uint64_t to, int query)
{
	uint64_t lines = 0;

	for (uint64_t s = from; s < to; s++)
		lines += (int)(s % QUERIES) == query ? lines_of(s) : 0;
	return lines;
}

/* One gap a query, which together are the batches from..to. */
static void expect_gaps(struct tank *t, uint64_t from, uint64_t to, enum sf_spool_loss reason)
{
	struct sf_spool_gap gap[GAPS];

	assert_int_equal(sf_spool_gaps(t->spool, gap, GAPS), QUERIES);
	for (int q = 0; q < QUERIES; q++) {
		uint64_t first = from, last = to - 1;

		while (strcmp(query_of(first), gap[q].query))
			first++;
		while (strcmp(query_of(last), gap[q].query))
			last--;
		assert_int_equal(gap[q].reason, reason);
		assert_string_equal(gap[q].boot_id, t->setup.boot_id);
		assert_int_equal(gap[q].first.run, run_of(first));
		assert_int_equal(gap[q].first.seq, first_seq_of(first));
		assert_int_equal(gap[q].last.run, run_of(last));
		assert_int_equal(gap[q].last.seq, first_seq_of(last) + lines_of(last) - 1);
		assert_int_equal(gap[q].records, lines_between(from, to, (int)(first % QUERIES)));
		assert_int_equal(gap[q].told, UINT64_MAX);
	}
}

static bool lies_before(const struct sf_spool_gap *a, const struct sf_spool_gap *b)
{
	return a->last.run < b->first.run ||
	       (a->last.run == b->first.run && a->last.seq < b->first.seq);
}

static uint64_t first_waiting(struct tank *t)
{
	struct sf_spool_span place;
	uint64_t at = 0, serial = tank_read(t, &at, &place);

	sf_spool_unpin(t->spool, &place);
	return serial;
}

static void the_oldest_go_and_the_gaps_name_exactly_them(void **state)
{
	struct tank *t = *state;
	uint64_t first;

	tank_fill(t, 400);
	first = first_waiting(t);
	assert_true(first > 300);
	assert_true(tank_counts(t).disk <= SIZE);
	assert_int_equal(tank_counts(t).lost[SF_SPOOL_LOSS_FULL].batches, first);
	assert_int_equal(tank_counts(t).lost[SF_SPOOL_LOSS_FULL].lines,
			 lines_between(0, first, 0) + lines_between(0, first, 1) +
				 lines_between(0, first, 2));
	expect_gaps(t, 0, first, SF_SPOOL_LOSS_FULL);
	reopen(t);
	expect_gaps(t, 0, first, SF_SPOOL_LOSS_FULL);
	tank_expect(t, first, 400);
}

static void what_was_acknowledged_is_not_lost(void **state)
{
	struct tank *t = *state;
	struct sf_spool_span place;
	struct sf_spool_gap gap[GAPS];
	uint64_t at = 0, lost;

	tank_fill(t, 40);
	for (uint64_t i = 0; i < 20; i++) {
		tank_read(t, &at, &place);
		if (i % QUERIES)
			sf_spool_acknowledge(t->spool, &place);
		else
			sf_spool_unpin(t->spool, &place);
	}
	while (tank_counts(t).dropped_segments < 2)
		tank_fill(t, 1);
	lost = first_waiting(t);
	assert_true(lost < 20);
	/* alpha alone, and with nothing of it delivered in between: one gap */
	assert_int_equal(sf_spool_gaps(t->spool, gap, GAPS), 1);
	assert_string_equal(gap[0].query, "alpha");
	assert_int_equal(gap[0].records, lines_between(0, lost, 0));
	assert_int_equal(gap[0].segments, 2);
}

static void a_delivered_batch_parts_two_gaps(void **state)
{
	struct tank *t = *state;
	struct sf_spool_span place;
	struct sf_spool_gap gap[GAPS];
	uint64_t at = 3;

	tank_fill(t, 10);
	assert_int_equal(tank_read(t, &at, &place), 3);
	sf_spool_acknowledge(t->spool, &place);
	while (tank_counts(t).dropped_segments < 2)
		tank_fill(t, 1);
	assert_true(first_waiting(t) > 6);
	assert_int_equal(sf_spool_gaps(t->spool, gap, GAPS), QUERIES + 1);
	assert_string_equal(gap[0].query, "alpha");
	assert_int_equal(gap[0].records, lines_of(0));
	assert_string_equal(gap[3].query, "alpha");
	assert_int_equal(gap[3].first.seq, first_seq_of(6));
}

static void a_segment_in_flight_stays(void **state)
{
	struct tank *t = *state;
	struct sf_spool_span place;
	uint64_t at = 0;

	tank_fill(t, 10);
	assert_int_equal(tank_read(t, &at, &place), 0);
	tank_fill(t, 400);
	assert_int_equal(sf_spool_base(t->spool), 0);
	assert_int_equal(first_waiting(t), 0);
	assert_int_equal(sf_spool_acknowledge(t->spool, &place), 0);
	tank_check(t);
	tank_fill(t, 200);
	assert_true(sf_spool_base(t->spool) > 10);
	tank_check(t);
}

static void when_all_is_in_flight_memory_holds_the_rest(void **state)
{
	struct tank *t = *state;
	struct sf_spool_span place[200];
	uint64_t at = 0;
	unsigned count = 0;

	while (!tank_counts(t).in_memory) {
		tank_fill(t, 1);
		assert_int_equal(tank_read(t, &at, &place[count]), count);
		count++;
	}
	tank_fill(t, 20);
	assert_int_equal(tank_lost(t).batches, 0);
	assert_non_null(strstr(tank_counts(t).trouble, "max_size and keep_free leave no room"));
	for (unsigned i = 0; i < count; i++)
		assert_int_equal(sf_spool_acknowledge(t->spool, &place[i]), 0);
	tank_wait(t, 1000001);
	assert_int_equal(tank_counts(t).in_memory, 0);
	assert_string_equal(tank_counts(t).trouble, "");
	tank_expect(t, count, count + 20);
}

static void a_spool_that_drops_the_newest_refuses_them(void **state)
{
	struct tank *t = *state;
	struct sf_spool_span place;
	uint64_t taken = 0;

	tank_close(t);
	t->conf.when_full = 1;
	tank_open(t);
	while (tank_put(t, &place))
		taken++;
	for (unsigned i = 0; i < 50; i++)
		tank_put(t, &place); /* a small one may fit */
	tank_check(t);
	assert_true(tank_counts(t).disk <= SIZE);
	assert_int_equal(first_waiting(t), 0);
	assert_true(tank_counts(t).lost[SF_SPOOL_LOSS_FULL].batches > 30);
	assert_int_equal(tank_counts(t).in_memory, 0);
}

static void refused_batches_are_one_gap_until_one_is_taken(void **state)
{
	struct tank *t = *state;
	struct sf_spool_span place;
	struct sf_spool_gap gap[GAPS];
	uint64_t at = 0, first, end;

	tank_close(t);
	t->conf.when_full = 1;
	t->conf.max_size = 100; /* nothing fits */
	tank_open(t);
	first = t->next;
	for (unsigned i = 0; i < 30; i++)
		assert_false(tank_put(t, &place));
	end = t->next;
	expect_gaps(t, first, end, SF_SPOOL_LOSS_FULL);
	tank_close(t);
	t->conf.max_size = SIZE;
	tank_open(t);
	tank_fill(t, 3);
	assert_int_equal(tank_read(t, &at, &place), end);
	sf_spool_unpin(t->spool, &place);
	assert_int_equal(sf_spool_gaps(t->spool, gap, GAPS), QUERIES);
}

/* ---- telling ---- */

static void a_gap_is_owed_until_the_batch_that_tells_of_it_is_acknowledged(void **state)
{
	struct tank *t = *state;
	struct sf_spool_gap gap[GAPS];
	struct sf_spool_span place;
	uint64_t at;

	tank_fill(t, 200);
	assert_int_equal(sf_spool_gaps(t->spool, gap, GAPS), QUERIES);
	assert_true(tank_put(t, &place));
	for (int q = 0; q < QUERIES; q++)
		sf_spool_gap_told(t->spool, gap[q].id, place.from.offset);
	assert_int_equal(sf_spool_gaps(t->spool, NULL, 0), 0);
	reopen(t);
	assert_int_equal(sf_spool_gaps(t->spool, NULL, 0), 0); /* the batch still waits */
	at = place.from.offset;
	assert_int_equal(tank_read(t, &at, &place), 200);
	assert_int_equal(sf_spool_acknowledge(t->spool, &place), 0);
	reopen(t);
	assert_int_equal(sf_spool_gaps(t->spool, NULL, 0), 0);
	tank_fill(t, 200);
	assert_int_equal(sf_spool_gaps(t->spool, NULL, 0),
			 QUERIES + 1); /* before and behind that batch */
}

static void a_gap_whose_batch_is_lost_must_be_told_again(void **state)
{
	struct tank *t = *state;
	struct sf_spool_gap gap[GAPS], again[GAPS];
	struct sf_spool_span place;

	tank_fill(t, 200);
	assert_int_equal(sf_spool_gaps(t->spool, gap, GAPS), QUERIES);
	assert_true(tank_put(t, &place));
	for (int q = 0; q < QUERIES; q++)
		sf_spool_gap_told(t->spool, gap[q].id, place.from.offset);
	tank_fill(t, 200);
	assert_int_equal(sf_spool_gaps(t->spool, again, GAPS), 2 * QUERIES);
	for (int q = 0; q < QUERIES; q++)
		assert_memory_equal(&gap[q], &again[q], sizeof(gap[q]));
}

static void a_gap_that_was_given_out_does_not_grow(void **state)
{
	struct tank *t = *state;
	struct sf_spool_gap gap[GAPS], later[GAPS];

	tank_fill(t, 200);
	assert_int_equal(sf_spool_gaps(t->spool, gap, GAPS), QUERIES);
	tank_fill(t, 100);
	assert_int_equal(sf_spool_gaps(t->spool, later, GAPS), 2 * QUERIES);
	assert_memory_equal(gap, later, QUERIES * sizeof(gap[0]));
	for (int q = 0; q < QUERIES; q++) {
		const struct sf_spool_gap *next = &later[QUERIES];

		while (strcmp(next->query, gap[q].query))
			next++;
		assert_true(next->first.run > gap[q].last.run ||
			    (next->first.run == gap[q].last.run &&
			     next->first.seq == gap[q].last.seq + 1));
	}
}

/* What was refused was told and has arrived; then what waited before it is lost, and what came behind it. */
static void a_gap_that_has_arrived_is_not_spanned_by_another(void **state)
{
	struct tank *t = *state;
	struct sf_spool_span place[200], telling;
	struct sf_spool_gap refused, gap[GAPS];
	uint64_t at = 0, count, acknowledged = 0;
	const char *query;

	tank_close(t);
	t->setup.ring_size = SEGMENT;
	tank_open(t);
	for (count = 0; tank_put(t, &telling); count++)
		assert_int_equal(tank_read(t, &at, &place[count]), count);
	query = query_of(t->next - 1);
	assert_int_equal(sf_spool_gaps(t->spool, &refused, 1), 1);
	for (unsigned i = 0; i < 2;
	     i++) { /* all goes to the disk; then one that tells of it, too */
		if (i)
			assert_true(tank_put(t, &telling));
		while (tank_counts(t).in_memory) {
			assert_int_equal(sf_spool_acknowledge(t->spool, &place[acknowledged++]), 0);
			tank_wait(t, 1000001);
		}
	}
	sf_spool_gap_told(t->spool, refused.id, telling.from.offset);
	assert_int_equal(sf_spool_acknowledge(t->spool, &telling), 0);
	while (acknowledged < count)
		sf_spool_unpin(t->spool, &place[acknowledged++]);
	tank_fill(t, 1); /* so that the segment stays */
	reopen(t);
	tank_fill(t, 400);
	for (uint64_t i = sf_spool_gaps(t->spool, gap, GAPS); i--;) {
		assert_int_not_equal(gap[i].id, refused.id);
		if (!strcmp(gap[i].query, query))
			assert_true(lies_before(&gap[i], &refused) ||
				    lies_before(&refused, &gap[i]));
	}
	assert_true(sf_spool_base(t->spool) > telling.to.offset);
	for (size_t i = 0; i < t->spool->state.gaps.count; i++)
		assert_int_not_equal(t->spool->state.gaps.owed[i].gap.id,
				     refused.id); /* it is forgotten */
}

static void there_are_never_too_many_gaps(void **state)
{
	struct tank *t = *state;
	struct sf_spool_gap gap[GAPS];
	struct sf_spool_span place;
	uint64_t records = 0, count;

	for (uint64_t i = 0; i < 2000; i++) {
		uint64_t at;

		assert_true(tank_put(t, &place));
		if (i % 2) /* each other one is delivered: many small losses */
			continue;
		at = place.from.offset;
		assert_int_equal(tank_read(t, &at, &place), i);
		assert_int_equal(sf_spool_acknowledge(t->spool, &place), 0);
	}
	count = sf_spool_gaps(t->spool, gap, GAPS);
	assert_in_range(count, 200, 256);
	for (uint64_t i = 0; i < count; i++)
		records += gap[i].records;
	assert_int_equal(records, tank_lost(t).lines);
	reopen(t);
	assert_int_equal(sf_spool_gaps(t->spool, NULL, 0), count);
}

static void a_full_file_system_is_left_alone(void **state)
{
	struct tank *t = *state;
	struct sf_spool_span place;

	tank_fill(t, 20);
	tank_close(t);
	t->conf.keep_free = 1.0; /* more than there can be */
	t->conf.when_full = 1;
	tank_open(t);
	assert_false(tank_put(t, &place));
	assert_true(tank_counts(t).limit <= SIZE);
	tank_expect(t, 0, 20); /* what is there may stay */
}

#define spool_test(function) cmocka_unit_test_setup_teardown(function, setup, tank_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
		spool_test(the_oldest_go_and_the_gaps_name_exactly_them),
		spool_test(what_was_acknowledged_is_not_lost),
		spool_test(a_delivered_batch_parts_two_gaps),
		spool_test(a_segment_in_flight_stays),
		spool_test(when_all_is_in_flight_memory_holds_the_rest),
		spool_test(a_spool_that_drops_the_newest_refuses_them),
		spool_test(refused_batches_are_one_gap_until_one_is_taken),
		spool_test(a_gap_is_owed_until_the_batch_that_tells_of_it_is_acknowledged),
		spool_test(a_gap_whose_batch_is_lost_must_be_told_again),
		spool_test(a_gap_that_was_given_out_does_not_grow),
		spool_test(a_gap_that_has_arrived_is_not_spanned_by_another),
		spool_test(there_are_never_too_many_gaps),
		spool_test(a_full_file_system_is_left_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
