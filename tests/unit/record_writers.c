/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The writers of a record's values: integers and ratios are printf's, addresses inet_ntop's but where RFC 5952 says
 * otherwise, strings always JSON and their bytes always recoverable.
 */
#include <arpa/inet.h>
#include <inttypes.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>

#include <sockfeed/record.h>

#include "judge.h"
#include "record/put.h"
#include "replies.h"

static uint64_t seed = 0x9e3779b97f4a7c15;

static void assert_written(const char *start, const char *end, const char *expected)
{
	if ((size_t)(end - start) != strlen(expected) || memcmp(start, expected, strlen(expected)))
		fail_msg("\"%.*s\" should be \"%s\"", (int)(end - start), start, expected);
}

/* ---- integers ---- */

static void check_u64(uint64_t number)
{
	char out[64], expected[64];

	snprintf(expected, sizeof(expected), "%" PRIu64, number);
	assert_written(out, sf_write_u64(out, number), expected);
	snprintf(expected, sizeof(expected), "%" PRIu32, (uint32_t)number);
	assert_written(out, put_u32(out, (uint32_t)number), expected);
	snprintf(expected, sizeof(expected), "%" PRIi32, (int32_t)number);
	assert_written(out, put_i32(out, (int32_t)number), expected);
}

static void integers_are_those_of_printf(void **state)
{
	(void)state;
	for (uint64_t power = 1, digits = 1; digits <= 20; power *= 10, digits++) {
		for (uint64_t i = 0; i < 100; i++) {
			check_u64(power + i);
			check_u64(power - i);
			check_u64(9 * power + i);
		}
	}
	for (unsigned bit = 0; bit < 64; bit++) {
		check_u64(1ull << bit);
		check_u64((1ull << bit) - 1);
		check_u64(~(1ull << bit));
	}
	check_u64(0);
	check_u64(UINT64_MAX);
	for (unsigned i = 0; i < 1000000; i++)
		check_u64(i % 2 ? draw_varied(&seed, UINT64_MAX) : draw(&seed) >> draw(&seed) % 64);
}

static void small_integers_are_those_of_printf_one_by_one(void **state)
{
	char out[64], expected[64];

	(void)state;
	for (unsigned i = 0; i <= UINT16_MAX; i++) {
		snprintf(expected, sizeof(expected), "%u", i);
		assert_written(out, put_below_e8(out, i), expected);
		if (i <= UINT8_MAX)
			assert_written(out, put_u8(out, (uint8_t)i), expected);
	}
}

static void four_integers_at_once_are_those_of_printf_whatever_stands_beside_them(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 1000000; i++) {
		uint32_t numbers[4];
		uint64_t digits[4];
		bool larger, expect_larger = false;

		for (unsigned k = 0; k < 4; k++)
			numbers[k] = (uint32_t)draw_varied(&seed, UINT32_MAX);
		larger = digits_of_four(numbers[0], numbers[1], numbers[2], numbers[3], digits);
		for (unsigned k = 0; k < 4; k++) {
			char out[64], expected[64];

			expect_larger |= numbers[k] >= E8;
			if (numbers[k] >= E8)
				continue;
			snprintf(expected, sizeof(expected), "%" PRIu32, numbers[k]);
			assert_written(out, put_digits(out, digits[k], leading(digits[k])), expected);
		}
		assert_int_equal(larger, expect_larger);
	}
}

/* ---- ratios ---- */

static void expect_ratio(double ratio, char expected[512])
{
	size_t length = (size_t)snprintf(expected, 512, "%.6f", ratio);

	while (expected[length - 1] == '0')
		length--;
	if (expected[length - 1] == '.')
		length--;
	expected[length] = '\0';
	if (!strcmp(expected, "-0"))
		strcpy(expected, "0");
}

static void check_ratio(double ratio)
{
	char out[64], expected[512];

	expect_ratio(ratio, expected);
	assert_written(out, sf_write_ratio(out, ratio), expected);
}

static void parts_of_a_power_of_two_are_ratios_as_exact(void **state)
{
	(void)state;
	for (uint32_t i = 0; i < 1000000; i++) {
		uint32_t number = i < 10000 ? i : (uint32_t)draw_varied(&seed, UINT32_MAX);
		unsigned shift = i < 10000 ? 8 : 1 + i % 31;
		char out[64], expected[512];

		expect_ratio((double)number / (double)(1u << shift), expected);
		assert_written(out, put_scaled(out, number, shift), expected);
	}
}

static void ratios_are_those_of_printf_without_trailing_zeros(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 300000; i++) {
		uint64_t a = draw(&seed) >> draw(&seed) % 64, b = draw(&seed) >> draw(&seed) % 64;

		check_ratio((double)(a >> 1) / (double)(b | 1));
		check_ratio(-(double)(a >> 12) / (double)(b | 1));
		check_ratio((double)a / 0x1p64);
		check_ratio((double)(a & 0xffffff) /
			    0x1p21); /* ties: more than six decimals, the last one a 5 */
		check_ratio((double)(a % 100000000) / 1000000);
	}
	check_ratio(0);
	check_ratio(1);
	check_ratio(0.0000005);
	check_ratio(0.9999995);
	check_ratio(9.9999995);
	check_ratio(0x1p63);
	check_ratio(0x1.fffffffffffffp63);
	check_ratio(0x1p-1074);
}

/* A number of `steps` doubles away. */
static double beside(double ratio, int steps)
{
	uint64_t bits;

	memcpy(&bits, &ratio, sizeof(bits));
	bits += (uint64_t)(int64_t)steps;
	memcpy(&ratio, &bits, sizeof(bits));
	return ratio;
}

/* 1/128 is 0.0078125: its odd multiples are the doubles that lie in the middle between two millionths. */
static void ratios_are_rounded_to_even_at_a_tie_and_to_the_nearest_beside_it(void **state)
{
	(void)state;
	for (unsigned i = 1; i < 3000; i += 2) {
		for (int steps = -3; steps <= 3; steps++)
			check_ratio(beside(i / 128.0, steps));
	}
	for (unsigned millionths = 0; millionths <= 10000100; millionths += 61) {
		double tie = (millionths + 0.5) / 1000000, whole = millionths ? millionths / 1e6 : 1;

		for (int steps = -2; steps <= 2; steps++) {
			check_ratio(beside(tie, steps));
			check_ratio(beside(whole, steps));
			check_ratio(tie + steps * 1e-12 / 2); /* about a millionth of a millionth */
		}
	}
}

static void what_is_no_number_is_0_and_what_is_too_large_stays_a_number(void **state)
{
	char out[64];

	(void)state;
	assert_written(out, sf_write_ratio(out, (double)NAN), "0");
	assert_written(out, sf_write_ratio(out, (double)INFINITY), "0");
	assert_written(out, sf_write_ratio(out, -(double)INFINITY), "0");
	assert_written(out, sf_write_ratio(out, -0.0), "0");
	assert_written(out, sf_write_ratio(out, 1e300), "18446744073709551615");
}

/* ---- addresses ---- */

/* glibc prints ::1.2.3.4, too; RFC 5952 has mixed notation for known prefixes alone. */
static void expect_v6(const uint8_t *bytes, char *text, socklen_t room)
{
	static const uint8_t zeros[12];
	unsigned high = (unsigned)bytes[12] << 8 | bytes[13],
		 low = (unsigned)bytes[14] << 8 | bytes[15];

	if (memcmp(bytes, zeros, sizeof(zeros)))
		assert_non_null(inet_ntop(AF_INET6, bytes, text, room));
	else if (high)
		snprintf(text, room, "::%x:%x", high, low);
	else
		snprintf(text, room, low ? "::%x" : "::", low);
}

static void check_v6(const uint8_t *bytes)
{
	char out[64], expected[INET6_ADDRSTRLEN];

	expect_v6(bytes, expected, sizeof(expected));
	assert_written(out, sf_write_ip(out, bytes, 16), expected);
}

static void check_v4(const uint8_t *bytes)
{
	char out[64], expected[INET6_ADDRSTRLEN];
	uint8_t mapped[16] = {[10] = 0xff, [11] = 0xff};

	assert_non_null(inet_ntop(AF_INET, bytes, expected, sizeof(expected)));
	assert_written(out, sf_write_ip(out, bytes, 4), expected);
	memcpy(mapped + 12, bytes, 4);
	check_v6(mapped);
}

static void addresses_are_those_of_inet_ntop(void **state)
{
	uint8_t bytes[16];

	(void)state;
	for (unsigned i = 0; i < 100000; i++) {
		draw_bytes(&seed, bytes, sizeof(bytes));
		check_v6(bytes);
		check_v4(bytes);
		for (unsigned j = 0; j < 4; j++) /* some octets of one and two digits */
			bytes[j] = (uint8_t)(bytes[j] % (draw(&seed) % 2 ? 10 : 100));
		check_v4(bytes);
	}
}

static void every_pattern_of_zero_groups_is_shortened_as_by_inet_ntop(void **state)
{
	static const uint16_t groups[] = {1, 0x10, 0xfff, 0xffff, 0xff};

	(void)state;
	for (unsigned zeros = 0; zeros < 256; zeros++) {
		for (unsigned round = 0; round < 400; round++) {
			uint8_t bytes[16] = {0};

			for (unsigned i = 0; i < 8; i++) {
				uint16_t group = htons(groups[draw(&seed) % SF_COUNT(groups)]);

				if (!(zeros >> i & 1))
					memcpy(bytes + 2 * i, &group, 2);
			}
			check_v6(bytes);
		}
	}
}

/* ---- strings ---- */

/* The slow way: decode, then look at what came out. */
static bool is_utf8(const uint8_t *bytes, size_t length)
{
	static const uint32_t least[] = {0, 0x80, 0x800, 0x10000};

	for (size_t i = 0; i < length;) {
		unsigned ones = (unsigned)__builtin_clz(~((uint32_t)bytes[i] << 24)),
			 more = ones ? ones - 1 : 0;
		uint32_t point = ones ? bytes[i] & (0x7fu >> ones) : bytes[i];

		if (ones == 1 || ones > 4 || length - i <= more)
			return false;
		for (unsigned j = 1; j <= more; j++) {
			if ((bytes[i + j] & 0xc0) != 0x80)
				return false;
			point = point << 6 | (bytes[i + j] & 0x3f);
		}
		if (point < least[more] || point > 0x10ffff || (point >= 0xd800 && point < 0xe000))
			return false;
		i += 1 + more;
	}
	return true;
}

static void check_string(const uint8_t *bytes, size_t length)
{
	char *out = malloc(6 * length + 2 + 8); /* not a byte more: the sanitizer sees to it */
	uint8_t *decoded = malloc(length + 8);
	struct json_object *string;
	bool exact;

	string = judge_text(out, (size_t)(sf_write_string(out, bytes, length, &exact) - out));
	assert_int_equal(exact, is_utf8(bytes, length));
	assert_true(json_object_is_type(string, json_type_string));
	assert_true(is_utf8((const uint8_t *)json_object_get_string(string),
			    (size_t)json_object_get_string_len(string)));
	if (exact) {
		assert_int_equal(json_object_get_string_len(string), length);
		assert_memory_equal(json_object_get_string(string), bytes, length);
	}
	json_object_put(string);
	free(out);
	out = malloc(4 * ((length + 2) / 3) + 2);
	string = judge_text(out, (size_t)(sf_write_base64(out, bytes, length) - out));
	assert_int_equal(judge_base64(json_object_get_string(string),
				      (size_t)json_object_get_string_len(string), decoded),
			 length);
	assert_memory_equal(decoded, bytes, length);
	json_object_put(string);
	free(out);
	free(decoded);
}

/* Bytes at which UTF-8 and JSON change their minds, among plain ones. */
static uint8_t draw_byte(void)
{
	static const uint8_t edges[] = {0x00, 0x01, 0x08, 0x1f, 0x20, '"',  '\\', '/',	0x7e,
					0x7f, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc1,
					0xc2, 0xdf, 0xe0, 0xe1, 0xec, 0xed, 0xee, 0xef, 0xf0,
					0xf1, 0xf3, 0xf4, 0xf5, 0xf7, 0xf8, 0xfe, 0xff};
	uint64_t chance = draw(&seed);

	switch (chance >> 60 & 3) {
	case 0:
		return edges[chance % SF_COUNT(edges)];
	case 1:
		return (uint8_t)(0x80 | (chance & 0x3f));
	case 2:
		return (uint8_t)chance;
	}
	return (uint8_t)('a' + chance % 26);
}

/* A character of the Unicode of any length, surrogates passed over. */
static size_t draw_character(uint8_t *out)
{
	uint32_t point = (uint32_t)(draw(&seed) % 0x110000) >> draw(&seed) % 21;

	if (point >= 0xd800 && point < 0xe000)
		point -= 0x800;
	if (point < 0x80) {
		out[0] = (uint8_t)point;
		return 1;
	}
	if (point < 0x800) {
		out[0] = (uint8_t)(0xc0 | point >> 6);
		out[1] = (uint8_t)(0x80 | (point & 63));
		return 2;
	}
	if (point < 0x10000) {
		out[0] = (uint8_t)(0xe0 | point >> 12);
		out[1] = (uint8_t)(0x80 | (point >> 6 & 63));
		out[2] = (uint8_t)(0x80 | (point & 63));
		return 3;
	}
	out[0] = (uint8_t)(0xf0 | point >> 18);
	out[1] = (uint8_t)(0x80 | (point >> 12 & 63));
	out[2] = (uint8_t)(0x80 | (point >> 6 & 63));
	out[3] = (uint8_t)(0x80 | (point & 63));
	return 4;
}

static void any_bytes_become_json_and_can_be_recovered(void **state)
{
	uint8_t bytes[64];

	(void)state;
	for (unsigned i = 0; i < 1000000; i++) {
		size_t length = 0, most = draw(&seed) % 40;
		bool valid = draw(&seed) % 4 == 0;

		while (length < most) {
			if (valid)
				length += draw_character(bytes + length);
			else
				bytes[length++] = draw_byte();
		}
		check_string(bytes, length);
	}
}

static void every_pair_of_bytes_becomes_json(void **state)
{
	(void)state;
	for (unsigned i = 0; i < 65536; i++) {
		const uint8_t bytes[2] = {(uint8_t)(i >> 8), (uint8_t)i};

		check_string(bytes, 1);
		check_string(bytes, 2);
	}
}

static void assert_string(const char *bytes, const char *expected)
{
	char out[256];
	bool exact;

	assert_written(out, sf_write_string(out, (const uint8_t *)bytes, strlen(bytes), &exact),
		       expected);
}

/* The examples of the Unicode Standard, version 15.0, section 3.9: tables 3-8 to 3-11. */
static void each_maximal_subpart_becomes_one_replacement(void **state)
{
#define R "\xef\xbf\xbd"
	(void)state;
	assert_string("\xc0\xaf\xe0\x80\xbf\xf0\x81\x82\x41", "\"" R R R R R R R R "A\"");
	assert_string("\xed\xa0\x80\xed\xbf\xbf\xed\xaf\x41", "\"" R R R R R R R R "A\"");
	assert_string("\xf4\x91\x92\x93\xff\x41\x80\xbf\x42", "\"" R R R R R "A" R R "B\"");
	assert_string("\xe1\x80\xe2\xf0\x91\x92\xf1\xbf\x41", "\"" R R R R "A\"");
#undef R
}

static void quotes_backslashes_and_controls_are_escaped_alone(void **state)
{
	(void)state;
	assert_string("", "\"\"");
	assert_string("cubic", "\"cubic\"");
	assert_string("a\"b\\c/d", "\"a\\\"b\\\\c/d\"");
	assert_string("\b\t\n\f\r\x01\x1f\x7f", "\"\\b\\t\\n\\f\\r\\u0001\\u001f\x7f\"");
	assert_string("gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80",
		      "\"gr\xc3\xbc\xc3\x9f \xe2\x82\xac \xf0\x9f\x98\x80\"");
}

/* ---- for people ---- */

static void assert_shown(const char *name, const struct sf_value *value, const char *expected)
{
	sf_cleanup(sf_buf_finish) struct sf_buf out = {0};
	int id = sf_field_find(name, strlen(name));

	assert_true(id >= 0);
	sf_write_value(&sf_fields[id], value, &out);
	assert_string_equal(out.data, expected);
}

static void people_see_values_without_quotes_and_without_control_characters(void **state)
{
	static const char text[] = "a\x7f\xc2\x9b\x1b[0m\xc3\xbc";
	const uint8_t address[4] = {10, 0, 0, 1};

	(void)state;
	assert_shown("state", &(struct sf_value){.number = SF_ESTABLISHED}, "established");
	assert_shown("state", &(struct sf_value){.number = 77}, "unknown-77");
	assert_shown("tcp.options", &(struct sf_value){.number = 3}, "timestamps,sack");
	assert_shown("tcp.options", &(struct sf_value){.number = 0}, "");
	assert_shown("skmem.fwd_alloc_bytes", &(struct sf_value){.number = (uint64_t)-4096},
		     "-4096");
	assert_shown("cookie", &(struct sf_value){.number = UINT64_MAX}, "18446744073709551615");
	assert_shown("listen.backlog_ratio", &(struct sf_value){.real = 0.25}, "0.25");
	assert_shown("v6only", &(struct sf_value){.number = 1}, "true");
	assert_shown("local.address", &(struct sf_value){.bytes = address, .length = 4},
		     "10.0.0.1");
	assert_shown("tcp.congestion_control",
		     &(struct sf_value){.bytes = (const uint8_t *)text, .length = sizeof(text) - 1},
		     "a\xef\xbf\xbd\xef\xbf\xbd\\u001b[0m\xc3\xbc");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(integers_are_those_of_printf),
		cmocka_unit_test(small_integers_are_those_of_printf_one_by_one),
		cmocka_unit_test(four_integers_at_once_are_those_of_printf_whatever_stands_beside_them),
		cmocka_unit_test(ratios_are_those_of_printf_without_trailing_zeros),
		cmocka_unit_test(parts_of_a_power_of_two_are_ratios_as_exact),
		cmocka_unit_test(ratios_are_rounded_to_even_at_a_tie_and_to_the_nearest_beside_it),
		cmocka_unit_test(what_is_no_number_is_0_and_what_is_too_large_stays_a_number),
		cmocka_unit_test(addresses_are_those_of_inet_ntop),
		cmocka_unit_test(every_pattern_of_zero_groups_is_shortened_as_by_inet_ntop),
		cmocka_unit_test(any_bytes_become_json_and_can_be_recovered),
		cmocka_unit_test(every_pair_of_bytes_becomes_json),
		cmocka_unit_test(each_maximal_subpart_becomes_one_replacement),
		cmocka_unit_test(quotes_backslashes_and_controls_are_escaped_alone),
		cmocka_unit_test(people_see_values_without_quotes_and_without_control_characters),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
