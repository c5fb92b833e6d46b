/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The room `filter` against an evaluator that knows nothing of it: random expressions, written in random spellings, over random
 * sockets. Both agree; a normal form parses to itself and means the same; what is asked for suffices.
 */
#include "expressions.h"

#define FILTERS 10000
#define SOCKETS 40

static void judge_agrees(const struct sf_filter *filter, const char *text, const struct expr *e, const struct facts *facts,
			 unsigned *held)
{
	struct sf_needs needs;
	struct answer answer;

	sf_filter_needs(filter, SF_TABLE_TCP, &needs);
	for (unsigned i = 0; i < SOCKETS; i++) {
		bool expected = evaluate(e, &facts[i]);

		answer_make(&answer, &facts[i]);
		if (sf_filter_judge(filter, &answer.view) != expected)
			fail_msg("socket %u in state %u should be %d for\n%s", i, facts[i].header.state, expected, text);
		if (expected && !(needs.states & BIT(facts[i].header.state == SF_CLOSE ? SF_BOUND_INACTIVE : facts[i].header.state)))
			fail_msg("state %u is not asked for by\n%s", facts[i].header.state, text);
		*held += expected;
	}
}

static void the_judge_agrees_and_the_normal_form_is_one(void **state)
{
	struct draft d = {.random = seed()};
	unsigned never = 0, held = 0;
	(void)state;

	for (unsigned i = 0; i < FILTERS; i++) {
		struct facts facts[SOCKETS];
		struct sf_filter *filter, *again;
		char *said, *form, *form_again;
		struct expr *e;

		d.arena = sf_arena_new();
		e = draw_filter(&d);
		for (unsigned j = 0; j < SOCKETS; j++)
			facts[j] = draw_facts(&d.random);
		filter = filter_try(d.text.data, d.text.length, &said);
		if (!filter) { /* the one error that a well-formed text may have: then it must be true */
			if (!strstr(said, "can never hold"))
				fail_msg("\n%s", said);
			for (unsigned j = 0; j < SOCKETS; j++)
				assert_false(evaluate(e, &facts[j]));
			never++;
		} else {
			judge_agrees(filter, d.text.data, e, facts, &held);
			form = normal(filter);
			again = filter_make(form);
			form_again = normal(again);
			assert_string_equal(form, form_again);
			judge_agrees(again, form, e, facts, &held);
			sf_filter_free(again);
			free(form);
			free(form_again);
		}
		free(said);
		sf_filter_free(filter);
		sf_arena_free(d.arena);
	}
	sf_buf_finish(&d.text);
	/* neither nearly all nor nearly none: the property was put to the test */
	assert_in_range(held, FILTERS * SOCKETS / 10, FILTERS * SOCKETS);
	assert_in_range(never, 1, FILTERS / 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_judge_agrees_and_the_normal_form_is_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
