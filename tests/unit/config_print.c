/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The room `config`: what is printed reads back to the same and prints the same, whatever the texts in it are. Numbers
 * are drawn from SF_SEED (1), so that a failure can be seen again.
 */
#include "configs.h"

/* Printed, read again, printed again: the same. Returns the text, to be freed. */
static char *assert_stable(const struct sf_config *config)
{
	struct sf_buf first = {0};
	sf_cleanup(sf_buf_finish) struct sf_buf second = {0};

	sf_config_print(config, &first);
	put_bytes("printed.yaml", first.data, first.length);
	READING again = read_file("printed.yaml");
	if (again.said[0])
		fail_msg("%s\nin\n%s", again.said, first.data);
	sf_config_print(again.config, &second);
	assert_string_equal(first.data, second.data);
	return sf_buf_take(&first);
}

static void the_normal_form_has_every_key_in_the_order_of_the_contract(void **state)
{
	READING r = read_good(REST);
	sf_cleanup(sf_free_p) char *text = assert_stable(r.config);

	(void)state;
	assert_string_equal(text, "version: 1\n"
				  "host:\n"
				  "  name: \"\"\n"
				  "  id: \"\"\n"
				  "  labels: {}\n"
				  "schedule:\n"
				  "  align: true\n"
				  "  splay: 1s\n"
				  "queries:\n"
				  "  one:\n"
				  "    interval: 1m\n"
				  "    run_on_start: true\n"
				  "    timeout: 1m\n"
				  "    sockets: [tcp]\n"
				  "    namespaces: [self]\n"
				  "    filter: \"\"\n"
				  "    fields: [all]\n"
				  "    limit: 0\n"
				  "    labels: {}\n"
				  "    outputs: [out]\n"
				  "    mode: snapshot\n"
				  "    include_unconnected: false\n"
				  "    receive_buffer: 16MiB\n"
				  "outputs:\n"
				  "  out:\n"
				  "    type: plain\n"
				  "    queue:\n"
				  "      max_size: 16MiB\n"
				  "      when_full: block\n"
				  "log:\n"
				  "  level: info\n"
				  "  format: text\n");
}

static void every_kind_of_key_prints_as_a_user_would_write_it(void **state)
{
	put_text("key", "hidden");
	assert_int_equal(chmod("key", 0600), 0);
	READING r =
		read_kinds("    optional: yes\n    flag: false\n    number: 3\n    duration: 1500ms\n    size: 1536B\n"
			   "    share: 12.5%\n    choice: blue\n    list: [-a.*, 'b c', \"1\", true]\n"
			   "    labels: { a: no, b: x }\n    placed: |\n      one\n        two\n\n      three\n"
			   "    secret_file: ./key\n    worded: never\n    rate: 1500kB/s\n    pairs: { linger.ms: 50 }\n"
			   "    option: { needed: x }\n");
	sf_cleanup(sf_free_p) char *text = assert_stable(r.config);

	(void)state;
	assert_non_null(strstr(text, "    text: t\n"
				     "    optional: \"yes\"\n"
				     "    flag: false\n"
				     "    number: 3\n"
				     "    duration: 1500ms\n"
				     "    size: 1536B\n"
				     "    nothing: \"\"\n"
				     "    share: 12.5%\n"
				     "    choice: blue\n"
				     "    none: \"\"\n"
				     "    list: [-a.*, \"b c\", \"1\", \"true\"]\n"
				     "    labels: {a: \"no\", b: x}\n"
				     "    placed: |\n"
				     "      one\n"
				     "        two\n"
				     "\n"
				     "      three\n"
				     "    secret_file: \"./key\"\n"
				     "    inner:\n"
				     "      deep: 3\n"
				     "    worded: never\n"
				     "    rate: 12Mbit/s\n"
				     "    pairs: {linger.ms: \"50\"}\n"
				     "    file: \"\"\n"
				     "    option:\n"
				     "      depth: 4\n"
				     "      needed: x\n"));
}

static void an_option_that_is_not_there_prints_nothing(void **state)
{
	READING r = read_kinds("    worded: always\n");
	sf_cleanup(sf_free_p) char *text = assert_stable(r.config);

	(void)state;
	assert_non_null(strstr(text, "    worded: always\n    rate: auto\n"));
	assert_null(strstr(text, "option:"));
}

static void what_came_from_the_environment_and_from_other_files_prints_in_one_file(void **state)
{
	setenv("SET", "a $HOME: ${SET} #", 1);
	put_text("part.yaml", "host: { name: \"${SET}\", labels: { a: '$${SET}' } }\n" QUERIES);
	READING r = read_good("version: 1\ninclude: part.yaml\ndefaults: { limit: 7, outputs: out }\n" OUTPUTS);
	sf_cleanup(sf_free_p) char *text = assert_stable(r.config);

	(void)state;
	assert_non_null(strstr(text, "name: \"a $$HOME: $${SET} #\"\n"));
	assert_non_null(strstr(text, "labels: {a: \"$${SET}\"}\n"));
	assert_non_null(strstr(text, "limit: 7\n"));
	assert_null(strstr(text, "include:"));
	assert_null(strstr(text, "defaults"));
	READING again = read_file("printed.yaml");
	assert_string_equal(again.config->host.name, "a $HOME: ${SET} #");
	assert_string_equal(again.config->host.labels.items[0].text, "${SET}");
}

/* ---- a text from a file of its own ---- */

static const struct sf_text *filter_of(const struct reading *r)
{
	assert_int_equal(r->config->queries, 1);
	return &r->config->query[0].filter;
}

static void a_filter_from_a_file_prints_as_its_path_beside_the_file_that_is_printed(void **state)
{
	char *here = getcwd(NULL, 0), path[4096];

	(void)state;
	assert_int_equal(mkdir("parts", 0755), 0);
	put_text("parts/x.filter", "dport = :443 # ${SET} $$\n");
	put_text("parts/part.yaml", "queries: { one: { outputs: out, filter: { file: x.filter } } }\n");
	READING r = read_good("version: 1\ninclude: parts/part.yaml\n" OUTPUTS);
	sf_cleanup(sf_free_p) char *text = assert_stable(r.config);
	assert_non_null(strstr(text, "    filter: {file: parts/x.filter}\n"));
	READING again = read_file("printed.yaml");
	assert_string_equal(filter_of(&again)->text, "dport = :443 # ${SET} $$\n");

	snprintf(path, sizeof(path), "%s/%s", here, FILE_NAME);
	READING full = read_file(path); /* as an absolute path it is right from everywhere */
	sf_cleanup(sf_free_p) char *printed = assert_stable(full.config);
	snprintf(path, sizeof(path), "%s/parts/x.filter", here);
	assert_non_null(strstr(printed, path));
	free(here);
}

static void a_filter_from_a_file_is_its_bytes_up_to_64_KiB(void **state)
{
	static const char text[] = "version: 1\nqueries: { one: { outputs: out, filter: { file: x.filter } } }\n" OUTPUTS;
	static char bytes[(64 << 10) + 1];

	(void)state;
	memset(bytes, '\n', sizeof(bytes));
	bytes[1] = '\0';
	put_bytes("x.filter", bytes, sizeof(bytes) - 1);
	READING most = read_good(text);
	assert_int_equal(filter_of(&most)->length, sizeof(bytes) - 1);
	assert_memory_equal(filter_of(&most)->text, bytes, sizeof(bytes) - 1);
	assert_string_equal(filter_of(&most)->name, "x.filter");
	put_bytes("x.filter", bytes, sizeof(bytes));
	assert_one_error(text, "2:49: error: x.filter is larger than 64 KiB\n");
}

static void a_query_without_a_filter_takes_none_from_the_defaults_file(void **state)
{
	(void)state;
	put_text("x.filter", "dport = :443");
	READING r = read_good("version: 1\ndefaults: { filter: { file: x.filter } }\n"
			      "queries: { one: { outputs: out, filter: \"\" } }\n" OUTPUTS);
	assert_string_equal(filter_of(&r)->text, "");
	READING same = read_good("version: 1\ndefaults: { filter: { file: x.filter } }\n" QUERIES OUTPUTS);
	assert_string_equal(filter_of(&same)->text, "dport = :443");
	assert_int_equal(filter_of(&same)->line, 0);
}

/* ---- any text ---- */

static const char *const nasty[] = {
	"'", "\"", "$", "$$", "${SET}", "${", "}", "\n", "\n\n", " ", "  ", "\t", "\r", "\r\n", ":", ": ",
	"#", " #", "- ", "-", "? ", "*a", "&a", "!a", "~", "null", "true", "no", "0x1f", "1e3", ".5",
	"12:30", "{", "[", "]", ",", "|", ">", "%", "@", "`", "\\", "\\n", "---", "...", "--- ", "<<", "=",
	"\xe2\x80\xa8", "\xe2\x80\xa9", "\xc2\x85", "\xef\xbb\xbf", "\xf0\x9f\x90\xa7", "\xc3\xa4", "\x01",
	"\x7f", "\x1b[1m", "\xef\xbf\xbe", "\xc2\xa0", "a", "b c", "word", "key: value", "- x", "# x",
	"state all\n", "  indented",
};

static uint64_t draw(uint64_t *seed)
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

/* The number of a character of UTF-8; `*text` goes on to the next. */
static unsigned take_character(const char **text)
{
	unsigned first = (unsigned char)*(*text)++;
	unsigned c = first < 0x80 ? first : first < 0xe0 ? first & 0x1f : first < 0xf0 ? first & 0x0f : first & 0x07;

	while ((**text & 0xc0) == 0x80)
		c = c << 6 | ((unsigned)*(*text)++ & 0x3f);
	return c;
}

/* Each character escaped, so that YAML itself reads what was meant; else as a variable. */
static void quote(struct sf_buf *out, const char *text, bool escaped)
{
	if (!escaped) {
		sf_buf_text(out, "${A_TEXT}");
		setenv("A_TEXT", text, 1);
		return;
	}
	sf_buf_text(out, "\"");
	while (*text) {
		unsigned c = take_character(&text);

		sf_buf_format(out, c == '$' ? "$$" : "\\U%08x", c);
	}
	sf_buf_text(out, "\"");
}

static void check_text(const char *text, bool escaped)
{
	sf_cleanup(sf_buf_finish) struct sf_buf file = {0};

	sf_buf_text(&file, "version: 1\nhost: \n  name: ");
	quote(&file, text, escaped);
	sf_buf_text(&file, "\n  labels:\n    a: ");
	quote(&file, text, escaped);
	sf_buf_text(&file, "\nqueries:\n  one:\n    outputs: out\n    filter: ");
	quote(&file, text, escaped);
	sf_buf_text(&file, "\n    fields:\n    - ");
	quote(&file, text, escaped);
	sf_buf_text(&file, "\n    - last\n" OUTPUTS);
	put_bytes(FILE_NAME, file.data, file.length);
	READING r = read_file(FILE_NAME);
	if (r.said[0])
		fail_msg("%s\nin\n%s", r.said, file.data);
	assert_string_equal(r.config->host.name, text);
	free(assert_stable(r.config));
	READING again = read_file("printed.yaml");
	assert_string_equal(again.config->host.name, text);
	assert_string_equal(again.config->host.labels.items[0].text, text);
	assert_string_equal(again.config->query[0].filter.text, text);
	assert_int_equal(again.config->query[0].filter.length, strlen(text));
	assert_string_equal(again.config->query[0].fields.items[0].text, text);
	assert_string_equal(again.config->query[0].fields.items[1].text, "last");
}

static void any_text_reads_back_to_the_same(void **state)
{
	const char *wanted = getenv("SF_SEED");
	uint64_t seed = wanted ? strtoull(wanted, NULL, 10) : 1;

	(void)state;
	check_text("", true);
	for (size_t i = 0; i < SF_COUNT(nasty); i++) {
		check_text(nasty[i], false);
		check_text(nasty[i], true);
	}
	for (unsigned i = 0; i < 2000; i++) {
		sf_cleanup(sf_buf_finish) struct sf_buf text = {0};

		for (size_t parts = 1 + draw(&seed) % 6; parts; parts--)
			sf_buf_text(&text, nasty[draw(&seed) % SF_COUNT(nasty)]);
		check_text(text.data, i % 2);
	}
}

static void every_number_reads_back_to_the_same(void **state)
{
	uint64_t seed = 1;

	(void)state;
	for (unsigned i = 0; i < 1000; i++) {
		uint64_t number = draw(&seed) >> draw(&seed) % 64;
		char keys[256];

		snprintf(keys, sizeof(keys), "    duration: %lluus\n    size: %lluB\n    share: %.*f%%\n",
			 (unsigned long long)number, (unsigned long long)number, (int)(i % 12),
			 (double)(number % 100000001) / 1e6); /* 100% at most */
		READING r = read_kinds(keys);
		free(assert_stable(r.config));
		READING again = read_file("printed.yaml");
		assert_true(kinds_of(&again)->duration == number);
		assert_true(kinds_of(&again)->size == number);
		assert_true(kinds_of(&again)->share == kinds_of(&r)->share);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_normal_form_has_every_key_in_the_order_of_the_contract),
		cmocka_unit_test(every_kind_of_key_prints_as_a_user_would_write_it),
		cmocka_unit_test(an_option_that_is_not_there_prints_nothing),
		cmocka_unit_test(what_came_from_the_environment_and_from_other_files_prints_in_one_file),
		cmocka_unit_test(a_filter_from_a_file_prints_as_its_path_beside_the_file_that_is_printed),
		cmocka_unit_test(a_filter_from_a_file_is_its_bytes_up_to_64_KiB),
		cmocka_unit_test(a_query_without_a_filter_takes_none_from_the_defaults_file),
		cmocka_unit_test(any_text_reads_back_to_the_same),
		cmocka_unit_test(every_number_reads_back_to_the_same),
	};

	return cmocka_run_group_tests(tests, configs_begin, configs_end);
}
