/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Gaps that are owed. Losses of a query that follow one another, with nothing of it delivered in
 * between, are one gap; a gap that was looked at does not change any more. Where they would be
 * too many, those of a query become one: it covers what lies between them, but counts only what
 * is lost.
 */
#include <stdlib.h>
#include <string.h>

#include "spool_inner.h"

static bool same_query(const struct sf_owed *owed, const struct sf_loss_of *loss)
{
	return owed->gap.query == loss->query && owed->gap.boot_id == loss->boot_id;
}

static bool before(uint64_t run, uint64_t seq, uint64_t other_run, uint64_t other_seq)
{
	return run < other_run || (run == other_run && seq < other_seq);
}

/* Losses come in the order of offsets but for gaps that had to become one. */
static void widen(struct sf_spool_gap *gap, const struct sf_spool_gap *by)
{
	if (before(by->first.run, by->first.seq, gap->first.run, gap->first.seq))
		gap->first = by->first;
	if (before(gap->last.run, gap->last.seq, by->last.run, by->last.seq))
		gap->last = by->last;
	gap->records += by->records;
	gap->bytes += by->bytes;
	gap->segments += by->segments;
}

static void grow(struct sf_owed *owed, const struct sf_loss_of *loss)
{
	struct sf_spool_amount amount = {0};
	struct sf_spool_gap gap = {0};

	sf_amount_add(&amount, &loss->span);
	gap.records = amount.lines;
	gap.bytes = amount.bytes;
	if (*loss->query) {
		gap.first.run = gap.last.run = loss->run;
		gap.first.seq = loss->first_seq;
		gap.last.seq = loss->first_seq + (amount.lines ? amount.lines - 1 : 0);
	}
	widen(&owed->gap, &gap);
	owed->last_offset = loss->span.to.offset - 1;
}

static void cut_out(struct sf_debts *gaps, size_t i)
{
	gaps->count--;
	memmove(gaps->owed + i, gaps->owed + i + 1, (gaps->count - i) * sizeof(*gaps->owed));
}

/* Two of one query become the first of them. */
static bool merge_two(struct sf_debts *gaps)
{
	for (size_t a = 0; a < gaps->count; a++) {
		struct sf_owed *first = &gaps->owed[a];

		for (size_t b = a + 1; b < gaps->count && !first->fixed; b++) {
			const struct sf_owed *second = &gaps->owed[b];

			if (second->fixed || first->gap.query != second->gap.query ||
			    first->gap.boot_id != second->gap.boot_id)
				continue;
			widen(&first->gap, &second->gap);
			first->last_offset = second->last_offset;
			first->open = false;
			cut_out(gaps, b);
			return true;
		}
	}
	return false;
}

static struct sf_owed *begin(struct sf_debts *gaps, const struct sf_loss_of *loss)
{
	struct sf_owed *owed;

	if (gaps->count >= SF_GAPS_MOST)
		sf_debts_forget(gaps, UINT64_MAX);
	if (gaps->count >= SF_GAPS_MOST) {
		for (size_t i = gaps->count; i--;) {
			if (same_query(&gaps->owed[i], loss) && !gaps->owed[i].fixed)
				return &gaps->owed[i];
		}
		merge_two(gaps);
	}
	if (gaps->count == gaps->capacity) {
		gaps->capacity = gaps->capacity ? gaps->capacity * 2 : 16;
		gaps->owed = sf_realloc(gaps->owed, gaps->capacity * sizeof(*gaps->owed));
	}
	owed = &gaps->owed[gaps->count++];
	*owed = (struct sf_owed){.gap = {.id = ++gaps->last_id,
					 .query = loss->query,
					 .boot_id = loss->boot_id,
					 .reason = loss->reason,
					 .told = UINT64_MAX},
				 .refused = loss->refused,
				 .open = true};
	if (*loss->query) {
		owed->gap.first.run = owed->gap.last.run = loss->run;
		owed->gap.first.seq = owed->gap.last.seq = loss->first_seq;
	}
	return owed;
}

/*
 * Would the gap, made longer by the loss, span another one of its query? What was refused has no
 * offset: it may lie between two that stood one behind the other.
 */
static bool would_span(const struct sf_debts *gaps, const struct sf_owed *owed,
		       const struct sf_loss_of *loss)
{
	const struct sf_spool_gap *gap = &owed->gap;

	for (size_t i = 0; *loss->query && i < gaps->count; i++) {
		const struct sf_spool_gap *other = &gaps->owed[i].gap;

		if (same_query(&gaps->owed[i], loss) && other != gap &&
		    before(gap->last.run, gap->last.seq, other->first.run, other->first.seq) &&
		    before(other->first.run, other->first.seq, loss->run, loss->first_seq))
			return true;
	}
	return false;
}

void sf_debts_lose(struct sf_debts *gaps, const struct sf_loss_of *loss)
{
	struct sf_owed *owed = NULL;

	if (!loss->refused) {
		if (loss->span.from.offset != gaps->lost_through)
			sf_debts_close(gaps, NULL, false);
		gaps->lost_through = loss->span.to.offset;
	}
	for (size_t i = gaps->count; i-- && !owed;) {
		struct sf_owed *last = &gaps->owed[i];

		if (same_query(last, loss) && last->open && last->refused == loss->refused &&
		    last->gap.reason == loss->reason && !would_span(gaps, last, loss))
			owed = last;
	}
	grow(owed ?: begin(gaps, loss), loss);
}

void sf_debts_close(struct sf_debts *gaps, const char *query, bool refused)
{
	for (size_t i = 0; i < gaps->count; i++) {
		if (gaps->owed[i].refused == refused &&
		    (!query || gaps->owed[i].gap.query == query))
			gaps->owed[i].open = false;
	}
}

void sf_debts_pass(struct sf_debts *gaps, const char *query, const struct sf_spool_span *span)
{
	if (gaps->lost_through == span->from.offset)
		gaps->lost_through = span->to.offset;
	sf_debts_close(gaps, query, false);
}

void sf_debts_segment(struct sf_debts *gaps, uint64_t from_offset)
{
	for (size_t i = 0; i < gaps->count; i++) {
		struct sf_owed *owed = &gaps->owed[i];

		if (!owed->refused && !owed->fixed && owed->last_offset >= from_offset)
			owed->gap.segments++;
	}
}

/*
 * What was refused lies between batches. As long as some before it wait it is remembered, and when
 * none does any more, what is lost behind it is another gap.
 */
void sf_debts_done(struct sf_debts *gaps, uint64_t offset, uint64_t base)
{
	for (size_t i = gaps->count; i-- && gaps->told;) {
		struct sf_owed *owed = &gaps->owed[i];

		if (owed->gap.told != offset)
			continue;
		gaps->told--;
		owed->gap.told = UINT64_MAX;
		owed->heard = true;
		gaps->heard++;
	}
	sf_debts_forget(gaps, base);
}

void sf_debts_forget(struct sf_debts *gaps, uint64_t base)
{
	for (size_t i = gaps->count; i-- && gaps->heard;) {
		struct sf_owed *owed = &gaps->owed[i];

		if (!owed->heard || (owed->refused && owed->last_offset > base))
			continue;
		if (owed->refused)
			sf_debts_close(gaps, owed->gap.query, false);
		gaps->heard--;
		cut_out(gaps, i);
	}
}

void sf_debts_undone(struct sf_debts *gaps, uint64_t from, uint64_t to)
{
	for (size_t i = 0; i < gaps->count && gaps->told; i++) {
		struct sf_owed *owed = &gaps->owed[i];

		if (owed->gap.told != UINT64_MAX && owed->gap.told >= from && owed->gap.told < to) {
			gaps->told--;
			owed->gap.told = UINT64_MAX;
		}
	}
}

void sf_debts_finish(struct sf_debts *gaps)
{
	free(gaps->owed);
	*gaps = (struct sf_debts){0};
}
