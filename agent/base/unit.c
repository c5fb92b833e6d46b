/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers with units, as users write them, read exactly and printed back. One table holds the
 * suffixes: every kind of number is counted in a smallest step (nanoseconds, bytes, bits a second),
 * and a suffix and the unit in which we hold a number are both so many steps. What does not come
 * out whole is refused, so a number that was read is the number that was meant.
 */
#include <string.h>

#include <sockfeed/base.h>

#include "base/number.h"

enum kind { PLAIN, DURATION, SIZE, RATE, SHARE };

static const struct {
	const char *name, *example, *article; /* article: what a text of this kind is called */
	enum kind kind;
	uint64_t steps;
} units[SF_UNIT_COUNT] = {
	[SF_UNIT_NONE] = {"number", "10", "a number", PLAIN, 1},
	[SF_UNIT_US] = {"microseconds", "100ms", "a duration", DURATION, 1000},
	[SF_UNIT_MS] = {"milliseconds", "100ms", "a duration", DURATION, 1000000},
	[SF_UNIT_S] = {"seconds", "10s", "a duration", DURATION, 1000000000},
	[SF_UNIT_BYTES] = {"bytes", "64KiB", "a size", SIZE, 1},
	[SF_UNIT_BPS] = {"bytes per second", "10Mbit/s", "a rate", RATE, 8},
	[SF_UNIT_RATIO] = {"ratio", "15%", "a share", SHARE, 1},
};

/* Of two with the same steps the first is the one that is printed. */
static const struct suffix {
	const char *text;
	enum kind kind;
	uint64_t steps;
} suffixes[] = {
	{"ns", DURATION, 1},
	{"us", DURATION, 1000},
	{"ms", DURATION, 1000000},
	{"s", DURATION, 1000000000},
	{"m", DURATION, 60000000000},
	{"h", DURATION, 3600000000000},
	{"d", DURATION, 86400000000000},
	{"B", SIZE, 1},
	{"KiB", SIZE, 1ull << 10},
	{"MiB", SIZE, 1ull << 20},
	{"GiB", SIZE, 1ull << 30},
	{"TiB", SIZE, 1ull << 40},
	{"kB", SIZE, 1000},
	{"KB", SIZE, 1000},
	{"MB", SIZE, 1000000},
	{"GB", SIZE, 1000000000},
	{"TB", SIZE, 1000000000000},
	{"bit/s", RATE, 1},
	{"kbit/s", RATE, 1000},
	{"Kbit/s", RATE, 1000},
	{"Mbit/s", RATE, 1000000},
	{"Gbit/s", RATE, 1000000000},
	{"Tbit/s", RATE, 1000000000000},
	{"B/s", RATE, 8},
	{"KiB/s", RATE, 8ull << 10},
	{"MiB/s", RATE, 8ull << 20},
	{"GiB/s", RATE, 8ull << 30},
	{"TiB/s", RATE, 8ull << 40},
	{"kB/s", RATE, 8000},
	{"KB/s", RATE, 8000},
	{"MB/s", RATE, 8000000},
	{"GB/s", RATE, 8000000000},
	{"TB/s", RATE, 8000000000000},
	{"%", SHARE, 1},
};

const char *sf_unit_name(enum sf_unit unit)
{
	return units[unit].name;
}

const char *sf_unit_example(enum sf_unit unit)
{
	return units[unit].example;
}

const char *sf_unit_article(enum sf_unit unit)
{
	return units[unit].article;
}

static const struct suffix *find_suffix(const char *text, size_t length)
{
	for (size_t i = 0; i < SF_COUNT(suffixes); i++)
		if (strlen(suffixes[i].text) == length && !memcmp(suffixes[i].text, text, length))
			return &suffixes[i];
	return NULL;
}

static const char *kind_article(enum kind kind)
{
	enum sf_unit unit = SF_UNIT_NONE;

	while (units[unit].kind != kind)
		unit++;
	return units[unit].article;
}

/* Without those that have a better-known spelling: KB, Kbit/s. */
static int fail_unknown(const char *text, int shown, enum kind kind, struct sf_err *err)
{
	sf_cleanup(sf_buf_finish) struct sf_buf known = {0};

	for (size_t i = 0; i < SF_COUNT(suffixes); i++)
		if (suffixes[i].kind == kind && (!i || suffixes[i].steps != suffixes[i - 1].steps))
			sf_buf_format(&known, "%s%s", known.length ? " " : "; there are ",
				      suffixes[i].text);
	return sf_fail(err, -EINVAL, "\"%.*s\" has an unknown unit%s", shown, text,
		       known.length ? known.data : "");
}

int sf_unit_read(const char *text, size_t length, enum sf_unit unit, uint64_t *value, double *ratio,
		 bool *bare, struct sf_err *err)
{
	int shown = length < 64 ? (int)length : 64;
	const struct suffix *suffix;
	struct sf_number number;
	bool negative = length > 1 && text[0] == '-';
	size_t used = sf_number_read(text + negative, length - negative, &number);
	int r;

	if (!used)
		return sf_fail(err, -EINVAL, "\"%.*s\" is not %s", shown, text,
			       units[unit].article);
	used += negative;
	suffix = find_suffix(text + used, length - used);
	if (used < length && !suffix)
		return fail_unknown(text, shown, units[unit].kind, err);
	if (suffix && suffix->kind != units[unit].kind)
		return sf_fail(err, -EINVAL, "\"%.*s\" is %s, not %s", shown, text,
			       kind_article(suffix->kind), units[unit].article);
	if (negative)
		return sf_fail(err, -ERANGE, "\"%.*s\" is negative", shown, text);
	if (units[unit].kind == SHARE)
		r = sf_number_share(&number, suffix ? 2 : 0, ratio);
	else
		r = sf_number_scale(&number, suffix ? suffix->steps : units[unit].steps,
				    units[unit].steps, value);
	if (r == -EDOM)
		return sf_fail(err, -ERANGE, "\"%.*s\" is not a whole number%s%s", shown, text,
			       unit == SF_UNIT_NONE ? "" : " of ",
			       unit == SF_UNIT_NONE ? "" : units[unit].name);
	if (r < 0)
		return sf_fail(err, -ERANGE, "\"%.*s\" is too large", shown, text);
	if (bare)
		*bare = !suffix;
	return 0;
}

static unsigned digits(uint64_t number)
{
	return number < 10 ? 1 : 1 + digits(number / 10);
}

void sf_unit_print(struct sf_buf *buf, enum sf_unit unit, uint64_t value, double ratio)
{
	unsigned __int128 steps = (unsigned __int128)value * units[unit].steps;
	const struct suffix *best = NULL;
	unsigned best_length = 0;

	if (units[unit].kind == SHARE) {
		sf_number_print_share(buf, ratio);
		return;
	}
	for (size_t i = 0; value && i < SF_COUNT(suffixes); i++) {
		const struct suffix *s = &suffixes[i];
		unsigned __int128 count = steps / s->steps;
		unsigned length;

		if (s->kind != units[unit].kind || steps % s->steps || count > UINT64_MAX)
			continue;
		length = digits((uint64_t)count) + (unsigned)strlen(s->text);
		if (best && length >= best_length &&
		    !(length == best_length && s->steps > best->steps))
			continue;
		best = s;
		best_length = length;
	}
	if (best)
		sf_buf_format(buf, "%llu%s", (unsigned long long)(steps / best->steps), best->text);
	else
		sf_buf_format(buf, "%llu%s", (unsigned long long)value,
			      (const char *[]){[PLAIN] = "", "s", "B", "B/s"}[units[unit].kind]);
}
