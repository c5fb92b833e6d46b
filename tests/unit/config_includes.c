/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The room `config`: one configuration of several files, in order, each once, and all that is wrong in all of them in
 * one run.
 */
#include "configs.h"

static int include_begin(void **state)
{
	configs_begin(state);
	return mkdir("conf.d", 0755);
}

static void put_query(const char *file, const char *name)
{
	char text[256];

	snprintf(text, sizeof(text), "queries: { %s: { outputs: out } }\n", name);
	put_text(file, text);
}

/* The names of the queries, in order. */
static void assert_queries(const struct reading *r, const char *names)
{
	sf_cleanup(sf_buf_finish) struct sf_buf all = {0};

	sf_buf_text(&all, "");
	for (size_t i = 0; i < r->config->queries; i++)
		sf_buf_format(&all, "%s%s", i ? " " : "", r->config->query[i].name);
	assert_string_equal(all.data, names);
}

static void files_come_in_the_order_of_patterns_then_of_names(void **state)
{
	(void)state;
	put_query("conf.d/b.yaml", "b");
	put_query("conf.d/a.yaml", "a");
	put_query("conf.d/c.yml", "c");
	put_query("conf.d/.hidden.yaml", "hidden");
	put_query("z.yaml", "z");
	READING r =
		read_good("version: 1\ninclude: [z.yaml, conf.d/*.yaml, 'conf.d/[c]*', none/*.yaml, conf.d/*.none]\n"
			  "queries: { main: { outputs: out } }\n" OUTPUTS);
	assert_queries(&r, "main z a b c");
	assert_int_equal(r.config->query[2].place.line, 1);
	assert_string_equal(r.config->query[2].place.name, "conf.d/a.yaml");
}

static void a_file_that_is_named_twice_is_read_once(void **state)
{
	(void)state;
	put_query("conf.d/a.yaml", "a");
	assert_int_equal(symlink("a.yaml", "conf.d/link.yaml"), 0);
	assert_int_equal(link("conf.d/a.yaml", "conf.d/same.yaml"), 0);
	READING r = read_good(
		"version: 1\ninclude: [conf.d/a.yaml, conf.d/*.yaml, ./conf.d/../conf.d/a.yaml, '*.yaml']\n" OUTPUTS);
	assert_queries(&r, "a");
}

static void a_file_beside_is_found_from_elsewhere_also_where_its_folder_looks_like_a_pattern(void **state)
{
	char *here = getcwd(NULL, 0), path[4096];

	(void)state;
	assert_int_equal(mkdir("[a]*?", 0755), 0);
	put_query("[a]*?/one.yaml", "one");
	put_query("[a]*?/two.yml", "two");
	put_query("[a]*?/three[x].yml", "three");
	snprintf(path, sizeof(path),
		 "version: 1\ninclude: [ '*.yaml', \"%s/[[]a[]]\\\\*\\\\?/tw*\", 'three[[]x].yml' ]\n" OUTPUTS, here);
	put_text("[a]*?/main.yaml", path);
	READING r = read_file("[a]*?/main.yaml");
	assert_string_equal(r.said, "");
	assert_queries(&r, "one two three");
	free(here);
}

static void a_name_must_be_there_and_a_pattern_may_match_nothing(void **state)
{
	(void)state;
	assert_said(REST "include: [ none.d/*, missing.yaml ]\n",
		    "sockfeed.yaml:4:22: error: missing.yaml cannot be opened: No such file or directory\n"
		    "    include: [ none.d/*, missing.yaml ]\n"
		    "                         ^^^^^^^^^^^^\n");
}

static void what_is_no_file_is_an_error_and_stops_nobody(void **state)
{
	(void)state;
	assert_int_equal(mkfifo("fifo.yaml", 0644), 0);
	assert_one_error(REST "include: fifo.yaml\n", "fifo.yaml is no regular file");
	assert_said(REST "include: conf.d\n", "sockfeed.yaml:4:10: error: conf.d is a directory\n"
					      "    include: conf.d\n"
					      "             ^^^^^^\n"
					      "  to include the files in it write conf.d/*.yaml\n");
	assert_one_error(REST "include: ''\n", "write the name of a file");
	assert_one_error(REST "include: { a: b }\n", "\"include\" is a list, not a map");
	assert_one_error(REST "include: /dev/null\n", "/dev/null is no regular file");
	assert_int_equal(symlink("loop.yaml", "loop.yaml"), 0);
	assert_one_error(REST "include: loop.yaml\n", "loop.yaml cannot be opened: Too many levels");
	assert_one_error(REST "include: l*.yaml\n", "loop.yaml cannot be opened: Too many levels");
}

static void files_that_we_may_not_read_are_no_empty_ones(void **state)
{
	(void)state;
	put_query("conf.d/a.yaml", "a");
	put_text(FILE_NAME, REST "include: conf.d/*.yaml\n");
	put_text("two.yaml", REST "include: conf.d/a.yaml\n");
	assert_int_equal(chmod(".", 0755), 0);
	if (geteuid() == 0)
		assert_int_equal(seteuid(65534), 0);
	assert_int_equal(access("conf.d", R_OK), 0);
	{
		READING r = read_file(FILE_NAME);
		assert_string_equal(r.said, "");
	}
	assert_int_equal(seteuid(getuid()), 0);
	assert_int_equal(chmod("conf.d/a.yaml", 0), 0);
	if (geteuid() == 0)
		assert_int_equal(seteuid(65534), 0);
	{
		READING r = read_file("two.yaml");
		assert_int_equal(sf_complaints_errors(r.complaints), 1);
		assert_non_null(strstr(r.said, "conf.d/a.yaml cannot be opened: Permission denied"));
	}
	assert_int_equal(seteuid(getuid()), 0);
	assert_int_equal(chmod("conf.d", 0), 0);
	if (geteuid() == 0)
		assert_int_equal(seteuid(65534), 0);
	{
		READING r = read_file(FILE_NAME);
		assert_int_equal(sf_complaints_errors(r.complaints), 1);
		assert_non_null(strstr(r.said, "conf.d/*.yaml cannot be looked for"));
	}
	assert_int_equal(seteuid(getuid()), 0);
	assert_int_equal(chmod("conf.d", 0755), 0);
}

static void an_included_file_includes_no_others(void **state)
{
	(void)state;
	put_text("conf.d/a.yaml", "include: b.yaml\n");
	put_query("conf.d/b.yaml", "b");
	assert_said(REST "include: conf.d/a.yaml\n", "conf.d/a.yaml:1:1: error: an included file includes no others\n"
						     "    include: b.yaml\n"
						     "    ^^^^^^^\n"
						     "  write it in the file that includes this one\n");
}

static void a_name_or_section_that_stands_twice_is_an_error_naming_both_places(void **state)
{
	(void)state;
	put_text("conf.d/a.yaml", "\nqueries: { one: { outputs: out } }\nlog: { level: loud }\n");
	put_text("conf.d/b.yaml", "outputs: { out: { type: plain } }\nlog: { level: info }\n");
	READING r = read_text(REST "log: { level: debug }\ninclude: conf.d/*.yaml\n");
	assert_string_equal(r.said, "conf.d/a.yaml:2:12: error: \"one\" is defined already in sockfeed.yaml:2\n"
				    "    queries: { one: { outputs: out } }\n"
				    "               ^^^\n"
				    "  give one of them another name\n"
				    "conf.d/a.yaml:3:1: error: \"log\" stands already in sockfeed.yaml:4\n"
				    "    log: { level: loud }\n"
				    "    ^^^\n"
				    "  a section stands in one file\n"
				    "conf.d/a.yaml:3:15: error: \"loud\" is no value of \"level\"\n"
				    "    log: { level: loud }\n"
				    "                  ^^^^\n"
				    "  write error, warning, info or debug\n"
				    "conf.d/b.yaml:1:12: error: \"out\" is defined already in sockfeed.yaml:3\n"
				    "    outputs: { out: { type: plain } }\n"
				    "               ^^^\n"
				    "  give one of them another name\n"
				    "conf.d/b.yaml:2:1: error: \"log\" stands already in sockfeed.yaml:4\n"
				    "    log: { level: info }\n"
				    "    ^^^\n"
				    "  a section stands in one file\n");
}

static void sections_may_stand_in_any_file(void **state)
{
	(void)state;
	put_text("conf.d/a.yaml", "version: 1\nhost: { name: web }\ndefaults: { outputs: out, interval: 5s }\n");
	put_text("conf.d/b.yaml", "schedule: { splay: 3s }\nqueries: { late: {} }\n" OUTPUTS);
	READING r = read_good("version: 1\ninclude: conf.d/*\nqueries: { early: {} }\n");
	assert_queries(&r, "early late");
	assert_string_equal(r.config->host.name, "web");
	assert_int_equal(r.config->schedule.splay, 3000000);
	assert_int_equal(r.config->query[0].interval, 5000000);
	assert_string_equal(r.config->query[1].output[0]->name, "out");
}

static void all_errors_of_all_files_come_in_one_run_and_none_that_follows(void **state)
{
	(void)state;
	put_text("conf.d/a.yaml", "outputs: { gone: { type: plain }\nqueries:\n");
	put_text("conf.d/b.yaml", "queries:\n  two: { outputs: gone, interval: 5 }\n");
	put_text("conf.d/c.yaml", "- a\n- b\n");
	put_text("conf.d/d.yaml", "queries: { three: { limit: x, outputs: [] } }\nhosts: {}\n");
	READING r =
		read_text("version: 1\ninclude: conf.d/*\nqueries: { one: { outputs: gone, mode: fast } }\n" OUTPUTS);
	assert_int_equal(sf_complaints_errors(r.complaints), 7);
	assert_non_null(strstr(r.said, "sockfeed.yaml:3:40: error: \"fast\" is no value of \"mode\""));
	assert_non_null(strstr(r.said, "conf.d/a.yaml:2:1: error: no YAML: "));
	assert_non_null(strstr(r.said, "conf.d/b.yaml:2:35: error: \"5\" needs a unit"));
	assert_non_null(strstr(r.said, "conf.d/c.yaml:1:1: error: a configuration is a map of sections"));
	assert_non_null(strstr(r.said, "conf.d/d.yaml:1:28: error: \"x\" is not a number"));
	assert_non_null(strstr(r.said, "conf.d/d.yaml:1:40: error: nothing is named here"));
	assert_non_null(strstr(r.said, "conf.d/d.yaml:2:1: error: unknown key \"hosts\""));
}

static void an_included_file_that_says_nothing_is_a_warning(void **state)
{
	(void)state;
	put_text("conf.d/a.yaml", "# queries:\n");
	put_text("conf.d/b.yaml", "");
	READING r = read_text(REST "include: conf.d/*\n");
	assert_int_equal(r.result, 0);
	assert_string_equal(r.said, "conf.d/a.yaml: warning: nothing is written in this file\n"
				    "conf.d/b.yaml: warning: nothing is written in this file\n");
}

static void the_version_stands_in_the_file_that_was_named(void **state)
{
	(void)state;
	put_text("conf.d/a.yaml", "version: 1\n");
	assert_said(QUERIES OUTPUTS "include: conf.d/*\n", "sockfeed.yaml: error: the configuration has no version\n"
							   "  begin with `version: 1`\n");
	put_text("conf.d/a.yaml", "version: 2\n");
	assert_one_error(REST "include: conf.d/*\n", "2 is too large for \"version\"");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, include_begin, configs_end)
	const struct CMUnitTest tests[] = {
		TEST(files_come_in_the_order_of_patterns_then_of_names),
		TEST(a_file_that_is_named_twice_is_read_once),
		TEST(a_file_beside_is_found_from_elsewhere_also_where_its_folder_looks_like_a_pattern),
		TEST(a_name_must_be_there_and_a_pattern_may_match_nothing),
		TEST(what_is_no_file_is_an_error_and_stops_nobody),
		TEST(files_that_we_may_not_read_are_no_empty_ones),
		TEST(an_included_file_includes_no_others),
		TEST(a_name_or_section_that_stands_twice_is_an_error_naming_both_places),
		TEST(sections_may_stand_in_any_file),
		TEST(all_errors_of_all_files_come_in_one_run_and_none_that_follows),
		TEST(an_included_file_that_says_nothing_is_a_warning),
		TEST(the_version_stands_in_the_file_that_was_named),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
