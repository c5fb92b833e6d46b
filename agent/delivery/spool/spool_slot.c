/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The state as bytes, and back. Bytes from the disk are believed when their CRC holds and what
 * they say is possible.
 */
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "spool_state.h"

static const char slot_magic[8] = "sfstate";
enum { SLOT_VERSION = 1 };

static uint32_t slot_crc(const char *bytes, size_t length)
{
	struct sf_slot_head head;
	uLong crc;

	memcpy(&head, bytes, sizeof(head));
	head.crc = 0;
	crc = crc32(0, (const Bytef *)&head, sizeof(head));
	return (uint32_t)crc32_z(crc, (const Bytef *)bytes + sizeof(head), length - sizeof(head));
}

static void add_text(struct sf_buf *buf, const char *text)
{
	uint16_t length = (uint16_t)strnlen(text, SF_NAME_MOST);

	sf_buf_add(buf, &length, sizeof(length));
	sf_buf_add(buf, text, length);
}

static void add_gap(struct sf_buf *buf, const struct sf_owed *owed)
{
	const struct sf_spool_gap *gap = &owed->gap;
	struct sf_slot_gap slot = {
		.id = gap->id,
		.first_run = gap->first.run,
		.first_seq = gap->first.seq,
		.last_run = gap->last.run,
		.last_seq = gap->last.seq,
		.records = gap->records,
		.bytes = gap->bytes,
		.told = gap->told,
		.last_offset = owed->last_offset,
		.reason = gap->reason,
		.segments = gap->segments,
		.refused = owed->refused,
		.heard = owed->heard,
		.fixed = owed->fixed,
	};

	sf_buf_add(buf, &slot, sizeof(slot));
	add_text(buf, gap->query);
	add_text(buf, gap->boot_id);
}

void sf_slot_encode(struct sf_buf *buf, const struct sf_state *state, uint64_t generation)
{
	struct sf_slot_head head = {
		.version = SLOT_VERSION,
		.generation = generation,
		.base = state->base,
		.end = state->end,
		.last_gap_id = state->gaps.last_id,
		.spans = (uint32_t)state->done.count,
		.gaps = (uint32_t)state->gaps.count,
		.runs = (uint32_t)state->runs.count,
	};

	memcpy(head.magic, slot_magic, sizeof(head.magic));
	memcpy(head.id, state->id, sizeof(head.id));
	sf_buf_add(buf, &head, sizeof(head));
	sf_buf_add(buf, state->done.span, state->done.count * sizeof(*state->done.span));
	for (size_t i = 0; i < state->gaps.count; i++)
		add_gap(buf, &state->gaps.owed[i]);
	for (size_t i = 0; i < state->runs.count; i++) {
		sf_buf_add(buf, &state->runs.run[i].run, sizeof(state->runs.run[i].run));
		add_text(buf, state->runs.run[i].query);
		add_text(buf, state->runs.run[i].boot_id);
	}
	head.length = buf->length;
	memcpy(buf->data, &head, sizeof(head));
	head.crc = slot_crc(buf->data, buf->length);
	memcpy(buf->data, &head, sizeof(head));
}

/* ---- and back ---- */

struct bytes {
	const char *at, *end;
	bool short_; /* something was behind the end */
};

static void get(struct bytes *in, void *out, size_t size)
{
	if ((size_t)(in->end - in->at) < size) {
		in->short_ = true;
		memset(out, 0, size);
		return;
	}
	memcpy(out, in->at, size);
	in->at += size;
}

static const char *get_text(struct bytes *in, struct sf_names *names)
{
	char text[SF_NAME_MOST + 1] = {0};
	uint16_t length;

	get(in, &length, sizeof(length));
	if (length > SF_NAME_MOST)
		in->short_ = true;
	else
		get(in, text, length);
	return in->short_ ? "" : sf_names_keep(names, text);
}

static void get_gap(struct bytes *in, struct sf_names *names, struct sf_debts *gaps)
{
	struct sf_slot_gap slot;
	struct sf_owed *owed = &gaps->owed[gaps->count];

	get(in, &slot, sizeof(slot));
	if (slot.reason >= SF_SPOOL_LOSS_COUNT)
		in->short_ = true;
	*owed = (struct sf_owed){
		.gap = {.id = slot.id,
			.first = {slot.first_run, slot.first_seq},
			.last = {slot.last_run, slot.last_seq},
			.records = slot.records,
			.bytes = slot.bytes,
			.reason = slot.reason,
			.segments = slot.segments,
			.told = slot.told},
		.last_offset = slot.last_offset,
		.refused = slot.refused,
		.heard = slot.heard,
		.fixed = slot.fixed,
	};
	owed->gap.query = get_text(in, names);
	owed->gap.boot_id = get_text(in, names);
	gaps->count++;
	gaps->told += slot.told != UINT64_MAX;
	gaps->heard += slot.heard != 0;
}

/* base, spans, end: one behind the other. */
static bool in_order(const struct sf_state *state)
{
	const struct sf_spool_at *last = &state->base;

	for (size_t i = 0; i < state->done.count; i++) {
		const struct sf_spool_span *span = &state->done.span[i];

		if (!sf_at_before(last, &span->from) || !sf_at_before(&span->from, &span->to) ||
		    span->from.offset == span->to.offset)
			return false;
		last = &span->to;
	}
	return sf_at_before(last, &state->end) && sf_at_is_sane(&state->end);
}

static bool get_all(struct bytes *in, const struct sf_slot_head *head, struct sf_names *names,
		    struct sf_state *state)
{
	size_t left = (size_t)(in->end - in->at);
	struct sf_spool_span span;
	uint64_t run;

	/* before memory is taken: can there be so many? */
	if (head->spans > left / sizeof(span) || head->gaps > left / sizeof(struct sf_slot_gap))
		return false;
	for (uint32_t i = 0; i < head->spans && !in->short_; i++) {
		get(in, &span, sizeof(span));
		sf_spans_add(&state->done, &span);
	}
	state->gaps.capacity = head->gaps;
	state->gaps.owed = head->gaps ? sf_alloc(head->gaps * sizeof(*state->gaps.owed)) : NULL;
	state->gaps.last_id = head->last_gap_id;
	for (uint32_t i = 0; i < head->gaps && !in->short_; i++)
		get_gap(in, names, &state->gaps);
	for (uint32_t i = 0; i < head->runs && !in->short_; i++) {
		get(in, &run, sizeof(run));
		const char *query = get_text(in, names);
		sf_runs_set(&state->runs, query, get_text(in, names), run);
	}
	return !in->short_ && in_order(state);
}

bool sf_slot_decode(const char *bytes, size_t length, struct sf_names *names,
		    struct sf_state *state, uint64_t *generation, bool *future)
{
	struct sf_state read = {.gaps = {.lost_through = UINT64_MAX}};
	struct sf_slot_head head;
	struct bytes in;

	*future = false;
	if (length < sizeof(head))
		return false;
	memcpy(&head, bytes, sizeof(head));
	if (memcmp(head.magic, slot_magic, sizeof(head.magic)) || head.length > length ||
	    head.length < sizeof(head) || head.crc != slot_crc(bytes, head.length))
		return false;
	*future = head.version != SLOT_VERSION;
	if (*future)
		return false;
	memcpy(read.id, head.id, sizeof(read.id));
	read.base = head.base;
	read.end = head.end;
	in = (struct bytes){bytes + sizeof(head), bytes + head.length, false};
	if (!get_all(&in, &head, names, &read)) {
		sf_state_finish(&read);
		return false;
	}
	sf_state_finish(state);
	*state = read;
	*generation = head.generation;
	return true;
}

void sf_state_finish(struct sf_state *state)
{
	free(state->done.span);
	sf_debts_finish(&state->gaps);
	free(state->runs.run);
	*state = (struct sf_state){0};
}
