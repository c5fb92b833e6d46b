/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A walk over a segment's records, from head to head. What is no record is passed over; what the
 * disk does not give is taken for zeros.
 */
#include <string.h>
#include <unistd.h>

#include "segment.h"
#include "segment_format.h"

enum { PAGE = 4096, AHEAD = 1024 }; /* AHEAD: the most that a head takes with its names */

void sf_walk_begin(struct sf_walk *walk, int fd, uint32_t seed, const struct sf_spool_at *at)
{
	walk->fd = fd;
	walk->seed = seed;
	walk->position = sizeof(struct sf_segment_head);
	walk->at = *at;
	walk->damaged = walk->unreadable = false;
	walk->size = UINT64_MAX;
	walk->window_length = 0;
}

/* A page that cannot be read is no reason to give up those behind it. */
static size_t read_pages(int fd, char *out, uint64_t position)
{
	size_t length = 0;

	while (length < SF_WINDOW) {
		size_t want = PAGE - (position + length) % PAGE;
		ssize_t n;

		if (want > SF_WINDOW - length)
			want = SF_WINDOW - length;
		n = pread(fd, out + length, want, (off_t)(position + length));
		if (n == 0)
			break;
		if (n < 0)
			memset(out + length, 0, want);
		length += n < 0 ? want : (size_t)n;
	}
	return length;
}

/* What is behind the end that is known may be written over at any time. */
static void end_window(struct sf_walk *walk)
{
	uint64_t left = walk->size > walk->window_at ? walk->size - walk->window_at : 0;

	if (walk->window_length > left)
		walk->window_length = left;
}

/* The bytes of the file at the position: `want` of them, or as many as there are. */
static const char *look(struct sf_walk *walk, uint64_t position, size_t want, size_t *have)
{
	ssize_t n;

	if (position < walk->window_at || position + want > walk->window_at + walk->window_length) {
		n = pread(walk->fd, walk->window, SF_WINDOW, (off_t)position);
		walk->unreadable = walk->unreadable || n < 0;
		walk->window_at = position;
		walk->window_length =
			n < 0 ? read_pages(walk->fd, walk->window, position) : (size_t)n;
		end_window(walk);
	}
	*have = walk->window_at + walk->window_length - position;
	return walk->window + (position - walk->window_at);
}

static void take_names(struct sf_record *record, const char *names)
{
	const struct sf_record_head *head = &record->head;

	memcpy(record->query, names, head->query_length);
	record->query[head->query_length] = '\0';
	memcpy(record->topic, names + head->query_length, head->topic_length);
	record->topic[head->topic_length] = '\0';
}

/* Is there a whole record here? */
static bool record_at(struct sf_walk *walk, uint64_t position, uint64_t size,
		      struct sf_record *record)
{
	struct sf_record_head *head = &record->head;
	size_t have, names;
	const char *bytes = look(walk, position, AHEAD, &have);

	if (have < sizeof(*head))
		return false;
	memcpy(head, bytes, sizeof(*head));
	names = (size_t)head->query_length + head->topic_length;
	bytes += sizeof(*head);
	if (head->magic != SF_RECORD_MAGIC || head->query_length > SF_NAME_MOST ||
	    head->topic_length > SF_NAME_MOST || have < sizeof(*head) + names ||
	    head->crc != sf_record_head_crc(walk->seed, head, bytes, bytes + head->query_length))
		return false;
	record->position = position;
	record->payload = position + sizeof(*head) + names;
	record->length = sizeof(*head) + names + head->lines * sizeof(struct sf_line) + head->bytes;
	for (int i = 0; i < SF_BY_COUNT; i++)
		record->length += head->keys[i];
	record->span.from = record->span.to = head->at;
	record->span.to.offset++;
	record->span.to.line += head->lines;
	record->span.to.byte += head->bytes;
	take_names(record, bytes);
	return record->length <= size - position && sf_at_is_sane(&head->at);
}

/* The next place behind `position` that may be a record; `size`: none. */
static uint64_t find_magic(struct sf_walk *walk, uint64_t position, uint64_t size)
{
	const uint32_t magic = SF_RECORD_MAGIC;

	while (position + sizeof(magic) <= size) {
		size_t have;
		const char *bytes = look(walk, position, SF_WINDOW / 2, &have);
		const char *found =
			have < sizeof(magic) ? NULL : memmem(bytes, have, &magic, sizeof(magic));

		if (found)
			return position + (uint64_t)(found - bytes);
		if (have < sizeof(magic))
			break;
		position += have - sizeof(magic) + 1;
	}
	return size;
}

bool sf_walk_next(struct sf_walk *walk, const struct sf_spool_at *limit, uint64_t size,
		  struct sf_record *record)
{
	uint64_t position = walk->position;

	walk->size = size;
	walk->damaged = false;
	while (position + sizeof(struct sf_record_head) <= size) {
		bool found = record_at(walk, position, size, record);

		if (found && record->span.from.offset >= limit->offset)
			return false;
		if (found && sf_at_before(&walk->at, &record->span.from) &&
		    sf_at_before(&record->span.to, limit)) {
			walk->position = position + record->length;
			walk->at = record->span.to;
			return true;
		}
		walk->damaged = true;
		position = find_magic(walk, position + 1, size);
	}
	return false;
}

static void *room_for(struct sf_buf *buf, size_t length)
{
	if (buf->capacity < length + 1) {
		buf->data = sf_realloc(buf->data, length + 1);
		buf->capacity = length + 1;
	}
	buf->length = length;
	buf->data[length] = '\0';
	return buf->data;
}

/* Do the lines use up the data and the keys, not more and not less? */
static bool lines_fit(const struct sf_batch *batch)
{
	uint64_t length = 0, keys[SF_BY_COUNT] = {0};

	for (uint32_t i = 0; i < batch->lines; i++) {
		const struct sf_line *line = &batch->line[i];

		if (line->type >= SF_LINE_COUNT)
			return false;
		length += line->length;
		for (int k = 0; k < SF_BY_COUNT; k++)
			keys[k] += line->key[k];
	}
	for (int k = 0; k < SF_BY_COUNT; k++) {
		if (keys[k] != batch->keys[k].length)
			return false;
	}
	return length == batch->length;
}

static void make_room(const struct sf_record_head *head, struct sf_batch *batch)
{
	if (batch->line_capacity < head->lines) {
		batch->line = sf_realloc(batch->line, head->lines * sizeof(*batch->line));
		batch->line_capacity = head->lines;
	}
	if (batch->capacity < head->bytes) {
		batch->data = sf_realloc(batch->data, head->bytes);
		batch->capacity = head->bytes;
	}
	batch->lines = head->lines;
	batch->length = head->bytes;
	batch->time_us = head->time_us;
	batch->run = head->run;
	batch->first_seq = head->first_seq;
}

bool sf_walk_payload(struct sf_walk *walk, const struct sf_record *record, struct sf_batch *batch)
{
	const struct sf_record_head *head = &record->head;
	uint64_t length = record->position + record->length - record->payload;
	struct iovec parts[3 + SF_BY_COUNT];
	int count = 0;
	ssize_t n;

	make_room(head, batch);
	parts[count++] = (struct iovec){batch->line, head->lines * sizeof(*batch->line)};
	for (int i = 0; i < SF_BY_COUNT; i++)
		parts[count++] =
			(struct iovec){room_for(&batch->keys[i], head->keys[i]), head->keys[i]};
	parts[count++] = (struct iovec){batch->data, head->bytes};
	parts[count] = (struct iovec){walk->window, AHEAD};
	n = preadv(walk->fd, parts, count + 1, (off_t)record->payload);
	walk->window_at = record->payload + length;
	walk->window_length = n < 0 || (uint64_t)n < length ? 0 : (size_t)((uint64_t)n - length);
	end_window(walk);
	if (n < 0 || (uint64_t)n < length)
		return false;
	return head->payload_sum == sf_sum(parts, count, head->flags) && lines_fit(batch);
}
