/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The room `filter`: what a state means, alone, under `not`, gathered, and what is asked of the kernel for it.
 */
#include "filters.h"

#define BIT(state) (1u << (state))
#define ALL (BIT(1) | BIT(2) | BIT(3) | BIT(4) | BIT(5) | BIT(6) | BIT(8) | BIT(9) | BIT(10) | BIT(11) | BIT(13))
#define USUAL (ALL & ~(BIT(SF_LISTEN) | BIT(SF_BOUND_INACTIVE) | BIT(SF_TIME_WAIT) | BIT(SF_SYN_RECV)))

/* Sets written out by hand from ss's manual: the filter's own table is not consulted. */
static const struct {
	const char *name;
	uint32_t set;
} states[] = {
	{"established", BIT(1)}, {"syn-sent", BIT(2)}, {"syn-recv", BIT(3)}, {"fin-wait-1", BIT(4)},
	{"fin-wait-2", BIT(5)}, {"time-wait", BIT(6)}, {"close-wait", BIT(8)}, {"last-ack", BIT(9)},
	{"listening", BIT(10)}, {"closing", BIT(11)}, {"bound-inactive", BIT(13)}, {"all", ALL},
	{"connected", ALL & ~(BIT(10) | BIT(13))}, {"synchronized", ALL & ~(BIT(10) | BIT(13) | BIT(2))},
	{"bucket", BIT(3) | BIT(6)}, {"big", ALL & ~(BIT(3) | BIT(6))},
};

static uint32_t asked(const char *text)
{
	struct sf_filter *filter = filter_make(text);
	struct sf_needs needs;

	sf_filter_needs(filter, SF_TABLE_TCP, &needs);
	sf_filter_free(filter);
	return needs.states;
}

/* The set of states in which the judge lets a socket with port 80 pass. */
static uint32_t judged_set(const char *text)
{
	struct sf_filter *filter = filter_make(text);
	struct facts facts = {.header = {.family = 2, .sport = htobe16(80)}};
	struct answer answer;
	uint32_t set = 0;

	for (uint8_t state = 1; state <= SF_CLOSING; state++) {
		facts.header.state = state;
		answer_make(&answer, &facts);
		if (sf_filter_judge(filter, &answer.view))
			set |= state == SF_CLOSE ? BIT(SF_BOUND_INACTIVE) : BIT(state);
	}
	sf_filter_free(filter);
	return set;
}

static void assert_sets(const char *text, uint32_t expected)
{
	uint32_t request = asked(text), judge = judged_set(text);

	if (request != expected || judge != expected)
		fail_msg("%s: expected %04x, asked %04x, judged %04x", text, expected, request, judge);
}

static void every_state_and_group_is_its_set_and_not_the_rest(void **state)
{
	char text[128];
	(void)state;

	for (size_t i = 0; i < SF_COUNT(states); i++) {
		const char *name = states[i].name;

		snprintf(text, sizeof(text), "state %s", name);
		assert_sets(text, states[i].set);
		snprintf(text, sizeof(text), "state = %s", name);
		assert_sets(text, states[i].set);
		snprintf(text, sizeof(text), "( state %s )", name);
		assert_sets(text, states[i].set);
		snprintf(text, sizeof(text), "state %s and sport = :80", name);
		assert_sets(text, states[i].set);
		if (states[i].set == ALL)
			continue;
		snprintf(text, sizeof(text), "not state %s", name);
		assert_sets(text, ALL & ~states[i].set);
		snprintf(text, sizeof(text), "state != %s", name);
		assert_sets(text, ALL & ~states[i].set);
		snprintf(text, sizeof(text), "exclude %s", name);
		assert_sets(text, ALL & ~states[i].set);
	}
}

/* The meaning of combinations, decided here. */
static void combinations_mean_what_this_table_says(void **state)
{
	static const struct {
		const char *text;
		uint32_t asked, judged; /* judged: with sport 80 */
	} table[] = {
		{"", USUAL, USUAL},
		{"sport = :80", USUAL, USUAL},
		{"not sport = :81", USUAL, USUAL},
		{"state established state listening", BIT(1) | BIT(10), BIT(1) | BIT(10)},
		{"state connected exclude syn-sent", ALL & ~(BIT(10) | BIT(13) | BIT(2)), ALL & ~(BIT(10) | BIT(13) | BIT(2))},
		{"exclude listening exclude time-wait", ALL & ~(BIT(10) | BIT(6)), ALL & ~(BIT(10) | BIT(6))},
		{"exclude listening state listening", ALL, ALL},
		{"state LISTENING", BIT(10), BIT(10)},
		{"state syn-rcv", BIT(3), BIT(3)},
		/* clauses bind the whole rest, unless `or` follows */
		{"state established sport = :80 or sport = :81", BIT(1), BIT(1)},
		{"state established or sport = :81", ALL, BIT(1)},
		{"state established or sport = :80", ALL, ALL},
		{"state established state listening or sport = :81", ALL, BIT(1) | BIT(10)},
		{"exclude established or sport = :81", ALL, ALL & ~BIT(1)},
		{"state connected and state synchronized", ALL & ~(BIT(10) | BIT(13) | BIT(2)), ALL & ~(BIT(10) | BIT(13) | BIT(2))},
		{"sport = :80 state listening", BIT(10), BIT(10)},
		/* not of what is no pure state may hold anywhere */
		{"not (state established and sport = :80)", ALL, ALL & ~BIT(1)},
		{"not (state established or sport = :80)", ALL, 0},
		{"not (state established or state listening)", ALL & ~(BIT(1) | BIT(10)), ALL & ~(BIT(1) | BIT(10))},
		{"not not state listening", BIT(10), BIT(10)},
		{"(state established and sport = :80) or (state listening and sport = :81)", BIT(1) | BIT(10), BIT(1)},
		/* always and never are states too: all and none */
		{"dport >= 0", USUAL, USUAL},
		{"src *", USUAL, USUAL},
		{"state listening or dport < 0", BIT(10), BIT(10)},
		{"state listening and (dport >= 0 or sport = :81)", BIT(10), BIT(10)},
		{"tcp.rtt_us > 4294967295 or state listening", BIT(10), BIT(10)},
	};
	(void)state;

	for (size_t i = 0; i < SF_COUNT(table); i++) {
		uint32_t request = asked(table[i].text), judge = judged_set(table[i].text);

		if (request != table[i].asked || judge != table[i].judged)
			fail_msg("%s: expected %04x %04x, asked %04x, judged %04x", table[i].text, table[i].asked,
				 table[i].judged, request, judge);
	}
}

/* ---- random expressions of states alone, against an evaluator that knows one state at a time ---- */

struct text {
	char bytes[2048];
	size_t length;
};

static void say(struct text *text, const char *word)
{
	text->length += (size_t)snprintf(text->bytes + text->length, sizeof(text->bytes) - text->length, "%s", word);
}

/* Writes an expression and returns the set in which it holds. */
static uint32_t expression(uint64_t *random, struct text *text, unsigned depth)
{
	unsigned kind = depth ? pick(random, 5) : 0, parts = 2 + pick(random, 2);
	size_t name = pick(random, SF_COUNT(states));
	uint32_t set, part;

	switch (kind) {
	case 1:
		say(text, pick(random, 2) ? "not (" : "! ( ");
		set = ALL & ~expression(random, text, depth - 1);
		say(text, ")");
		return set;
	case 2:
	case 3:
		set = kind == 2 ? ALL : 0;
		say(text, "(");
		while (parts--) {
			part = expression(random, text, depth - 1);
			set = kind == 2 ? set & part : set | part;
			say(text, !parts ? ")" : kind == 3 ? " or " : pick(random, 2) ? " and " : " ");
		}
		return set;
	}
	set = states[name].set;
	if (!pick(random, 4))
		set = ALL & ~set;
	say(text, set == states[name].set ? "state = " : "state != ");
	say(text, states[name].name);
	return set;
}

static void pure_state_expressions_are_asked_for_exactly(void **state)
{
	uint64_t random = seed();
	unsigned held = 0, never = 0;
	(void)state;

	for (unsigned i = 0; i < 3000; i++) {
		struct text text = {.length = 0};
		uint32_t set = expression(&random, &text, 4);

		if (set) {
			assert_sets(text.bytes, set);
			held++;
		} else {
			char *said;

			if (filter_try(text.bytes, text.length, &said) || !strstr(said, "can never hold"))
				fail_msg("%s: %s", text.bytes, said);
			free(said);
			never++;
		}
	}
	assert_true(held > 1000 && never > 50); /* both were really tried */
}

/* A reply whose state no name knows: the kernel would have to be newer than we. */
static void a_state_without_a_name_is_in_no_set(void **state)
{
	struct facts facts = {.header = {.family = 2, .state = 17}};
	(void)state;

	assert_fails("state all", &facts);
	assert_fails("state != established or dport = 0", &facts);
}

/* Whatever number of a state comes, also those that no kernel sends, with all attributes and without any. */
static void a_field_that_is_there_is_never_in_a_state_that_its_filter_does_not_ask_for(void **state)
{
	static const uint8_t bytes[sizeof(struct sf_tcp_info)] = {[5] = 0xff, [6] = 0xff, [72] = 1, [168] = 1, [200] = 1};
	struct sf_filter *all = filter_make("state all"), *has[SF_FIELD_COUNT];
	unsigned seen = 0;

	(void)state;
	for (unsigned id = 0; id < SF_FIELD_COUNT; id++) {
		struct sf_buf text = {0};

		has[id] = NULL;
		if (!(sf_fields[id].tables & 1u << SF_TABLE_TCP))
			continue;
		sf_buf_format(&text, "state all and has %s", sf_fields[id].name);
		has[id] = filter_make(text.data);
		sf_buf_finish(&text);
	}
	for (unsigned number = 0; number < 512; number++) {
		struct facts facts = {.header = {.family = 10, .state = (uint8_t)number, .inode = 1, .timer = 1}};
		struct answer answer;
		struct sf_value value;

		answer_make(&answer, &facts);
		for (uint16_t part = 1; number & 256 && part < SF_PART_ULP; part++)
			answer_add(&answer, part, bytes, part == SF_PART_INFO ? sizeof(bytes) : 32);
		answer.view = (struct sf_view){.table = SF_TABLE_TCP, .release = 0x061200};
		assert_int_equal(sf_view_index(&answer.view, answer.bytes, answer.length), 0);
		for (unsigned id = 0; id < SF_FIELD_COUNT; id++) {
			bool there = sf_field_read(&sf_fields[id], &answer.view, &value) == SF_PRESENT;

			if (!has[id]) {
				assert_false(there);
				continue;
			}
			if (sf_filter_judge(has[id], &answer.view) != (there && sf_filter_judge(all, &answer.view)))
				fail_msg("state %u%s: has %s", number & 255, number & 256 ? ", all attributes" : "",
					 sf_fields[id].name);
			seen += there;
		}
	}
	assert_true(seen > 10000);
	for (unsigned id = 0; id < SF_FIELD_COUNT; id++)
		sf_filter_free(has[id]);
	sf_filter_free(all);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_state_and_group_is_its_set_and_not_the_rest),
		cmocka_unit_test(combinations_mean_what_this_table_says),
		cmocka_unit_test(pure_state_expressions_are_asked_for_exactly),
		cmocka_unit_test(a_state_without_a_name_is_in_no_set),
		cmocka_unit_test(a_field_that_is_there_is_never_in_a_state_that_its_filter_does_not_ask_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
