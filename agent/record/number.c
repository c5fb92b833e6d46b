/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers as JSON text, without printf. Ratios are exact: the double's own binary value times a
 * million, rounded half to even, as printf("%.6f") rounds, trailing zeros removed.
 */
#include "record/number.h"

#define DOT '.' /* of sf_octets */
#define TEXT(n)                                                                       \
	((n) < 10    ? (uint32_t)('0' + (n)) | DOT << 8                               \
	 : (n) < 100 ? (uint32_t)('0' + (n) / 10) | ('0' + (n) % 10) << 8 | DOT << 16 \
		     : (uint32_t)('0' + (n) / 100) | ('0' + (n) / 10 % 10) << 8 |     \
			       ('0' + (n) % 10) << 16 | (uint32_t)DOT << 24)
#define OCTET(n)                                    \
	{                                           \
		TEXT(n), 2 + ((n) > 9) + ((n) > 99) \
	}
#define OCTETS_4(n)  OCTET(n), OCTET((n) + 1), OCTET((n) + 2), OCTET((n) + 3)
#define OCTETS_16(n) OCTETS_4(n), OCTETS_4((n) + 4), OCTETS_4((n) + 8), OCTETS_4((n) + 12)
#define OCTETS_64(n) OCTETS_16(n), OCTETS_16((n) + 16), OCTETS_16((n) + 32), OCTETS_16((n) + 48)

const struct octet sf_octets[256] = {OCTETS_64(0), OCTETS_64(64), OCTETS_64(128), OCTETS_64(192)};

char *sf_write_u64(char *out, uint64_t number)
{
	return put_u64(out, number);
}

#define MILLION 1000000u

/* IEEE 754 binary64: 52 bits of fraction, 11 of exponent with a bias of 1023, the sign. */
enum { FRACTION_BITS = 52, EXPONENT_BIAS = 1023, EXPONENT_MASK = 0x7ff };

/*
 * mantissa * 2^-shift in millionths, rounded half to even: a half added, and what was a tie made
 * even.
 */
static unsigned __int128 millionths(uint64_t mantissa, unsigned shift)
{
	unsigned __int128 one = (unsigned __int128)1 << shift;
	unsigned __int128 sum = (unsigned __int128)mantissa * MILLION + (one >> 1);
	unsigned tie = shift && !(sum & (one - 1));

	return sum >> shift & ~(unsigned __int128)tie;
}

static char *put_exact(char *out, double ratio)
{
	unsigned __int128 all;
	uint64_t bits, mantissa;
	unsigned exponent;

	memcpy(&bits, &ratio, sizeof(bits));
	exponent = bits >> FRACTION_BITS & EXPONENT_MASK;
	mantissa = bits & ((1ull << FRACTION_BITS) - 1);
	if (exponent)
		mantissa |= 1ull << FRACTION_BITS;
	if (exponent < EXPONENT_BIAS - 40) /* below 2^-40: no millionth */
		all = 0;
	else if (exponent < EXPONENT_BIAS + FRACTION_BITS)
		all = millionths(mantissa, EXPONENT_BIAS + FRACTION_BITS - exponent);
	else if (exponent < EXPONENT_BIAS + 64)
		all = millionths(mantissa << (exponent - EXPONENT_BIAS - FRACTION_BITS), 0);
	else if (exponent < EXPONENT_MASK) /* no ratio of two counters; the largest of them */
		all = (unsigned __int128)UINT64_MAX * MILLION;
	else
		all = 0; /* not finite */
	*out = '-';
	out += bits >> 63 && all;
	out = put_u64(out, (uint64_t)(all / MILLION));
	return put_fraction(out, digits_of((uint32_t)(all % MILLION)) >> 16);
}

/*
 * Ratios below 10 in one go. The scaled number is off by 2^-29 at most: where that could matter,
 * next to a tie, and for everything else, the exact way.
 */
char *sf_write_ratio(char *out, double ratio)
{
	double scaled = ratio * MILLION + 0.5, rest;
	uint64_t digits;
	int32_t number;

	if (!(scaled >= 0.5 && scaled < 9999999))
		return put_exact(out, ratio);
	number = (int32_t)scaled;
	rest = scaled - number;
	if (rest < 1e-6 || rest > 1 - 1e-6)
		return put_exact(out, ratio);
	digits = digits_of((uint32_t)number);
	*out = (char)('0' + (digits >> 8));
	return put_fraction(out + 1, digits >> 16);
}
