/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What writing and reading of segments share: how records are told from other bytes.
 */
#pragma once

#include "segment.h"

#define SF_RECORD_MAGIC 0xb7e15163u /* no byte of it is ASCII but two: text is not taken for it */

uint32_t sf_record_head_crc(uint32_t seed, const struct sf_record_head *, const char *query,
			    const char *topic);

/* segment_sum.c: the sum of a payload, as a record's flags say; and what we write here. */
uint64_t sf_sum(const struct iovec *parts, int count, uint32_t flags);
uint32_t sf_sum_kind(void);
uint64_t sf_sum_slowly(const struct iovec *parts, int count); /* of kind CRC32C; for tests */
