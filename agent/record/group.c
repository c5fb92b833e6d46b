/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What stands side by side in a list of fields: groups, and within them the rare fields of a part.
 */
#include "record/program.h"

size_t sf_groups_count(const struct list *list)
{
	size_t count = 0;

	for (size_t i = 0; i < list->count; i++)
		count += group_length(list->field[i]) &&
			 (!i || !same_group(list->field[i - 1], list->field[i]));
	return count;
}

unsigned sf_group_gate(const struct list *list, size_t first)
{
	unsigned part = SF_PART_COUNT;

	for (size_t i = first; i < list->count; i++) {
		unsigned own = list->field[i]->part;

		if (!same_group(list->field[first], list->field[i]))
			break;
		if (list->is_inet && own >= SF_PART_ATTRIBUTES && own < SF_PART_QUEUES)
			own = SF_PART_ULP;
		part = part == SF_PART_COUNT || part == own ? own : SF_PART_HEADER;
	}
	return part;
}

size_t sf_rares_end(const struct list *list, size_t first)
{
	size_t end = first;

	while (end < list->count && list->rank[end] & RARE_RANK &&
	       list->rank[end] >> 8 == list->rank[first] >> 8 &&
	       same_group(list->field[first], list->field[end]))
		end++;
	return end;
}

size_t sf_rares_count(const struct list *list)
{
	size_t count = 0, at = 0;

	while (at < list->count) {
		size_t end = sf_rares_end(list, at);

		count += end - at >= RARES_LEAST;
		at = end == at ? at + 1 : end;
	}
	return count;
}
