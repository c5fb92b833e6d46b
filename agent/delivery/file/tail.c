/* SPDX-License-Identifier: Apache-2.0 */
/* The end of a file of lines: nothing torn stays there. */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "tail.h"

enum { LOOK_BACK = 1 << 20 }; /* bytes; no line of ours is longer */

static const char ours[] = "{\"time\":\""; /* so begins every record */

/* The bytes behind the last newline; -1: there is none within the look-back. */
static ssize_t torn_length(const char *bytes, size_t length)
{
	const char *newline = memrchr(bytes, '\n', length);

	return newline ? bytes + length - newline - 1 : -1;
}

static bool is_ours(const char *torn, size_t length)
{
	size_t most = sizeof(ours) - 1;

	return !memcmp(torn, ours, length < most ? length : most);
}

/* -errno where the file may only grow; the caller then ends the line. */
static int cut_off(int fd, uint64_t *size, uint64_t torn)
{
	if (ftruncate(fd, (off_t)(*size - torn)) < 0)
		return -errno;
	*size -= torn;
	return 0;
}

int sf_mend_tail(const char *path, int fd, uint64_t *size, struct sf_err *err)
{
	size_t look = *size < LOOK_BACK ? (size_t)*size : LOOK_BACK;
	sf_cleanup(sf_free_p) char *bytes = sf_alloc(look + 1);
	sf_cleanup(sf_close_p) int from = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t n = from < 0 ? -1 : pread(from, bytes, look, (off_t)(*size - look));
	ssize_t torn;

	if (!look || n != (ssize_t)look)
		return 0; /* empty, or not ours to read */
	torn = torn_length(bytes, look);
	if (torn < 0 && look == *size)
		torn = (ssize_t)look;
	if (torn == 0)
		return 0;
	if (torn > 0 && is_ours(bytes + look - torn, (size_t)torn) &&
	    cut_off(fd, size, (uint64_t)torn) == 0)
		return 0;
	if (write(fd, "\n", 1) != 1)
		return sf_fail(err, -errno, "cannot write %s: %s", path, strerror(errno));
	*size += 1;
	return 0;
}

bool sf_cut_tail(int fd, uint64_t end, uint64_t to)
{
	struct stat st;

	return fstat(fd, &st) == 0 && (uint64_t)st.st_size == end && ftruncate(fd, (off_t)to) == 0;
}
