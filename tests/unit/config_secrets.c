/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The room `config`: secrets stand in files that nobody else may read, beside the credentials that systemd gave or
 * beside the file that names them.
 */
#include "configs.h"

static void put_secret(const char *name, const char *text, mode_t mode)
{
	put_text(name, text);
	assert_int_equal(chmod(name, mode), 0);
}

static void assert_secret(const char *keys, const char *path, const char *content)
{
	READING r = read_kinds(keys);
	const struct sf_secret *secret = &kinds_of(&r)->secret;

	assert_string_equal(secret->path, path);
	assert_string_equal(secret->content, content);
	assert_int_equal(secret->length, strlen(content));
}

#define CONFIG	     "version: 1\n" QUERIES "outputs: { out: { type: all, text: t, secret_file: "
#define CONFIG_CLOSE " } }\n"

static void a_secret_is_the_content_of_its_file_without_the_last_newline(void **state)
{
	(void)state;
	put_secret("one", "pass word", 0600);
	put_secret("two", "pass word\n", 0640);
	put_secret("three", "pass\nword\n\n", 0400);
	put_secret("four", "\r\n", 0400);
	assert_secret("    secret_file: one\n", "one", "pass word");
	assert_secret("    secret_file: two\n", "two", "pass word");
	assert_secret("    secret_file: three\n", "three", "pass\nword\n");
	assert_secret("    secret_file: four\n", "four", "\r");
}

static void a_secret_of_bytes_keeps_them(void **state)
{
	static const char bytes[] = {'a', 0, '\xff', '$', '{', 'X', '}', '\n'};
	sf_cleanup(reading_finish) struct reading r;

	(void)state;
	put_bytes("bytes", bytes, sizeof(bytes));
	assert_int_equal(chmod("bytes", 0600), 0);
	r = read_kinds("    secret_file: bytes\n");
	assert_int_equal(kinds_of(&r)->secret.length, sizeof(bytes) - 1);
	assert_memory_equal(kinds_of(&r)->secret.content, bytes, sizeof(bytes) - 1);
}

static void a_relative_secret_lies_by_the_credentials_then_beside_the_file(void **state)
{
	char *here = getcwd(NULL, 0), path[4096];

	(void)state;
	assert_int_equal(mkdir("credentials", 0700), 0);
	assert_int_equal(mkdir("etc", 0700), 0);
	put_secret("etc/both", "beside", 0600);
	put_secret("etc/only", "beside", 0600);
	put_secret("credentials/both", "given", 0400);
	snprintf(path, sizeof(path), "%s/credentials", here);
	setenv("CREDENTIALS_DIRECTORY", path, 1);
	snprintf(path, sizeof(path),
		 "version: 1\nqueries: { one: { outputs: [both, only, absolute] } }\noutputs:\n"
		 "  both: { type: all, text: t, secret_file: both }\n"
		 "  only: { type: all, text: t, secret_file: only }\n"
		 "  absolute: { type: all, text: t, secret_file: %s/etc/both }\n",
		 here);
	put_text("etc/" FILE_NAME, path);
	{
		READING r = read_file("etc/" FILE_NAME);
		const struct sf_output_conf *o = r.config->output;

		assert_string_equal(r.said, "");
		assert_string_equal(((struct kinds *)o[0].own)->secret.content, "given");
		assert_string_equal(((struct kinds *)o[1].own)->secret.content, "beside");
		assert_string_equal(((struct kinds *)o[2].own)->secret.content, "beside");
	}
	unsetenv("CREDENTIALS_DIRECTORY");
	free(here);
}

static void the_secret_of_an_included_file_lies_beside_that(void **state)
{
	sf_cleanup(reading_finish) struct reading r;

	(void)state;
	assert_int_equal(mkdir("parts", 0700), 0);
	put_secret("parts/key", "beside the part", 0600);
	put_text("parts/out.yaml", "outputs: { out: { type: all, text: t, secret_file: key } }\n");
	r = read_good("version: 1\ninclude: parts/out.yaml\n" QUERIES);
	assert_string_equal(kinds_of(&r)->secret.content, "beside the part");
}

static void a_secret_that_others_may_read_is_an_error_with_the_command_that_mends_it(void **state)
{
	(void)state;
	put_secret("open", "x", 0644);
	put_secret("written", "x", 0602);
	assert_said(CONFIG "open" CONFIG_CLOSE,
		    "sockfeed.yaml:3:52: error: open holds a secret, and everybody may read it\n"
		    "    outputs: { out: { type: all, text: t, secret_file: open } }\n"
		    "                                                       ^^^^\n"
		    "  chmod o= open\n");
	assert_one_error(CONFIG "written" CONFIG_CLOSE, "chmod o= written");
}

static void what_is_no_secret_is_an_error(void **state)
{
	static char large[(64 << 10) + 1];

	(void)state;
	put_secret("empty", "", 0600);
	put_secret("line", "\n", 0600);
	assert_int_equal(mkdir("folder", 0700), 0);
	assert_int_equal(mkfifo("fifo", 0600), 0);
	memset(large, 'x', sizeof(large));
	put_bytes("large", large, sizeof(large));
	assert_int_equal(chmod("large", 0600), 0);
	assert_one_error(CONFIG "empty" CONFIG_CLOSE, "empty is empty");
	assert_one_error(CONFIG "line" CONFIG_CLOSE, "line is empty");
	assert_one_error(CONFIG "missing" CONFIG_CLOSE, "missing cannot be opened: No such file or directory");
	assert_one_error(CONFIG "folder" CONFIG_CLOSE, "folder is a directory");
	assert_one_error(CONFIG "fifo" CONFIG_CLOSE, "fifo is no regular file");
	assert_one_error(CONFIG "large" CONFIG_CLOSE, "large is larger than 64 KiB");
	assert_one_error(CONFIG "[large]" CONFIG_CLOSE, "\"secret_file\" is one value, not a list");
	assert_one_error(CONFIG "" CONFIG_CLOSE, "\"secret_file\" has no value");
}

static void an_empty_path_is_no_secret(void **state)
{
	READING r = read_kinds("    secret_file: ''\n");

	(void)state;
	assert_null(kinds_of(&r)->secret.content);
}

static void a_secret_prints_as_its_path_alone(void **state)
{
	sf_cleanup(sf_buf_finish) struct sf_buf out = {0};
	sf_cleanup(reading_finish) struct reading r;

	(void)state;
	put_secret("hidden", "the content", 0600);
	r = read_kinds("    secret_file: hidden\n");
	sf_config_print(r.config, &out);
	assert_non_null(strstr(out.data, "secret_file: hidden\n"));
	assert_null(strstr(out.data, "the content"));
}

static void a_file_is_read_as_a_secret_is_but_everybody_may_read_it(void **state)
{
	sf_cleanup(reading_finish) struct reading r;

	(void)state;
	put_secret("certificate", "the content\n", 0644);
	r = read_kinds("    file: certificate\n");
	assert_string_equal(kinds_of(&r)->file.path, "certificate");
	assert_string_equal(kinds_of(&r)->file.content, "the content");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_secret_is_the_content_of_its_file_without_the_last_newline),
		cmocka_unit_test(a_secret_of_bytes_keeps_them),
		cmocka_unit_test(a_relative_secret_lies_by_the_credentials_then_beside_the_file),
		cmocka_unit_test(the_secret_of_an_included_file_lies_beside_that),
		cmocka_unit_test(a_secret_that_others_may_read_is_an_error_with_the_command_that_mends_it),
		cmocka_unit_test(what_is_no_secret_is_an_error),
		cmocka_unit_test(an_empty_path_is_no_secret),
		cmocka_unit_test(a_secret_prints_as_its_path_alone),
		cmocka_unit_test(a_file_is_read_as_a_secret_is_but_everybody_may_read_it),
	};

	return cmocka_run_group_tests(tests, configs_begin, configs_end);
}
