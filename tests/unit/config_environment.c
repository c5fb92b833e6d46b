/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The room `config`: what the environment puts into values, never into keys, and never as YAML.
 */
#include "configs.h"

/* What `name` of the host is, written as `value`. */
static void assert_name(const char *value, const char *name)
{
	char text[1024];

	snprintf(text, sizeof(text), REST "host: { name: %s }\n", value);
	READING r = read_good(text);
	assert_string_equal(r.config->host.name, name);
}

static void set(const char *name, const char *value)
{
	assert_int_equal(value ? setenv(name, value, 1) : unsetenv(name), 0);
}

static void every_form_of_reference_is_replaced(void **state)
{
	(void)state;
	set("SET", "value");
	set("EMPTY", "");
	set("UNSET", NULL);
	set("_a1", "small");
	assert_name("'${SET}'", "value");
	assert_name("'<${SET}${SET}> ${_a1}'", "<valuevalue> small");
	assert_name("'${SET:-other}'", "value");
	assert_name("'${UNSET:-other one}'", "other one");
	assert_name("'${EMPTY:-other}'", "other");
	assert_name("'${UNSET:-}'", "");
	assert_name("'${EMPTY}'", "");
	assert_name("'${SET:?say why}'", "value");
	assert_name("'$$'", "$");
	assert_name("'$${SET}'", "${SET}");
	assert_name("'$$$${SET}'", "$${SET}");
	assert_name("'$$${SET}'", "$value");
}

static void any_other_dollar_stands_for_itself(void **state)
{
	static const char *const texts[] = {"a$",      "$a",	   "$SET",	"${",	 "${}",	    "${SET",
					    "${SET:}", "${SET-x}", "${SET:+x}", "${1}",	 "${SE T}", "${SET:-x",
					    "$(SET)",  "^eth0$",   "$ {SET}",	"${SET:"};

	(void)state;
	set("SET", "value");
	for (size_t i = 0; i < SF_COUNT(texts); i++) {
		char quoted[64];

		snprintf(quoted, sizeof(quoted), "'%s'", texts[i]);
		assert_name(quoted, texts[i]);
	}
}

static void what_comes_in_is_no_syntax(void **state)
{
	static const char *const values[] = {"~",  "null",    "a: b",	   "[x]",  "# no", "'",
					     "\"", "- x",     "*star",	   "&and", "!tag", "${SET}",
					     "$$", " blank ", "a\nb: c\n", "\t",   "{",	   "\x01"};

	(void)state;
	for (size_t i = 0; i < SF_COUNT(values); i++) {
		set("SET", values[i]);
		READING r = read_good(REST "host:\n  name: ${SET}\n  id: x${SET}\n");
		assert_string_equal(r.config->host.name, values[i]);
		assert_string_equal(r.config->host.id + 1, values[i]);
	}
}

static void a_default_may_hold_what_yaml_lets_through(void **state)
{
	READING r = read_good(REST "host:\n  name: ${UNSET:-a, b $x $$ {}\n");

	(void)state;
	assert_string_equal(r.config->host.name, "a, b $x $$ {");
}

static void every_kind_of_value_may_come_from_the_environment(void **state)
{
	set("SET", "250ms");
	set("OUT", "out");
	set("YES", "false");
	READING r =
		read_good("version: 1\nqueries: { one: { interval: \"${SET}\", outputs: [\"${OUT}\"],\n"
			  "  run_on_start: \"${YES}\", labels: { a: \"${OUT}\" }, filter: 'dev ${OUT}' } }\n" OUTPUTS);

	(void)state;
	assert_int_equal(r.config->query[0].interval, 250000);
	assert_false(r.config->query[0].run_on_start);
	assert_string_equal(r.config->query[0].labels.items[0].text, "out");
	assert_string_equal(r.config->query[0].filter.text, "dev out");
}

static void a_name_of_a_file_may_come_from_the_environment(void **state)
{
	put_text("part.yaml", QUERIES);
	set("SET", "part");
	READING r = read_good("version: 1\ninclude: ${SET}.yaml\n" OUTPUTS);

	(void)state;
	assert_int_equal(r.config->queries, 1);
}

static void nothing_is_replaced_in_keys(void **state)
{
	(void)state;
	set("SET", "name");
	assert_one_error(REST "host: { \"${SET}\": x }\n", "unknown key \"${SET}\"");
	assert_one_error(REST "host: { labels: { \"${SET}\": x } }\n", "\"${SET}\" is no name of a label");
}

static void what_is_not_set_is_an_error_at_its_place(void **state)
{
	(void)state;
	set("UNSET", NULL);
	set("EMPTY", "");
	assert_said(REST "host:\n  name: web-${UNSET}\n",
		    "sockfeed.yaml:5:13: error: the environment has no UNSET\n"
		    "    name: web-${UNSET}\n"
		    "              ^^^^^^^^\n"
		    "  set it, or say what stands in for it: ${UNSET:-default}; $$ is a plain $\n");
	assert_said(REST "host:\n  name: ${UNSET:?the name of this host}\n",
		    "sockfeed.yaml:5:9: error: UNSET: the name of this host\n"
		    "    name: ${UNSET:?the name of this host}\n"
		    "          ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^\n"
		    "  set it in the environment\n");
	assert_one_error(REST "host:\n  name: ${EMPTY:?}\n", "error: EMPTY: it is not set\n");
	/* Each of them, and nothing about what is read in their stead. */
	READING r = read_text(REST "schedule: { splay: \"${UNSET}\", align: \"${UNSET} ${UNSET2}\" }\n");
	assert_int_equal(sf_complaints_errors(r.complaints), 3);
}

static void each_of_equal_references_is_found(void **state)
{
	READING r = read_text(REST "host:\n  name: |\n    ${UNSET} ${UNSET}\n    ${UNSET2}\n    ${UNSET}\n");

	(void)state;
	assert_int_equal(sf_complaints_errors(r.complaints), 4);
	assert_non_null(strstr(r.said, ":6:5: error: the environment has no UNSET\n"));
	assert_non_null(strstr(r.said, ":6:14: error: the environment has no UNSET\n"));
	assert_non_null(strstr(r.said, ":7:5: error: the environment has no UNSET2\n"));
	assert_non_null(strstr(r.said, ":8:5: error: the environment has no UNSET\n"));
}

static void a_value_that_is_not_utf8_is_an_error(void **state)
{
	(void)state;
	set("SET", "a\xff");
	assert_one_error(REST "host:\n  name: ${SET}\n", "the value of SET is not UTF-8");
	set("SET", "gr\xc3\xbcn");
	assert_name("'${SET}'", "gr\xc3\xbcn");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_form_of_reference_is_replaced),
		cmocka_unit_test(any_other_dollar_stands_for_itself),
		cmocka_unit_test(what_comes_in_is_no_syntax),
		cmocka_unit_test(a_default_may_hold_what_yaml_lets_through),
		cmocka_unit_test(every_kind_of_value_may_come_from_the_environment),
		cmocka_unit_test(a_name_of_a_file_may_come_from_the_environment),
		cmocka_unit_test(nothing_is_replaced_in_keys),
		cmocka_unit_test(what_is_not_set_is_an_error_at_its_place),
		cmocka_unit_test(each_of_equal_references_is_found),
		cmocka_unit_test(a_value_that_is_not_utf8_is_an_error),
	};

	return cmocka_run_group_tests(tests, configs_begin, configs_end);
}
