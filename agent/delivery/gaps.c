/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A loss that follows another without anything between them makes one gap with it. Where there are
 * too many the nearest one of the query is stretched: it then spans lines that were not lost, its
 * count of records stays true.
 */
#include <stdlib.h>
#include <string.h>

#include "gaps.h"

void sf_gaps_finish(struct sf_gaps *gaps)
{
	for (size_t i = 0; i < gaps->streams; i++) {
		free(gaps->stream[i]->query);
		free(gaps->stream[i]);
	}
	free(gaps->stream);
	free(gaps->owed);
	*gaps = (struct sf_gaps){0};
}

static struct sf_stream *find_stream(struct sf_gaps *gaps, const char *query)
{
	struct sf_stream *stream;

	for (size_t i = 0; i < gaps->streams; i++) {
		if (!strcmp(gaps->stream[i]->query, query))
			return gaps->stream[i];
	}
	stream = sf_new(struct sf_stream);
	stream->query = sf_strdup(query);
	gaps->stream = sf_realloc(gaps->stream, (gaps->streams + 1) * sizeof(struct sf_stream *));
	gaps->stream[gaps->streams++] = stream;
	return stream;
}

const char *sf_gaps_name(struct sf_gaps *gaps, const char *query)
{
	return find_stream(gaps, query)->query;
}

uint64_t sf_gaps_index(struct sf_gaps *gaps, const char *query)
{
	return ++find_stream(gaps, query)->index;
}

static bool follows(const struct sf_owed *owed, const struct sf_lost *lost)
{
	if (owed->gap.last.run == lost->first.run && owed->gap.last.seq + 1 == lost->first.seq)
		return true;
	return owed->whole && lost->index && owed->index + 1 == lost->index && lost->begins;
}

static bool is_before(struct sf_place a, struct sf_place b)
{
	return a.run < b.run || (a.run == b.run && a.seq < b.seq);
}

/* The next one of the query before the place (or behind it); what lies between is in no gap. */
static struct sf_owed *find_neighbour(struct sf_gaps *gaps, const char *query,
				      struct sf_place place, bool before)
{
	struct sf_owed *found = NULL;

	for (size_t i = 0; i < gaps->count; i++) {
		struct sf_owed *owed = &gaps->owed[i];

		if (owed->gap.query != query || is_before(owed->gap.first, place) != before)
			continue;
		if (!found || is_before(found->gap.first, owed->gap.first) == before)
			found = owed;
	}
	return found && !found->frozen ? found : NULL;
}

/* The gap that the loss makes longer; NULL: it is another one. */
static struct sf_owed *find(struct sf_gaps *gaps, const char *query, const struct sf_lost *lost)
{
	for (size_t i = 0; i < gaps->count; i++) {
		struct sf_owed *owed = &gaps->owed[i];

		if (owed->gap.query == query && !owed->frozen && follows(owed, lost))
			return owed;
	}
	if (gaps->count < SF_OWED_MOST)
		return NULL;
	return find_neighbour(gaps, query, lost->first, true)
		       ?: find_neighbour(gaps, query, lost->first, false);
}

static struct sf_owed *add(struct sf_gaps *gaps, const char *query, struct sf_place first,
			   enum sf_loss reason)
{
	struct sf_owed *owed;

	gaps->owed = sf_realloc(gaps->owed, (gaps->count + 1) * sizeof(*owed));
	owed = &gaps->owed[gaps->count++];
	*owed = (struct sf_owed){
		.gap = {.id = ++gaps->next, .query = query, .first = first, .reason = reason}};
	return owed;
}

void sf_gaps_owe(struct sf_gaps *gaps, const struct sf_lost *lost)
{
	const char *query = find_stream(gaps, lost->query)->query;
	struct sf_place first = query[0] ? lost->first : (struct sf_place){0}, last = first;
	struct sf_owed *owed = find(gaps, query, lost);

	if (query[0])
		last.seq += lost->lines - 1;
	if (!owed)
		owed = add(gaps, query, first, lost->reason);
	if (is_before(first, owed->gap.first))
		owed->gap.first = first;
	if (is_before(owed->gap.last, last))
		owed->gap.last = last;
	owed->gap.records += lost->lines;
	owed->gap.bytes += lost->bytes;
	owed->index = lost->index;
	owed->whole = lost->ends;
}

size_t sf_gaps_owed(const struct sf_gaps *gaps)
{
	size_t count = 0;

	for (size_t i = 0; i < gaps->count; i++)
		count += !gaps->owed[i].told;
	return count;
}

bool sf_gaps_tell(struct sf_gaps *gaps, struct sf_gap *gap)
{
	for (size_t i = 0; i < gaps->count; i++) {
		if (gaps->owed[i].told)
			continue;
		gaps->owed[i].told = gaps->owed[i].frozen = true;
		*gap = gaps->owed[i].gap;
		return true;
	}
	return false;
}

bool sf_gaps_know(const struct sf_gaps *gaps, uint64_t id)
{
	for (size_t i = 0; i < gaps->count; i++) {
		if (gaps->owed[i].gap.id == id)
			return true;
	}
	return false;
}

void sf_gaps_told(struct sf_gaps *gaps, uint64_t id, bool arrived)
{
	size_t at = 0;

	while (at < gaps->count && gaps->owed[at].gap.id != id)
		at++;
	if (at == gaps->count)
		return;
	if (!arrived) {
		gaps->owed[at].told = false;
		return;
	}
	gaps->count--;
	memmove(&gaps->owed[at], &gaps->owed[at + 1], (gaps->count - at) * sizeof(*gaps->owed));
}
