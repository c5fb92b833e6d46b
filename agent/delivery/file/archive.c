/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Compresses the newest file of the past, on a thread of its own: gzip of 100 MiB takes seconds.
 * It is written under another name and renamed when it is whole, so no reader meets half of it.
 */
#include <fcntl.h>
#include <libgen.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include <sockfeed/loop.h>

#include "file.h"

enum { CHUNK = 64 << 10 };

struct sf_archive {
	char *plain, *part, *packed; /* PATH.1, PATH.1.gz.part, PATH.1.gz */
	char *directory;	     /* theirs */
	struct sf_voice *voice;
	struct sf_channel *orders;
	struct sf_thread *thread;
	atomic_bool busy, ending;
};

static int copy(struct sf_archive *a, int from, gzFile to, struct sf_err *err)
{
	sf_cleanup(sf_free_p) char *chunk = sf_alloc(CHUNK);

	while (!atomic_load(&a->ending)) {
		ssize_t n = read(from, chunk, CHUNK);

		if (n == 0)
			return 0;
		if (n < 0)
			return sf_fail(err, -errno, "cannot read %s: %s", a->plain,
				       strerror(errno));
		if (gzwrite(to, chunk, (unsigned)n) != n)
			return sf_fail(err, -errno, "cannot write %s: %s", a->part,
				       strerror(errno));
	}
	return -ECANCELED;
}

/* Readable for those who could read the plain file, for nobody else. */
static int open_part(struct sf_archive *a, int from, struct sf_err *err)
{
	int fd = open(a->part, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600);
	struct stat st;

	if (fd < 0)
		return sf_fail(err, -errno, "cannot write %s: %s", a->part, strerror(errno));
	if (fstat(from, &st) == 0 && fchown(fd, st.st_uid, st.st_gid) == 0)
		(void)!fchmod(fd, st.st_mode & 0777);
	return fd;
}

static int compress_to(struct sf_archive *a, int from, int to, struct sf_err *err)
{
	int copy_of_to = dup(to), r;
	gzFile file = copy_of_to < 0 ? NULL : gzdopen(copy_of_to, "wb");

	if (!file) {
		sf_close_p(&copy_of_to);
		return sf_fail(err, -ENOMEM, "no memory to compress %s", a->plain);
	}
	r = copy(a, from, file, err);
	if (gzclose(file) != Z_OK && r == 0)
		r = sf_fail(err, -EIO, "cannot write %s: %s", a->part, strerror(errno));
	return r;
}

static void sync_directory(const struct sf_archive *a)
{
	sf_cleanup(sf_close_p) int fd = open(a->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0)
		fsync(fd); /* not every file system can: then its order has to do */
}

/* On the disk, data and name, before the plain file goes: power may fail at any moment. */
static int pack(struct sf_archive *a, struct sf_err *err)
{
	sf_cleanup(sf_close_p) int from = open(a->plain, O_RDONLY | O_CLOEXEC), to = -1;
	int r;

	if (from < 0)
		return sf_fail(err, -errno, "cannot read %s: %s", a->plain, strerror(errno));
	to = open_part(a, from, err);
	if (to < 0)
		return to;
	r = compress_to(a, from, to, err);
	if (r == 0 && fsync(to) < 0)
		r = sf_fail(err, -EIO, "cannot write %s: %s", a->part, strerror(errno));
	if (r == 0 && rename(a->part, a->packed) < 0)
		r = sf_fail(err, -errno, "cannot rename %s: %s", a->part, strerror(errno));
	if (r < 0)
		return r;
	sync_directory(a);
	if (unlink(a->plain) < 0)
		r = sf_fail(err, -errno, "cannot remove %s: %s", a->plain, strerror(errno));
	return r;
}

static void work(void *arg)
{
	struct sf_archive *a = arg;

	while (sf_channel_take(a->orders)) {
		struct sf_err err = {0};
		int r = pack(a, &err);

		if (r < 0)
			unlink(a->part);
		if (r < 0 && r != -ECANCELED)
			sf_voice_say(a->voice, SF_LOG_WARN, "%s", err.text);
		atomic_store(&a->busy, false);
	}
}

/* An agent that was killed may have left a part, or both files: the packed one is whole then. */
static void finish_the_last(struct sf_archive *a)
{
	unlink(a->part);
	if (access(a->packed, F_OK) == 0)
		unlink(a->plain);
	else if (access(a->plain, F_OK) == 0)
		sf_archive_start(a);
}

static char *name_directory(const char *path)
{
	sf_cleanup(sf_free_p) char *copy = sf_strdup(path);

	return sf_strdup(dirname(copy));
}

int sf_archive_new(const char *path, struct sf_voice *voice, struct sf_archive **ret,
		   struct sf_err *err)
{
	struct sf_archive *a = sf_new(struct sf_archive);
	int r;

	a->plain = sf_alloc(sf_rotated_size(path));
	a->part = sf_alloc(sf_rotated_size(path));
	a->packed = sf_alloc(sf_rotated_size(path));
	sf_rotated_name(a->plain, path, 1, "");
	sf_rotated_name(a->part, path, 1, ".gz.part");
	sf_rotated_name(a->packed, path, 1, ".gz");
	a->directory = name_directory(path);
	a->voice = voice;
	a->orders = sf_channel_new(1);
	r = sf_thread_start("gzip", work, a, &a->thread, err);
	if (r < 0) {
		sf_archive_free(a);
		return r;
	}
	finish_the_last(a);
	*ret = a;
	return 0;
}

void sf_archive_free(struct sf_archive *a)
{
	if (!a)
		return;
	atomic_store(&a->ending, true);
	sf_channel_close(a->orders);
	sf_thread_join(a->thread);
	sf_channel_free(a->orders);
	free(a->plain);
	free(a->part);
	free(a->packed);
	free(a->directory);
	free(a);
}

bool sf_archive_is_busy(struct sf_archive *a)
{
	return atomic_load(&a->busy);
}

void sf_archive_start(struct sf_archive *a)
{
	atomic_store(&a->busy, true);
	sf_channel_try_put(a->orders, a);
}
