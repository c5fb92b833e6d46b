/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The start: what the files and the state say becomes one picture, and what is lacking in it is
 * owed as a gap. Only the last segments are walked through, so that a spool of any size opens at
 * once. Whatever is found, it begins.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#include "spool_list.h"
#include "spool_state.h"

void sf_spool_set_aside(struct sf_spool *spool, const struct sf_segment *segment)
{
	char name[32], other[48];

	snprintf(name, sizeof(name), SF_SEGMENT_NAME, (unsigned long long)segment->name);
	snprintf(other, sizeof(other), "%s.aside", name);
	if (renameat(spool->directory, name, spool->directory, other) == 0)
		spool->counts.aside++;
}

static void take_files(struct sf_spool *spool, const struct sf_files *files)
{
	for (size_t i = 0; i < files->count; i++) {
		struct sf_segment segment = files->file[i].segment;

		switch (files->file[i].verdict) {
		case SF_FILE_SEGMENT:
			spool->counts.damaged += files->file[i].head_damaged;
			segment.boot_id = sf_names_keep(&spool->names, files->file[i].boot_id);
			sf_segment_add(spool, &segment);
			break;
		case SF_FILE_EMPTY:
			unlinkat(spool->directory, files->file[i].name, 0);
			break;
		case SF_FILE_FOREIGN:
		case SF_FILE_FUTURE:
		case SF_FILE_GARBAGE:
			sf_spool_set_aside(spool, &segment);
			break;
		}
	}
	/* A state may remember numbers that no file has any more; a clash is met when it comes. */
	if (files->last_number < UINT64_MAX - UINT32_MAX)
		spool->last_number = files->last_number;
}

/* ---- the one before the last, which is synced late ---- */

static void lose_holes(struct sf_spool *spool, const struct sf_segment *segment, int fd)
{
	struct sf_spool_at limit = sf_segment_limit(spool, segment);
	struct sf_walk *walk = spool->reader;
	struct sf_record record;
	bool found = true;

	sf_walk_begin(walk, fd, spool->seed, &segment->first);
	while (found) {
		struct sf_spool_span hole = {walk->at, limit};

		found = sf_walk_next(walk, &limit, segment->size, &record);
		if (found)
			hole.to = record.span.from;
		if (hole.from.offset < hole.to.offset)
			sf_spool_lose(spool, &hole, SF_SPOOL_LOSS_POWER, NULL, "");
	}
	walk->fd = -1;
}

/* A kill leaves it as it was, but nobody has synced it; a loss of power may have left a hole. */
static void take_late(struct sf_spool *spool)
{
	struct sf_segment *late = &spool->segment[spool->segments - 2];
	int fd = sf_segment_open(spool, late, O_RDONLY);

	if (fd < 0)
		return;
	if (late->boot_id == spool->boot_id) {
		spool->late = late->number;
		spool->earlier = fd;
		spool->sync_at = spool->now;
		return;
	}
	lose_holes(spool, late, fd);
	close(fd);
}

/* ---- one picture ---- */

static void settle(struct sf_spool *spool, bool known, const struct sf_spool_at *begun)
{
	struct sf_state *state = &spool->state;
	struct sf_spool_at found = spool->segments ? spool->written : state->base;
	struct sf_spool_at first = spool->segments ? spool->segment[0].first
				   : known	   ? state->base
						   : *begun;

	if (!known)
		state->base = state->end = first;
	sf_at_latest(&state->end, &found);
	sf_at_latest(&state->end, begun);
	sf_amount_add(&spool->counts.recovered, &(struct sf_spool_span){state->base, state->end});
	for (size_t i = 0; i < state->done.count; i++) {
		const struct sf_spool_span *span = &state->done.span[i];

		spool->counts.recovered.batches -= span->to.offset - span->from.offset;
		spool->counts.recovered.lines -= span->to.line - span->from.line;
		spool->counts.recovered.bytes -= span->to.byte - span->from.byte;
	}
	sf_debts_undone(&state->gaps, 0, state->base.offset);
	sf_debts_undone(&state->gaps, found.offset, UINT64_MAX);
	sf_spool_lose(spool, &(struct sf_spool_span){state->base, first}, SF_SPOOL_LOSS_DAMAGED,
		      NULL, "");
	if (spool->segments > 1)
		take_late(spool);
	if (found.offset < state->base.offset)
		found = state->base;
	sf_spool_lose(spool, &(struct sf_spool_span){found, state->end}, SF_SPOOL_LOSS_POWER, NULL,
		      "");
	spool->written = state->end;
	spool->unnamed = true; /* by the one before us, perhaps */
	sf_spool_want_publish(spool);
	spool->publish_at = spool->now;
}

int sf_spool_recover(struct sf_spool *spool, struct sf_err *err)
{
	static const uint8_t no_id[SF_SPOOL_ID_SIZE];
	bool known = sf_state_read(spool->directory, &spool->slots, &spool->names, &spool->state,
				   &spool->counts.aside);
	struct sf_spool_at begun = {0};
	struct sf_files files = {0};
	int r = sf_files_list(spool->directory, spool->state.id, &files);

	if (r < 0)
		return sf_fail(err, r, "cannot read %s: %s", spool->conf->path, strerror(-r));
	if (!memcmp(spool->state.id, no_id, sizeof(no_id)) &&
	    getrandom(spool->state.id, sizeof(no_id), 0) != sizeof(no_id))
		r = sf_fail(err, -errno, "no random bytes for %s: %s", spool->conf->path,
			    strerror(errno));
	if (r == 0) {
		spool->seed = sf_segment_seed(spool->state.id);
		take_files(spool, &files);
		spool->own_number = files.last_number == spool->last_number ? spool->last_number + 1
									    : UINT64_MAX;
		sf_spool_step(spool, SF_SPOOL_LISTED);
		r = sf_spool_take_last(spool, &begun);
		if (r < 0)
			sf_fail(err, r, "cannot read %s: %s", spool->conf->path, strerror(-r));
	}
	if (r == 0) {
		settle(spool, known, &begun);
		sf_state_prepare(spool->directory, &spool->slots);
		sf_spool_step(spool, SF_SPOOL_RECOVERED);
	}
	sf_files_finish(&files);
	return r;
}
