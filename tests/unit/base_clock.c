/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The room `base`: stamps are what the C library's calendar says, and a line of the log is one
 * line, whatever is in it.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include <json-c/json.h>

#include <sockfeed/base.h>

static void assert_stamp(uint64_t us)
{
	char stamp[SF_STAMP_SIZE + 1] = {0}, expected[64];
	time_t second = (time_t)(us / 1000000);
	struct tm tm;

	gmtime_r(&second, &tm);
	snprintf(expected, sizeof(expected), "%04d-%02d-%02dT%02d:%02d:%02d.%06uZ",
		 tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec,
		 (unsigned)(us % 1000000));
	sf_clock_stamp(stamp, us);
	assert_string_equal(stamp, expected);
}

static void every_day_from_1970_to_9999_has_its_date(void **state)
{
	const uint64_t day = 86400000000;

	(void)state;
	for (uint64_t i = 0; i < 2932897; i++) /* the last is 9999-12-31 */
		assert_stamp(i * day + i * 29501 % day);
	assert_stamp(0);
	assert_stamp(2932897 * day - 1);
}

static void a_stamp_beyond_its_years_is_the_last_one(void **state)
{
	char stamp[SF_STAMP_SIZE];

	(void)state;
	sf_clock_stamp(stamp, UINT64_MAX);
	assert_memory_equal(stamp, "9999-12-31T23:59:59.999999Z", SF_STAMP_SIZE);
}

static void the_clocks_are_those_of_the_kernel(void **state)
{
	uint64_t mono = sf_clock_mono(), boot = sf_clock_boot(), wall = sf_clock_wall();
	struct timespec t;

	(void)state;
	usleep(2000);
	assert_true(sf_clock_mono() >= mono + 2000);
	assert_true(boot >= mono); /* it counts suspended time too */
	clock_gettime(CLOCK_REALTIME, &t);
	assert_in_range((uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000 - wall, 0,
			60000000);
}

/* What `text` looks like on stderr; to be freed. */
static char *logged(enum sf_log_level level, const char *text)
{
	int saved = dup(STDERR_FILENO), pipes[2];
	char *line = sf_alloc(4096);

	assert_int_equal(pipe(pipes), 0);
	dup2(pipes[1], STDERR_FILENO);
	close(pipes[1]);
	sf_log(level, "%s", text);
	dup2(saved, STDERR_FILENO);
	close(saved);
	assert_true(read(pipes[0], line, 4095) >= 0); /* all of it: one write */
	close(pipes[0]);
	return line;
}

static void a_line_of_the_log_has_time_level_and_one_line(void **state)
{
	sf_cleanup(sf_free_p) char *line = NULL;
	struct tm tm;

	(void)state;
	sf_log_setup(SF_LOG_INFO, false);
	line = logged(SF_LOG_WARN, "two\nlines\x1b[31m \xc3\xa4\xff");
	assert_non_null(strptime(line, "%Y-%m-%dT%H:%M:%S", &tm));
	assert_string_equal(line + SF_STAMP_SIZE, " warning: two?lines?[31m \xc3\xa4?\n");
}

static void what_is_below_the_level_is_not_written(void **state)
{
	sf_cleanup(sf_free_p) char *debug = NULL, *info = NULL;

	(void)state;
	sf_log_setup(SF_LOG_INFO, false);
	debug = logged(SF_LOG_DEBUG, "quiet");
	info = logged(SF_LOG_INFO, "loud");
	assert_string_equal(debug, "");
	assert_non_null(strstr(info, " info: loud\n"));
}

static void a_line_of_json_is_an_object_with_the_message(void **state)
{
	sf_cleanup(sf_free_p) char *line = NULL;
	char text[1000];
	struct json_object *object;

	(void)state;
	memset(text, 'x', sizeof(text));
	memcpy(text, "say \"hi\"\n", 9);
	text[sizeof(text) - 1] = '\0';
	sf_log_setup(SF_LOG_DEBUG, true);
	line = logged(SF_LOG_DEBUG, text);
	sf_log_setup(SF_LOG_INFO, false);
	assert_ptr_equal(strchr(line, '\n'), line + strlen(line) - 1);
	object = json_tokener_parse(line);
	assert_non_null(object);
	assert_string_equal(json_object_get_string(json_object_object_get(object, "level")),
			    "debug");
	assert_string_equal(json_object_get_string(json_object_object_get(object, "message")),
			    text);
	assert_int_equal(json_object_get_string_len(json_object_object_get(object, "time")),
			 SF_STAMP_SIZE);
	json_object_put(object);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_day_from_1970_to_9999_has_its_date),
		cmocka_unit_test(a_stamp_beyond_its_years_is_the_last_one),
		cmocka_unit_test(the_clocks_are_those_of_the_kernel),
		cmocka_unit_test(a_line_of_the_log_has_time_level_and_one_line),
		cmocka_unit_test(what_is_below_the_level_is_not_written),
		cmocka_unit_test(a_line_of_json_is_an_object_with_the_message),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
