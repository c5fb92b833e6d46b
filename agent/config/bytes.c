/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file's bytes, and where a file lies that another one names.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "reader.h"

/* Up to `most` bytes and one more, which says that there is too much. */
static ssize_t read_all(int fd, char *bytes, size_t most)
{
	size_t length = 0;

	while (length <= most) {
		ssize_t r = read(fd, bytes + length, most + 1 - length);

		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return -errno;
		if (r == 0)
			break;
		length += (size_t)r;
	}
	return (ssize_t)length;
}

int sf_bytes_read(struct sf_arena *arena, const char *path, size_t most, bool regular,
		  struct sf_bytes *ret, struct sf_err *err)
{
	/* A FIFO without a writer must not stop us: only what was named itself may be one. */
	sf_cleanup(sf_close_p) int fd =
		open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | (regular ? O_NONBLOCK : 0));
	sf_cleanup(sf_free_p) char *room = sf_realloc(NULL, most + 1);
	struct stat status;
	ssize_t r;

	if (fd < 0 || fstat(fd, &status) < 0)
		return sf_fail(err, -errno, "cannot be opened: %s", strerror(errno));
	if (S_ISDIR(status.st_mode))
		return sf_fail(err, -EISDIR, "is a directory");
	if (regular && !S_ISREG(status.st_mode))
		return sf_fail(err, -EINVAL, "is no regular file");
	r = read_all(fd, room, most);
	if (r < 0)
		return sf_fail(err, (int)r, "cannot be read: %s", strerror((int)-r));
	if ((size_t)r > most)
		return sf_fail(err, -EFBIG, "is larger than %zu KiB", most >> 10);
	*ret = (struct sf_bytes){sf_arena_copy(arena, room, (size_t)r), (size_t)r, status};
	return 0;
}

const char *sf_path_beside(struct sf_arena *arena, const char *file, const char *path)
{
	const char *slash = strrchr(file, '/');

	if (path[0] == '/' || !slash)
		return path;
	return sf_arena_format(arena, "%.*s/%s", (int)(slash - file), file, path);
}
