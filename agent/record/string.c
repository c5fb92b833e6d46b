/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytes chosen by others as a JSON string. Valid UTF-8 stays (no surrogates, no overlong forms,
 * nothing above U+10FFFF); quote, backslash and control characters below U+0020 are escaped; of
 * everything else each maximal subpart becomes one U+FFFD (Unicode 15, section 3.9, "U+FFFD
 * substitution of maximal subparts"). Base64 beside it holds what that loses.
 */
#include <string.h>

#include <sockfeed/record.h>

#define EACH(byte) (0x0101010101010101u * (byte))

/* Eight bytes, none of which needs a thought: 0x20 to 0x7f without quote and backslash. */
static inline bool plain(uint64_t eight)
{
	uint64_t quotes = eight ^ EACH('"'), slashes = eight ^ EACH('\\');
	uint64_t controls = (eight - EACH(0x20)) & ~eight;

	quotes = (quotes - EACH(1)) & ~quotes;
	slashes = (slashes - EACH(1)) & ~slashes;
	return !((eight | controls | quotes | slashes) & EACH(0x80));
}

/* length < 8 bytes, spaces behind them; reads nothing beyond. */
static inline uint64_t few(const uint8_t *bytes, size_t length)
{
	uint64_t eight = 0;

	if (length >= 4) {
		uint32_t first, last;

		memcpy(&first, bytes, 4);
		memcpy(&last, bytes + length - 4, 4);
		eight = first | (uint64_t)last << 8 * (length - 4);
	} else if (length) {
		eight = (uint64_t)bytes[0] | (uint64_t)bytes[length / 2] << 8 * (length / 2) |
			(uint64_t)bytes[length - 1] << 8 * (length - 1);
	}
	return eight | EACH(0x20) << 8 * length;
}

/*
 * How many bytes of a sequence begin here: *valid: a whole one; else its maximal subpart, 1 at
 * least.
 */
static size_t sequence(const uint8_t *bytes, size_t length, bool *valid)
{
	uint8_t lead = bytes[0], least = 0x80, most = 0xbf;
	size_t want, got;

	*valid = false;
	if (lead >= 0xc2 && lead <= 0xdf)
		want = 2;
	else if (lead >= 0xe0 && lead <= 0xef)
		want = 3;
	else if (lead >= 0xf0 && lead <= 0xf4)
		want = 4;
	else
		return 1; /* a continuation without a lead, an overlong lead, nothing of Unicode */
	if (lead == 0xe0)
		least = 0xa0; /* below: overlong */
	else if (lead == 0xed)
		most = 0x9f; /* above: surrogates */
	else if (lead == 0xf0)
		least = 0x90; /* below: overlong */
	else if (lead == 0xf4)
		most = 0x8f; /* above: beyond U+10FFFF */
	for (got = 1; got < want && got < length; got++) {
		if (bytes[got] < least || bytes[got] > most)
			return got;
		least = 0x80;
		most = 0xbf;
	}
	*valid = got == want;
	return got;
}

static char *put_ascii(char *out, uint8_t byte)
{
	static const char hex[] = "0123456789abcdef";
	static const char letters[0x20] = {
		['\b'] = 'b', ['\t'] = 't', ['\n'] = 'n', ['\f'] = 'f', ['\r'] = 'r'};

	if (byte >= 0x20) {
		if (byte == '"' || byte == '\\')
			*out++ = '\\';
		*out++ = (char)byte;
		return out;
	}
	*out++ = '\\';
	if (letters[byte]) {
		*out++ = letters[byte];
		return out;
	}
	memcpy(out, "u00", 3);
	out[3] = hex[byte >> 4];
	out[4] = hex[byte & 15];
	return out + 5;
}

static char *put_odd(char *out, const uint8_t *bytes, size_t length, bool *exact)
{
	for (size_t i = 0, step; i < length; i += step) {
		bool valid = true;

		step = 1;
		if (bytes[i] < 0x80) {
			out = put_ascii(out, bytes[i]);
			continue;
		}
		step = sequence(bytes + i, length - i, &valid);
		if (valid) {
			memcpy(out, bytes + i, step);
			out += step;
		} else {
			memcpy(out, "\xef\xbf\xbd", 3); /* U+FFFD */
			out += 3;
			*exact = false;
		}
	}
	return out;
}

char *sf_write_string(char *out, const uint8_t *bytes, size_t length, bool *exact)
{
	uint64_t eight;
	size_t i = 0;

	*exact = true;
	*out++ = '"';
	for (; length - i >= 8; i += 8) {
		memcpy(&eight, bytes + i, 8);
		if (!plain(eight))
			break;
		memcpy(out, &eight, 8);
		out += 8;
	}
	if (length - i < 8 && plain(eight = few(bytes + i, length - i))) {
		memcpy(out, &eight, 8);
		out += length - i;
	} else {
		out = put_odd(out, bytes + i, length - i, exact);
	}
	*out++ = '"';
	return out;
}

char *sf_write_base64(char *out, const uint8_t *bytes, size_t length)
{
	static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "abcdefghijklmnopqrstuvwxyz0123456789+/";

	*out++ = '"';
	for (size_t i = 0; i < length; i += 3) {
		size_t left = length - i;
		uint32_t three = (uint32_t)bytes[i] << 16 |
				 (left > 1 ? (uint32_t)bytes[i + 1] << 8 : 0) |
				 (left > 2 ? bytes[i + 2] : 0);

		out[0] = letters[three >> 18];
		out[1] = letters[three >> 12 & 63];
		out[2] = left > 1 ? letters[three >> 6 & 63] : '=';
		out[3] = left > 2 ? letters[three & 63] : '=';
		out += 4;
	}
	*out++ = '"';
	return out;
}
