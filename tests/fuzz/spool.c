/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A spool's files, changed in any way, also in ways that its sums do not show (they are made right again when the input
 * says so): it starts, reads to an end, takes batches, starts again; what it counts adds up where no sum was forged.
 *
 * The input is a list of changes: file, place (2 bytes), length, bytes; the first byte says whether to forge.
 */
#include <dirent.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "delivery/spool/spool_state.h"

#include "delivery/spool/segment_format.h"

#include "abort.h"

enum { FILES = 4, FILE_MOST = 16384, BATCHES = 24, STATE = 4096, READS_MOST = 200 };

static const char *const names[FILES] = {"state.0", "state.1", "0000000000000001.seg", "0000000000000002.seg"};
static char directory[64], pristine[FILES][FILE_MOST], changed[FILES][FILE_MOST];
static size_t sizes[FILES];
static struct sf_pool *pool;

static void released(void *arg, struct sf_batch *batch)
{
	(void)arg;
	sf_batch_drop(pool, batch);
}

static const struct sf_spool_conf conf = {.path = directory, .max_size = 256 << 10, .sync = SF_SPOOL_SYNC_NEVER};
static const struct sf_spool_setup setup = {
	.conf = &conf, .boot_id = "boot", .ring_size = 64 << 10, .segment_size = 6000, .released = released};

static struct sf_spool *open_it(void)
{
	struct sf_spool *spool;
	struct sf_err err;

	if (sf_spool_open(&setup, 1, &spool, &err) < 0)
		fail_msg("it does not start: %s", err.text);
	return spool;
}

static void append(struct sf_spool *spool, unsigned count)
{
	struct sf_spool_span place;

	for (unsigned i = 0; i < count; i++) {
		struct sf_batch *batch = sf_pool_get(pool);

		for (unsigned k = 0; k <= i % 3; k++) {
			memset(batch->data + batch->length, 'x', 100 + i);
			sf_batch_line(batch, 100 + i, k ? SF_LINE_RUN : SF_LINE_SOCKET, 1000);
			sf_batch_key(batch, SF_BY_FLOW, "key", 3);
		}
		batch->query = i % 2 ? "one" : "other";
		batch->run = 7;
		batch->first_seq = i * 3;
		sf_spool_append(spool, sf_pool_trim(pool, batch), "topic", 1, &place);
	}
}

static unsigned read_all(struct sf_spool *spool, bool acknowledge)
{
	struct sf_spool_span place;
	struct sf_batch *batch;
	const char *topic;
	uint64_t from = 0;
	unsigned count = 0;

	while (sf_spool_read(spool, from, pool, &batch, &place, &topic) && count++ < READS_MOST) {
		assert_true(place.from.offset >= from && place.to.offset > place.from.offset);
		from = place.to.offset;
		sf_batch_drop(pool, batch);
		if (!acknowledge || sf_spool_acknowledge(spool, &place) < 0)
			sf_spool_unpin(spool, &place);
	}
	assert_true(count < READS_MOST);
	return count;
}

static void check_counts(struct sf_spool *spool)
{
	struct sf_spool_counts c;
	uint64_t lost = 0;

	sf_spool_counts(spool, &c);
	for (int i = 0; i < SF_SPOOL_LOSS_COUNT; i++)
		lost += c.lost[i].lines;
	if (c.appended.lines + c.recovered.lines != c.acknowledged.lines + lost + c.waiting.lines)
		fail_msg("%llu + %llu is not %llu + %llu + %llu", (unsigned long long)c.appended.lines,
			 (unsigned long long)c.recovered.lines, (unsigned long long)c.acknowledged.lines,
			 (unsigned long long)lost, (unsigned long long)c.waiting.lines);
}

static void path_of(char path[128], unsigned file)
{
	snprintf(path, 128, "%s/%s", directory, names[file]);
}

static void clean_up(void)
{
	char command[128];

	snprintf(command, sizeof(command), "rm -rf %s", directory);
	if (system(command))
		fprintf(stderr, "%s is left behind\n", directory);
}

static void begin(void)
{
	struct sf_spool *spool;
	char path[128];

	snprintf(directory, sizeof(directory), "/dev/shm/sockfeed-fuzz-%d", (int)getpid());
	atexit(clean_up);
	pool = sf_pool_new();
	spool = open_it();
	append(spool, BATCHES);
	sf_spool_close(spool, 1);
	for (unsigned i = 0; i < FILES; i++) {
		path_of(path, i);
		int fd = open(path, O_RDONLY);

		assert_true(fd >= 0);
		sizes[i] = (size_t)read(fd, pristine[i], FILE_MOST);
		close(fd);
	}
}

/* ---- sums that hold, whatever they are sums of ---- */

static void forge_state(char *bytes)
{
	struct sf_slot_head head;

	memcpy(&head, bytes, sizeof(head));
	if (head.length < sizeof(head) || head.length > STATE)
		return;
	head.crc = 0;
	memcpy(bytes, &head, sizeof(head));
	head.crc = (uint32_t)crc32(0, (const Bytef *)bytes, (uInt)head.length);
	memcpy(bytes, &head, sizeof(head));
}

static void forge_segment(char *bytes, size_t size)
{
	struct sf_segment_head head;
	struct sf_record_head record;
	size_t at = sizeof(head);

	memcpy(&head, bytes, sizeof(head));
	head.crc = 0;
	head.crc = (uint32_t)crc32(0, (const Bytef *)&head, sizeof(head));
	memcpy(bytes, &head, sizeof(head));
	while (at + sizeof(record) <= size) {
		size_t names_length, payload;

		memcpy(&record, bytes + at, sizeof(record));
		names_length = (size_t)record.query_length + record.topic_length;
		payload = (size_t)record.lines * sizeof(struct sf_line) + record.bytes + record.keys[0] + record.keys[1];
		if (at + sizeof(record) + names_length + payload > size)
			return;
		const char *query = bytes + at + sizeof(record);
		struct iovec part = {(void *)(query + names_length), payload};
		/* the parts' ends do not matter to zlib's */
		record.flags &= ~(uint32_t)SF_RECORD_CRC32C;
		record.payload_sum = sf_sum(&part, 1, record.flags);
		record.crc = sf_record_head_crc(sf_segment_seed(head.spool_id), &record, query, query + record.query_length);
		memcpy(bytes + at, &record, sizeof(record));
		at += sizeof(record) + names_length + payload;
	}
}

/* What an input before this one left has the numbers that were forged. */
static void empty(const char *path)
{
	DIR *dir = opendir(path);
	struct dirent *entry;

	assert_true(dir);
	while ((entry = readdir(dir)))
		if (entry->d_name[0] != '.')
			unlinkat(dirfd(dir), entry->d_name, 0);
	closedir(dir);
}

static void put_files(const uint8_t *data, size_t size)
{
	bool forge = size && data[0] & 1;
	char path[128];
	size_t at = 1;

	memcpy(changed, pristine, sizeof(changed));
	while (at + 4 < size) {
		unsigned file = data[at] % FILES;
		size_t length = data[at + 3] % 32, place = (size_t)(data[at + 1] | data[at + 2] << 8);

		place %= file < 2 ? 1024 : sizes[file];
		at += 4;
		for (; length && at < size && place < sizes[file]; length--)
			changed[file][place++] = (char)data[at++];
	}
	empty(directory);
	for (unsigned i = 0; i < FILES; i++) {
		path_of(path, i);
		if (forge && i < 2)
			forge_state(changed[i]);
		else if (forge)
			forge_segment(changed[i], sizes[i]);
		int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);

		assert_true(fd >= 0 && write(fd, changed[i], sizes[i]) == (ssize_t)sizes[i]);
		close(fd);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	bool forged = size && data[0] & 1;
	struct sf_spool_gap gap[8];
	struct sf_spool *spool;

	if (!pool)
		begin();
	put_files(data, size);
	spool = open_it();
	read_all(spool, size && data[0] & 2);
	if (!forged)
		check_counts(spool);
	append(spool, 5);
	sf_spool_gaps(spool, gap, 8);
	sf_spool_close(spool, 2);
	spool = open_it();
	read_all(spool, true);
	if (!forged)
		check_counts(spool);
	sf_spool_close(spool, 3);
	return 0;
}
