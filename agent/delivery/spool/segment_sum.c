/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The checksum of a payload. Where the processor has an instruction for CRC-32C, four of them
 * run side by side, each over every fourth word: memory is the limit then. Elsewhere it is
 * zlib's. A record says which one it has, and either is read everywhere.
 */
#include <string.h>
#include <zlib.h>

#include "segment_format.h"

/*
 * One number of four. Not a CRC of them: in that a word here and another there could change places
 * unseen. Odd factors keep what a lane sees of an error.
 */
static uint64_t join(uint32_t a, uint32_t b, uint32_t c, uint32_t d)
{
	return a * 0x9e3779b97f4a7c15u + b * 0xc2b2ae3d27d4eb4fu + c * 0x165667b19e3779f9u +
	       d * 0x27d4eb2f165667c5u;
}

enum { LANES = 4, BLOCK = LANES * sizeof(uint64_t) };

static uint32_t zlib_sum(const struct iovec *parts, int count)
{
	uLong crc = 0;

	for (int i = 0; i < count; i++) {
		if (parts[i].iov_len) /* of NULL it would be 0, whatever came before */
			crc = crc32_z(crc, parts[i].iov_base, parts[i].iov_len);
	}
	return (uint32_t)crc;
}

/* ---- CRC-32C by hand: for those who read what another processor wrote ---- */

static void make_table(uint32_t table[256])
{
	for (uint32_t i = 0; i < 256; i++) {
		table[i] = i;
		for (int bit = 0; bit < 8; bit++)
			table[i] = table[i] >> 1 ^ (table[i] & 1 ? 0x82f63b78u : 0);
	}
}

static uint32_t add_bytes(const uint32_t table[256], uint32_t crc, const uint8_t *bytes, size_t n)
{
	while (n--)
		crc = crc >> 8 ^ table[(crc ^ *bytes++) & 0xff];
	return crc;
}

uint64_t sf_sum_slowly(const struct iovec *parts, int count)
{
	uint32_t lane[LANES] = {~0u, ~0u, ~0u, ~0u}, table[256];

	make_table(table);
	for (int i = 0; i < count; i++) {
		const uint8_t *at = parts[i].iov_base;
		size_t left = parts[i].iov_len;

		for (; left >= BLOCK; at += BLOCK, left -= BLOCK) {
			for (int k = 0; k < LANES; k++)
				lane[k] = add_bytes(table, lane[k], at + k * 8, 8);
		}
		lane[0] = add_bytes(table, lane[0], at, left);
	}
	return join(lane[0], lane[1], lane[2], lane[3]);
}

/* ---- and by the processor ---- */

#ifdef __x86_64__
#include <cpuid.h>
#include <nmmintrin.h>

/*
 * Asked once, and only where there is a spool: of a virtual machine CPUID leaves the guest. (The
 * compiler's own question is asked at every start of the program.)
 */
static bool has_instruction(void)
{
	static atomic_int known; /* 0: not yet; 1: no; 2: yes */
	unsigned eax, ebx, ecx = 0, edx;

	if (!atomic_load_explicit(&known, memory_order_relaxed))
		atomic_store(&known,
			     __get_cpuid(1, &eax, &ebx, &ecx, &edx) && ecx & bit_SSE4_2 ? 2 : 1);
	return atomic_load_explicit(&known, memory_order_relaxed) == 2;
}

__attribute__((target("sse4.2"))) static uint64_t sum_fast(const struct iovec *parts, int count)
{
	uint64_t a = ~0u, b = ~0u, c = ~0u, d = ~0u, word[LANES];

	for (int i = 0; i < count; i++) {
		const uint8_t *at = parts[i].iov_base;
		size_t left = parts[i].iov_len;

		for (; left >= BLOCK; at += BLOCK, left -= BLOCK) {
			memcpy(word, at, BLOCK);
			a = _mm_crc32_u64(a, word[0]);
			b = _mm_crc32_u64(b, word[1]);
			c = _mm_crc32_u64(c, word[2]);
			d = _mm_crc32_u64(d, word[3]);
		}
		for (; left; left--)
			a = _mm_crc32_u8((uint32_t)a, *at++);
	}
	return join((uint32_t)a, (uint32_t)b, (uint32_t)c, (uint32_t)d);
}
#else
static bool has_instruction(void)
{
	return false;
}

static uint64_t sum_fast(const struct iovec *parts, int count)
{
	return sf_sum_slowly(parts, count);
}
#endif

uint32_t sf_sum_kind(void)
{
	return has_instruction() ? SF_RECORD_CRC32C : 0;
}

uint64_t sf_sum(const struct iovec *parts, int count, uint32_t flags)
{
	if (!(flags & SF_RECORD_CRC32C))
		return zlib_sum(parts, count);
	return has_instruction() ? sum_fast(parts, count) : sf_sum_slowly(parts, count);
}
