/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The room `base`: complaints stand where the user made the mistake, in the order of the file, each
 * once.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <sockfeed/base.h>

static struct sf_text file_text(const char *name, const char *text)
{
	return (struct sf_text){.name = name, .text = text, .length = strlen(text)};
}

static struct sf_text inner_text(const char *text)
{
	return (struct sf_text){.name = "sockfeed.yaml",
				.line = 14,
				.column = 13,
				.within = "the filter of \"slow_https\"",
				.text = text,
				.length = strlen(text)};
}

/* About the first place of `what` in the text. */
static void complain(struct sf_complaints *complaints, const struct sf_text *text, const char *what,
		     const char *hint, const char *message)
{
	const char *at = strstr(text->text, what);

	assert_non_null(at);
	sf_complain(complaints, text, (size_t)(at - text->text), strlen(what), hint, "%s", message);
}

static void assert_printed(struct sf_complaints *complaints, const char *expected)
{
	sf_cleanup(sf_free_p) char *printed = NULL;
	size_t length;
	FILE *file = open_memstream(&printed, &length);

	sf_complaints_print(complaints, file);
	fclose(file);
	assert_string_equal(printed, expected);
	sf_complaints_free(complaints);
}

static void a_complaint_shows_the_line_a_caret_and_a_hint(void **state)
{
	struct sf_complaints *complaints = sf_complaints_new();
	struct sf_text text = file_text("sockfeed.yaml", "queries:\n  a:\n  intervall: 10s\n");

	(void)state;
	complain(complaints, &text, "intervall", "did you mean \"interval\"?",
		 "unknown key \"intervall\"");
	assert_int_equal(sf_complaints_errors(complaints), 1);
	assert_int_equal(sf_complaints_warnings(complaints), 0);
	assert_printed(complaints, "sockfeed.yaml:3:3: error: unknown key \"intervall\"\n"
				   "    intervall: 10s\n"
				   "    ^^^^^^^^^\n"
				   "  did you mean \"interval\"?\n");
}

static void complaints_are_sorted_by_file_and_place(void **state)
{
	struct sf_complaints *complaints = sf_complaints_new();
	struct sf_text z = file_text("z.yaml", "one\ntwo three\n");
	struct sf_text a = file_text("a.yaml", "four\n");

	(void)state;
	complain(complaints, &z, "three", NULL, "third");
	complain(complaints, &a, "four", NULL, "fourth");
	complain(complaints, &z, "two", NULL, "second");
	sf_warn(complaints, &z, 0, 3, NULL, "first");
	assert_int_equal(sf_complaints_errors(complaints), 3);
	assert_int_equal(sf_complaints_warnings(complaints), 1);
	assert_printed(complaints, "z.yaml:1:1: warning: first\n    one\n    ^^^\n"
				   "z.yaml:2:1: error: second\n    two three\n    ^^^\n"
				   "z.yaml:2:5: error: third\n    two three\n        ^^^^^\n"
				   "a.yaml:1:1: error: fourth\n    four\n    ^^^^\n");
}

static void a_text_inside_a_file_says_both_places(void **state)
{
	struct sf_complaints *complaints = sf_complaints_new();
	struct sf_text lines = inner_text("state established\nand foo = 1\n");
	struct sf_text line = inner_text("foo = 1\n");

	(void)state;
	complain(complaints, &lines, "foo", NULL, "unknown field");
	assert_printed(complaints, "sockfeed.yaml:14:13: error: in the filter of \"slow_https\", "
				   "line 2, column 5: unknown field\n"
				   "    and foo = 1\n"
				   "        ^^^\n");

	complaints = sf_complaints_new();
	complain(complaints, &line, "1", NULL, "no number");
	assert_printed(complaints, "sockfeed.yaml:14:13: error: in the filter of \"slow_https\", "
				   "column 7: no number\n"
				   "    foo = 1\n"
				   "          ^\n");
}

static void a_text_that_stands_in_its_file_is_shown_in_its_line(void **state)
{
	struct sf_complaints *complaints = sf_complaints_new();
	struct sf_text file = file_text("sockfeed.yaml", "a: 1\n  outputs: [one, \"two\"]\n");
	struct sf_text item = {.name = "sockfeed.yaml",
			       .line = 2,
			       .column = 18,
			       .text = "two",
			       .length = 3,
			       .file = &file,
			       .at = 23};

	(void)state;
	complain(complaints, &item, "wo", NULL, "no output");
	item.within = "the filter of \"a\"";
	complain(complaints, &item, "two", NULL, "no filter");
	assert_printed(complaints, "sockfeed.yaml:2:18: error: in the filter of \"a\", column 1: "
				   "no filter\n"
				   "    two\n"
				   "    ^^^\n"
				   "sockfeed.yaml:2:20: error: no output\n"
				   "    outputs: [one, \"two\"]\n"
				   "                     ^^\n");
}

static void complaints_inside_one_text_are_sorted_by_their_inner_place(void **state)
{
	struct sf_complaints *complaints = sf_complaints_new();
	struct sf_text text = inner_text("a b");

	(void)state;
	complain(complaints, &text, "b", NULL, "second");
	complain(complaints, &text, "a", NULL, "first");
	assert_printed(
		complaints,
		"sockfeed.yaml:14:13: error: in the filter of \"slow_https\", column 1: first\n"
		"    a b\n    ^\n"
		"sockfeed.yaml:14:13: error: in the filter of \"slow_https\", column 3: second\n"
		"    a b\n      ^\n");
}

static void a_text_without_a_name_is_the_message_alone(void **state)
{
	struct sf_complaints *complaints = sf_complaints_new();
	struct sf_text text = file_text("", "sport = x");

	(void)state;
	complain(complaints, &text, "x", NULL, "no port");
	assert_printed(complaints, "error: no port\n    sport = x\n            ^\n");
}

static void a_file_that_cannot_be_read_has_no_line(void **state)
{
	struct sf_complaints *complaints = sf_complaints_new();
	struct sf_text text = {.name = "gone.yaml"};
	struct sf_text key = {.name = "gone.yaml", .line = 3, .column = 7};

	(void)state;
	sf_complain(complaints, &key, 0, 0, NULL, "no text here");
	sf_complain(complaints, &text, 0, 0, "give another by -c", "no such file");
	assert_printed(complaints, "gone.yaml: error: no such file\n  give another by -c\n"
				   "gone.yaml:3:7: error: no text here\n");
}

static void the_same_complaint_stands_once(void **state)
{
	struct sf_complaints *complaints = sf_complaints_new();
	struct sf_text text = file_text("f", "aa aa");
	struct sf_text inside = {"f", 9, 9, NULL, "aa", 2};

	(void)state;
	for (int i = 0; i < 3; i++) {
		sf_complain(complaints, &text, 0, 2, NULL, "wrong %d", 1);
		sf_complain(complaints, &text, 3, 2, NULL, "wrong %d", 1);
	}
	sf_complain(complaints, &text, 0, 2, NULL, "wrong %d", 2);
	sf_complain(complaints, &inside, 0, 2, NULL, "wrong %d", 2);
	assert_int_equal(sf_complaints_errors(complaints), 4);
	assert_printed(complaints, "f:1:1: error: wrong 1\n    aa aa\n    ^^\n"
				   "f:1:1: error: wrong 2\n    aa aa\n    ^^\n"
				   "f:1:4: error: wrong 1\n    aa aa\n       ^^\n"
				   "f:9:9: error: wrong 2\n    aa\n    ^^\n");
}

static void a_column_is_a_character_and_the_excerpt_is_safe_to_show(void **state)
{
	struct sf_complaints *complaints = sf_complaints_new();
	struct sf_text text = file_text(
		"f", "\t\xc3\xa4\xe2\x82\xac\x1b[1m\xff\xc2\x9b\tx\xc3\xa4y = 1\r\nnext\r\n");

	(void)state;
	complain(complaints, &text, "x\xc3\xa4y", "say\nthis\x1b", "bad \x1b name\n");
	assert_printed(complaints, "f:1:11: error: bad ? name?\n"
				   "    \xc3\xa4\xe2\x82\xac?[1m?? x\xc3\xa4y = 1\n"
				   "             ^^^\n"
				   "  say\n  this?\n");
}

static void what_is_missing_at_the_end_is_shown_behind_the_last_line(void **state)
{
	struct sf_complaints *complaints = sf_complaints_new();
	struct sf_text text = file_text("f", "a = 1\nb =\n\n");
	struct sf_text empty = file_text("g", "");

	(void)state;
	sf_complain(complaints, &text, text.length, 0, NULL, "a value is missing");
	sf_complain(complaints, &empty, 5, 5, NULL, "nothing");
	assert_printed(complaints, "f:2:4: error: a value is missing\n    b =\n       ^\n"
				   "g:1:1: error: nothing\n    \n    ^\n");
}

static void carets_end_with_their_line(void **state)
{
	struct sf_complaints *complaints = sf_complaints_new();
	struct sf_text text = file_text("f", "(one\ntwo)\n");

	(void)state;
	sf_complain(complaints, &text, 0, 8, NULL, "long");
	assert_printed(complaints, "f:1:1: error: long\n    (one\n    ^^^^\n");
}

static void a_long_line_is_cut_around_the_caret(void **state)
{
	for (size_t at = 0; at < 400; at += 7) {
		sf_cleanup(sf_complaints_free_p) struct sf_complaints *complaints =
			sf_complaints_new();
		sf_cleanup(sf_free_p) char *printed = NULL;
		char line[401], *excerpt, *carets, *end;
		struct sf_text text = {.name = "f", .text = line, .length = 400};
		size_t length;
		FILE *file = open_memstream(&printed, &length);

		(void)state;
		memset(line, '.', 400);
		line[400] = '\0';
		memcpy(line + at, "!!", at < 399 ? 2 : 1);
		sf_complain(complaints, &text, at, 2, NULL, "here");
		sf_complaints_print(complaints, file);
		fclose(file);
		excerpt = strchr(printed, '\n') + 1;
		carets = strchr(excerpt, '\n') + 1;
		end = strchr(carets, '\n');
		assert_true(carets - excerpt <= 4 + 96 + 6 + 1);
		for (char *c = carets; c < end; c++)
			assert_int_equal(*c == '^', excerpt[c - carets] == '!');
		assert_true(memchr(carets, '^', (size_t)(end - carets)));
	}
}

static void a_flood_is_counted_and_not_kept(void **state)
{
	struct sf_complaints *complaints = sf_complaints_new();
	sf_cleanup(sf_free_p) char *printed = NULL;
	struct sf_text text = file_text("f", "x");
	size_t length;
	FILE *file = open_memstream(&printed, &length);

	(void)state;
	for (int i = 0; i < 1500; i++)
		sf_complain(complaints, &text, 0, 1, NULL, "number %d", i);
	assert_int_equal(sf_complaints_errors(complaints), 1500);
	sf_complaints_print(complaints, file);
	fclose(file);
	assert_non_null(strstr(printed, "error: number 999\n"));
	assert_null(strstr(printed, "error: number 1000\n"));
	assert_non_null(strstr(printed, "\nand 500 more\n"));
	sf_complaints_free(complaints);
}

static void the_texts_may_go_before_the_complaints(void **state)
{
	struct sf_complaints *complaints = sf_complaints_new();
	char *name = sf_strdup("f"), *content = sf_strdup("text"), *hint = sf_strdup("hint");
	struct sf_text text = file_text(name, content);

	(void)state;
	sf_complain(complaints, &text, 0, 4, hint, "gone");
	free(name);
	free(content);
	free(hint);
	assert_printed(complaints, "f:1:1: error: gone\n    text\n    ^^^^\n  hint\n");
	sf_complaints_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_complaint_shows_the_line_a_caret_and_a_hint),
		cmocka_unit_test(complaints_are_sorted_by_file_and_place),
		cmocka_unit_test(a_text_inside_a_file_says_both_places),
		cmocka_unit_test(a_text_that_stands_in_its_file_is_shown_in_its_line),
		cmocka_unit_test(complaints_inside_one_text_are_sorted_by_their_inner_place),
		cmocka_unit_test(a_text_without_a_name_is_the_message_alone),
		cmocka_unit_test(a_file_that_cannot_be_read_has_no_line),
		cmocka_unit_test(the_same_complaint_stands_once),
		cmocka_unit_test(a_column_is_a_character_and_the_excerpt_is_safe_to_show),
		cmocka_unit_test(what_is_missing_at_the_end_is_shown_behind_the_last_line),
		cmocka_unit_test(carets_end_with_their_line),
		cmocka_unit_test(a_long_line_is_cut_around_the_caret),
		cmocka_unit_test(a_flood_is_counted_and_not_kept),
		cmocka_unit_test(the_texts_may_go_before_the_complaints),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
