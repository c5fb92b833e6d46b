/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Counts that add up because what waits is what is left: accepted - delivered - dead - lost. A loss
 * is said when it begins and when it is over, however many lines are lost in between.
 */
#include "tally.h"

const char *sf_loss_name(enum sf_loss loss)
{
	static const char *const names[SF_LOSS_COUNT] = {
		[SF_LOSS_FULL] = "queue_full",
		[SF_LOSS_CLOSED] = "closed",
		[SF_LOSS_SHUTDOWN] = "shutdown",
		[SF_LOSS_REJECTED] = "rejected",
		[SF_LOSS_LETTERS] = "dead_letters_full",
		[SF_LOSS_SPOOL] = "spool_full",
		[SF_LOSS_DISK] = "disk_full",
		[SF_LOSS_DAMAGED] = "damaged",
		[SF_LOSS_POWER] = "power_loss",
	};

	return names[loss];
}

void sf_tally_read(const struct sf_tally *tally, struct sf_counts *counts)
{
	uint64_t lost = 0;

	*counts = (struct sf_counts){.accepted = tally->accepted, .dead_letters = tally->dead};
	counts->delivered = atomic_load_explicit(&tally->delivered, memory_order_relaxed);
	for (size_t i = 0; i < SF_LOSS_COUNT; i++) {
		counts->lost[i] = tally->lost[i];
		lost += tally->lost[i];
	}
	counts->waiting = counts->accepted - counts->delivered - counts->dead_letters - lost;
}

bool sf_tally_news(struct sf_tally *tally, const char *why, enum sf_log_level *level, char *text,
		   size_t size)
{
	uint64_t full = tally->lost[SF_LOSS_FULL];

	if (!tally->losing && full > tally->full_before) {
		tally->losing = true;
		*level = SF_LOG_WARN;
		snprintf(text, size, "%s and the queue is full: records are lost until it goes on",
			 why ?: "nothing got out");
		return true;
	}
	if (tally->losing && !why) {
		*level = SF_LOG_INFO;
		snprintf(text, size, "goes on; %llu records were lost meanwhile",
			 (unsigned long long)(full - tally->full_before));
		tally->losing = false;
		tally->full_before = full;
		return true;
	}
	return false;
}
