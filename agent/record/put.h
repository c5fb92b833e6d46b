/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The values of a record but for its numbers, inline for the encoder. Words come ready and are
 * copied in whole blocks: every writer here may scribble up to SCRIBBLE bytes behind what counts.
 */
#pragma once

#include "record/number.h"
#include "record/step.h"

#define ALWAYS static inline __attribute__((always_inline))

ALWAYS uint64_t bytes_at(const uint8_t *bytes, size_t size)
{
	uint64_t number = 0;

	memcpy(&number, bytes, size);
	return number;
}

ALWAYS char *put_key(char *out, const struct step *step)
{
	memcpy(out, step->key, KEY_ROOM);
	return out + step->key_length;
}

ALWAYS char *put_text(char *out, const char *text, size_t length)
{
	memcpy(out, text, length);
	return out + length;
}

/* A number of another run of words, or of none. */
SELDOM char *put_unknown(char *out, uint64_t number, const struct sf_words *words)
{
	const char *name = sf_word(words, number);

	if (name) {
		*out = '"';
		out = stpcpy(out + 1, name);
	} else {
		out = put_u64(put_text(out, "\"unknown-", 9), sf_word_unknown(words, number));
	}
	*out++ = '"';
	return out;
}

ALWAYS char *put_word(char *out, const struct step *step, uint64_t number)
{
	const struct words *words = step->words;
	uint64_t at = number - words->first;
	const struct word *word = words->word + (at < words->count ? at : 0);

	if (__builtin_expect(at >= words->count || !word->length, 0))
		return put_unknown(out, number, words->all);
	memcpy(out, word, sizeof(*word)); /* its length too, which is overwritten */
	return out + word->length;
}

/* Four bits at a time: every list of them stands ready, and is seldom long. */
#define HALF 32
ALWAYS char *put_words(char *out, const struct step *step, uint32_t bits)
{
	const struct bits *four = step->bits;
	const unsigned count = 2u * step->size;
	char *start = out;

	for (unsigned i = 0; i < count; i++, bits >>= 4, four += 16) {
		const struct bits *these = four + (bits & 15);

		memcpy(out, these->text, HALF);
		if (these->length > HALF)
			memcpy(out + HALF, these->text + HALF, sizeof(these->text) - HALF);
		out += these->length;
	}
	out += out == start;
	*start = '['; /* over the first comma */
	*out++ = ']';
	return out;
}

ALWAYS char *put_bool(char *out, bool yes)
{
	static const char texts[2][8] = {"false", "true"};

	memcpy(out, texts[yes], 8); /* no branch */
	return out + 5 - yes;
}

/* Below 10^7. */
ALWAYS char *put_millionths(char *out, uint64_t millionths)
{
	uint64_t digits = digits_of((uint32_t)millionths);

	*out = (char)('0' + (digits >> 8));
	return put_fraction(out + 1, digits >> 16);
}

/*
 * a / b, rounded to millionths: up to 9 in whole numbers, without a detour by doubles, and 0, which
 * most are, without a division. Ties and all else go the general way.
 */
ALWAYS char *put_share(char *out, uint64_t a, uint64_t b)
{
	uint64_t millionths, rest;

	if (!a) {
		*out = '0';
		return out + 1;
	}
	if (__builtin_expect((a | b) >> 43 || a > 9 * b, 0))
		return sf_write_ratio(out, (double)a / (double)b);
	millionths = a * 1000000 / b;
	rest = a * 1000000 % b;
	if (__builtin_expect(2 * rest == b, 0))
		return sf_write_ratio(out, (double)a / (double)b);
	return put_millionths(out, millionths + (2 * rest > b));
}

/* a / 2^shift, as exact: half of a millionth is rounded to even. */
ALWAYS char *put_scaled(char *out, uint32_t a, unsigned shift)
{
	uint64_t scaled = a * 1000000ull, odd = scaled >> shift & 1;

	if (__builtin_expect(a >> shift > 8, 0))
		return sf_write_ratio(out, (double)a / (double)(1u << shift));
	return put_millionths(out, (scaled + (1u << shift) / 2 - 1 + odd) >> shift);
}

ALWAYS char *put_i32(char *out, int32_t number)
{
	*out = '-';
	out += number < 0;
	return put_u32(out, number < 0 ? 0u - (uint32_t)number : (uint32_t)number);
}
