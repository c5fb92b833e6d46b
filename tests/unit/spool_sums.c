/* SPDX-License-Identifier: Apache-2.0 */
/* The sum of a payload: the same by hand and by the processor, other after any flipped bit, of either kind. */
#include <sys/uio.h>

#include "delivery/spool/segment_format.h"
#include "spools.h"

enum { LENGTH = 3000 };

static void parts_of(char *bytes, struct iovec parts[3], unsigned first, unsigned second)
{
	parts[0] = (struct iovec){bytes, first};
	parts[1] = (struct iovec){bytes + first, second};
	parts[2] = (struct iovec){bytes + first + second, LENGTH - first - second};
}

static void fill(char *bytes)
{
	for (unsigned i = 0; i < LENGTH; i++)
		bytes[i] = (char)random();
}

static void by_hand_it_is_the_same(void **state)
{
	char bytes[LENGTH];
	struct iovec parts[3];

	(void)state;
	if (!(sf_sum_kind() & SF_RECORD_CRC32C))
		skip();
	for (unsigned i = 0; i < 200; i++) {
		fill(bytes);
		parts_of(bytes, parts, (unsigned)random() % 1000, i % 3 ? (unsigned)random() % 1000 : 0);
		assert_int_equal(sf_sum(parts, 3, SF_RECORD_CRC32C), sf_sum_slowly(parts, 3));
	}
}

static void every_flipped_bit_is_seen(void **state)
{
	char bytes[LENGTH];
	struct iovec parts[3];

	(void)state;
	fill(bytes);
	parts_of(bytes, parts, 777, 1001);
	for (uint32_t kind = 0; kind <= SF_RECORD_CRC32C; kind += SF_RECORD_CRC32C) {
		uint64_t sum = sf_sum(parts, 3, kind);

		for (unsigned bit = 0; bit < LENGTH * 8; bit++) {
			bytes[bit / 8] ^= (char)(1 << bit % 8);
			assert_int_not_equal(sf_sum(parts, 3, kind), sum);
			bytes[bit / 8] ^= (char)(1 << bit % 8);
		}
		assert_int_equal(sf_sum(parts, 3, kind), sum);
	}
}

static void words_that_change_places_are_seen(void **state)
{
	char bytes[LENGTH];
	struct iovec part = {bytes, LENGTH};
	uint64_t sum;

	(void)state;
	fill(bytes);
	sum = sf_sum(&part, 1, SF_RECORD_CRC32C);
	for (unsigned at = 0; at + 128 <= LENGTH; at += 8) {
		for (unsigned distance = 8; distance <= 64; distance += 8) {
			char word[8];

			memcpy(word, bytes + at, 8);
			memcpy(bytes + at, bytes + at + distance, 8);
			memcpy(bytes + at + distance, word, 8);
			if (sf_sum(&part, 1, SF_RECORD_CRC32C) == sum)
				fail_msg("words at %u and %u", at, at + distance);
			memcpy(bytes + at + distance, bytes + at, 8);
			memcpy(bytes + at, word, 8);
		}
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(by_hand_it_is_the_same),
		cmocka_unit_test(every_flipped_bit_is_seen),
		cmocka_unit_test(words_that_change_places_are_seen),
	};

	srandom(11);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
