/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What writing and reading of segments share: how records are told from other bytes.
 */
#pragma once

#include "segment.h"

#define SF_RECORD_MAGIC 0xb7e15163u /* no byte of it is ASCII but two: text is not taken for it */

uint32_t sf_record_head_crc(uint32_t seed, const struct sf_record_head *, const char *query,
			    const char *topic);
uint32_t sf_record_payload_crc(const struct iovec *parts, int count);
