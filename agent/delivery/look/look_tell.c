/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Places that are told: what they cost is what of them still waits. A hole that costs nothing and
 * has no bytes is none: what stood there was dropped, or was lost and is owed already.
 */
#include <string.h>

#include "look.h"

void sf_tell(struct sf_tour *t, struct sf_look_file *file, struct sf_look_place *place)
{
	if (!place->file)
		place->file = file ? file->name : "";
	if (!place->normal) {
		t->look->facts.damaged++;
		if (file)
			file->damaged++;
	}
	if (t->calls->place)
		t->calls->place(t->calls->arg, place);
}

void sf_tell_hole(struct sf_tour *t, struct sf_look_file *file, struct sf_look_place *place,
		  const struct sf_spool_at *from, const struct sf_spool_at *to)
{
	struct sf_spool_span hole = {*from, *to};

	if (from->offset < to->offset) {
		sf_amount_add(&place->lost, &hole);
		place->cost = sf_look_cost(t->look, &hole);
	}
	if (place->length || place->cost.batches)
		sf_tell(t, file, place);
}

/* ---- before any record is read ---- */

static void tell_whole(struct sf_tour *t, struct sf_look_file *file, bool normal, const char *what)
{
	struct sf_look_place place = {.length = file->size, .normal = normal, .what = what};

	sf_tell(t, file, &place);
}

static void tell_slots(struct sf_tour *t)
{
	static const char *const names[2] = {"state.0", "state.1"};
	const struct sf_look *look = t->look;

	for (unsigned i = 0; i < 2; i++) {
		struct sf_look_place place = {.file = names[i]};

		if (look->slot[i] == SF_SLOT_FUTURE) {
			place.what = "it was written by a newer version of this program";
		} else if (look->slot[i] == SF_SLOT_DAMAGED && look->facts.state_known) {
			place.what = "it is not whole, as when the host went down while it was "
				     "written; the other one counts";
			place.normal = true;
		} else if (look->slot[i] == SF_SLOT_DAMAGED) {
			place.what = "it is not whole; what was acknowledged is not known, all "
				     "that is here will be sent again";
		} else {
			continue;
		}
		sf_tell(t, NULL, &place);
	}
	if (!look->facts.state_known && look->slot[0] == SF_SLOT_NONE &&
	    look->slot[1] == SF_SLOT_NONE) {
		struct sf_look_place place = {
			.file = "state.0",
			.what = "there is no state; what was acknowledged is not known, all that "
				"is here will be sent again"};

		sf_tell(t, NULL, &place);
	}
}

static void tell_file(struct sf_tour *t, struct sf_look_file *file)
{
	struct sf_look_place head = {.length = sizeof(struct sf_segment_head),
				     .what = "the head of the segment is damaged; its records "
					     "speak for it"};

	switch (file->kind) {
	case SF_LOOK_SEGMENT:
		if (file->head_damaged)
			sf_tell(t, file, &head);
		break;
	case SF_LOOK_EMPTY:
		tell_whole(t, file, true,
			   "a segment without a record, as when the agent died while it made it");
		break;
	case SF_LOOK_FOREIGN:
		tell_whole(t, file, false,
			   "it is of another spool, or a second copy of a segment of this one");
		break;
	case SF_LOOK_FUTURE:
		tell_whole(t, file, false, "it was written by a newer version of this program");
		break;
	case SF_LOOK_GARBAGE:
		tell_whole(t, file, false, "there is no record of this spool in it");
		break;
	case SF_LOOK_ASIDE:
		tell_whole(t, file, true, "an earlier start has set it aside; it is not read");
		break;
	case SF_LOOK_KINDS:
		break;
	}
}

void sf_tell_files(struct sf_tour *t)
{
	tell_slots(t);
	for (size_t i = 0; i < t->look->facts.files; i++)
		tell_file(t, &t->look->file[i]);
}
