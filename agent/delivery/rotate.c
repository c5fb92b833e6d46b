/* SPDX-License-Identifier: Apache-2.0 */
/* The files of the past: PATH.1 is the newest, a .gz behind it when it is compressed. */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "file.h"

static const char *const suffixes[] = {"", ".gz"};

size_t sf_rotated_size(const char *path)
{
	return strlen(path) + sizeof(".18446744073709551615.gz.part");
}

void sf_rotated_name(char *out, const char *path, uint64_t number, const char *suffix)
{
	snprintf(out, sf_rotated_size(path), "%s.%llu%s", path, (unsigned long long)number, suffix);
}

static int move(const char *from, const char *to, struct sf_err *err)
{
	if (rename(from, to) == 0 || errno == ENOENT)
		return 0;
	return sf_fail(err, -errno, "cannot rename %s to %s: %s", from, to, strerror(errno));
}

/* From the oldest on, so that each finds its new name free. */
static int shift(const char *path, uint64_t number, uint64_t keep, char *from, char *to,
		 struct sf_err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < SF_COUNT(suffixes); i++) {
		sf_rotated_name(from, path, number, suffixes[i]);
		sf_rotated_name(to, path, number + 1, suffixes[i]);
		if (number < keep)
			r = move(from, to, err);
		else if (unlink(from) < 0 && errno != ENOENT)
			r = sf_fail(err, -errno, "cannot remove %s: %s", from, strerror(errno));
	}
	return r;
}

int sf_rotate(const char *path, uint64_t keep, struct sf_err *err)
{
	sf_cleanup(sf_free_p) char *from = sf_alloc(sf_rotated_size(path));
	sf_cleanup(sf_free_p) char *to = sf_alloc(sf_rotated_size(path));
	int r = 0;

	if (keep == 0) {
		if (unlink(path) < 0 && errno != ENOENT)
			r = sf_fail(err, -errno, "cannot remove %s: %s", path, strerror(errno));
		return r;
	}
	for (uint64_t number = keep; r == 0 && number > 0; number--)
		r = shift(path, number, keep, from, to, err);
	sf_rotated_name(to, path, 1, "");
	return r ?: move(path, to, err);
}
