/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The room `config`: every kind of key, defaults and what inherits them, and outputs that wait for each other.
 */
#include "configs.h"

static void every_key_has_the_default_of_its_table(void **state)
{
	READING r = read_kinds("");
	const struct kinds *k = kinds_of(&r);

	(void)state;
	assert_string_equal(k->text, "t");
	assert_string_equal(k->optional, "");
	assert_true(k->flag);
	assert_int_equal(k->number, 7);
	assert_int_equal(k->duration, 10000000);
	assert_int_equal(k->size, 65536);
	assert_int_equal(k->nothing, 0);
	assert_true(k->share == 0.15);
	assert_int_equal(k->choice, 1);
	assert_int_equal(k->none, -1);
	assert_int_equal(k->list.count, 1);
	assert_string_equal(k->list.items[0].text, "one");
	assert_int_equal(k->labels.count, 0);
	assert_string_equal(k->placed.text, "");
	assert_int_equal(k->placed.length, 0);
	assert_null(k->secret.path);
	assert_null(k->secret.content);
	assert_int_equal(k->inner, 3);
	assert_int_equal(k->worded, 500000);
	assert_int_equal(k->rate, 0);
	assert_int_equal(k->pairs.count, 0);
	assert_null(k->file.content);
	assert_false(k->option);
	assert_int_equal(k->depth, 4);
	assert_string_equal(k->needed, "");
	assert_int_equal(k->settled, 1);
}

static void every_kind_of_key_is_read(void **state)
{
	READING r = read_kinds("    optional: \"12345678\"\n"
			       "    flag: false\n"
			       "    number: 10\n"
			       "    duration: 1.5ms\n"
			       "    size: 10MB\n"
			       "    nothing: 1h\n"
			       "    share: 0.25\n"
			       "    choice: blue\n"
			       "    none: red\n"
			       "    list: [two, 'three', \"fo\\x75r\"]\n"
			       "    labels: { cluster: edge, _x1: '' }\n"
			       "    placed: |\n"
			       "      first\n"
			       "      second\n"
			       "    inner: { deep: 9 }\n"
			       "    worded: 2s\n"
			       "    rate: 10Mbit/s\n"
			       "    pairs: { linger.ms: 50, X-y_z: '' }\n"
			       "    option: { needed: x }\n");
	const struct kinds *k = kinds_of(&r);

	(void)state;
	assert_string_equal(k->optional, "12345678");
	assert_false(k->flag);
	assert_int_equal(k->number, 10);
	assert_int_equal(k->duration, 1500);
	assert_int_equal(k->size, 10000000);
	assert_int_equal(k->nothing, 3600000000);
	assert_true(k->share == 0.25);
	assert_int_equal(k->choice, 2);
	assert_int_equal(k->none, 0);
	assert_int_equal(k->list.count, 3);
	assert_string_equal(k->list.items[0].text, "two");
	assert_string_equal(k->list.items[1].text, "three");
	assert_string_equal(k->list.items[2].text, "four");
	assert_int_equal(k->labels.count, 2);
	assert_string_equal(k->labels.names[0], "cluster");
	assert_string_equal(k->labels.items[0].text, "edge");
	assert_string_equal(k->labels.names[1], "_x1");
	assert_string_equal(k->labels.items[1].text, "");
	assert_string_equal(k->placed.text, "first\nsecond\n");
	assert_int_equal(k->placed.length, strlen("first\nsecond\n"));
	assert_int_equal(k->inner, 9);
	assert_int_equal(k->worded, 2000000);
	assert_int_equal(k->rate, 1250000);
	assert_int_equal(k->pairs.count, 2);
	assert_string_equal(k->pairs.names[0], "linger.ms");
	assert_string_equal(k->pairs.items[0].text, "50");
	assert_int_equal(k->pairs.places[1].line, 24);
	assert_int_equal(k->pairs.places[1].column, 29);
	assert_true(k->option);
	assert_int_equal(k->depth, 4);
	assert_string_equal(k->needed, "x");
}

static void words_stand_for_the_two_ends_of_numbers(void **state)
{
	READING first = read_kinds("    worded: always\n    rate: auto\n");
	READING last = read_kinds("    worded: never\n    rate: 1MiB/s\n");

	(void)state;
	assert_int_equal(kinds_of(&first)->worded, 0);
	assert_int_equal(kinds_of(&first)->rate, 0);
	assert_true(kinds_of(&last)->worded == UINT64_MAX);
	assert_int_equal(kinds_of(&last)->rate, 1 << 20);
}

static void an_option_that_is_empty_is_there_unless_it_is_an_empty_text(void **state)
{
	READING nothing = read_kinds("    option:\n");
	READING empty = read_kinds("    option: ''\n");

	(void)state;
	assert_true(kinds_of(&nothing)->option);
	assert_int_equal(kinds_of(&nothing)->depth, 4);
	assert_false(kinds_of(&empty)->option);
}

#define ALL "version: 1\nqueries: { one: { outputs: out } }\noutputs:\n  out: { type: all, text: t, "

static void what_words_do_not_say_needs_a_unit(void **state)
{
	(void)state;
	assert_one_error(ALL "worded: sometimes }\n", "  write a duration such as 500ms, always or never\n");
	assert_one_error(ALL "worded: 5 }\n", "  write 5s (or 5ms, 5m, 5h)\n");
	assert_one_error(ALL "worded: 10us }\n", "10us is too small for \"worded\"");
	assert_one_error(ALL "rate: fast }\n", "  write a rate such as 10Mbit/s or auto\n");
	assert_one_error(ALL "rate: 5 }\n", "  write 5MB/s (or 5MiB/s, 5Mbit/s, 5kB/s)\n");
	assert_one_error(ALL "rate: 5s }\n", "  write a rate such as 10Mbit/s or auto\n");
}

static void pairs_have_names_and_texts(void **state)
{
	(void)state;
	assert_one_error(ALL "pairs: { 'a b': x } }\n", "\"a b\" is no name in \"pairs\"");
	assert_one_error(ALL "pairs: { a: [x] } }\n", "\"a\" is one value, not a list");
	assert_one_error(ALL "pairs: [a] }\n", "\"pairs\" is a section, not a list");
}

static void an_option_needs_what_it_needs_only_where_it_is(void **state)
{
	(void)state;
	assert_said(ALL "option: { depth: 1 } }\n", "sockfeed.yaml:4:30: error: \"option\" has no needed\n"
						    "    out: { type: all, text: t, option: { depth: 1 } }\n"
						    "                               ^^^^^^\n"
						    "  write needed: a word\n");
}

static void what_settings_say_together_is_complained_about_at_their_places(void **state)
{
	(void)state;
	assert_said(ALL "choice: blue, number: 8 }\n", "sockfeed.yaml:4:52: error: 8 is not blue\n"
						       "    out: { type: all, text: t, choice: blue, number: 8 }\n"
						       "                                                     ^\n"
						       "  write 7\n");
	assert_said(ALL "number: 9, option: { needed: x, depth: 5 } }\n",
		    "sockfeed.yaml:4:69: error: 9 is here\n"
		    "    out: { type: all, text: t, number: 9, option: { needed: x, depth: 5 } }\n"
		    "                                                                      ^\n");
	assert_said(ALL "number: 9, option: { needed: x } }\n",
		    "sockfeed.yaml:4:41: error: 9 is here\n"
		    "    out: { type: all, text: t, number: 9, option: { needed: x } }\n"
		    "                                          ^^^^^^\n");
	assert_said(ALL "number: 10 }\n", "sockfeed.yaml:4:3: error: 10 needs the option\n"
					  "    out: { type: all, text: t, number: 10 }\n"
					  "    ^^^\n");
}

static void a_text_that_others_read_knows_its_place(void **state)
{
	READING r = read_good("version: 1\n"
			      "queries:\n"
			      "  one:\n"
			      "    filter: dport = :443\n"
			      "    fields: [tcp, \"uid\"]\n"
			      "    outputs: out\n" OUTPUTS);
	const struct sf_query_conf *q = r.config->query;

	(void)state;
	assert_string_equal(q->filter.name, FILE_NAME);
	assert_string_equal(q->filter.within, "the filter of \"one\"");
	assert_int_equal(q->filter.line, 4);
	assert_int_equal(q->filter.column, 13);
	assert_int_equal(q->fields.items[1].line, 5);
	assert_int_equal(q->fields.items[1].column, 19);
	assert_int_equal(q->place.line, 3);
	assert_int_equal(q->place.column, 3);
	assert_int_equal(r.config->output[0].place.line, 7);
}

static void a_complaint_about_a_list_item_shows_its_line(void **state)
{
	READING r = read_good("version: 1\n"
			      "queries: { one: { fields: [tcp, \"uid\"], outputs: out } }\n" OUTPUTS);
	const struct sf_text *item = &r.config->query[0].fields.items[1];
	size_t length;
	FILE *file;

	(void)state;
	sf_complain(r.complaints, item, 0, item->length, NULL, "no such field");
	free(r.said);
	file = open_memstream(&r.said, &length);
	sf_complaints_print(r.complaints, file);
	fclose(file);
	assert_string_equal(r.said, "sockfeed.yaml:2:34: error: no such field\n"
				    "    queries: { one: { fields: [tcp, \"uid\"], outputs: out } }\n"
				    "                                     ^^^\n");
}

static void a_query_takes_the_defaults_and_says_itself_what_differs(void **state)
{
	READING r = read_good("version: 1\n"
			      "defaults: { interval: 5s, limit: 3, labels: { a: b }, fields: [tcp], outputs: out,\n"
			      "            filter: state all, run_on_start: false }\n"
			      "queries:\n"
			      "  plain:\n"
			      "  own: { interval: 250ms, limit: 0, labels: {}, filter: '', timeout: 100ms,\n"
			      "         run_on_start: true, fields: [uid, tcp] }\n" OUTPUTS);
	const struct sf_query_conf *plain = &r.config->query[0], *own = &r.config->query[1];

	(void)state;
	assert_int_equal(r.config->queries, 2);
	assert_string_equal(plain->name, "plain");
	assert_int_equal(plain->interval, 5000000);
	assert_int_equal(plain->timeout, 5000000);
	assert_int_equal(plain->limit, 3);
	assert_false(plain->run_on_start);
	assert_string_equal(plain->filter.text, "state all");
	assert_string_equal(plain->filter.within, "the filter of \"defaults\"");
	assert_string_equal(plain->fields.items[0].text, "tcp");
	assert_int_equal(plain->labels.count, 1);
	assert_ptr_equal(plain->output[0], &r.config->output[0]);
	assert_string_equal(own->name, "own");
	assert_int_equal(own->interval, 250000);
	assert_int_equal(own->timeout, 100000);
	assert_int_equal(own->limit, 0);
	assert_true(own->run_on_start);
	assert_string_equal(own->filter.text, "");
	assert_int_equal(own->fields.count, 2);
	assert_int_equal(own->labels.count, 0);
	assert_int_equal(own->outputs, 1);
}

static void an_inherited_time_out_is_taken_back_by_an_empty_one(void **state)
{
	READING r = read_good("version: 1\n"
			      "defaults: { timeout: 1s, outputs: out }\n"
			      "queries: { a: { interval: 5s, timeout: '' }, b: {} }\n" OUTPUTS);

	(void)state;
	assert_int_equal(r.config->query[0].timeout, 5000000);
	assert_int_equal(r.config->query[1].timeout, 1000000);
}

static void the_sections_have_the_defaults_of_the_contract(void **state)
{
	READING r = read_good(REST);
	const struct sf_query_conf *q = r.config->query;

	(void)state;
	assert_string_equal(r.config->path, FILE_NAME);
	assert_int_equal(r.config->version, 1);
	assert_string_equal(r.config->host.name, "");
	assert_string_equal(r.config->host.id, "");
	assert_int_equal(r.config->host.labels.count, 0);
	assert_true(r.config->schedule.align);
	assert_int_equal(r.config->schedule.splay, 1000000);
	assert_int_equal(r.config->log.level, SF_LOG_INFO);
	assert_int_equal(r.config->log.json, 0);
	assert_int_equal(q->interval, 60000000);
	assert_int_equal(q->timeout, 60000000);
	assert_true(q->run_on_start);
	assert_int_equal(q->sockets.count, 1);
	assert_string_equal(q->sockets.items[0].text, "tcp");
	assert_int_equal(q->fields.count, 1);
	assert_string_equal(q->fields.items[0].text, "all");
	assert_int_equal(q->limit, 0);
	assert_int_equal(q->mode, 0);
	assert_int_equal(r.config->output[0].queue_size, 16 << 20);
}

static void the_sections_say_what_is_written(void **state)
{
	READING r = read_good(REST "host: { name: web-1, id: abc, labels: { role: web } }\n"
				   "schedule: { align: false, splay: 0s }\n"
				   "log: { level: debug, format: json }\n");

	(void)state;
	assert_string_equal(r.config->host.name, "web-1");
	assert_string_equal(r.config->host.id, "abc");
	assert_string_equal(r.config->host.labels.names[0], "role");
	assert_false(r.config->schedule.align);
	assert_int_equal(r.config->schedule.splay, 0);
	assert_int_equal(r.config->log.level, SF_LOG_DEBUG);
	assert_int_equal(r.config->log.json, 1);
}

static void the_levels_of_the_log_are_those_of_base(void **state)
{
	static const char *const words[] = {
		[SF_LOG_ERROR] = "error", [SF_LOG_WARN] = "warning", [SF_LOG_INFO] = "info", [SF_LOG_DEBUG] = "debug"};
	char text[512];

	(void)state;
	for (size_t i = 0; i < SF_COUNT(words); i++) {
		snprintf(text, sizeof(text), REST "log: { level: %s }\n", words[i]);
		READING r = read_good(text);
		assert_int_equal(r.config->log.level, i);
	}
}

static void a_value_that_cannot_be_read_leaves_the_default(void **state)
{
	READING r = read_text(REST "schedule: { splay: 10, align: maybe }\nlog: { level: loud }\n");

	(void)state;
	assert_int_equal(sf_complaints_errors(r.complaints), 3);
	assert_int_equal(r.config->schedule.splay, 1000000);
	assert_true(r.config->schedule.align);
	assert_int_equal(r.config->log.level, SF_LOG_INFO);
}

static void the_only_output_blocks_where_its_type_says_so(void **state)
{
	READING only = read_good(REST);
	READING other = read_kinds("");
	READING said = read_good("version: 1\n" QUERIES
				 "outputs: { out: { type: plain, queue: { when_full: drop_newest } } }\n");
	READING wanted = read_kinds("    queue: { when_full: block, max_size: 1MiB }\n");
	READING many = read_good("version: 1\nqueries: { one: { outputs: [b, a] } }\n"
				 "outputs: { a: { type: plain }, b: { type: plain } }\n");

	(void)state;
	assert_int_equal(only.config->output[0].when_full, SF_BLOCK);
	assert_int_equal(other.config->output[0].when_full, SF_DROP_OLDEST);
	assert_int_equal(said.config->output[0].when_full, SF_DROP_NEWEST);
	assert_int_equal(wanted.config->output[0].when_full, SF_BLOCK);
	assert_int_equal(wanted.config->output[0].queue_size, 1 << 20);
	assert_int_equal(many.config->output[0].when_full, SF_DROP_OLDEST);
	assert_int_equal(many.config->output[1].when_full, SF_DROP_OLDEST);
	assert_string_equal(many.config->query[0].output[0]->name, "b");
	assert_string_equal(many.config->query[0].output[1]->name, "a");
	assert_said("version: 1\nqueries: { one: { outputs: [b, a] } }\n"
		    "outputs: { a: { type: plain }, b: { type: plain, queue: { when_full: block } } }\n",
		    "sockfeed.yaml:3:70: error: an output may block only where it is the only one\n"
		    "    outputs: { a: { type: plain }, b: { type: plain, queue: { when_full: block } } }\n"
		    "                                                                         ^^^^^\n"
		    "  write drop_oldest or drop_newest\n");
}

static void an_output_without_a_query_is_a_warning(void **state)
{
	READING r = read_text("version: 1\n" QUERIES "outputs: { out: { type: plain }, idle: { type: plain } }\n");

	(void)state;
	assert_int_equal(r.result, 0);
	assert_int_equal(sf_complaints_warnings(r.complaints), 1);
	assert_string_equal(r.said, "sockfeed.yaml:3:34: warning: no query writes to output \"idle\"\n"
				    "    outputs: { out: { type: plain }, idle: { type: plain } }\n"
				    "                                     ^^^^\n");
}

static void no_error_follows_from_another(void **state)
{
	static const char *const texts[] = {
		"version: 1\nqueries: [one]\n" OUTPUTS,
		"version: 1\nqueries: { One: { outputs: out } }\n" OUTPUTS,
		"version: 1\nqueries: { one: { outputs: Out } }\noutputs: { Out: { type: plain } }\n",
		"version: 1\noutputs: [out]\n" QUERIES,
		"version: 1\noutput: { out: { type: plain } }\n" QUERIES,
		"version: 1\nquerys: { one: { outputs: out } }\n" OUTPUTS,
		"version: 1\ndefault: { outputs: out }\nqueries: { one: }\n" OUTPUTS,
		"version: 1\ndefaults: out\nqueries: { one: }\n" OUTPUTS,
		"version: 1\nqueries: { one: { outputs: [out] } }\noutputs: { out: plain }\n",
		"version: 1\nqueries: { one: { outputs: [out] } }\noutputs: { &x out: { type: plain } }\n",
		"version: 1\nqueries: { one: { outputs: [out] } }\noutputs: { out: { typ: plain } }\n",
		"version: 1\nqueries: { one: { outputs: [out] } }\noutputs: { out: { type: all, txt: x } }\n",
		"version: 1\nqueries: { one: { outptus: [out] } }\n" OUTPUTS,
		"version: 1\nqueries: { one: { outputs: { out: out } } }\n" OUTPUTS,
		"version: 1\nqueries: { one: out }\n" OUTPUTS,
		"version: 1\nqueries: { one: { outputs: *out } }\n" OUTPUTS,
		"verison: 1\n" QUERIES OUTPUTS,
		"version: 2\n" QUERIES OUTPUTS,
		"version: 1\noutputs: { out: { type: plain, queue: { when_full: block } }, out: { type: plain } "
		"}\n" QUERIES,
		"version: 1\n" QUERIES "outputs: { out: { type: plain } }\noutputs: { two: { type: plain } }\n",
		"version: 1\ninclude: missing.yaml\nqueries: { one: { outputs: there } }\n" OUTPUTS,
		"version: 1\ninclude: missing.yaml\n",
		"version: 1\nschedule: [x]\n" QUERIES OUTPUTS,
		"version: 1\ndefaults: { outputs: oot }\nqueries: { one: , two: , three: { limit: 1 } }\n" OUTPUTS,
	};

	(void)state;
	for (size_t i = 0; i < SF_COUNT(texts); i++)
		assert_one_error(texts[i], "error: ");
}

static void what_is_wrong_in_a_wrong_entry_is_said_too(void **state)
{
	READING r = read_text("version: 1\n"
			      "queries:\n"
			      "  One: { interval: 5, outputs: out }\n"
			      "  two: { interval: 6, outputs: nowhere }\n"
			      "defaults: { outputs: nobody }\n"
			      "outputs:\n"
			      "  out: { type: plain, queue: { max_size: 5 } }\n"
			      "  Two: { type: all, number: 11 }\n");

	(void)state;
	assert_int_equal(sf_complaints_errors(r.complaints), 9);
	assert_non_null(strstr(r.said, "\"One\" is no name"));
	assert_non_null(strstr(r.said, "3:20: error: \"5\" needs a unit"));
	assert_non_null(strstr(r.said, "4:20: error: \"6\" needs a unit"));
	assert_non_null(strstr(r.said, "no output is named \"nowhere\""));
	assert_non_null(strstr(r.said, "no output is named \"nobody\""));
	assert_non_null(strstr(r.said, "7:42: error: \"5\" needs a unit"));
	assert_non_null(strstr(r.said, "\"Two\" is no name"));
	assert_non_null(strstr(r.said, "11 is too large for \"number\""));
	assert_non_null(strstr(r.said, "\"Two\" has no text"));
}

static void a_required_text_is_not_empty_and_a_bounded_one_not_too_long(void **state)
{
	(void)state;
	assert_one_error("version: 1\n" QUERIES "outputs: { out: { type: all } }\n", "\"out\" has no text");
	assert_one_error("version: 1\n" QUERIES "outputs: { out: { type: all, text: '' } }\n", "\"text\" is empty");
	assert_one_error("version: 1\n" QUERIES "outputs: { out: { type: all, text: a, optional: '123456789' } }\n",
			 "\"optional\" is too long");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_key_has_the_default_of_its_table),
		cmocka_unit_test(every_kind_of_key_is_read),
		cmocka_unit_test(words_stand_for_the_two_ends_of_numbers),
		cmocka_unit_test(an_option_that_is_empty_is_there_unless_it_is_an_empty_text),
		cmocka_unit_test(what_words_do_not_say_needs_a_unit),
		cmocka_unit_test(pairs_have_names_and_texts),
		cmocka_unit_test(an_option_needs_what_it_needs_only_where_it_is),
		cmocka_unit_test(what_settings_say_together_is_complained_about_at_their_places),
		cmocka_unit_test(a_text_that_others_read_knows_its_place),
		cmocka_unit_test(a_complaint_about_a_list_item_shows_its_line),
		cmocka_unit_test(a_query_takes_the_defaults_and_says_itself_what_differs),
		cmocka_unit_test(an_inherited_time_out_is_taken_back_by_an_empty_one),
		cmocka_unit_test(the_sections_have_the_defaults_of_the_contract),
		cmocka_unit_test(the_sections_say_what_is_written),
		cmocka_unit_test(the_levels_of_the_log_are_those_of_base),
		cmocka_unit_test(a_value_that_cannot_be_read_leaves_the_default),
		cmocka_unit_test(the_only_output_blocks_where_its_type_says_so),
		cmocka_unit_test(an_output_without_a_query_is_a_warning),
		cmocka_unit_test(no_error_follows_from_another),
		cmocka_unit_test(what_is_wrong_in_a_wrong_entry_is_said_too),
		cmocka_unit_test(a_required_text_is_not_empty_and_a_bounded_one_not_too_long),
	};

	return cmocka_run_group_tests(tests, configs_begin, configs_end);
}
