/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is made ready for whole runs: where the numbers of one lie, and the text and the question
 * for runs that are nearly always 0.
 */
#include "record/program.h"

const uint16_t *sf_run_offsets(const struct run *run, struct sf_arena *arena)
{
	size_t count = (size_t)(run->behind - run->first), whole = (count + 3) / 4 * 4;
	uint16_t *offsets = sf_arena_alloc(arena, whole * sizeof(*offsets));

	for (size_t i = 0; i < whole; i++)
		offsets[i] = run->first[i < count ? i : count - 1].offset;
	return offsets;
}

/* The bytes of the step are to be 0: within the eight that were looked at last, or new ones. */
static void ask(struct zeros *zeros, const struct step *step, int last)
{
	struct zero *zero = &zeros->zero[zeros->count];
	int size = step->size;

	if (!zeros->count || step->offset < zero[-1].offset ||
	    step->offset + size > zero[-1].offset + 8) {
		zero->offset = step->offset < last ? step->offset : last;
		zero->mask = 0;
		zeros->count++;
		zero++;
	}
	zero[-1].mask |= UINT64_MAX >> (64 - 8 * size) << 8 * (step->offset - zero[-1].offset);
}

static const char *text_of(const struct step *first, const struct step *behind, size_t *length,
			   struct sf_arena *arena)
{
	char *text, *end;

	*length = 0;
	for (const struct step *step = first; step < behind; step++)
		*length += step->key_length + 1u;
	text = end = sf_arena_alloc(arena, (*length + ZEROS_BLOCK - 1) / ZEROS_BLOCK * ZEROS_BLOCK);
	for (const struct step *step = first; step < behind; step++) {
		end = mempcpy(end, step->key, step->key_length);
		*end++ = '0';
	}
	return text;
}

const struct zeros *sf_run_zeros(const struct run *run, const struct step *behind, uint16_t *need,
				 struct sf_arena *arena)
{
	size_t most = (size_t)(behind - run->first);
	struct zeros *zeros = sf_arena_alloc(arena, sizeof(*zeros) + most * sizeof(zeros->zero[0]));

	*need = 0;
	for (const struct step *step = run->first; step < behind; step++)
		*need = step->end > *need ? step->end : *need;
	for (const struct step *step = run->first; step < behind; step++)
		ask(zeros, step, *need - 8);
	zeros->text = text_of(run->first, behind, &zeros->length, arena);
	zeros->last = run;
	while (zeros->last[1].first >= run->first && zeros->last[1].first < behind)
		zeros->last++;
	return zeros;
}
