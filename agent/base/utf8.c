/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Steps over a text that may not be UTF-8, character by character.
 */
#include <stdint.h>

#include <sockfeed/base.h>

#include "base/utf8.h"

size_t sf_utf8_length(const char *bytes, size_t left)
{
	const uint8_t *b = (const uint8_t *)bytes;
	size_t length = b[0] < 0x80   ? 1
			: b[0] < 0xc2 ? 0
			: b[0] < 0xe0 ? 2
			: b[0] < 0xf0 ? 3
			: b[0] < 0xf5 ? 4
				      : 0;

	if (length > left)
		return 0;
	for (size_t i = 1; i < length; i++)
		if ((b[i] & 0xc0) != 0x80)
			return 0;
	if ((b[0] == 0xe0 && b[1] < 0xa0) || (b[0] == 0xf0 && b[1] < 0x90))
		return 0; /* overlong */
	if ((b[0] == 0xed && b[1] > 0x9f) || (b[0] == 0xf4 && b[1] > 0x8f))
		return 0; /* a surrogate; above U+10FFFF */
	return length;
}

size_t sf_utf8_step(const char *bytes, size_t left, int *shown)
{
	size_t length = sf_utf8_length(bytes, left);
	const uint8_t *b = (const uint8_t *)bytes;

	*shown = length > 0 && b[0] >= 0x20 && b[0] != 0x7f && !(b[0] == 0xc2 && b[1] < 0xa0);
	return length ?: 1;
}

bool sf_is_utf8(const char *bytes, size_t length)
{
	for (size_t at = 0, step; at < length; at += step) {
		step = sf_utf8_length(bytes + at, length - at);
		if (!step)
			return false;
	}
	return true;
}
