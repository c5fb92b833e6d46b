/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The room `config`: what YAML knows and we do not, encodings, and limits. Nothing that a file of a megabyte says takes
 * long: the tests' time-out is the only clock.
 */
#include <limits.h>

#include <sockfeed/host.h>

#include "configs.h"

enum { MEBIBYTE = 1 << 20 };

/* ---- what YAML knows and we do not ---- */

static void anchors_aliases_and_tags_are_errors_that_say_to_quote(void **state)
{
	static const char *const signs[] = {"&a x", "*a", "!secret x", "!!str x", "!<tag:x> y"};
	char text[256], hint[64];

	(void)state;
	for (size_t i = 0; i < SF_COUNT(signs); i++) {
		snprintf(text, sizeof(text), REST "host:\n  name: %s\n", signs[i]);
		snprintf(hint, sizeof(hint), "put it in quotes: YAML reads a leading %c itself", signs[i][0]);
		assert_one_error(text, hint);
		snprintf(text, sizeof(text), REST "host:\n  name: '%s'\n", signs[i]);
		READING r = read_good(text);
		assert_string_equal(r.config->host.name, signs[i]);
	}
	assert_one_error(REST "host: &a { name: x }\n", "no anchors here");
	assert_one_error(REST "host: !x { name: x }\n", "no tags here");
	assert_one_error(REST "host: { labels: !x [] }\n", "no tags here");
	assert_one_error(REST "host: { &a name: x }\n", "no anchors here");
	assert_one_error("--- &a\n" REST, "no anchors here");
}

static void a_sign_alone_is_an_error_that_says_to_quote(void **state)
{
	(void)state;
	assert_one_error(REST "host: { name: * }\n", "put it in quotes: YAML reads a leading * itself");
	assert_one_error(REST "host: { name: & }\n", "put it in quotes: YAML reads a leading & itself");
	assert_one_error(REST "host: { name: %h }\n", "put it in quotes: YAML reads a leading % @ ` itself");
	assert_one_error(REST "host: { name: @h }\n", "put it in quotes: YAML reads a leading % @ ` itself");
}

static void a_key_stands_once(void **state)
{
	(void)state;
	assert_said(REST "host: { name: a, id: b, name: c }\n",
		    "sockfeed.yaml:4:25: error: \"name\" stands already in line 4\n"
		    "    host: { name: a, id: b, name: c }\n"
		    "                            ^^^^\n"
		    "  remove one of them\n");
	assert_one_error(REST "host: { labels: { a: 1, \"a\": 2, 'b': 3 } }\n", "\"a\" stands already in line 4");
	assert_one_error(REST "version: 1\n", "\"version\" stands already in line 1");
	/* Each but the first, in the order of the file. */
	READING r = read_text(REST "host: { name: a, name: b, name: c }\n");
	assert_int_equal(sf_complaints_errors(r.complaints), 2);
}

static void a_key_is_a_word(void **state)
{
	(void)state;
	assert_one_error(REST "? [a, b]\n: c\n", "a key is a word");
	assert_one_error(REST "host: { ? { a: b } : c }\n", "a key is a word");
	assert_one_error(REST "host: { \"na\\0me\": c }\n", "there is a NUL character in it");
}

static void only_true_and_false_are_truths(void **state)
{
	static const char *const words[] = {"yes", "no", "on", "off", "True", "FALSE", "y", "1", "0", "t"};
	char text[256];

	(void)state;
	for (size_t i = 0; i < SF_COUNT(words); i++) {
		snprintf(text, sizeof(text), REST "schedule: { align: %s }\n", words[i]);
		assert_one_error(text, "write true or false");
	}
}

static void one_file_is_one_document(void **state)
{
	READING first = read_good("---\n" REST "...\n");
	READING two = read_text(REST "---\n" REST);
	READING empty = read_text("---\n---\n" REST);

	(void)state;
	assert_int_equal(first.config->queries, 1);
	assert_int_equal(sf_complaints_errors(two.complaints), 1);
	assert_non_null(
		strstr(two.said, "sockfeed.yaml:4:1: error: a second document begins here\n    ---\n    ^^^\n"));
	assert_int_equal(two.config->queries, 1);
	assert_int_equal(sf_complaints_errors(empty.complaints), 1);
	assert_one_error(REST "...\nhost: {}\n", "one file is one document");
}

static void a_file_that_says_nothing_is_an_error(void **state)
{
	static const char *const texts[] = {"",	   "\n\n",   "# a comment\n", "---\n",
					    "~\n", "null\n", "\xef\xbb\xbf",  "\xef\xbb\xbf# x\n"};

	(void)state;
	for (size_t i = 0; i < SF_COUNT(texts); i++)
		assert_said(texts[i], "sockfeed.yaml: error: nothing is written in this file\n"
				      "  begin with `version: 1`\n");
	assert_one_error("sockfeed\n", "a configuration is a map of sections");
	assert_one_error("[version, 1]\n", "a configuration is a map of sections");
	assert_one_error("''\n", "a configuration is a map of sections");
}

static void what_is_missing_is_said_of_the_file(void **state)
{
	(void)state;
	assert_said("{}\n", "sockfeed.yaml: error: the configuration has no version\n"
			    "  begin with `version: 1`\n"
			    "sockfeed.yaml: error: the configuration has no queries\n"
			    "  write at least one under `queries:`\n");
	assert_one_error("version: 1\n" OUTPUTS "queries:\n", "there is no query in it");
	assert_one_error("version: 1\n" OUTPUTS "queries: {}\n", "there is no query in it");
	assert_one_error("version:\n" QUERIES OUTPUTS, "\"version\" has no value");
	assert_one_error("version: 0\n" QUERIES OUTPUTS,
			 "0 is too small for \"version\"\n    version: 0\n             ^\n  write 1\n");
}

static void a_file_that_cannot_be_read_is_said_without_a_place(void **state)
{
	READING missing = read_file("missing.yaml");
	READING folder = read_file("/");

	(void)state;
	assert_string_equal(missing.said,
			    "missing.yaml: error: the configuration cannot be opened: No such file or directory\n"
			    "  -c FILE names another one\n");
	assert_string_equal(folder.said, "/: error: the configuration is a directory\n"
					 "  -c FILE names another one\n");
	if (geteuid() == 0)
		return;
	put_text("closed.yaml", REST);
	assert_int_equal(chmod("closed.yaml", 0), 0);
	READING closed = read_file("closed.yaml");
	assert_string_equal(closed.said,
			    "closed.yaml: error: the configuration cannot be opened: Permission denied\n"
			    "  let the user who runs sockfeed read it\n");
}

/* ---- encodings ---- */

static void files_of_windows_are_read(void **state)
{
	READING r = read_good("\xef\xbb\xbfversion: 1\r\nqueries:\r\n  one:\r\n    outputs: out\r\n    filter: |\r\n   "
			      "   state all\r\n"
			      "      dport = :443\r\noutputs: { out: { type: plain } }\r\n");

	(void)state;
	assert_string_equal(r.config->query[0].filter.text, "state all\ndport = :443\n");
	assert_said("\xef\xbb\xbfversoin: 1\r\n" QUERIES OUTPUTS, "sockfeed.yaml:1:1: error: unknown key \"versoin\"\n"
								  "    versoin: 1\n"
								  "    ^^^^^^^\n"
								  "  did you mean \"version\"?\n");
}

static void other_encodings_and_control_characters_are_errors_that_say_so(void **state)
{
	static const struct {
		const char *text;
		size_t length;
	} files[] = {
#define BYTES(text) {text, sizeof(text) - 1}
		BYTES("\xff\xfev\0e\0r\0"),	  BYTES("\xfe\xff\0v\0e\0r"),	BYTES("v\0e\0r\0"),
		BYTES("version: 1\n# gr\xfcn\n"), BYTES("version: \0 1\n"),	BYTES("version: 1 # \x1b[31m\n"),
		BYTES("version: \x7f\n"),	  BYTES("version: \xc0\x80\n"), BYTES("version: \xed\xa0\x80\n"),
		BYTES("version: \xef\xbf\xbe\n"),
	};

	(void)state;
	for (size_t i = 0; i < SF_COUNT(files); i++) {
		put_bytes(FILE_NAME, files[i].text, files[i].length);
		READING r = read_file(FILE_NAME);
		if (sf_complaints_errors(r.complaints) != 1 || !strstr(r.said, "write the file in UTF-8"))
			fail_msg("file %zu:\n%s", i, r.said);
	}
}

static void a_character_is_one_column_and_lines_end_by_newlines_alone(void **state)
{
	(void)state;
	assert_said(REST "host: { name: \"\xc3\xa4\xf0\x9f\x90\xa7\xe4\xb8\xad\", nmae: x }\n",
		    "sockfeed.yaml:4:22: error: unknown key \"nmae\"\n"
		    "    host: { name: \"\xc3\xa4\xf0\x9f\x90\xa7\xe4\xb8\xad\", nmae: x }\n"
		    "                         ^^^^\n"
		    "  did you mean \"name\"?\n");
	READING r = read_good("version: 1 # \xe2\x80\xa8 \xc2\x85\n" QUERIES OUTPUTS);
	assert_int_equal(r.config->query[0].place.line, 2);
	assert_int_equal(r.config->query[0].place.column, 12);
}

static void a_value_may_hold_any_character_but_nul(void **state)
{
	READING r = read_good(REST "host: { name: \"\\x01\\t\\e\\u2028\\U0001F427\\N\" }\n");

	(void)state;
	assert_string_equal(r.config->host.name, "\x01\t\x1b\xe2\x80\xa8\xf0\x9f\x90\xa7\xc2\x85");
	assert_one_error(REST "host: { name: \"a\\0b\" }\n", "there is a NUL character in it");
}

/* ---- limits ---- */

static void a_mebibyte_is_read_and_no_byte_more(void **state)
{
	static char text[MEBIBYTE + 1];

	(void)state;
	memset(text, ' ', sizeof(text));
	memcpy(text, REST, strlen(REST));
	text[strlen(REST)] = '#';
	put_bytes(FILE_NAME, text, MEBIBYTE);
	READING fits = read_file(FILE_NAME);
	assert_string_equal(fits.said, "");
	put_bytes(FILE_NAME, text, MEBIBYTE + 1);
	READING more = read_file(FILE_NAME);
	assert_string_equal(more.said, "sockfeed.yaml: error: the configuration is larger than 1024 KiB\n"
				       "  put parts of it into other files: include: [conf.d/*.yaml]\n");
}

static void thirty_two_levels_are_read_and_no_level_more(void **state)
{
	sf_cleanup(sf_buf_finish) struct sf_buf text = {0};

	(void)state;
	/* The file's map and the key's value are levels too. */
	sf_buf_format(&text, REST "host: %.*s%.*s\n", 31, "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", 31,
		      "]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]");
	assert_one_error(text.data, "\"host\" is a section, not a list");
	sf_buf_finish(&text);
	sf_buf_format(&text, REST "host: %.*s%.*s\n", 32, "[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", 32,
		      "]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]]");
	assert_one_error(text.data, "more than 32 levels");
}

static void names_have_sixty_four_characters_of_a_few_letters(void **state)
{
	char name[66], text[256];

	(void)state;
	memset(name, 'a', 65);
	snprintf(text, sizeof(text), "version: 1\nqueries: { %.64s: { outputs: out } }\n" OUTPUTS, name);
	READING r = read_good(text);
	assert_int_equal(strlen(r.config->query[0].name), 64);
	snprintf(text, sizeof(text), "version: 1\nqueries: { %.65s: { outputs: out } }\n" OUTPUTS, name);
	assert_one_error(text, "64 characters at most");
	assert_one_error(REST "host: { labels: { Role: x } }\n", "\"Role\" is no name of a label");
	assert_one_error(REST "host: { labels: { 1a: x } }\n", "\"1a\" is no name of a label");
	assert_one_error(REST "host: { labels: { a-b: x } }\n", "\"a-b\" is no name of a label");
	snprintf(text, sizeof(text), REST "host: { labels: { %.64s: x } }\n", name);
	READING label = read_good(text);
	snprintf(text, sizeof(text), REST "host: { labels: { %.65s: x } }\n", name);
	assert_one_error(text, "is no name of a label");
}

static void what_every_record_carries_is_short(void **state)
{
	enum { NAME = sizeof(((struct sf_host *)0)->name) - 1, ID = sizeof(((struct sf_host *)0)->id) - 1 };
	static char text[MEBIBYTE], x[4097];

	(void)state;
	memset(x, 'x', 4096);
	snprintf(text, sizeof(text), REST "host: { labels: { a: %.*s } }\n", 4095, x);
	READING labels = read_good(text);
	snprintf(text, sizeof(text), REST "host: { labels: { a: %.*s, b: '' } }\n", 4095, x);
	assert_one_error(text, "\"labels\" has more than 4 KiB");
	snprintf(text, sizeof(text), REST "host: { name: %.*s, id: %.*s }\n", NAME, x, ID, x);
	READING host = read_good(text);
	snprintf(text, sizeof(text), REST "host: { name: %.*s }\n", NAME + 1, x);
	assert_one_error(text, "255 bytes are the most");
	snprintf(text, sizeof(text), REST "host: { id: %.*s }\n", ID + 1, x);
	assert_one_error(text, "64 bytes are the most");
}

/* `begin`, then numbered parts up to a mebibyte, then `end`. Returns how many errors that are. */
static size_t read_many(const char *begin, const char *part, size_t most, const char *end)
{
	sf_cleanup(sf_buf_finish) struct sf_buf text = {0};

	sf_buf_text(&text, begin);
	for (unsigned i = 0; i < most && text.length + strlen(end) + strlen(part) + 16 < MEBIBYTE; i++)
		sf_buf_format(&text, "%s%u%s", part[0] == ' ' ? "  k" : "k", i, part[0] == ' ' ? part + 1 : part);
	sf_buf_text(&text, end);
	put_bytes(FILE_NAME, text.data, text.length);
	READING r = read_file(FILE_NAME);
	return sf_complaints_errors(r.complaints);
}

static void a_thousand_queries_and_a_hundred_outputs_are_read_and_no_more(void **state)
{
	(void)state;
	assert_int_equal(read_many("version: 1\n" OUTPUTS "queries:\n", " : { outputs: out }\n", 1000, ""), 0);
	assert_int_equal(read_many("version: 1\n" OUTPUTS "queries:\n", " : { outputs: out }\n", 1001, ""), 1);
	assert_int_equal(
		read_many("version: 1\n" QUERIES "outputs:\n  out: { type: plain }\n", " : { type: plain }\n", 99, ""),
		0);
	assert_int_equal(
		read_many("version: 1\n" QUERIES "outputs:\n  out: { type: plain }\n", " : { type: plain }\n", 100, ""),
		1);
	assert_int_equal(read_many(REST "include: [", "*,", 1000, "]\n"), 0);
	assert_int_equal(read_many(REST "include: [", "*,", 1001, "]\n"), 1);
}

static void a_mebibyte_of_junk_is_answered_at_once(void **state)
{
	(void)state;
	assert_true(read_many(REST, ": 1\n", UINT_MAX, "") > 50000);
	assert_true(read_many(REST "log:\n", " : 1\n", UINT_MAX, "") > 50000);
	assert_true(read_many(REST "log: {", ": 1,", UINT_MAX, "}\n") > 50000);
	assert_true(read_many(REST "host: { labels: {", ": &a x,", UINT_MAX, "} }\n") > 50000);
	assert_true(read_many("version: 1\n" OUTPUTS "queries:\n", " :\n", UINT_MAX, "") >= 1);
	assert_true(read_many("version: 1\n" QUERIES "outputs:\n", " :\n", UINT_MAX, "") > 100);
	assert_true(read_many(REST "host: { name: \"", "${A:-", UINT_MAX, "\" }\n") == 1);
	assert_true(read_many(REST "host: { name: \"", "${NO}", UINT_MAX, "\" }\n") > 50000);
	assert_true(read_many("version: 1\n" OUTPUTS "defaults: { outputs: [", ",", UINT_MAX,
			      "] }\nqueries: { a: , b: , c: }\n") > 1000);
	assert_true(read_many("[", "[", UINT_MAX, "") == 1);
	assert_true(read_many("", " ? ", UINT_MAX, "") >= 1);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(anchors_aliases_and_tags_are_errors_that_say_to_quote),
		cmocka_unit_test(a_sign_alone_is_an_error_that_says_to_quote),
		cmocka_unit_test(a_key_stands_once),
		cmocka_unit_test(a_key_is_a_word),
		cmocka_unit_test(only_true_and_false_are_truths),
		cmocka_unit_test(one_file_is_one_document),
		cmocka_unit_test(a_file_that_says_nothing_is_an_error),
		cmocka_unit_test(what_is_missing_is_said_of_the_file),
		cmocka_unit_test(a_file_that_cannot_be_read_is_said_without_a_place),
		cmocka_unit_test(files_of_windows_are_read),
		cmocka_unit_test(other_encodings_and_control_characters_are_errors_that_say_so),
		cmocka_unit_test(a_character_is_one_column_and_lines_end_by_newlines_alone),
		cmocka_unit_test(a_value_may_hold_any_character_but_nul),
		cmocka_unit_test(a_mebibyte_is_read_and_no_byte_more),
		cmocka_unit_test(thirty_two_levels_are_read_and_no_level_more),
		cmocka_unit_test(names_have_sixty_four_characters_of_a_few_letters),
		cmocka_unit_test(what_every_record_carries_is_short),
		cmocka_unit_test(a_thousand_queries_and_a_hundred_outputs_are_read_and_no_more),
		cmocka_unit_test(a_mebibyte_of_junk_is_answered_at_once),
	};

	return cmocka_run_group_tests(tests, configs_begin, configs_end);
}
