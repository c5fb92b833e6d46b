/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The room `base`: numbers with units are read exactly or refused, and what is printed reads back
 * to the same.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <sockfeed/base.h>

static uint64_t next_random(uint64_t *seed) /* xorshift64 */
{
	*seed ^= *seed << 13;
	*seed ^= *seed >> 7;
	*seed ^= *seed << 17;
	return *seed;
}

static int read_unit(const char *text, enum sf_unit unit, uint64_t *value, bool *bare)
{
	return sf_unit_read(text, strlen(text), unit, value, NULL, bare, NULL);
}

static void numbers_are_read_exactly(void **state)
{
	static const struct {
		const char *text;
		enum sf_unit unit;
		uint64_t value;
	} cases[] = {
		{"0", SF_UNIT_NONE, 0},
		{"18446744073709551615", SF_UNIT_NONE, UINT64_MAX},
		{"10.0", SF_UNIT_NONE, 10},
		{"000000000000000000000000000000000000000000000000000007", SF_UNIT_NONE, 7},
		{"1.5s", SF_UNIT_US, 1500000},
		{"100ms", SF_UNIT_US, 100000},
		{"0.000001s", SF_UNIT_US, 1},
		{"3000ns", SF_UNIT_US, 3},
		{"250us", SF_UNIT_US, 250},
		{"5m", SF_UNIT_US, 300000000},
		{"1h", SF_UNIT_US, 3600000000},
		{"7d", SF_UNIT_US, 604800000000},
		{"18446744073709.551615s", SF_UNIT_US, UINT64_MAX},
		{"1.50000000000000000000000000000000000000000000000s", SF_UNIT_US, 1500000},
		{"1.5s", SF_UNIT_MS, 1500},
		{"2000us", SF_UNIT_MS, 2},
		{"1m", SF_UNIT_S, 60},
		{"60000ms", SF_UNIT_S, 60},
		{"0.5m", SF_UNIT_S, 30},
		{"512B", SF_UNIT_BYTES, 512},
		{"64KiB", SF_UNIT_BYTES, 65536},
		{"1.5GiB", SF_UNIT_BYTES, 1610612736},
		{"1TiB", SF_UNIT_BYTES, 1099511627776},
		{"10MB", SF_UNIT_BYTES, 10000000},
		{"1kB", SF_UNIT_BYTES, 1000},
		{"1KB", SF_UNIT_BYTES, 1000},
		{"0.0009765625KiB", SF_UNIT_BYTES, 1},
		{"10Mbit/s", SF_UNIT_BPS, 1250000},
		{"8bit/s", SF_UNIT_BPS, 1},
		{"1kbit/s", SF_UNIT_BPS, 125},
		{"1Kbit/s", SF_UNIT_BPS, 125},
		{"2.5Gbit/s", SF_UNIT_BPS, 312500000},
		{"1MB/s", SF_UNIT_BPS, 1000000},
		{"1MiB/s", SF_UNIT_BPS, 1048576},
		{"7B/s", SF_UNIT_BPS, 7},
	};

	(void)state;
	for (size_t i = 0; i < SF_COUNT(cases); i++) {
		uint64_t value = 12345;

		assert_int_equal(read_unit(cases[i].text, cases[i].unit, &value, NULL), 0);
		assert_int_equal(value, cases[i].value);
	}
}

static void what_is_not_meant_or_not_whole_is_refused(void **state)
{
	static const struct {
		const char *text;
		enum sf_unit unit;
		int code;
		const char *why;
	} cases[] = {
		{"", SF_UNIT_US, -EINVAL, "\"\" is not a duration"},
		{"-", SF_UNIT_US, -EINVAL, "\"-\" is not a duration"},
		{"soon", SF_UNIT_US, -EINVAL, "\"soon\" is not a duration"},
		{"ms", SF_UNIT_US, -EINVAL, "\"ms\" is not a duration"},
		{".5s", SF_UNIT_US, -EINVAL, "\".5s\" is not a duration"},
		{"5.s", SF_UNIT_US, -EINVAL, "\"5.s\" is not a duration"},
		{"1.2.3s", SF_UNIT_US, -EINVAL, "\"1.2.3s\" has an unknown unit; there are ns us ms s m h d"},
		{"5 s", SF_UNIT_US, -EINVAL, "\"5 s\" has an unknown unit; there are ns us ms s m h d"},
		{"5S", SF_UNIT_US, -EINVAL, "\"5S\" has an unknown unit; there are ns us ms s m h d"},
		{"5mib", SF_UNIT_BYTES, -EINVAL, "\"5mib\" has an unknown unit; there are B KiB MiB GiB TiB kB MB GB TB"},
		{"1e3", SF_UNIT_NONE, -EINVAL, "\"1e3\" has an unknown unit"},
		{"5MB", SF_UNIT_US, -EINVAL, "\"5MB\" is a size, not a duration"},
		{"5MB", SF_UNIT_BPS, -EINVAL, "\"5MB\" is a size, not a rate"},
		{"5MB/s", SF_UNIT_BYTES, -EINVAL, "\"5MB/s\" is a rate, not a size"},
		{"5%", SF_UNIT_NONE, -EINVAL, "\"5%\" is a share, not a number"},
		{"5s", SF_UNIT_NONE, -EINVAL, "\"5s\" is a duration, not a number"},
		{"-5s", SF_UNIT_US, -ERANGE, "\"-5s\" is negative"},
		{"1.5", SF_UNIT_NONE, -ERANGE, "\"1.5\" is not a whole number"},
		{"1500ns", SF_UNIT_US, -ERANGE, "\"1500ns\" is not a whole number of microseconds"},
		{"1.5ms", SF_UNIT_MS, -ERANGE, "\"1.5ms\" is not a whole number of milliseconds"},
		{"7bit/s", SF_UNIT_BPS, -ERANGE,
		 "\"7bit/s\" is not a whole number of bytes per second"},
		{"18446744073709551616", SF_UNIT_NONE, -ERANGE,
		 "\"18446744073709551616\" is too large"},
		{"18446744073709.551616s", SF_UNIT_US, -ERANGE,
		 "\"18446744073709.551616s\" is too large"},
		{"16777216TiB", SF_UNIT_BYTES, -ERANGE, "\"16777216TiB\" is too large"},
		{"340282366920938463463374607431768211456", SF_UNIT_NONE, -ERANGE,
		 "\"340282366920938463463374607431768211456\" is too large"},
		{"340282366920938463463374607431768211457000d", SF_UNIT_US, -ERANGE,
		 "\"340282366920938463463374607431768211457000d\" is too large"},
	};

	(void)state;
	for (size_t i = 0; i < SF_COUNT(cases); i++) {
		uint64_t value = 12345;
		struct sf_err err = {{0}};

		assert_int_equal(sf_unit_read(cases[i].text, strlen(cases[i].text), cases[i].unit,
					      &value, NULL, NULL, &err),
				 cases[i].code);
		assert_string_equal(err.text, cases[i].why);
		assert_int_equal(value, 12345);
	}
}

static void a_number_without_a_unit_is_said_to_be_bare(void **state)
{
	uint64_t value;
	bool bare;

	(void)state;
	assert_int_equal(read_unit("5", SF_UNIT_US, &value, &bare), 0);
	assert_true(bare);
	assert_int_equal(value, 5);
	assert_int_equal(read_unit("5", SF_UNIT_BPS, &value, &bare), 0);
	assert_int_equal(value, 5);
	assert_int_equal(read_unit("5s", SF_UNIT_US, &value, &bare), 0);
	assert_false(bare);
}

static void the_length_counts_and_not_the_nul(void **state)
{
	uint64_t value;

	(void)state;
	assert_int_equal(sf_unit_read("10ms and more", 4, SF_UNIT_US, &value, NULL, NULL, NULL), 0);
	assert_int_equal(value, 10000);
	assert_int_equal(sf_unit_read("10ms", 2, SF_UNIT_US, &value, NULL, NULL, NULL), 0);
	assert_int_equal(value, 10);
	assert_int_equal(sf_unit_read("1.5", 2, SF_UNIT_US, &value, NULL, NULL, NULL), -EINVAL);
}

static void a_share_is_a_percentage_or_a_fraction(void **state)
{
	static const struct {
		const char *text;
		double share;
	} cases[] = {{"15%", 0.15},   {"0.15", 0.15}, {"0%", 0},       {"100%", 1},
		     {"0.1%", 0.001}, {"150%", 1.5},  {"33.3%", 0.333}};
	double share = 7;

	(void)state;
	for (size_t i = 0; i < SF_COUNT(cases); i++) {
		const char *text = cases[i].text;

		assert_int_equal(
			sf_unit_read(text, strlen(text), SF_UNIT_RATIO, NULL, &share, NULL, NULL),
			0);
		assert_true(share == cases[i].share);
	}
	assert_int_equal(sf_unit_read("-1%", 3, SF_UNIT_RATIO, NULL, &share, NULL, NULL), -ERANGE);
	assert_int_equal(sf_unit_read("1s", 2, SF_UNIT_RATIO, NULL, &share, NULL, NULL), -EINVAL);
	assert_true(share == 0.333);
}

static void assert_unit_printed(enum sf_unit unit, uint64_t value, double share, const char *text)
{
	sf_cleanup(sf_buf_finish) struct sf_buf buf = {0};

	sf_unit_print(&buf, unit, value, share);
	assert_string_equal(buf.data, text);
}

static void the_shortest_text_is_printed(void **state)
{
	(void)state;
	assert_unit_printed(SF_UNIT_NONE, 0, 0, "0");
	assert_unit_printed(SF_UNIT_NONE, 60000, 0, "60000");
	assert_unit_printed(SF_UNIT_US, 0, 0, "0s");
	assert_unit_printed(SF_UNIT_US, 60000000, 0, "1m");
	assert_unit_printed(SF_UNIT_US, 90000000, 0, "90s");
	assert_unit_printed(SF_UNIT_US, 100000, 0, "100ms");
	assert_unit_printed(SF_UNIT_US, 604800000000, 0, "7d");
	assert_unit_printed(SF_UNIT_MS, 7200000, 0, "2h");
	assert_unit_printed(SF_UNIT_S, 10, 0, "10s");
	assert_unit_printed(SF_UNIT_BYTES, 0, 0, "0B");
	assert_unit_printed(SF_UNIT_BYTES, 1536, 0, "1536B");
	assert_unit_printed(SF_UNIT_BYTES, 65536, 0, "64KiB");
	assert_unit_printed(SF_UNIT_BYTES, 10000000, 0, "10MB");
	assert_unit_printed(SF_UNIT_BYTES, 1000, 0, "1kB");
	assert_unit_printed(SF_UNIT_BPS, 0, 0, "0B/s");
	assert_unit_printed(SF_UNIT_BPS, 1250000, 0, "10Mbit/s");
	assert_unit_printed(SF_UNIT_BPS, 1000000, 0, "1MB/s");
	assert_unit_printed(SF_UNIT_RATIO, 0, 0.15, "15%");
	assert_unit_printed(SF_UNIT_RATIO, 0, 0, "0%");
	assert_unit_printed(SF_UNIT_RATIO, 0, 1, "100%");
	assert_unit_printed(SF_UNIT_RATIO, 0, 0.00025, "0.025%");
	assert_unit_printed(SF_UNIT_RATIO, 0, 0.3333, "33.33%");
	assert_unit_printed(SF_UNIT_RATIO, 0, 20, "2000%");
}

/* Few digits and many zeros as people write them, powers of two, and anything. */
static uint64_t some_value(uint64_t *seed)
{
	static const uint64_t factors[] = {1,	       1000,	    1000000, 60000000,
					   3600000000, 86400000000, 1 << 10, 1 << 20,
					   1 << 30,    125,	    125000};
	uint64_t random = next_random(seed);

	if (random % 4 == 0)
		return next_random(seed) >> random / 4 % 64;
	if (random % 4 == 1)
		return UINT64_MAX - random % 1000000;
	return next_random(seed) % 5000 * factors[random / 4 % SF_COUNT(factors)];
}

static void what_is_printed_reads_back_to_the_same(void **state)
{
	uint64_t seed = 20261122;

	(void)state;
	for (int round = 0; round < 200000; round++) {
		sf_cleanup(sf_buf_finish) struct sf_buf buf = {0};
		enum sf_unit unit = (enum sf_unit)(round % SF_UNIT_RATIO);
		uint64_t value = some_value(&seed), again = 0;
		bool bare = unit != SF_UNIT_NONE;

		sf_unit_print(&buf, unit, value, 0);
		assert_int_equal(
			sf_unit_read(buf.data, buf.length, unit, &again, NULL, &bare, NULL), 0);
		assert_int_equal(again, value);
		assert_int_equal(bare, unit == SF_UNIT_NONE);
	}
}

static void a_printed_share_reads_back_to_the_same(void **state)
{
	static const double odd[] = {5e-324, 2.2250738585072014e-308, 1e-300, 0.1 + 0.2,
				     1e22,   1.7976931348623157e308};
	uint64_t seed = 1122;

	(void)state;
	for (int round = 0; round < 50000; round++) {
		sf_cleanup(sf_buf_finish) struct sf_buf buf = {0};
		double share = (double)(next_random(&seed) >> 11) / 9007199254740992.0, again = -1;

		if (round < (int)SF_COUNT(odd))
			share = odd[round];
		else if (round % 2)
			share = (double)(next_random(&seed) % 100000) / 100000;
		sf_unit_print(&buf, SF_UNIT_RATIO, 0, share);
		assert_int_equal(buf.data[buf.length - 1], '%');
		assert_int_equal(
			sf_unit_read(buf.data, buf.length, SF_UNIT_RATIO, NULL, &again, NULL, NULL),
			0);
		assert_true(again == share);
	}
}

static void the_example_of_a_unit_is_read_by_it(void **state)
{
	(void)state;
	for (enum sf_unit unit = 0; unit < SF_UNIT_COUNT; unit++) {
		const char *example = sf_unit_example(unit);
		uint64_t value;
		double share;

		assert_true(strlen(sf_unit_name(unit)) > 0);
		assert_int_equal(
			sf_unit_read(example, strlen(example), unit, &value, &share, NULL, NULL),
			0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_are_read_exactly),
		cmocka_unit_test(what_is_not_meant_or_not_whole_is_refused),
		cmocka_unit_test(a_number_without_a_unit_is_said_to_be_bare),
		cmocka_unit_test(the_length_counts_and_not_the_nul),
		cmocka_unit_test(a_share_is_a_percentage_or_a_fraction),
		cmocka_unit_test(the_shortest_text_is_printed),
		cmocka_unit_test(what_is_printed_reads_back_to_the_same),
		cmocka_unit_test(a_printed_share_reads_back_to_the_same),
		cmocka_unit_test(the_example_of_a_unit_is_read_by_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
