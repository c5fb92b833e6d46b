/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whole runs of numbers, inline for the encoder: quicker than one by one.
 */
#pragma once

#include "record/program.h"
#include "record/put.h"

/*
 * Whole runs of numbers in two passes: the digits of all, then the text. They take some 45 cycles
 * from load to store, and a processor that looks ahead sees only the next few: apart, they overlap
 * (measured: 20 % of a record).
 */
ALWAYS char *put_u32s(char *out, const struct run *run, const uint64_t *digits, bool large,
		      const uint8_t *part)
{
	const struct step *step = run->first, *behind = run->behind;

	for (; step < behind; step++, digits++) {
		uint32_t number = large ? (uint32_t)bytes_at(part + step->offset, 4) : 0;

		out = put_key(out, step);
		out = __builtin_expect(number < E8, 1) ? put_digits(out, *digits, leading(*digits))
						       : put_large_u32(out, number);
	}
	return out;
}

ALWAYS char *run_u32(char *out, const struct run *run, const uint8_t *part)
{
	uint64_t digits[RUN_MOST], *to = digits;
	bool large = false;
	const uint16_t *at = run->offsets, *end = at + (run->behind - run->first);

	for (; at < end; at += 4, to += 4)
		large |= digits_of_four((uint32_t)bytes_at(part + at[0], 4),
					(uint32_t)bytes_at(part + at[1], 4),
					(uint32_t)bytes_at(part + at[2], 4),
					(uint32_t)bytes_at(part + at[3], 4), to);
	return large ? put_u32s(out, run, digits, true, part)
		     : put_u32s(out, run, digits, false, part);
}

/* One question for all of the runs, and one text. */
ALWAYS bool are_zero(const struct zeros *zeros, const uint8_t *part)
{
	const struct zero *zero = zeros->zero, *end = zero + zeros->count;
	uint64_t any = 0;

	for (; zero < end; zero++)
		any |= bytes_at(part + zero->offset, 8) & zero->mask;
	return !any;
}

ALWAYS char *put_zeros(char *out, const struct zeros *zeros)
{
	for (size_t i = 0; i < zeros->length; i += ZEROS_BLOCK)
		memcpy(out + i, zeros->text + i, ZEROS_BLOCK);
	return out + zeros->length;
}
