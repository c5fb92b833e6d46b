/* SPDX-License-Identifier: Apache-2.0 */
/* What the spool's thread does with an errand; whatever it was, what is due is done after it. */
#include "delivery/queue.h"
#include "keeper.h"

static void append(struct sf_spool *spool, struct sf_errand *errand, uint64_t now)
{
	errand->kept =
		sf_spool_append(spool, sf_take(errand->batch), errand->topic, now, &errand->place);
	if (errand->kept && errand->gap)
		sf_spool_gap_told(spool, errand->gap, errand->place.from.offset);
	if (errand->kept && errand->pin)
		errand->pin = sf_spool_pin(spool, &errand->place);
}

static void acknowledge(struct sf_spool *spool, struct sf_errand *errand)
{
	struct sf_spool_counts before, after;

	sf_spool_counts(spool, &before);
	errand->fits = sf_spool_acknowledge(spool, &errand->place) == 0;
	sf_spool_counts(spool, &after);
	errand->kept = after.acknowledged.batches > before.acknowledged.batches;
	for (size_t i = 0; errand->kept && i < errand->entry->debts; i++)
		sf_spool_owe(spool, &errand->entry->debt[i], errand->place.from.offset);
}

static void read_back(struct sf_spool *spool, struct sf_errand *errand, struct sf_pool *pool)
{
	const struct sf_spool_span wanted = errand->place;

	if (sf_spool_read(spool, errand->offset, pool, &errand->batch, &errand->place,
			  &errand->topic) > 0)
		return;
	errand->batch = NULL;
	errand->kept = sf_spool_pin(spool, &wanted);
	if (errand->kept)
		sf_spool_unpin(spool, &wanted);
}

void sf_errand_look(struct sf_spool *spool, struct sf_keeper_state *state)
{
	sf_spool_counts(spool, &state->counts);
	state->base = sf_spool_base(spool);
	state->end = sf_spool_end(spool);
	state->owed = sf_spool_gaps(spool, NULL, 0);
}

void sf_errand_run(struct sf_errand *errand, struct sf_spool *spool, struct sf_pool *pool,
		   uint64_t now)
{
	switch (errand->kind) {
	case SF_ERRAND_APPEND:
		append(spool, errand, now);
		break;
	case SF_ERRAND_READ:
		read_back(spool, errand, pool);
		break;
	case SF_ERRAND_DONE:
		acknowledge(spool, errand);
		break;
	case SF_ERRAND_UNPIN:
		sf_spool_unpin(spool, &errand->place);
		break;
	case SF_ERRAND_OWE:
		sf_spool_owe(spool, &errand->lost, UINT64_MAX);
		break;
	case SF_ERRAND_GAPS:
		errand->owed = sf_alloc(SF_KEEPER_GAPS * sizeof(*errand->owed));
		errand->gaps = sf_spool_gaps(spool, errand->owed, SF_KEEPER_GAPS);
		break;
	case SF_ERRAND_TICK:
		break;
	}
	errand->state.next = sf_spool_tick(spool, now);
	sf_errand_look(spool, &errand->state);
}
