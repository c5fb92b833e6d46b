/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The room `filter`: regular expressions. What matches; that judging takes no memory; that hostile ones end at their limits and
 * then hold for nothing. A hang is ended by the alarm.
 */
#include <malloc.h>
#include <unistd.h>

#include "filters.h"

static struct facts named(const char *name)
{
	struct facts facts = {.header = {.family = 2, .state = SF_ESTABLISHED}, .has_shutdown = true, .has_cong = true};

	strcpy(facts.cong, name);
	return facts;
}

static void a_pattern_matches_anywhere_in_the_bytes(void **state)
{
	struct facts bbr = named("bbr2"), odd = named("a\xff\n"), none = {.header = {.family = 2, .state = SF_ESTABLISHED}};
	(void)state;

	assert_holds("tcp.congestion_control ~ \"^bbr\"", &bbr);
	assert_holds("tcp.congestion_control ~ bbr", &bbr);
	assert_holds("tcp.congestion_control ~ \"\\\\d$\"", &bbr);
	assert_holds("tcp.congestion_control ~ \"(?i)^BB\"", &bbr);
	assert_holds("tcp.congestion_control ~ \"^(cubic|bbr)\"", &bbr);
	assert_holds("tcp.congestion_control ~ \"(b)\\\\1\"", &bbr);
	assert_holds("tcp.congestion_control ~ \"\"", &bbr);
	assert_fails("tcp.congestion_control ~ \"^br\"", &bbr);
	assert_fails("tcp.congestion_control ~ \"BBR\"", &bbr);
	assert_fails("tcp.congestion_control !~ \"^bbr\"", &bbr);
	assert_holds("tcp.congestion_control !~ \"^br\"", &bbr);
	assert_holds("not tcp.congestion_control ~ \"^br\"", &bbr);
	/* bytes, not characters; the end is the end, not before a newline */
	assert_holds("tcp.congestion_control ~ \"^a[^a]\\\\n$\"", &odd);
	assert_fails("tcp.congestion_control ~ \"^a.$\"", &odd);
	/* absent: neither */
	assert_fails("tcp.congestion_control ~ \"\"", &none);
	assert_fails("tcp.congestion_control !~ \"x\"", &none);
	assert_holds("not tcp.congestion_control !~ \"x\"", &none);
}

static void what_gives_up_at_a_limit_holds_neither_way(void **state)
{
	struct facts a = named("aaaaaaaaaaaaaaa");
	(void)state;

	assert_fails("tcp.congestion_control ~ \"^((a|a|a)+)+[bc]\"", &a);
	assert_fails("tcp.congestion_control !~ \"^((a|a|a)+)+[bc]\"", &a);
	assert_holds("not tcp.congestion_control ~ \"^((a|a|a)+)+[bc]\"", &a);
	/* the next one has its room again */
	assert_holds("not tcp.congestion_control ~ \"^((a|a|a)+)+[bc]\" and tcp.congestion_control ~ \"^(a+)+$\"", &a);
	assert_fails("tcp.congestion_control ~ \"^(?:(a)(?R)?)*[bc]\"", &a);
}

static const char *const hostile[] = {
	"^(a+)+[bc]", "^(a|aa)+[bc]", "^((a|a|a)+)+[bc]", "(a*)*b|c", "(?:(?:a*)*)*[bc]$", "((((((a*)*)*)*)*)*)*[bc]", "(?R)?a[bc]",
	"^(?:a?){15}a{15}[bc]", "(?=(a+)+[bc])", "(?<=a|aa|aaa)[bc]|(.*)*\\\\1[bc]", "(?:a{0,60000}){0,9}[bc]", "(?:(?:a{0,99}){0,99}){0,3}[bc]",
	"(a)(b)?(c)?(d)?(e)?(f)?(g)?(h)?(i)?(j)?(k)?(l)?(m)?(n)?(o)?(p)?((?R)|a)*[bc]", "(?|(a)|(a)|(a))+[bc]", "(*COMMIT)a+(*SKIP)[bc]",
	"(?(R)a|(?R))", "(?:.*){50}[bc]", "(.*)(.*)(.*)(.*)(.*)(.*)(.*)(.*)[bc]\\\\8", "(?:(?=.*a)(?=.*a)(?=.*a)a*)*[bc]", "(a++|a)*+[bc]", "(?C1)a*[bc]",
	"(?1)(a(?1)?)[bc]"};

static void judging_takes_no_memory_whatever_the_pattern(void **state)
{
	(void)state;

	for (size_t i = 0; i < SF_COUNT(hostile); i++) {
		struct facts facts = named("aaaaaaaaaaaaaaa"), other = named("abcabc");
		sf_cleanup(sf_buf_finish) struct sf_buf text = {0};
		struct answer answers[2];
		struct mallinfo2 before, after;
		struct sf_filter *filter;
		char *said;
		bool holds = false;

		sf_buf_format(&text, "tcp.congestion_control ~ \"%s\" or tcp.congestion_control !~ \"x%s\"", hostile[i], hostile[i]);
		filter = filter_try(text.data, text.length, &said);
		if (!filter)
			fail_msg("%s", said);
		free(said);
		answer_make(&answers[0], &facts);
		answer_make(&answers[1], &other);
		alarm(60);
		before = mallinfo2();
		for (unsigned round = 0; round < 100; round++)
			holds = sf_filter_judge(filter, &answers[round % 2].view) || holds;
		after = mallinfo2();
		alarm(0);
		assert_int_equal(before.uordblks, after.uordblks);
		assert_int_equal(before.hblkhd, after.hblkhd);
		assert_int_equal(before.arena, after.arena);
		sf_filter_free(filter);
	}
}

/* A text of 64 KiB that is full of one pattern. */
static void fill(struct sf_buf *text, const char *pattern)
{
	text->length = 0;
	while (text->length + strlen(pattern) + 40 < 65536)
		sf_buf_format(text, "%stcp.congestion_control ~ \"%s\"", text->length ? " or " : "", pattern);
}

static void patterns_that_grow_are_refused_before_they_take_the_host(void **state)
{
	static const char *const growing[] = {"(?:ab){9999}", "(?:(?:[ab]c){99}){99}", "(?:\\\\p{Lu}|[^a-z]){900}", "((((((a{9}){9}){9}){9}){3})",
					      "[a-y]{0,65535}(?:x[0-9]){2000}"};
	sf_cleanup(sf_buf_finish) struct sf_buf text = {0};
	(void)state;

	alarm(60);
	for (size_t i = 0; i < SF_COUNT(growing); i++) {
		struct mallinfo2 before = mallinfo2(), after;
		char *said;

		fill(&text, growing[i]);
		assert_null(filter_try(text.data, text.length, &said));
		if (!strstr(said, "more than 1 MiB") && !strstr(said, "in the regular expression"))
			fail_msg("%s", said);
		free(said);
		after = mallinfo2();
		assert_true(after.arena + after.hblkhd <= before.arena + before.hblkhd + (64u << 20));
	}
	alarm(0);
}

static void a_pattern_is_1024_bytes_long_at_most(void **state)
{
	sf_cleanup(sf_buf_finish) struct sf_buf text = {0};
	struct sf_filter *filter;
	char *said;
	(void)state;

	sf_buf_text(&text, "tcp.congestion_control ~ ");
	for (unsigned i = 0; i < 1024; i++)
		sf_buf_text(&text, "a");
	filter = filter_make(text.data);
	sf_filter_free(filter);
	sf_buf_text(&text, "a");
	assert_null(filter_try(text.data, text.length, &said));
	assert_non_null(strstr(said, "at most 1024 bytes long, this has 1025"));
	free(said);
}

static void no_pattern_breaks_out_of_bytes_or_limits(void **state)
{
	static const char *const texts[] = {"(*UTF)a", "(*UCP)a", "\\\\C", "(*LIMIT_MATCH=x)a"};
	char text[128];
	(void)state;

	for (size_t i = 0; i < SF_COUNT(texts); i++) {
		snprintf(text, sizeof(text), "tcp.congestion_control ~ \"%s\"", texts[i]);
		assert_null(filter_try(text, strlen(text), NULL));
	}
	/* a limit of its own can only be lower */
	struct facts a = named("aaaaaaaaaaaaaaa");
	assert_fails("tcp.congestion_control ~ \"(*LIMIT_MATCH=1000000000)(*LIMIT_DEPTH=1000000)^((a|a|a)+)+[bc]\"", &a);
	assert_fails("tcp.congestion_control !~ \"(*LIMIT_MATCH=1000000000)(*LIMIT_DEPTH=1000000)^((a|a|a)+)+[bc]\"", &a);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_pattern_matches_anywhere_in_the_bytes),
		cmocka_unit_test(what_gives_up_at_a_limit_holds_neither_way),
		cmocka_unit_test(judging_takes_no_memory_whatever_the_pattern),
		cmocka_unit_test(patterns_that_grow_are_refused_before_they_take_the_host),
		cmocka_unit_test(a_pattern_is_1024_bytes_long_at_most),
		cmocka_unit_test(no_pattern_breaks_out_of_bytes_or_limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
