/* SPDX-License-Identifier: Apache-2.0 */
/* What comes in is a mean that fades; what may be read is a credit that grows and has a bound. */
#include <math.h>

#include "pace.h"

#define SECOND 1e6
#define LEAST  (1024.0 * 1024)
#define TIMES  4
#define FADES  30.0 /* seconds */
#define BURST  0.25 /* seconds of the rate */

static double rate(const struct sf_pace *pace)
{
	double wanted = pace->coming * TIMES;

	if (pace->fixed)
		return (double)pace->fixed;
	return wanted > LEAST ? wanted : LEAST;
}

static void pass(struct sf_pace *pace, uint64_t now)
{
	double seconds = now > pace->at ? (double)(now - pace->at) / SECOND : 0;

	pace->credit += seconds * rate(pace);
	if (pace->credit > rate(pace) * BURST)
		pace->credit = rate(pace) * BURST;
	pace->coming *= exp(-seconds / FADES);
	pace->at = now;
}

void sf_pace_came(struct sf_pace *pace, uint64_t bytes, uint64_t now)
{
	pass(pace, now);
	pace->coming += (double)bytes / FADES;
}

void sf_pace_spend(struct sf_pace *pace, uint64_t bytes, uint64_t now)
{
	pass(pace, now);
	pace->credit -= (double)bytes;
}

uint64_t sf_pace_due(struct sf_pace *pace, uint64_t now)
{
	pass(pace, now);
	if (pace->credit >= 0)
		return now;
	return now + 1 + (uint64_t)(-pace->credit / rate(pace) * SECOND);
}
