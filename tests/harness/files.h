/* SPDX-License-Identifier: Apache-2.0 */
/* A directory of a test's own, and files of numbered lines (see outputs.h) read back from it. */
#pragma once

#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "outputs.h"

static inline char *directory_new(void)
{
	const char *base = getenv("TMPDIR");
	char *path = sf_alloc(PATH_MAX);

	snprintf(path, PATH_MAX, "%s/sockfeed-test-XXXXXX", base && *base ? base : "/tmp");
	assert_non_null(mkdtemp(path));
	return path;
}

static inline int directory_remove_entry(const char *path, const struct stat *st, int kind, struct FTW *at)
{
	(void)st, (void)kind, (void)at;
	return remove(path);
}

static inline void directory_free(char *path)
{
	nftw(path, directory_remove_entry, 16, FTW_DEPTH | FTW_PHYS);
	free(path);
}

/* A path below it; good until the fourth call from now. */
static inline const char *below(const char *directory, const char *name)
{
	static char path[4][PATH_MAX];
	static unsigned next;
	char *out = path[next++ % 4];

	snprintf(out, PATH_MAX, "%s/%s", directory, name);
	return out;
}

static inline bool exists(const char *path)
{
	return access(path, F_OK) == 0;
}

static inline uint64_t size_of(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 ? (uint64_t)st.st_size : 0;
}

static inline void write_text(const char *path, const char *text)
{
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	fputs(text, file);
	fclose(file);
}

static inline const char *read_text(const char *path)
{
	static char text[4096];
	FILE *file = fopen(path, "re");

	assert_non_null(file);
	text[fread(text, 1, sizeof(text) - 1, file)] = '\0';
	fclose(file);
	return text;
}

/*
 * Reads a file, packed or not, whose lines are whole and carry numbers in order, each by one more than the one before.
 * *next is the number that is expected (UINT64_MAX: any), then the one behind the last. Returns the number of lines.
 */
static inline uint64_t read_lines(const char *path, uint64_t *next)
{
	static char line[2 << 20];
	gzFile file = gzopen(path, "rbe");
	uint64_t lines = 0;

	if (!file)
		fail_msg("cannot open %s", path);
	while (gzgets(file, line, sizeof(line))) {
		uint64_t number;
		char *end;

		if (line[strlen(line) - 1] != '\n')
			fail_msg("%s: torn: %.60s", path, line);
		if (strncmp(line, "{\"time\":\"", 9))
			fail_msg("%s: does not begin like a record: %.60s", path, line);
		number = strtoull(line + 9, &end, 10);
		if (*next != UINT64_MAX && number != *next)
			fail_msg("%s: %llu, but %llu was to come", path, (unsigned long long)number,
				 (unsigned long long)*next);
		*next = number + 1;
		lines++;
	}
	assert_true(gzeof(file));
	assert_int_equal(gzclose(file), Z_OK); /* a packed file that ends early is Z_BUF_ERROR */
	return lines;
}
