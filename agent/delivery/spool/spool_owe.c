/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the sender has lost is owed like what the spool has lost: it is in the state, and told until
 * the batch that tells of it is done.
 */
#include "spool_inner.h"

void sf_spool_owe(struct sf_spool *spool, const struct sf_spool_debt *debt, uint64_t offset)
{
	const struct sf_spool_at *end = &spool->state.end;
	const struct sf_segment *segment =
		offset == UINT64_MAX ? NULL : sf_segment_of(spool, offset);
	struct sf_loss_of loss = {
		.query = sf_names_keep(&spool->names, debt->query),
		.boot_id = segment ? segment->boot_id : spool->boot_id,
		.run = debt->run,
		.first_seq = debt->first_seq,
		.span = {*end, {end->offset + 1, end->line + debt->lines, end->byte + debt->bytes}},
		.reason = debt->reason,
		.refused = true};

	if (!*loss.query)
		loss.boot_id = sf_names_keep(&spool->names, "");
	if (!debt->follows)
		sf_debts_close(&spool->state.gaps, loss.query, true);
	sf_debts_lose(&spool->state.gaps, &loss);
	sf_spool_want_publish(spool);
}

size_t sf_spool_gaps(struct sf_spool *spool, struct sf_spool_gap *out, size_t most)
{
	struct sf_debts *gaps = &spool->state.gaps;
	size_t count = 0;

	for (size_t i = 0; i < gaps->count; i++) {
		if (gaps->owed[i].gap.told != UINT64_MAX || gaps->owed[i].heard)
			continue;
		if (count < most) {
			gaps->owed[i].fixed = true;
			gaps->owed[i].open = false;
			out[count] = gaps->owed[i].gap;
		}
		count++;
	}
	return count;
}

void sf_spool_gap_told(struct sf_spool *spool, uint64_t id, uint64_t offset)
{
	struct sf_debts *gaps = &spool->state.gaps;

	for (size_t i = 0; i < gaps->count; i++) {
		struct sf_owed *owed = &gaps->owed[i];

		if (owed->gap.id != id || owed->gap.told != UINT64_MAX || owed->heard)
			continue;
		owed->gap.told = offset;
		gaps->told++;
		sf_spool_want_publish(spool);
		sf_spool_step(spool, SF_SPOOL_TOLD);
	}
}
