/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Integers as decimal digits, inline for the encoder: eight digits at once in one 64-bit word (the
 * first digit in its lowest byte), two or four such words at once where the processor has SSE2;
 * leading zeros shifted out, eight bytes stored whatever the length. No branch but at 10^8 and
 * 10^16. Every writer here may scribble 16 bytes from where it writes; the caller has the room.
 */
#pragma once

#include <string.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include <sockfeed/record.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "the first digit is the lowest byte");

#define E8  100000000u
#define E16 10000000000000000u

/* "0." to "255.": an octet of an address with its dot, and how long that is. */
struct octet {
	uint32_t text, length;
};
extern const struct octet sf_octets[256];

/*
 * The eight digits of number < 10^8 as values 0 to 9. Halves, quarters, single digits: each step
 * divides by a product, and a second one puts the rest behind the quotient: a | (n - 100 * a) << 16
 * is (n << 16) - a * (100 << 16 - 1).
 */
static inline uint64_t digits_of(uint32_t number)
{
	uint64_t high = (uint64_t)number * 109951163 >> 40; /* number / 10000 */
	uint64_t halves = ((uint64_t)number << 32) - high * ((10000ull << 32) - 1);
	uint64_t hundreds = halves * 10486 >> 20 & 0x0000007f0000007f;
	uint64_t pairs = (halves << 16) - hundreds * ((100 << 16) - 1);
	uint64_t tens = pairs * 103 >> 10 & 0x000f000f000f000f;

	return (pairs << 8) - tens * ((10 << 8) - 1);
}

/* A bit of the last digit, which is no leading zero then; '0' has it too. */
#define STAYS (1ull << 60)

#ifdef __SSE2__
/*
 * A factor that the compiler does not know: gcc 12 replaces products with constants by five times
 * as many shifts and sums.
 */
static inline __m128i factor(unsigned number)
{
	__m128i factors = _mm_set1_epi16((short)number);

	__asm__("" : "+x"(factors));
	return factors;
}

/*
 * Quotients as products: 3518437209 / 2^45 is 1/10000 for every 32-bit number, 5243 / 2^19 is 1/100
 * below 10000, 6554 / 2^16 is 1/10 below 100.
 */
static inline __m128i ten_thousandths(__m128i numbers) /* of the lower half of each 64 bits */
{
	return _mm_srli_epi64(_mm_mul_epu32(numbers, _mm_set1_epi32((int)3518437209)), 45);
}

static inline __m128i hundredths(__m128i numbers)
{
	return _mm_srli_epi16(_mm_mulhi_epu16(numbers, _mm_set1_epi16(5243)), 3);
}

/* Eight numbers < 100 as digits: tens + 256 * (pair - 10 * tens). */
static inline void store_pairs(__m128i pairs, uint64_t *digits)
{
	__m128i tens = _mm_mulhi_epu16(pairs, _mm_set1_epi16(6554));
	__m128i both = _mm_sub_epi16(_mm_slli_epi16(pairs, 8), _mm_mullo_epi16(tens, factor(2559)));

	both = _mm_or_si128(both, _mm_set1_epi64x((long long)STAYS));
	_mm_storeu_si128((__m128i *)digits, both);
}
#endif

/* The digits of two numbers < 10^8, each with STAYS. */
static inline void digits_of_two(uint32_t a, uint32_t b, uint64_t *digits)
{
#ifdef __SSE2__
	__m128i two = _mm_unpacklo_epi64(_mm_cvtsi32_si128((int)a), _mm_cvtsi32_si128((int)b));
	__m128i high = ten_thousandths(two);
	__m128i low = _mm_sub_epi64(two, _mm_mul_epu32(high, _mm_set1_epi32(10000)));
	__m128i halves = _mm_or_si128(high, _mm_slli_epi64(low, 32));
	__m128i hundreds = hundredths(halves);
	__m128i rest = _mm_sub_epi16(halves, _mm_mullo_epi16(hundreds, factor(100)));

	store_pairs(_mm_or_si128(hundreds, _mm_slli_epi32(rest, 16)), digits);
#else
	digits[0] = digits_of(a) | STAYS;
	digits[1] = digits_of(b) | STAYS;
#endif
}

/* The same of four. True: one is larger, and gets no digits of its own; the others get theirs. */
static inline bool digits_of_four(uint32_t a, uint32_t b, uint32_t c, uint32_t d, uint64_t *digits)
{
#ifdef __SSE2__
	__m128i four = _mm_set_epi32((int)d, (int)c, (int)b, (int)a), zero = _mm_setzero_si128();
	__m128i odd = ten_thousandths(_mm_srli_epi64(four, 32));
	__m128i high = _mm_or_si128(ten_thousandths(four), _mm_slli_epi64(odd, 32));
	__m128i low = _mm_sub_epi16(four, _mm_mullo_epi16(high, factor(10000)));
	__m128i halves = _mm_or_si128(high, _mm_slli_epi32(low, 16));
	__m128i hundreds = hundredths(halves);
	/* hundreds + 256 * (halves - 100 * hundreds) */
	__m128i pairs =
		_mm_sub_epi16(_mm_slli_epi16(halves, 8), _mm_mullo_epi16(hundreds, factor(25599)));

	store_pairs(_mm_unpacklo_epi8(pairs, zero), digits);
	store_pairs(_mm_unpackhi_epi8(pairs, zero), digits + 2);
	return _mm_movemask_epi8(_mm_cmpgt_epi32(high, _mm_set1_epi32(9999)));
#else
	digits_of_two(a, b, digits);
	digits_of_two(c, d, digits + 2);
	return a >= E8 || b >= E8 || c >= E8 || d >= E8;
#endif
}

#define ASCII_ZEROS 0x3030303030303030u

/* Bits of leading zeros, whole bytes. */
static inline unsigned leading(uint64_t digits)
{
	return (unsigned)__builtin_ctzll(digits) & ~7u;
}

static inline char *put_digits(char *out, uint64_t digits, unsigned skip)
{
	digits = (digits | ASCII_ZEROS) >> skip;
	memcpy(out, &digits, 8);
	return out + 8 - skip / 8;
}

static inline char *put_below_e8(char *out, uint32_t number)
{
	uint64_t digits = digits_of(number) | STAYS;

	return put_digits(out, digits, leading(digits));
}

/* Numbers that stand alone are 0 in most sockets, and of one field they are alike. */
static inline char *put_mostly_0(char *out, uint32_t number)
{
	if (number)
		return put_below_e8(out, number);
	*out = '0';
	return out + 1;
}

/* Seldom called: the registers that it needs are its own. */
#define SELDOM static __attribute__((noinline))

SELDOM char *put_large_u32(char *out, uint32_t number)
{
	uint32_t lead = number / E8; /* 42 at most */

	memcpy(out, &sf_octets[lead].text, 2);
	return put_digits(out + sf_octets[lead].length - 1, digits_of(number % E8), 0);
}

static inline char *put_u32(char *out, uint32_t number)
{
	return __builtin_expect(number >= E8, 0) ? put_large_u32(out, number)
						 : put_mostly_0(out, number);
}

SELDOM char *put_large_u64(char *out, uint64_t number)
{
	bool more = number >= E16;
	uint64_t digits[2];

	if (more) {
		out = put_below_e8(out, (uint32_t)(number / E16));
		number %= E16;
	}
	digits_of_two((uint32_t)(number / E8), (uint32_t)(number % E8), digits);
	out = put_digits(out, digits[0], more ? 0 : leading(digits[0]));
	return put_digits(out, digits[1], 0);
}

/* Nearly all numbers of a field lie on one side of 10^8: it is guessed right. */
static inline char *put_u64(char *out, uint64_t number)
{
	return number < E8 ? put_mostly_0(out, (uint32_t)number) : put_large_u64(out, number);
}

static inline char *put_u8(char *out, uint8_t number)
{
	memcpy(out, &sf_octets[number].text, 4);
	return out + sf_octets[number].length - 1;
}

/* A fraction's six digits without its trailing zeros; nothing of it when it is 0. No branch. */
static inline char *put_fraction(char *out, uint64_t digits)
{
	*out = '.';
	put_digits(out + 1, digits, 0);
	return out + 2 + (63u ^ (unsigned)__builtin_clzll(digits | 1)) / 8 - 2 * (digits == 0);
}
