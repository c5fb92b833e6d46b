/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a segment and a record look like on the disk, one system call that writes a record from
 * where its batch lies, and where those that were written end.
 */
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "segment.h"
#include "segment_format.h"

static const char segment_magic[8] = "sfspool";

static uint32_t head_crc(const struct sf_segment_head *head)
{
	struct sf_segment_head copy = *head;

	copy.crc = 0;
	return (uint32_t)crc32(0, (const Bytef *)&copy, sizeof(copy));
}

void sf_segment_head_make(struct sf_segment_head *head, const uint8_t *spool_id, uint64_t number,
			  const struct sf_spool_at *first, const char *boot_id)
{
	memset(head, 0, sizeof(*head));
	memcpy(head->magic, segment_magic, sizeof(head->magic));
	head->version = SF_SEGMENT_VERSION;
	memcpy(head->spool_id, spool_id, SF_SPOOL_ID_SIZE);
	head->number = number;
	head->first = *first;
	snprintf(head->boot_id, sizeof(head->boot_id), "%s", boot_id);
	head->crc = head_crc(head);
}

enum sf_segment_verdict sf_segment_head_check(const struct sf_segment_head *head, size_t length)
{
	if (length < sizeof(*head) || memcmp(head->magic, segment_magic, sizeof(head->magic)) ||
	    head->crc != head_crc(head) || head->boot_id[SF_BOOT_ID_SIZE - 1] ||
	    !sf_at_is_sane(&head->first) || head->number >= SF_AT_MOST)
		return SF_SEGMENT_DAMAGED;
	return head->version == SF_SEGMENT_VERSION ? SF_SEGMENT_GOOD : SF_SEGMENT_FUTURE;
}

uint32_t sf_segment_seed(const uint8_t *spool_id)
{
	return (uint32_t)crc32(0, spool_id, SF_SPOOL_ID_SIZE);
}

uint32_t sf_record_head_crc(uint32_t seed, const struct sf_record_head *head, const char *query,
			    const char *topic)
{
	struct sf_record_head copy = *head;
	uLong crc;

	copy.crc = 0;
	crc = crc32(seed, (const Bytef *)&copy, sizeof(copy));
	crc = crc32(crc, (const Bytef *)query, head->query_length);
	return (uint32_t)crc32(crc, (const Bytef *)topic, head->topic_length);
}

static struct iovec part(const void *bytes, size_t length)
{
	return (struct iovec){(void *)bytes, length};
}

void sf_record_make(struct sf_record_out *out, uint32_t seed, const struct sf_batch *batch,
		    const char *topic, const struct sf_spool_at *at)
{
	struct sf_record_head *head = &out->head;

	*head = (struct sf_record_head){
		.magic = SF_RECORD_MAGIC,
		.flags = sf_sum_kind(),
		.lines = batch->lines,
		.bytes = (uint32_t)batch->length,
		.query_length = (uint16_t)strnlen(batch->query, SF_NAME_MOST),
		.topic_length = (uint16_t)strnlen(topic, SF_NAME_MOST),
		.at = *at,
		.time_us = batch->time_us,
		.run = batch->run,
		.first_seq = batch->first_seq,
	};
	if (batch->lines && batch->line[batch->lines - 1].type == SF_LINE_RUN)
		head->flags |= SF_RECORD_RUN;
	out->count = 0;
	out->parts[out->count++] = part(head, sizeof(*head));
	out->parts[out->count++] = part(batch->query, head->query_length);
	out->parts[out->count++] = part(topic, head->topic_length);
	out->parts[out->count++] = part(batch->line, batch->lines * sizeof(*batch->line));
	for (int i = 0; i < SF_BY_COUNT; i++) {
		head->keys[i] = (uint32_t)batch->keys[i].length;
		out->parts[out->count++] = part(batch->keys[i].data, batch->keys[i].length);
	}
	out->parts[out->count++] = part(batch->data, batch->length);
	out->length = 0;
	for (int i = 0; i < out->count; i++)
		out->length += out->parts[i].iov_len;
	head->payload_sum = sf_sum(out->parts + 3, out->count - 3, head->flags);
	head->crc = sf_record_head_crc(seed, head, batch->query, topic);
}

int sf_record_write(int fd, uint64_t position, struct sf_record_out *out)
{
	ssize_t n;

	do
		n = pwritev(fd, out->parts, out->count, (off_t)position);
	while (n < 0 && errno == EINTR);
	if (n < 0)
		return -errno;
	return (size_t)n == out->length ? 0 : -ENOSPC;
}

bool sf_walk_is_whole(struct sf_walk *walk, const struct sf_record *record)
{
	struct sf_batch batch = {0};
	bool whole = sf_walk_payload(walk, record, &batch);

	free(batch.line);
	free(batch.data);
	for (int i = 0; i < SF_BY_COUNT; i++)
		sf_buf_finish(&batch.keys[i]);
	return whole;
}

uint64_t sf_walk_size(int fd, uint32_t seed, const struct sf_spool_at *first, uint64_t size)
{
	static const struct sf_spool_at most = {UINT64_MAX, UINT64_MAX, UINT64_MAX};
	sf_cleanup(sf_free_p) struct sf_walk *walk = sf_new(struct sf_walk);
	struct sf_record record, last;
	bool found = false;

	sf_walk_begin(walk, fd, seed, first);
	while (sf_walk_next(walk, &most, size, &record)) {
		last = record;
		found = true;
	}
	if (!found || walk->position == size)
		return size;
	return sf_walk_is_whole(walk, &last) ? last.position + last.length : last.position;
}
