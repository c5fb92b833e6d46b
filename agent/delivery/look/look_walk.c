/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The records of all segments, in order, and what is not as it should be between them. What is
 * found is what a start would find, but nothing is cut off, set aside or owed for it.
 */
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "delivery/spool/spool_state.h"
#include "look.h"

static const struct sf_spool_at most = {UINT64_MAX, UINT64_MAX, UINT64_MAX};

/* ---- records ---- */

/* Done in the meantime: its file is another segment's now. */
static bool is_reused(const struct sf_tour *t, const struct sf_look_file *file)
{
	struct sf_segment_head head;
	ssize_t n = file ? pread(t->walk->fd, &head, sizeof(head), 0) : 0;

	return n > 0 && sf_segment_head_check(&head, (size_t)n) == SF_SEGMENT_GOOD &&
	       head.number != file->number;
}

static void tell_hole(struct sf_tour *t, struct sf_look_file *file, struct sf_look_place *place,
		      const struct sf_spool_at *from, const struct sf_spool_at *to)
{
	if (!is_reused(t, file))
		sf_tell_hole(t, file, place, from, to);
}

static void take(struct sf_tour *t, struct sf_look_file *file, const struct sf_record *record)
{
	const struct sf_record_head *head = &record->head;
	struct sf_batch *batch = t->pool ? sf_pool_get(t->pool) : NULL;
	struct sf_look_record told = {
		.query = record->query,
		.topic = record->topic,
		.time_us = head->time_us,
		.run = head->run,
		.first_seq = head->first_seq,
		.at = record->span.from,
		.lines = head->lines,
		.length = head->bytes,
		.waits = sf_look_cost(t->look, &record->span).batches,
	};
	struct sf_look_place place = {.position = record->position,
				      .length = record->length,
				      .what = "the lines of a record do not match its CRC",
				      .query = record->query,
				      .run = head->run,
				      .first_seq = head->first_seq};

	if (batch && !sf_walk_payload(t->walk, record, batch)) {
		tell_hole(t, file, &place, &record->span.from, &record->span.to);
	} else {
		told.data = batch ? batch->data : NULL;
		sf_look_count(t->look, file, record);
		if (t->calls->record && !t->calls->record(t->calls->arg, &told))
			t->stopped = true;
	}
	if (batch)
		sf_batch_drop(t->pool, batch);
}

/* A segment may leave the number behind its own free. */
enum { FREE_NUMBERS = 1 };

/* Behind the last record, where others should follow: up to the next segment. */
static void tell_end(struct sf_tour *t, struct sf_look_file *file, uint64_t size,
		     const struct sf_look_file *next)
{
	struct sf_look_place place = {.position = t->walk->position,
				      .length = size - t->walk->position};
	struct sf_spool_span hole = {t->at, next->first};
	char text[64];

	if (t->at.offset >= next->first.offset)
		return; /* a segment that was left: what is behind is written again in the next */
	place.normal = !sf_look_cost(t->look, &hole).batches;
	if (place.normal) {
		place.what = "a torn tail, as when the agent died while it wrote";
	} else if (place.length) {
		place.what = "what is behind the last whole record is none";
	} else if (next->number - file->number > 1 + FREE_NUMBERS) {
		snprintf(text, sizeof(text), "what stood behind " SF_SEGMENT_NAME " is missing",
			 (unsigned long long)file->number);
		place = (struct sf_look_place){.what = text};
		file = NULL;
	} else if (next->number - file->number > 1) {
		place.what = "the segment ends too early, or the next one is missing";
	} else {
		place.what = "the segment ends too early";
	}
	tell_hole(t, file, &place, &hole.from, &hole.to);
}

/* Has an agent that we cannot see written in the meantime? */
static bool moves(const struct sf_look *look)
{
	struct sf_look again = {.directory = look->directory};
	bool moved = sf_look_locked(look->directory);

	if (!moved && sf_look_state(&again))
		moved = again.facts.generation != look->facts.generation;
	sf_state_finish(&again.state);
	sf_names_finish(&again.names);
	return moved;
}

/* It may begin between any two looks: what lacks is asked for once more. */
static bool is_in_use(struct sf_look *look)
{
	look->facts.in_use = look->facts.in_use || moves(look);
	return look->facts.in_use;
}

/* Where the next record will be written. Beside an agent more may come, or be on its way. */
static void tell_tail(struct sf_tour *t, struct sf_look_file *file, uint64_t size)
{
	struct sf_look_facts *facts = &t->look->facts;
	struct sf_look_place place = {.position = t->walk->position,
				      .length = size - t->walk->position};
	struct sf_spool_span hole = {t->at, facts->end};
	struct sf_spool_amount cost = {0};

	if (hole.from.offset < hole.to.offset)
		cost = sf_look_cost(t->look, &hole);
	facts->unwritten = cost.lines;
	if (is_in_use(t->look))
		return;
	if (cost.batches && place.length)
		place.what = "what is behind the last whole record is none";
	else if (cost.batches)
		place.what = "lines were accepted and are not on the disk, as when agent or host "
			     "went down";
	else
		place.what = "a torn tail, as when the agent died while it wrote";
	place.normal = !cost.batches;
	sf_tell_hole(t, file, &place, &hole.from, &hole.to);
}

static void walk_records(struct sf_tour *t, struct sf_look_file *file, uint64_t size,
			 const struct sf_spool_at *limit)
{
	struct sf_walk *walk = t->walk;
	struct sf_record record;

	while (!t->stopped) {
		struct sf_spool_at at = walk->at;
		struct sf_look_place hole = {.position = walk->position};

		if (!sf_walk_next(walk, limit, size, &record))
			break;
		hole.length = record.position - hole.position;
		hole.what = hole.length ? "what is between two records is none"
					: "records are missing between two others";
		if (walk->damaged || at.offset < record.span.from.offset)
			tell_hole(t, file, &hole, &at, &record.span.from);
		take(t, file, &record);
	}
	t->at = walk->at;
}

static void walk_file(struct sf_tour *t, struct sf_look_file *file, const struct sf_look_file *next)
{
	const struct sf_spool_at *limit = next ? &next->first : &most;
	sf_cleanup(sf_close_p) int fd = openat(t->look->directory, file->name,
					       O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	struct sf_look_place place = {.length = file->size};
	int error = fd < 0 ? errno : 0;
	struct stat st;
	uint64_t size;

	t->at = file->first;
	if (error == ENOENT && is_in_use(t->look)) {
		t->at = next ? next->first : t->look->facts.end; /* done in the meantime */
		return;
	}
	if (error || fstat(fd, &st) < 0) {
		place.what = strerror(error ?: errno);
		t->at = next ? next->first : t->look->facts.end;
		sf_tell_hole(t, file, &place, &file->first, &t->at);
		return;
	}
	sf_walk_begin(t->walk, fd, sf_segment_seed(t->look->state.id), &file->first);
	size = (uint64_t)st.st_size;
	if (!next)
		size = sf_walk_size(fd, sf_segment_seed(t->look->state.id), &file->first, size);
	walk_records(t, file, size, limit);
	if (t->stopped)
		return;
	if (next)
		tell_end(t, file, (uint64_t)st.st_size, next);
	else
		tell_tail(t, file, (uint64_t)st.st_size);
	place.what = "the disk does not give all of this file";
	if (t->walk->unreadable)
		sf_tell(t, file, &place);
}

static struct sf_look_file *next_segment(struct sf_look *look, size_t *i)
{
	while (*i < look->facts.files && look->file[*i].kind != SF_LOOK_SEGMENT)
		++*i;
	return *i < look->facts.files ? &look->file[(*i)++] : NULL;
}

static void walk_all(struct sf_tour *t)
{
	struct sf_look_facts *facts = &t->look->facts;
	struct sf_look_place missing = {.what = "segments that waited first are missing"};
	struct sf_look_place none = {.what = "no segment is there"};
	size_t i = 0;
	struct sf_look_file *file = next_segment(t->look, &i), *next;

	sf_tell_files(t);
	t->at = facts->base;
	if (file)
		sf_tell_hole(t, NULL, &missing, &facts->base, &file->first);
	else if (!is_in_use(t->look))
		sf_tell_hole(t, NULL, &none, &facts->base, &facts->end);
	for (; file && !t->stopped; file = next) {
		next = next_segment(t->look, &i);
		walk_file(t, file, next);
	}
	if (facts->end.offset < t->at.offset)
		facts->end = t->at; /* more was written since the state was */
}

int sf_look_walk(struct sf_look *look, bool payloads, const struct sf_look_calls *calls)
{
	struct sf_tour t = {.look = look, .calls = calls, .walk = sf_new(struct sf_walk)};

	if (payloads)
		t.pool = sf_pool_new();
	walk_all(&t);
	sf_free_p(&t.walk);
	if (t.pool)
		sf_pool_free(t.pool);
	return t.stopped ? -ECANCELED : 0;
}
