/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For the tests of the filter: a socket as plain facts, the kernel's answer built from them, filters made from text, and numbers
 * drawn from a seed (SF_SEED, else 1), so that a failure can be seen again.
 */
#pragma once

#include <endian.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <sockfeed/filter.h>

struct facts {
	struct sf_inet_msg header; /* ports in network order, as the kernel sends them */
	struct sf_tcp_info info;
	uint16_t info_length;      /* 0: none came */
	uint32_t skmem[9];
	uint32_t mark;
	uint64_t cgroup;
	char cong[16];
	char ulp[12]; /* name of an upper-layer protocol; "": none */
	bool has_shutdown, has_skmem, has_mark, has_cgroup, has_cong;
};

struct answer {
	uint8_t bytes[1024];
	size_t length;
	struct sf_view view;
};

static inline void answer_add(struct answer *answer, uint16_t type, const void *payload, size_t length)
{
	const uint16_t head[2] = {(uint16_t)(length + 4), type};

	memcpy(answer->bytes + answer->length, head, sizeof(head));
	memcpy(answer->bytes + answer->length + sizeof(head), payload, length);
	answer->length += (sizeof(head) + length + 3) & ~(size_t)3;
}

/* The view points into the answer, which therefore must not move. */
static inline void answer_make(struct answer *answer, const struct facts *facts)
{
	memset(answer, 0, sizeof(*answer));
	memcpy(answer->bytes, &facts->header, sizeof(facts->header));
	answer->length = sizeof(facts->header);
	if (facts->has_shutdown)
		answer_add(answer, SF_PART_SHUTDOWN, "", 1);
	if (facts->info_length)
		answer_add(answer, SF_PART_INFO, &facts->info, facts->info_length);
	if (facts->has_skmem)
		answer_add(answer, SF_PART_SKMEM, facts->skmem, sizeof(facts->skmem));
	if (facts->has_mark)
		answer_add(answer, SF_PART_MARK, &facts->mark, sizeof(facts->mark));
	if (facts->has_cgroup)
		answer_add(answer, SF_PART_CGROUP, &facts->cgroup, sizeof(facts->cgroup));
	if (facts->has_cong)
		answer_add(answer, SF_PART_CONG, facts->cong, strlen(facts->cong) + 1);
	if (facts->ulp[0]) {
		uint16_t nest[8] = {(uint16_t)(4 + strlen(facts->ulp) + 1), 1}; /* INET_ULP_INFO_NAME */

		strcpy((char *)(nest + 2), facts->ulp);
		answer_add(answer, SF_PART_ULP, nest, nest[0]);
	}
	answer->view.table = SF_TABLE_TCP;
	answer->view.release = 0x061200;
	if (sf_view_index(&answer->view, answer->bytes, answer->length))
		abort();
}

/* NULL: the text is wrong; `said` (may be NULL) then holds what was complained, to be freed. */
static inline struct sf_filter *filter_try_of(uint32_t tables, const char *text, size_t length, char **said)
{
	const struct sf_text place = {.name = "arguments", .text = text, .length = length};
	struct sf_complaints *complaints = sf_complaints_new();
	struct sf_filter *filter = NULL;
	size_t size;

	sf_filter_read(&place, tables, &filter, complaints);
	if (said) {
		FILE *file = open_memstream(said, &size);

		sf_complaints_print(complaints, file);
		fclose(file);
	}
	sf_complaints_free(complaints);
	return filter;
}

static inline struct sf_filter *filter_try(const char *text, size_t length, char **said)
{
	return filter_try_of(1u << SF_TABLE_TCP, text, length, said);
}

static inline struct sf_filter *filter_make(const char *text)
{
	char *said;
	struct sf_filter *filter = filter_try(text, strlen(text), &said);

	if (!filter)
		fail_msg("\n%s", said);
	free(said);
	return filter;
}

static inline bool judged(const char *text, const struct facts *facts)
{
	struct sf_filter *filter = filter_make(text);
	struct answer answer;
	bool holds;

	answer_make(&answer, facts);
	holds = sf_filter_judge(filter, &answer.view);
	sf_filter_free(filter);
	return holds;
}

#define assert_holds(text, facts)                                        \
	do {                                                             \
		if (!judged(text, facts))                                \
			fail_msg("does not hold: %s", text);             \
	} while (0)
#define assert_fails(text, facts)                                        \
	do {                                                             \
		if (judged(text, facts))                                 \
			fail_msg("holds: %s", text);                     \
	} while (0)

/* The normal form, to be freed. */
static inline char *normal(const struct sf_filter *filter)
{
	struct sf_buf text = {0};

	sf_filter_print(filter, &text);
	return sf_buf_take(&text);
}

static inline uint64_t seed(void)
{
	const char *set = getenv("SF_SEED");

	return set ? strtoull(set, NULL, 0) : 1;
}

/* splitmix64: https://prng.di.unimi.it/splitmix64.c */
static inline uint64_t draw(uint64_t *state)
{
	uint64_t z = (*state += 0x9e3779b97f4a7c15u);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
	return z ^ (z >> 31);
}

static inline unsigned pick(uint64_t *state, unsigned below)
{
	return (unsigned)(draw(state) % below);
}
