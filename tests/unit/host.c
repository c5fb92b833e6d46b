/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The room `host`: names and ids as configured or as found.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include <sockfeed/host.h>

static void a_release_is_read_to_its_minor_number(void **state)
{
	(void)state;
	assert_int_equal(sf_host_release("6.18.44-fc-v669"), 0x061200);
	assert_int_equal(sf_host_release("6.1.0-13-amd64"), 0x060100);
	assert_int_equal(sf_host_release("7.0-rc1"), 0x070000);
	assert_int_equal(sf_host_release("unknown"), 0);
	assert_int_equal(sf_host_release("6"), 0);
	assert_int_equal(sf_host_release("700.1"), 0);
}

static void the_host_says_who_it_is(void **state)
{
	struct sf_host host;
	struct sf_err err;
	char name[256];
	(void)state;

	assert_int_equal(sf_host_read(&host, "", "", &err), 0);
	assert_int_equal(gethostname(name, sizeof(name)), 0);
	assert_string_equal(host.name, name);
	assert_int_equal(strlen(host.boot_id), 36);
	assert_true(host.id[0]);
	assert_int_equal(host.id_is_boot, !strcmp(host.id, host.boot_id));
	assert_true(host.release != 0);
}

static void the_configuration_wins(void **state)
{
	struct sf_host host;
	struct sf_err err;
	(void)state;

	assert_int_equal(sf_host_read(&host, "web-1", "abc", &err), 0);
	assert_string_equal(host.name, "web-1");
	assert_string_equal(host.id, "abc");
	assert_false(host.id_is_boot);
}

static void an_id_that_is_too_long_is_refused_in_words(void **state)
{
	struct sf_host host;
	struct sf_err err = {0};
	char id[66];
	(void)state;

	memset(id, 'a', sizeof(id));
	id[65] = '\0';
	assert_int_equal(sf_host_read(&host, "", id, &err), -ENAMETOOLONG);
	assert_non_null(strstr(err.text, "64 bytes"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_release_is_read_to_its_minor_number),
		cmocka_unit_test(the_host_says_who_it_is),
		cmocka_unit_test(the_configuration_wins),
		cmocka_unit_test(an_id_that_is_too_long_is_refused_in_words),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
