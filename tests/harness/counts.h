/* SPDX-License-Identifier: Apache-2.0 */
/* What an output counts, and that it adds up. Include behind <cmocka.h>. */
#pragma once

#include <sockfeed/delivery.h>

static inline struct sf_counts output_counts(const struct sf_output *output)
{
	struct sf_counts counts;

	sf_output_counts(output, &counts);
	return counts;
}

static inline uint64_t lost_of(const struct sf_counts *counts)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < SF_LOSS_COUNT; i++)
		sum += counts->lost[i];
	return sum;
}

/* Whatever happens: accepted = delivered + dead letters + lost + waiting. */
static inline void check_sum(const struct sf_counts *counts, uint64_t accepted)
{
	assert_int_equal(counts->accepted, accepted);
	assert_int_equal(accepted, counts->delivered + counts->dead_letters + lost_of(counts) + counts->waiting);
	assert_true(counts->waiting <= accepted); /* never below zero */
}
