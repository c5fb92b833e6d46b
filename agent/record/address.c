/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Addresses as RFC 5952 text. Of two equal runs of zeros the first is shortened, a single group of
 * zeros never. Mixed notation for v4-mapped addresses alone (::ffff:10.0.0.1): others have no
 * well-known prefix (RFC 5952, 5), so ::1.2.3.4 of inet_ntop is ::102:304 here.
 */
#include "record/number.h"

static char *put_v4(char *out, const uint8_t *bytes)
{
	for (unsigned i = 0; i < 4; i++) {
		const struct octet *octet = &sf_octets[bytes[i]];

		memcpy(out, &octet->text, 4);
		out += octet->length;
	}
	return out - 1; /* without the last dot */
}

/* Groups [first, last), each with a colon behind. */
static char *put_groups(char *out, const uint8_t *bytes, unsigned first, unsigned last)
{
	for (unsigned i = first; i < last; i++) {
		unsigned high = bytes[2 * i], low = bytes[2 * i + 1];
		uint32_t nibbles = high >> 4 | (high & 15) << 8 | low >> 4 << 16 | (low & 15) << 24;
		uint32_t letters = (nibbles + 0x06060606) >> 4 & 0x01010101;
		unsigned skip = (unsigned)__builtin_ctz(nibbles | 1u << 24) & ~7u;
		uint64_t text = nibbles + 0x30303030 + letters * ('a' - '0' - 10);

		text = (text | (uint64_t)':' << 32) >> skip;
		memcpy(out, &text, 8);
		out += 5 - skip / 8;
	}
	return out;
}

/* The longest run of groups that are zero, the first of equals: its length, at least 2, or 0. */
static unsigned longest_zeros(const uint8_t *bytes, unsigned *start)
{
	unsigned zeros = 0, left, length = 0;

	for (unsigned i = 0; i < 8; i++)
		zeros |= (unsigned)!(bytes[2 * i] | bytes[2 * i + 1]) << i;
	/* Bit i stays while a run of length + 1 begins at group i. */
	for (left = zeros; left; left &= zeros >> ++length)
		*start = (unsigned)__builtin_ctz(left);
	if (length < 2)
		*start = length = 0;
	return length;
}

char *sf_write_ip(char *out, const uint8_t *bytes, size_t length)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
	unsigned start = 0, zeros;

	if (length == 4)
		return put_v4(out, bytes);
	if (!memcmp(bytes, mapped, sizeof(mapped))) {
		memcpy(out, "::ffff:", 7);
		return put_v4(out + 7, bytes + 12);
	}
	zeros = longest_zeros(bytes, &start);
	out = put_groups(out, bytes, 0, start);
	if (zeros) {
		if (!start)
			*out++ = ':';
		*out++ = ':';
	}
	out = put_groups(out, bytes, start + zeros, 8);
	return start + zeros < 8 ? out - 1 : out;
}
