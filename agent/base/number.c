/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Decimal numbers with a fraction: digits are gathered in 128 bits, fractions are cancelled before
 * they are multiplied, so a result is exact or refused. Shares are doubles: strtod rounds them, in
 * the C locale, which the program never leaves.
 */
#include <stdlib.h>
#include <string.h>

#include "base/number.h"

enum {
	DIGITS_MOST = 38, /* 10^38 < 2^128 */
	SHARE_MOST = 400, /* the smallest double has 325 places */
};

static bool is_digit(const char *text, size_t length, size_t at)
{
	return at < length && text[at] >= '0' && text[at] <= '9';
}

size_t sf_number_read(const char *text, size_t length, struct sf_number *number)
{
	size_t at = 0, end;
	unsigned count = 0;

	*number = (struct sf_number){.text = text};
	while (is_digit(text, length, at))
		at++;
	if (!at)
		return 0;
	if (at < length && text[at] == '.') {
		size_t point = at++;

		while (is_digit(text, length, at))
			at++;
		if (at == point + 1)
			return 0;
	}
	number->length = at;
	end = at;
	if (memchr(text, '.', at)) { /* zeros at the end of a fraction say nothing */
		while (text[end - 1] == '0')
			end--;
		if (text[end - 1] == '.')
			end--;
	}
	for (size_t i = 0; i < end; i++) {
		if (text[i] == '.') {
			number->too_long |= end - i - 1 > DIGITS_MOST;
			number->places = (unsigned)(end - i - 1);
			continue;
		}
		count += count || text[i] != '0';
		if (count > DIGITS_MOST)
			number->too_long = true;
		else
			number->digits = number->digits * 10 + (unsigned)(text[i] - '0');
	}
	return at;
}

static unsigned __int128 common(unsigned __int128 a, unsigned __int128 b)
{
	while (b) {
		unsigned __int128 rest = a % b;

		a = b;
		b = rest;
	}
	return a;
}

int sf_number_scale(const struct sf_number *number, uint64_t times, uint64_t by, uint64_t *value)
{
	unsigned __int128 digits = number->digits, up = times, down = 1, part, result;

	if (number->too_long)
		return -ERANGE;
	part = common(up, by);
	up /= part;
	by /= (uint64_t)part;
	for (unsigned i = 0; i < number->places; i++)
		down *= 10;
	part = common(up, down);
	up /= part;
	down /= part;
	part = common(digits, down);
	digits /= part;
	down /= part;
	part = common(digits, by);
	digits /= part;
	by /= (uint64_t)part;
	if (down != 1 || by != 1)
		return -EDOM;
	if (__builtin_mul_overflow(digits, up, &result) || result > UINT64_MAX)
		return -ERANGE;
	*value = (uint64_t)result;
	return 0;
}

int sf_number_share(const struct sf_number *number, unsigned places, double *share)
{
	char text[SHARE_MOST + 16];

	if (number->length > SHARE_MOST)
		return -ERANGE;
	snprintf(text, sizeof(text), "%.*se-%u", (int)number->length, number->text, places);
	*share = strtod(text, NULL);
	return 0;
}

void sf_number_print_share(struct sf_buf *buf, double share)
{
	char text[32], digits[32] = "";
	int count = 0, point;

	for (int places = 0; places <= 16; places++) { /* 17 digits tell all doubles apart */
		snprintf(text, sizeof(text), "%.*e", places, share);
		if (strtod(text, NULL) == share)
			break;
	}
	for (const char *c = text; *c && *c != 'e'; c++)
		if (*c != '.')
			digits[count++] = *c;
	point = atoi(strchr(text, 'e') + 1) + 1 +
		2; /* digits before the point, of the percentage */
	if (share == 0)
		point = 1;
	if (point <= 0)
		sf_buf_format(buf, "0.%.*d%s%%", -point, 0, digits);
	else if (point >= count)
		sf_buf_format(buf, "%s%.*d%%", digits, point - count, 0);
	else
		sf_buf_format(buf, "%.*s.%s%%", point, digits, digits + point);
}
