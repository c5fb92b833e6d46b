/* SPDX-License-Identifier: Apache-2.0 */
/* The records that stand outside of runs: the start of an output, and a gap, with all their keys. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include <sockfeed/record.h>

#include "judge.h"

#define NOON 1763985600123456u /* 2025-11-24T12:00:00.123456Z */

static const char *const label_names[] = {"cluster"}, *const label_values[] = {"edge"};

static struct sf_envelope envelope_of(const char *query)
{
	return (struct sf_envelope){.host_name = "web-1",
				    .host_id = "0123456789abcdef0123456789abcdef",
				    .boot_id = "01234567-89ab-cdef-0123-456789abcdef",
				    .query = query,
				    .labels = 1,
				    .label_names = label_names,
				    .label_values = label_values};
}

#define HOST                                                                        \
	"\"host\":{\"name\":\"web-1\",\"id\":\"0123456789abcdef0123456789abcdef\"," \
	"\"boot_id\":\"01234567-89ab-cdef-0123-456789abcdef\"},\"labels\":{\"cluster\":\"edge\"}"

static void a_start_says_what_the_output_had_accepted_last(void **state)
{
	static const struct sf_start_last last[] = {
		{.query = "slow", .boot_id = "b-1", .run = UINT64_MAX},
		{.query = "web-2", .boot_id = "b\"2", .run = 0}};
	const struct sf_start_facts facts = {.wall_us = NOON,
					     .version = "0.1.0",
					     .kernel = "6.18.44-fc",
					     .config_hash = "00ff00ff00ff00ff",
					     .output = "kafka",
					     .lasts = 2,
					     .last = last};
	const struct sf_envelope envelope = envelope_of(NULL);
	sf_cleanup(sf_buf_finish) struct sf_buf line = {0};

	(void)state;
	sf_encode_start(&envelope, &facts, &line);
	json_object_put(judge_line(line.data, line.length));
	assert_string_equal(
		line.data,
		"{\"time\":\"2025-11-24T12:00:00.123456Z\",\"type\":\"start\",\"schema\":1," HOST
		",\"version\":\"0.1.0\",\"kernel\":\"6.18.44-fc\",\"config_hash\":"
		"\"00ff00ff00ff00ff\",\"output\":\"kafka\",\"last\":{\"slow\":{\"run\":"
		"18446744073709551615,\"boot_id\":\"b-1\"},\"web-2\":{\"run\":0,\"boot_id\":"
		"\"b\\\"2\"}}}\n");
}

static void a_start_of_an_output_that_had_nothing_has_the_same_keys(void **state)
{
	const struct sf_start_facts facts = {
		.version = "v", .kernel = "k", .config_hash = "h", .output = "o"};
	struct sf_envelope envelope = envelope_of(NULL);
	sf_cleanup(sf_buf_finish) struct sf_buf line = {0};

	(void)state;
	envelope.labels = 0;
	sf_encode_start(&envelope, &facts, &line);
	json_object_put(judge_line(line.data, line.length));
	assert_non_null(strstr(line.data, "\"boot_id\":\"01234567-89ab-cdef-0123-456789abcdef\"},"
					  "\"version\":\"v\""));
	assert_non_null(strstr(line.data, ",\"output\":\"o\",\"last\":{}}\n"));
}

static void a_gap_says_what_is_missing_and_why(void **state)
{
	const struct sf_gap_facts facts = {.wall_us = NOON,
					   .output = "kafka",
					   .reason = "spool_full",
					   .first_run = 86400123456,
					   .first_seq = 17,
					   .last_run = UINT64_MAX,
					   .last_seq = 3,
					   .records = 1234,
					   .bytes = 1700000};
	const struct sf_envelope envelope = envelope_of("slow");
	sf_cleanup(sf_buf_finish) struct sf_buf line = {0};

	(void)state;
	sf_buf_text(&line, "before\n");
	sf_encode_gap(&envelope, &facts, &line);
	json_object_put(judge_line(line.data + 7, line.length - 7));
	assert_string_equal(
		line.data,
		"before\n{\"time\":\"2025-11-24T12:00:00.123456Z\",\"type\":\"gap\",\"schema\":"
		"1," HOST ",\"query\":\"slow\",\"output\":\"kafka\",\"first\":{\"run\":86400123456,"
		"\"seq\":17},\"last\":{\"run\":18446744073709551615,\"seq\":3},\"records\":1234,"
		"\"bytes\":1700000,\"reason\":\"spool_full\"}\n");
}

static void bytes_that_are_not_utf8_are_kept_beside(void **state)
{
	const struct sf_start_facts facts = {
		.version = "v", .kernel = "k\xff", .config_hash = "h", .output = "o"};
	const struct sf_envelope envelope = envelope_of(NULL);
	sf_cleanup(sf_buf_finish) struct sf_buf line = {0};

	(void)state;
	sf_encode_start(&envelope, &facts, &line);
	json_object_put(judge_line(line.data, line.length));
	assert_non_null(
		strstr(line.data, "\"kernel\":\"k\xef\xbf\xbd\",\"kernel_base64\":\"a/8=\","));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_start_says_what_the_output_had_accepted_last),
		cmocka_unit_test(a_start_of_an_output_that_had_nothing_has_the_same_keys),
		cmocka_unit_test(a_gap_says_what_is_missing_and_why),
		cmocka_unit_test(bytes_that_are_not_utf8_are_kept_beside),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
