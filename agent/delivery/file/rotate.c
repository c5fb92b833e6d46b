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

bool sf_is_rotated_name(const char *path, const char *name)
{
	size_t length = strlen(path);

	if (strncmp(name, path, length) || name[length] != '.' || name[length + 1] == '0')
		return false;
	name += length + 1;
	length = strspn(name, "0123456789");
	name += length;
	return length && (!*name || !strcmp(name, ".gz") || !strcmp(name, ".gz.part"));
}

static int move(const char *from, const char *to, struct sf_err *err)
{
	if (rename(from, to) == 0 || errno == ENOENT)
		return 0;
	return sf_fail(err, -errno, "cannot rename %s to %s: %s", from, to, strerror(errno));
}

/* Those from `number` on, as far as they go without a gap. */
static int drop(const char *path, uint64_t number, char *name, struct sf_err *err)
{
	bool found;

	do {
		found = false;
		for (size_t i = 0; i < SF_COUNT(suffixes); i++) {
			sf_rotated_name(name, path, number, suffixes[i]);
			if (unlink(name) == 0)
				found = true;
			else if (errno != ENOENT)
				return sf_fail(err, -errno, "cannot remove %s: %s", name,
					       strerror(errno));
		}
		number++;
	} while (found);
	return 0;
}

static int shift(const char *path, uint64_t number, char *from, char *to, struct sf_err *err)
{
	int r = 0;

	for (size_t i = 0; r == 0 && i < SF_COUNT(suffixes); i++) {
		sf_rotated_name(from, path, number, suffixes[i]);
		sf_rotated_name(to, path, number + 1, suffixes[i]);
		r = move(from, to, err);
	}
	return r;
}

int sf_rotate(const char *path, uint64_t keep, struct sf_err *err)
{
	sf_cleanup(sf_free_p) char *from = sf_alloc(sf_rotated_size(path));
	sf_cleanup(sf_free_p) char *to = sf_alloc(sf_rotated_size(path));
	int r = drop(path, keep ?: 1, from, err);

	if (r == 0 && keep == 0 && unlink(path) < 0 && errno != ENOENT)
		r = sf_fail(err, -errno, "cannot remove %s: %s", path, strerror(errno));
	if (r < 0 || keep == 0)
		return r;
	/* From the oldest on, so that each finds its new name free. */
	for (uint64_t number = keep - 1; r == 0 && number > 0; number--)
		r = shift(path, number, from, to, err);
	sf_rotated_name(to, path, 1, "");
	return r ?: move(path, to, err);
}
