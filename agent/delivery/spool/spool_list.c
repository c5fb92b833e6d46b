/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Which files there are, and which of them are segments of this spool. What a head says counts,
 * not the file's name; where a head is damaged its records speak for it, and the name gives the
 * number.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "spool_list.h"

static const uint8_t no_id[SF_SPOOL_ID_SIZE];

/* 16 hexadecimal digits, as we write them, and the rest. */
static bool number_of(const char *name, uint64_t *number, const char **rest)
{
	if (strspn(name, "0123456789abcdef") != 16)
		return false;
	*number = strtoull(name, NULL, 16);
	*rest = name + 16;
	return true;
}

static void read_head(struct sf_file *file, int fd)
{
	struct sf_segment_head head;
	ssize_t n = pread(fd, &head, sizeof(head), 0);
	enum sf_segment_verdict verdict = sf_segment_head_check(&head, n < 0 ? 0 : (size_t)n);

	file->head_damaged = verdict == SF_SEGMENT_DAMAGED;
	if (verdict == SF_SEGMENT_FUTURE)
		file->verdict = SF_FILE_FUTURE;
	if (verdict != SF_SEGMENT_GOOD)
		return;
	memcpy(file->id, head.spool_id, sizeof(file->id));
	memcpy(file->boot_id, head.boot_id, sizeof(file->boot_id));
	file->segment.number = head.number;
	file->segment.first = head.first;
}

static int add(int directory, struct sf_files *files, const char *name, uint64_t number)
{
	sf_cleanup(sf_close_p) int fd =
		openat(directory, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	struct sf_file file = {.segment = {.number = number, .name = number}};
	struct stat st;

	if (fd < 0 && !sf_is_damage(-errno))
		return -errno;
	if (fd < 0 || fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))
		return 0;
	snprintf(file.name, sizeof(file.name), SF_SEGMENT_NAME, (unsigned long long)number);
	file.segment.size = (uint64_t)st.st_size;
	read_head(&file, fd);
	if (files->count == files->capacity) {
		files->capacity = files->capacity ? files->capacity * 2 : 64;
		files->file = sf_realloc(files->file, files->capacity * sizeof(*files->file));
	}
	files->file[files->count++] = file;
	if (files->last_number < file.segment.number && file.verdict == SF_FILE_SEGMENT)
		files->last_number = file.segment.number;
	return 0;
}

/* Its number; then the one whose head is whole and that is called by it. */
static int by_number(const void *a, const void *b)
{
	const struct sf_file *x = a, *y = b;
	bool x_odd = x->head_damaged || x->segment.number != x->segment.name;
	bool y_odd = y->head_damaged || y->segment.number != y->segment.name;

	if (x->segment.number != y->segment.number)
		return x->segment.number < y->segment.number ? -1 : 1;
	if (x_odd != y_odd)
		return x_odd - y_odd;
	return strcmp(x->name, y->name);
}

/* The first record says where a segment without a head stands; none: what is it then? */
static void look_inside(int directory, const uint8_t *id, struct sf_file *file)
{
	static const struct sf_spool_at zero, most = {UINT64_MAX, UINT64_MAX, UINT64_MAX};
	sf_cleanup(sf_close_p) int fd =
		openat(directory, file->name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
	sf_cleanup(sf_free_p) struct sf_walk *walk = sf_new(struct sf_walk);
	struct sf_record record;
	bool zeros = true;
	ssize_t n;

	sf_walk_begin(walk, fd, sf_segment_seed(id), &zero);
	if (sf_walk_next(walk, &most, file->segment.size, &record)) {
		file->segment.first = record.span.from;
		return;
	}
	for (uint64_t at = 0; zeros && (n = pread(fd, walk->window, SF_WINDOW, (off_t)at)) > 0;
	     at += (uint64_t)n) {
		for (ssize_t i = 0; i < n; i++)
			zeros = zeros && !walk->window[i];
	}
	zeros = zeros || file->segment.size <= sizeof(struct sf_segment_head);
	file->verdict = zeros ? SF_FILE_EMPTY : SF_FILE_GARBAGE;
}

static void judge(int directory, uint8_t id[SF_SPOOL_ID_SIZE], struct sf_files *files)
{
	const struct sf_file *before = NULL;

	for (size_t i = files->count; i-- && !memcmp(id, no_id, sizeof(no_id));)
		memcpy(id, files->file[i].id, sizeof(no_id));
	for (size_t i = 0; i < files->count; i++) {
		struct sf_file *file = &files->file[i];

		if (file->verdict == SF_FILE_FUTURE)
			continue;
		if (file->head_damaged)
			look_inside(directory, id, file);
		else if (memcmp(file->id, id, sizeof(no_id)))
			file->verdict = SF_FILE_FOREIGN;
		if (file->verdict != SF_FILE_SEGMENT)
			continue;
		if (before && (before->segment.number == file->segment.number ||
			       !sf_at_before(&before->segment.first, &file->segment.first)))
			file->verdict = SF_FILE_FOREIGN;
		else
			before = file;
	}
}

int sf_files_list(int directory, uint8_t id[SF_SPOOL_ID_SIZE], struct sf_files *ret)
{
	int fd = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *entries = fd < 0 ? NULL : fdopendir(fd);
	struct sf_files files = {0};
	struct dirent *entry;
	const char *rest;
	uint64_t number;
	int r = 0;

	if (!entries) {
		r = -errno;
		sf_close_p(&fd);
		return r;
	}
	while (r == 0 && (entry = readdir(entries))) {
		if (!number_of(entry->d_name, &number, &rest))
			continue;
		if (number > files.last_number)
			files.last_number = number;
		if (!strcmp(rest, ".seg"))
			r = add(directory, &files, entry->d_name, number);
	}
	closedir(entries);
	if (r < 0) {
		sf_files_finish(&files);
		return r;
	}
	if (files.count)
		qsort(files.file, files.count, sizeof(*files.file), by_number);
	judge(directory, id, &files);
	*ret = files;
	return 0;
}

void sf_files_finish(struct sf_files *files)
{
	free(files->file);
	*files = (struct sf_files){0};
}
