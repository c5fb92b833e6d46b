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
