/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a spool's directory says before its records are read: files, then the state. In this order,
 * because beside a running agent a segment goes only after a state that says so was written.
 */
#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "delivery/spool/spool_state.h"
#include "look.h"

_Static_assert(SF_SPOOL_ID_SIZE == 16, "sf_look_facts.id");

const char *sf_look_kind_name(enum sf_look_kind kind)
{
	static const char *const names[SF_LOOK_KINDS] = {
		[SF_LOOK_SEGMENT] = "segment", [SF_LOOK_EMPTY] = "empty",
		[SF_LOOK_FOREIGN] = "foreign", [SF_LOOK_FUTURE] = "newer",
		[SF_LOOK_GARBAGE] = "garbage", [SF_LOOK_ASIDE] = "set aside",
	};

	return names[kind];
}

static struct sf_look_file *add_file(struct sf_look *look, const char *name)
{
	struct sf_look_file *file;

	look->file = sf_realloc(look->file, (look->facts.files + 1) * sizeof(*look->file));
	file = &look->file[look->facts.files++];
	*file = (struct sf_look_file){.size = 0};
	snprintf(file->name, sizeof(file->name), "%s", name);
	return file;
}

static void take_files(struct sf_look *look, const struct sf_files *files)
{
	static const enum sf_look_kind kinds[] = {
		[SF_FILE_SEGMENT] = SF_LOOK_SEGMENT, [SF_FILE_EMPTY] = SF_LOOK_EMPTY,
		[SF_FILE_FOREIGN] = SF_LOOK_FOREIGN, [SF_FILE_FUTURE] = SF_LOOK_FUTURE,
		[SF_FILE_GARBAGE] = SF_LOOK_GARBAGE,
	};

	for (size_t i = 0; i < files->count; i++) {
		const struct sf_file *found = &files->file[i];
		struct sf_look_file *file = add_file(look, found->name);

		file->kind = kinds[found->verdict];
		file->head_damaged = found->head_damaged;
		file->number = found->segment.number;
		file->size = found->segment.size;
		file->first = found->segment.first;
	}
}

/* 0000000000000012.seg.aside, state.1.aside */
static bool is_aside(const char *name)
{
	size_t length = strlen(name), end = strlen(".aside");

	return length > end && length < sizeof(((struct sf_look_file *)NULL)->name) &&
	       !strcmp(name + length - end, ".aside") &&
	       strspn(name, "0123456789abcdefghijklmnopqrstuvwxyz.") == length;
}

static int list_aside(struct sf_look *look)
{
	int fd = openat(look->directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *entries = fd < 0 ? NULL : fdopendir(fd);
	struct dirent *entry;
	struct stat st;

	if (!entries) {
		int code = -errno;

		sf_close_p(&fd);
		return code;
	}
	while ((entry = readdir(entries))) {
		struct sf_look_file *file;

		if (!is_aside(entry->d_name))
			continue;
		file = add_file(look, entry->d_name);
		file->kind = SF_LOOK_ASIDE;
		if (fstatat(look->directory, entry->d_name, &st, AT_SYMLINK_NOFOLLOW) == 0)
			file->size = (uint64_t)st.st_size;
	}
	closedir(entries);
	return 0;
}

static void take_facts(struct sf_look *look)
{
	struct sf_look_facts *facts = &look->facts;
	const struct sf_state *state = &look->state;
	size_t first = 0;

	facts->oldest_us = UINT64_MAX;
	facts->file = look->file;
	facts->base = state->base;
	facts->end = state->end;
	while (first < facts->files && look->file[first].kind != SF_LOOK_SEGMENT)
		first++;
	if (!facts->state_known && first < facts->files)
		facts->base = facts->end = look->file[first].first;
	look->gap = sf_alloc((state->gaps.count + 1) * sizeof(*look->gap));
	for (size_t i = 0; i < state->gaps.count; i++) {
		if (!state->gaps.owed[i].heard)
			look->gap[facts->gaps++] = state->gaps.owed[i].gap;
	}
	facts->gap = look->gap;
	facts->runs = state->runs.count;
	facts->run = state->runs.run;
}

static int read_all(struct sf_look *look, struct sf_err *err)
{
	static const uint8_t no_id[SF_SPOOL_ID_SIZE];
	uint8_t id[SF_SPOOL_ID_SIZE] = {0};
	struct sf_files files = {0};
	int r;

	look->facts.in_use = sf_look_locked(look->directory);
	if (sf_look_state(look))
		memcpy(id, look->state.id, sizeof(id));
	r = sf_files_list(look->directory, id, &files);
	if (r == 0)
		take_files(look, &files);
	sf_files_finish(&files);
	if (r == 0)
		r = list_aside(look);
	if (r < 0)
		return sf_fail(err, r, "cannot read %s: %s", look->facts.path, strerror(-r));
	sf_look_state(look);
	if (!look->facts.files && look->slot[0] == SF_SLOT_NONE && look->slot[1] == SF_SLOT_NONE)
		return sf_fail(
			err, -ENOENT,
			"%s is not the directory of a spool: it has no segments and no state",
			look->facts.path);
	memcpy(look->state.id, id, sizeof(id));
	for (size_t i = 0; memcmp(id, no_id, sizeof(id)) && i < sizeof(id); i++)
		sprintf(look->facts.id + 2 * i, "%02x", id[i]);
	take_facts(look);
	return 0;
}

int sf_look_open(const char *path, struct sf_look **ret, struct sf_err *err)
{
	struct sf_look *look = sf_new(struct sf_look);
	int r;

	look->facts.path = sf_names_keep(&look->names, path);
	look->directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (look->directory < 0 && errno == ENOTDIR)
		r = sf_fail(err, -ENOTDIR, "%s is not a directory", path);
	else if (look->directory < 0)
		r = sf_fail(err, -errno, "cannot open the directory %s: %s", path, strerror(errno));
	else
		r = read_all(look, err);
	if (r < 0) {
		sf_look_free(look);
		return r;
	}
	*ret = look;
	return 0;
}

void sf_look_free(struct sf_look *look)
{
	if (!look)
		return;
	sf_close_p(&look->directory);
	sf_state_finish(&look->state);
	sf_names_finish(&look->names);
	free(look->file);
	free(look->gap);
	free(look->queue);
	free(look);
}

const struct sf_look_facts *sf_look_facts(const struct sf_look *look)
{
	return &look->facts;
}
