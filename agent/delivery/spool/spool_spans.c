/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is done above base: spans that know their lines and bytes as well as their offsets, so
 * that what waits between them is a subtraction, never a scan.
 */
#include <stdlib.h>
#include <string.h>

#include "spool_inner.h"

/* The first that ends behind the offset. */
static size_t first_behind(const struct sf_spans *spans, uint64_t offset)
{
	size_t low = 0, high = spans->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (spans->span[middle].to.offset <= offset)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

const struct sf_spool_span *sf_spans_find(const struct sf_spans *spans, uint64_t offset)
{
	size_t i = first_behind(spans, offset);

	return i < spans->count && spans->span[i].from.offset <= offset ? &spans->span[i] : NULL;
}

/* Can both be places of one history? */
static bool agree(const struct sf_spool_at *a, const struct sf_spool_at *b)
{
	return a->offset == b->offset  ? a->line == b->line && a->byte == b->byte
	       : a->offset < b->offset ? sf_at_before(a, b)
				       : sf_at_before(b, a);
}

bool sf_span_agrees(const struct sf_spool_span *span, const struct sf_spool_at *at)
{
	return agree(&span->from, at) && agree(&span->to, at);
}

bool sf_spans_agree(const struct sf_spans *spans, const struct sf_spool_span *span)
{
	size_t i = first_behind(spans, span->from.offset);

	return (i == 0 || sf_span_agrees(span, &spans->span[i - 1].to)) &&
	       (i == spans->count || (sf_span_agrees(span, &spans->span[i].from) &&
				      sf_span_agrees(span, &spans->span[i].to)));
}

bool sf_spans_apart(const struct sf_spans *spans, const struct sf_spool_span *span)
{
	size_t i = first_behind(spans, span->from.offset);

	return (i == 0 || spans->span[i - 1].to.offset != span->from.offset) &&
	       (i == spans->count || spans->span[i].from.offset != span->to.offset);
}

static void insert(struct sf_spans *spans, size_t i, const struct sf_spool_span *span)
{
	if (spans->count == spans->capacity) {
		spans->capacity = spans->capacity ? spans->capacity * 2 : 16;
		spans->span = sf_realloc(spans->span, spans->capacity * sizeof(*spans->span));
	}
	memmove(spans->span + i + 1, spans->span + i, (spans->count - i) * sizeof(*spans->span));
	spans->span[i] = *span;
	spans->count++;
}

static void cut_out(struct sf_spans *spans, size_t i)
{
	spans->count--;
	memmove(spans->span + i, spans->span + i + 1, (spans->count - i) * sizeof(*spans->span));
}

void sf_spans_add(struct sf_spans *spans, const struct sf_spool_span *span)
{
	size_t i = first_behind(spans, span->from.offset);
	bool before = i > 0 && spans->span[i - 1].to.offset == span->from.offset;
	bool behind = i < spans->count && spans->span[i].from.offset == span->to.offset;

	if (before && behind) {
		spans->span[i - 1].to = spans->span[i].to;
		cut_out(spans, i);
	} else if (before) {
		spans->span[i - 1].to = span->to;
	} else if (behind) {
		spans->span[i].from = span->from;
	} else {
		insert(spans, i, span);
	}
}

static uint64_t most(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

bool sf_spans_free_part(const struct sf_spans *spans, const struct sf_spool_span *whole,
			struct sf_spool_span *part)
{
	size_t i = first_behind(spans, whole->from.offset);

	part->from = whole->from;
	part->to = whole->to;
	if (i < spans->count && spans->span[i].from.offset <= part->from.offset)
		part->from = spans->span[i++].to;
	if (i < spans->count && spans->span[i].from.offset < part->to.offset)
		part->to = spans->span[i].from;
	part->to.line = most(part->from.line, part->to.line);
	part->to.byte = most(part->from.byte, part->to.byte);
	return part->from.offset < part->to.offset;
}

void sf_spans_advance(struct sf_spans *spans, struct sf_spool_at *base)
{
	while (spans->count && spans->span[0].from.offset <= base->offset) {
		*base = spans->span[0].to;
		cut_out(spans, 0);
	}
}

void sf_amount_add(struct sf_spool_amount *amount, const struct sf_spool_span *span)
{
	amount->batches += span->to.offset - span->from.offset;
	amount->lines += span->to.line - span->from.line;
	amount->bytes += span->to.byte - span->from.byte;
}
