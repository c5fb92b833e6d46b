/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The three clocks in microseconds, and the stamp of RFC 3339 in UTC. The stamp is written for
 * every receive from the kernel: own arithmetic, no tables of time zones, no allocation.
 */
#include <string.h>
#include <time.h>

#include <sockfeed/base.h>

#define DAY_US	 86400000000ull
#define LAST_US	 253402300799999999ull /* 9999-12-31T23:59:59.999999Z */
#define MARCH_0	 719468u	       /* days from 0000-03-01 to 1970-01-01 */
#define ERA_DAYS 146097u	       /* 400 years of the Gregorian calendar */

static uint64_t now(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return (uint64_t)t.tv_sec * 1000000u + (uint64_t)t.tv_nsec / 1000u;
}

uint64_t sf_clock_mono(void)
{
	return now(CLOCK_MONOTONIC);
}

uint64_t sf_clock_boot(void)
{
	return now(CLOCK_BOOTTIME);
}

uint64_t sf_clock_wall(void)
{
	return now(CLOCK_REALTIME);
}

static void put(char *out, unsigned number, unsigned digits)
{
	while (digits--) {
		out[digits] = (char)('0' + number % 10);
		number /= 10;
	}
}

/*
 * Years that begin in March: then the leap day is the last of its year, and months have a formula.
 */
static void put_date(char *out, unsigned days)
{
	unsigned day = days + MARCH_0;
	unsigned era = day / ERA_DAYS;
	unsigned of_era = day % ERA_DAYS;
	unsigned year = (of_era - of_era / 1460 + of_era / 36524 - of_era / 146096) / 365;
	unsigned of_year = of_era - (365 * year + year / 4 - year / 100);
	unsigned month = (5 * of_year + 2) / 153; /* 0 is March */

	put(out, year + era * 400 + (month >= 10), 4);
	put(out + 5, month < 10 ? month + 3 : month - 9, 2);
	put(out + 8, of_year - (153 * month + 2) / 5 + 1, 2);
}

void sf_clock_stamp(char out[SF_STAMP_SIZE], uint64_t wall_us)
{
	uint64_t us = wall_us < LAST_US ? wall_us : LAST_US;
	unsigned second = (unsigned)(us % DAY_US / 1000000u);

	memcpy(out, "0000-00-00T00:00:00.000000Z", SF_STAMP_SIZE);
	put_date(out, (unsigned)(us / DAY_US));
	put(out + 11, second / 3600, 2);
	put(out + 14, second / 60 % 60, 2);
	put(out + 17, second % 60, 2);
	put(out + 20, (unsigned)(us % 1000000u), 6);
}
