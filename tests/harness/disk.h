/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A disk that does as it is told, between a test's program and the real one: it is full, it fails, and when the power
 * goes it keeps only what was synced, and of the rest what it likes: any sectors, any names, in any order.
 *
 * The calls below are found by the linker before those of the C library. Nothing is really synced.
 */
#pragma once

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

enum disk_call { DISK_WRITE, DISK_SYNC, DISK_CUT, DISK_CREATE, DISK_REMOVE, DISK_READ, DISK_CALLS };

static struct {
	int code[DISK_CALLS];	    /* errno of a failing call; 0: it works */
	unsigned times[DISK_CALLS]; /* so often; 0: for ever */
	bool shorten;		    /* a failing write takes half */
	uint64_t size;		    /* bytes of all files in `directory`; 0: no bound */
	const char *directory;
	uint64_t syncs; /* calls that worked */
} disk;

static inline void disk_fail(enum disk_call call, int code, unsigned times)
{
	disk.code[call] = code;
	disk.times[call] = times;
}

static inline bool disk_fails(enum disk_call call)
{
	if (!disk.code[call])
		return false;
	errno = disk.code[call];
	if (disk.times[call] && --disk.times[call] == 0)
		disk.code[call] = 0;
	return true;
}

static inline uint64_t disk_used(void)
{
	DIR *entries = opendir(disk.directory);
	struct dirent *entry;
	uint64_t used = 0;
	char path[PATH_MAX];
	struct stat st;

	while (entries && (entry = readdir(entries))) {
		snprintf(path, sizeof(path), "%s/%.255s", disk.directory, entry->d_name);
		if (stat(path, &st) == 0 && S_ISREG(st.st_mode))
			used += (uint64_t)st.st_size;
	}
	if (entries)
		closedir(entries);
	return used;
}

/* ---- what survives a loss of power ---- */

enum { NODES_MOST = 4096 };

struct disk_content {
	char *bytes;
	size_t size;
};
struct disk_node { /* a file, whatever its names are */
	ino_t inode; /* 0: it has no name any more */
	struct disk_content synced, last; /* last: when it lost its name */
};
struct disk_name {
	char name[64];
	int node; /* -1: the name was removed */
};
static struct {
	bool on;
	char directory[PATH_MAX];
	struct disk_node node[NODES_MOST];
	int nodes;
	struct disk_name synced[NODES_MOST], since[NODES_MOST]; /* since: in order */
	int synced_count, since_count;
} power;

static inline struct disk_content disk_content_of(int fd)
{
	struct disk_content content = {0};
	struct stat st;

	if (fstat(fd, &st) < 0)
		abort();
	content.size = (size_t)st.st_size;
	content.bytes = malloc(content.size + 1);
	if (pread(fd, content.bytes, content.size, 0) != (ssize_t)content.size)
		abort();
	return content;
}

static inline int disk_node_of(int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		abort();
	for (int i = power.nodes; i--;) {
		if (power.node[i].inode == st.st_ino)
			return i;
	}
	if (power.nodes == NODES_MOST)
		abort();
	power.node[power.nodes].inode = st.st_ino;
	return power.nodes++;
}

static inline void disk_note(const char *name, int node)
{
	if (!power.on)
		return;
	if (power.since_count == NODES_MOST)
		abort();
	snprintf(power.since[power.since_count].name, sizeof(power.since[0].name), "%s", name);
	power.since[power.since_count++].node = node;
}

static inline void disk_apply(const struct disk_name *change)
{
	int i = 0;

	while (i < power.synced_count && strcmp(power.synced[i].name, change->name))
		i++;
	if (change->node >= 0) {
		power.synced[i] = *change;
		power.synced_count += i == power.synced_count;
	} else if (i < power.synced_count) {
		power.synced[i] = power.synced[--power.synced_count];
	}
}

static inline int disk_open_name(const char *name)
{
	char path[PATH_MAX + 80];

	snprintf(path, sizeof(path), "%s/%s", power.directory, name);
	return open(path, O_RDONLY);
}

/* From now on it is remembered what is synced; what is there now is. */
static inline void power_on(const char *directory)
{
	DIR *entries = opendir(directory);
	struct dirent *entry;

	for (int i = 0; i < power.nodes; i++) {
		free(power.node[i].synced.bytes);
		free(power.node[i].last.bytes);
	}
	memset(&power, 0, sizeof(power));
	snprintf(power.directory, sizeof(power.directory), "%s", directory);
	power.on = true;
	while (entries && (entry = readdir(entries))) {
		struct disk_name name = {.node = -1};
		int fd;

		if (entry->d_name[0] == '.')
			continue;
		snprintf(name.name, sizeof(name.name), "%.63s", entry->d_name);
		fd = disk_open_name(name.name);
		name.node = disk_node_of(fd);
		power.node[name.node].synced = disk_content_of(fd);
		disk_apply(&name);
		close(fd);
	}
	if (entries)
		closedir(entries);
}

static inline void power_synced(int fd)
{
	struct stat st;

	if (!power.on || fstat(fd, &st) < 0)
		return;
	if (S_ISDIR(st.st_mode)) {
		for (int i = 0; i < power.since_count; i++)
			disk_apply(&power.since[i]);
		power.since_count = 0;
		return;
	}
	struct disk_node *node = &power.node[disk_node_of(fd)];

	free(node->synced.bytes);
	node->synced = disk_content_of(fd);
}

static inline size_t disk_size_after(const struct disk_node *node)
{
	size_t a = node->synced.size, b = node->last.size, swap;

	if (a > b)
		swap = a, a = b, b = swap;
	switch (random() % 3) {
	case 0:
		return a;
	case 1:
		return b;
	default:
		return a + (b > a ? (size_t)random() % (b - a) : 0);
	}
}

static inline void disk_write_after(const char *path, const struct disk_node *node)
{
	size_t size = disk_size_after(node), sector = random() % 2 ? 4096 : 512;
	FILE *file = fopen(path, "we");
	int kind = (int)(random() % 4); /* all old, all new, any mixture twice as often */

	if (!file)
		abort();
	for (size_t at = 0; at < size; at += sector) {
		bool fresh = kind == 0 ? false : kind == 1 ? true : random() % 2;
		const struct disk_content *from = fresh ? &node->last : &node->synced;

		for (size_t i = at; i < at + sector && i < size; i++)
			putc(i < from->size ? from->bytes[i] : 0, file);
	}
	fclose(file);
}

/* The power goes: what the disk holds then is put into the directory `after`, which must not be there yet. */
static inline void power_off(const char *after)
{
	char path[PATH_MAX + 80];

	for (int i = 0; i < power.nodes; i++) {
		struct disk_node *node = &power.node[i];

		if (!node->inode)
			continue;
		for (int k = 0; k < power.synced_count + power.since_count; k++) {
			const struct disk_name *name = k < power.synced_count ? &power.synced[k]
									      : &power.since[k - power.synced_count];
			int fd;

			if (name->node != i || (fd = disk_open_name(name->name)) < 0)
				continue;
			if (disk_node_of(fd) == i) {
				free(node->last.bytes);
				node->last = disk_content_of(fd);
			}
			close(fd);
		}
	}
	power.on = false;
	for (int i = 0; i < power.since_count; i++) {
		if (random() % 2)
			disk_apply(&power.since[i]);
	}
	mkdir(after, 0700);
	for (int i = 0; i < power.synced_count; i++) {
		snprintf(path, sizeof(path), "%s/%s", after, power.synced[i].name);
		disk_write_after(path, &power.node[power.synced[i].node]);
	}
}

/* ---- the calls ---- */

ssize_t pwritev(int fd, const struct iovec *parts, int count, off_t at)
{
	size_t length = 0, some;
	struct stat st;
	char *flat;
	ssize_t n;

	for (int i = 0; i < count; i++)
		length += parts[i].iov_len;
	some = length;
	if (disk_fails(DISK_WRITE)) {
		if (!disk.shorten)
			return -1;
		some = length / 2;
	}
	if (disk.size && fstat(fd, &st) == 0 && at + (off_t)some > st.st_size) {
		uint64_t used = disk_used(), room = used < disk.size ? disk.size - used : 0;
		uint64_t growth = (uint64_t)(at + (off_t)some - st.st_size);

		if (room == 0) {
			errno = ENOSPC;
			return -1;
		}
		if (growth > room)
			some -= (size_t)(growth - room);
	}
	flat = malloc(length + 1);
	length = 0;
	for (int i = 0; i < count; i++) {
		memcpy(flat + length, parts[i].iov_base, parts[i].iov_len);
		length += parts[i].iov_len;
	}
	n = syscall(SYS_pwrite64, fd, flat, some, at);
	free(flat);
	return n;
}

ssize_t pwrite(int fd, const void *bytes, size_t length, off_t at)
{
	const struct iovec part = {(void *)bytes, length};

	return pwritev(fd, &part, 1, at);
}

int fdatasync(int fd)
{
	if (disk_fails(DISK_SYNC))
		return -1;
	disk.syncs++;
	power_synced(fd);
	return 0;
}

int fsync(int fd)
{
	return fdatasync(fd);
}

int ftruncate(int fd, off_t size)
{
	return disk_fails(DISK_CUT) ? -1 : (int)syscall(SYS_ftruncate, fd, size);
}

int openat(int directory, const char *name, int flags, ...)
{
	mode_t mode = 0;
	bool there;
	va_list args;
	int fd;

	va_start(args, flags);
	if (flags & O_CREAT)
		mode = va_arg(args, mode_t);
	va_end(args);
	if (flags & O_CREAT && disk_fails(DISK_CREATE))
		return -1;
	there = faccessat(directory, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
	fd = (int)syscall(SYS_openat, directory, name, flags, mode);
	if (fd >= 0 && !there && power.on)
		disk_note(name, disk_node_of(fd));
	return fd;
}

/* The content is kept: the name may come back. */
static inline void disk_forget(int directory, const char *name)
{
	int fd = power.on ? (int)syscall(SYS_openat, directory, name, O_RDONLY) : -1;

	if (fd < 0)
		return;
	struct disk_node *node = &power.node[disk_node_of(fd)];

	node->last = disk_content_of(fd);
	node->inode = 0;
	close(fd);
}

int unlinkat(int directory, const char *name, int flags)
{
	if (disk_fails(DISK_REMOVE))
		return -1;
	disk_forget(directory, name);
	disk_note(name, -1);
	return (int)syscall(SYS_unlinkat, directory, name, flags);
}

int renameat2(int from, const char *old, int to, const char *name, unsigned flags)
{
	int fd;

	if (flags & RENAME_NOREPLACE && disk_fails(DISK_CREATE))
		return -1;
	fd = power.on ? (int)syscall(SYS_openat, from, old, O_RDONLY) : -1;
	if (fd >= 0) {
		if (random() % 2)
			power_synced(fd); /* what was never synced may be there all the same */
		disk_note(old, -1);
		disk_note(name, disk_node_of(fd));
		close(fd);
	}
	return (int)syscall(SYS_renameat2, from, old, to, name, flags);
}

int renameat(int from, const char *old, int to, const char *name)
{
	return renameat2(from, old, to, name, 0);
}

ssize_t preadv(int fd, const struct iovec *parts, int count, off_t at)
{
	return disk_fails(DISK_READ) ? -1 : syscall(SYS_preadv, fd, parts, count, at, 0);
}
