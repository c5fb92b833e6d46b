/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file's bytes. Secrets stand in files of their own, which nobody else may read.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "reader.h"

enum { SECRET_MOST = 64 << 10 };

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

static int read_file(struct sf_arena *arena, int fd, size_t most, char **bytes, size_t *length,
		     struct sf_err *err)
{
	sf_cleanup(sf_free_p) char *room = sf_realloc(NULL, most + 1);
	ssize_t r = read_all(fd, room, most);

	if (r < 0)
		return sf_fail(err, (int)r, "cannot be read: %s", strerror((int)-r));
	if ((size_t)r > most)
		return sf_fail(err, -EFBIG, "is larger than %zu KiB", most >> 10);
	*bytes = sf_arena_copy(arena, room, (size_t)r);
	*length = (size_t)r;
	return 0;
}

int sf_bytes_read(struct sf_arena *arena, const char *path, size_t most, bool regular, char **bytes,
		  size_t *length, struct sf_err *err)
{
	/* A FIFO without a writer must not stop us: only what was named itself may be one. */
	sf_cleanup(sf_close_p) int fd =
		open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | (regular ? O_NONBLOCK : 0));
	struct stat stat;

	if (fd < 0)
		return sf_fail(err, -errno, "cannot be opened: %s", strerror(errno));
	if (regular && (fstat(fd, &stat) < 0 || !S_ISREG(stat.st_mode)))
		return sf_fail(err, -EINVAL, "is no regular file");
	return read_file(arena, fd, most, bytes, length, err);
}

/* Relative: beside the credentials that systemd gave us, else beside the file that names it. */
static const char *secret_path(struct sf_reader *reader, const struct sf_text *text,
			       const struct sf_node *value)
{
	const char *credentials = getenv("CREDENTIALS_DIRECTORY"), *file = value->file->name, *path;
	const char *slash = strrchr(file, '/');

	if (text->text[0] == '/')
		return text->text;
	if (credentials && *credentials) {
		path = sf_arena_format(reader->arena, "%s/%s", credentials, text->text);
		if (access(path, F_OK) == 0)
			return path;
	}
	if (!slash)
		return text->text;
	return sf_arena_format(reader->arena, "%.*s/%s", (int)(slash - file), file, text->text);
}

void sf_secret_read(struct sf_reader *reader, const struct sf_key *key, const char *owner,
		    const struct sf_node *name, const struct sf_node *value, void *at)
{
	const struct sf_text *text = sf_value_text(reader, name, value, "write the path of a file");
	struct sf_secret secret = {0};
	struct sf_err err;
	struct stat status;
	char *bytes;

	(void)owner;
	if (!text || !text->length)
		return;
	secret.path = secret_path(reader, text, value);
	if (stat(secret.path, &status) == 0 && status.st_mode & S_IRWXO) {
		sf_node_complain(reader->complaints, value,
				 sf_arena_format(reader->arena, "chmod o= %s", secret.path),
				 "others may read %s", secret.path);
		return;
	}
	if (sf_bytes_read(reader->arena, secret.path, SECRET_MOST, true, &bytes, &secret.length,
			  &err) < 0) {
		sf_node_complain(reader->complaints, value, NULL, "%s %s", secret.path, err.text);
		return;
	}
	if (secret.length && bytes[secret.length - 1] == '\n')
		bytes[--secret.length] = '\0';
	if (!secret.length) {
		sf_node_complain(reader->complaints, value, NULL, "%s is empty", secret.path);
		return;
	}
	(void)key;
	secret.content = bytes;
	*(struct sf_secret *)at = secret;
}
