/* SPDX-License-Identifier: Apache-2.0 */
/*
 * spool DIRECTORY [MIB [ROUNDS]]: batches through a spool that is never synced, written and read back, against the same
 * bytes by plain write and read into files of the same size. Prints a line a round, then the medians; and how long a
 * start with the backlog takes until the first batch is read.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "delivery/spool/segment.h"

enum { LINE = 1400, KEY = 24, ROUNDS_MOST = 101, PATH = 256 };

static struct sf_pool *pool;
static uint64_t released;

static void take_back(void *arg, struct sf_batch *batch)
{
	(void)arg;
	(void)batch; /* the one batch that is appended again and again */
	released++;
}

static struct sf_batch *fill(void)
{
	struct sf_batch *batch = sf_pool_get(pool);

	while (batch->capacity - batch->length >= LINE) {
		memset(batch->data + batch->length, 'a' + batch->lines % 26, LINE);
		batch->data[batch->length + LINE - 1] = '\n';
		sf_batch_line(batch, LINE, SF_LINE_SOCKET, 1000000);
		sf_batch_key(batch, SF_BY_SOCKET, "0123456789abcdef01234567", KEY);
	}
	batch->query = "bench";
	return batch;
}

static double cpu(void)
{
	struct rusage usage;

	getrusage(RUSAGE_SELF, &usage);
	return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) * 1e3 +
	       (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e3;
}

static void must(bool good, const char *what)
{
	if (!good) {
		perror(what);
		exit(1);
	}
}

static double plain(const char *directory, const struct sf_batch *batch, uint64_t count)
{
	uint64_t files = 0, written = SF_SEGMENT_SIZE;
	sf_cleanup(sf_free_p) char *data = sf_alloc(batch->length);
	char path[PATH];
	double begin = cpu();
	ssize_t n;
	int fd = -1;

	for (uint64_t i = 0; i < count; i++) {
		if (written + batch->length > SF_SEGMENT_SIZE) {
			sf_close_p(&fd);
			snprintf(path, sizeof(path), "%s/plain.%llu", directory, (unsigned long long)files++);
			fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
			must(fd >= 0, path);
			written = 0;
		}
		must(write(fd, batch->data, batch->length) == (ssize_t)batch->length, "write");
		written += batch->length;
	}
	sf_close_p(&fd);
	for (uint64_t i = 0; i < files; i++) {
		snprintf(path, sizeof(path), "%s/plain.%llu", directory, (unsigned long long)i);
		fd = open(path, O_RDONLY | O_CLOEXEC);
		while ((n = read(fd, data, batch->length)) > 0)
			;
		must(n == 0, "read");
		sf_close_p(&fd);
	}
	begin = cpu() - begin;
	for (uint64_t i = 0; i < files; i++) {
		snprintf(path, sizeof(path), "%s/plain.%llu", directory, (unsigned long long)i);
		unlink(path);
	}
	return begin;
}

static double spooled(struct sf_spool_setup *setup, struct sf_batch *batch, uint64_t count, double *start)
{
	struct sf_spool *spool;
	struct sf_spool_span place;
	struct sf_batch *read;
	struct sf_err err;
	const char *topic;
	uint64_t from = 0;
	double begin = cpu();

	if (sf_spool_open(setup, 0, &spool, &err) < 0) {
		fprintf(stderr, "%s\n", err.text);
		exit(1);
	}
	for (uint64_t i = 0; i < count; i++)
		sf_spool_append(spool, batch, "bench", 0, &place);
	for (uint64_t i = 0; i < count; i++) {
		must(sf_spool_read(spool, from, pool, &read, &place, &topic) == 1, "the spool lacks a batch");
		from = place.to.offset;
		sf_spool_unpin(spool, &place);
		sf_batch_drop(pool, read);
	}
	begin = cpu() - begin;
	sf_spool_close(spool, 0);

	*start = (double)sf_clock_mono();
	must(sf_spool_open(setup, 0, &spool, &err) == 0, "cannot open it again");
	must(sf_spool_read(spool, 0, pool, &read, &place, &topic) == 1, "the spool lacks a batch");
	*start = ((double)sf_clock_mono() - *start) / 1e3;
	sf_batch_drop(pool, read);
	while (sf_spool_read(spool, sf_spool_base(spool), pool, &read, &place, &topic) == 1) {
		sf_spool_acknowledge(spool, &place);
		sf_batch_drop(pool, read);
	}
	sf_spool_close(spool, 0);
	return begin;
}

static int by_value(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

static double median(double *values, unsigned count)
{
	qsort(values, count, sizeof(*values), by_value);
	return values[count / 2];
}

int main(int argc, char **argv)
{
	uint64_t mib = argc > 2 ? strtoull(argv[2], NULL, 10) : 256;
	unsigned rounds = argc > 3 ? (unsigned)atoi(argv[3]) : 5;
	double raw[ROUNDS_MOST], ours[ROUNDS_MOST], starts[ROUNDS_MOST];
	char path[PATH];
	struct sf_spool_conf conf = {.path = path, .max_size = 64ull << 30, .sync = SF_SPOOL_SYNC_NEVER};
	struct sf_spool_setup setup = {
		.conf = &conf, .boot_id = "boot", .ring_size = 16 << 20, .released = take_back};
	struct sf_batch *batch;
	uint64_t count;

	if (argc < 2 || rounds < 1 || rounds > ROUNDS_MOST) {
		fprintf(stderr, "usage: %s DIRECTORY [MIB [ROUNDS]]\n", argv[0]);
		return 2;
	}
	snprintf(path, sizeof(path), "%s/spool", argv[1]);
	pool = sf_pool_new();
	batch = fill();
	count = (mib << 20) / batch->length;
	for (unsigned i = 0; i < rounds; i++) {
		raw[i] = plain(argv[1], batch, count);
		ours[i] = spooled(&setup, batch, count, &starts[i]);
		printf("round %u: plain %.1f ms, spool %.1f ms, ratio %.2f, start %.1f ms\n", i, raw[i], ours[i],
		       ours[i] / raw[i], starts[i]);
	}
	printf("%llu MiB: plain %.1f ms, spool %.1f ms of CPU; ratio %.2f; start to first batch %.1f ms\n",
	       (unsigned long long)mib, median(raw, rounds), median(ours, rounds),
	       median(ours, rounds) / median(raw, rounds), median(starts, rounds));
	sf_batch_drop(pool, batch);
	sf_pool_free(pool);
	return 0;
}
