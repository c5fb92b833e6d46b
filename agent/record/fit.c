/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What of a program depends on how long the kernel makes a part: done when the first one comes, and
 * not for each.
 */
#include "record/program.h"

bool sf_run_fit(struct run *run, uint16_t length)
{
	size_t count = run->count;

	while (count && run->first[count - 1].end > length)
		count--;
	if (!count)
		return false;
	run->fits = length;
	run->behind = run->first + count;
	for (size_t i = 0; run->offsets && i < (count + 3) / 4 * 4; i++)
		run->offsets[i] = run->first[i < count ? i : count - 1].offset;
	return true;
}

/* The bytes of the step are to be 0: within the eight that were looked at last, or new ones. */
static void ask(struct zeros *zeros, const struct step *step, int last)
{
	struct zero *zero = &zeros->zero[zeros->count];

	if (zeros->count && step->offset >= zero[-1].offset &&
	    step->offset + step->size <= zero[-1].offset + 8)
		zero--;
	else
		zeros->zero[zeros->count++] =
			(struct zero){.offset = step->offset < last ? step->offset : last};
	zero->mask |= UINT64_MAX >> (64 - 8 * step->size) << 8 * (step->offset - zero->offset);
}

bool sf_zeros_fit(struct run *run, uint16_t length)
{
	struct zeros *zeros = run->zeros;
	char *end = zeros->text;
	int last = 0;

	for (const struct step *step = zeros->first; step < zeros->behind; step++)
		last = step->end <= length && step->end > last ? step->end : last;
	if (!last)
		return false;
	zeros->count = 0;
	for (const struct step *step = zeros->first; step < zeros->behind; step++) {
		if (step->end > length)
			continue;
		ask(zeros, step, last - 8);
		end = mempcpy(end, step->key, step->key_length);
		*end++ = '0';
	}
	zeros->length = (size_t)(end - zeros->text);
	run->fits = length;
	return true;
}

struct zeros *sf_zeros_new(struct run *run, struct sf_arena *arena)
{
	size_t count = (size_t)(run->behind - run->first), length = ZEROS_BLOCK;
	struct zeros *zeros =
		sf_arena_alloc(arena, sizeof(*zeros) + count * sizeof(zeros->zero[0]));

	zeros->first = run->first;
	zeros->behind = run->behind;
	for (const struct step *step = run->first; step < run->behind; step++)
		length += step->key_length + 1u;
	zeros->text = sf_arena_alloc(arena, length);
	while (run[1].first && run[1].first < zeros->behind)
		run++;
	zeros->last = run;
	return zeros;
}
