/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The two files of dead letters. A group of letters is written and synced as a whole; when that
 * fails both files are cut back to where they were, so that trying again leaves nothing twice.
 */
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "delivery/file/tail.h"
#include "letters.h"

struct file {
	char *path;
	int fd;
	uint64_t size, before; /* bytes: now, and before the group */
};

struct sf_letter_files {
	struct file lines, reasons;
	uint64_t most;
	char *output;
};

struct sf_letter_files *sf_letter_files_new(const struct sf_letters_conf *conf, const char *output)
{
	struct sf_letter_files *files = sf_new(struct sf_letter_files);
	struct sf_buf reasons = {0};

	sf_buf_format(&reasons, "%s" SF_REASONS, conf->path);
	files->lines = (struct file){.path = sf_strdup(conf->path), .fd = -1};
	files->reasons = (struct file){.path = sf_buf_take(&reasons), .fd = -1};
	files->most = conf->max_size;
	files->output = sf_strdup(output);
	return files;
}

void sf_letter_files_free(struct sf_letter_files *files)
{
	sf_close_p(&files->lines.fd);
	sf_close_p(&files->reasons.fd);
	free(files->lines.path);
	free(files->reasons.path);
	free(files->output);
	free(files);
}

/* ---- open ---- */

static bool is_still_there(struct file *file)
{
	struct stat ours, named;

	if (file->fd < 0 || fstat(file->fd, &ours) < 0 || stat(file->path, &named) < 0 ||
	    ours.st_ino != named.st_ino || ours.st_dev != named.st_dev)
		return false;
	file->size = (uint64_t)ours.st_size;
	return true;
}

static int open_file(struct file *file, struct sf_err *err)
{
	struct stat st;
	int r;

	if (is_still_there(file))
		return 0;
	sf_close_p(&file->fd);
	file->fd = open(file->path, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NOCTTY, 0600);
	if (file->fd < 0 || fstat(file->fd, &st) < 0)
		return sf_fail(err, -errno, "cannot open %s: %s", file->path,
			       errno == ENOENT ? "its directory does not exist" : strerror(errno));
	file->size = (uint64_t)st.st_size;
	r = S_ISREG(st.st_mode) ? sf_mend_tail(file->path, file->fd, &file->size, err)
				: sf_fail(err, -EINVAL, "%s is no file", file->path);
	if (r < 0)
		sf_close_p(&file->fd);
	return r;
}

int sf_letter_files_open(struct sf_letter_files *files, struct sf_err *err)
{
	int r = open_file(&files->lines, err);

	return r < 0 ? r : open_file(&files->reasons, err);
}

/* ---- write ---- */

static int fail(const struct file *file, struct sf_err *err)
{
	return sf_fail(err, -errno, "cannot write %s: %s", file->path, strerror(errno));
}

static int write_all(struct file *file, const char *bytes, size_t length, struct sf_err *err)
{
	while (length) {
		ssize_t n = write(file->fd, bytes, length);

		if (n < 0 && errno != EINTR)
			return fail(file, err);
		if (n < 0)
			continue;
		bytes += n;
		length -= (size_t)n;
		file->size += (uint64_t)n;
	}
	return 0;
}

static void member(struct sf_buf *json, const char *name, const char *value)
{
	sf_buf_format(json, ",\"%s\":", name);
	sf_json_string(json, value, strlen(value));
}

static int write_reason(struct sf_letter_files *files, const struct sf_letter *letter,
			struct sf_err *err)
{
	sf_cleanup(sf_buf_finish) struct sf_buf json = {0};
	char stamp[SF_STAMP_SIZE];

	sf_clock_stamp(stamp, sf_clock_wall());
	sf_buf_format(&json, "{\"time\":\"%.*s\"", SF_STAMP_SIZE, stamp);
	member(&json, "output", files->output);
	if (letter->topic)
		member(&json, "topic", letter->topic);
	member(&json, "query", letter->query);
	sf_buf_format(&json,
		      ",\"run\":%" PRIu64 ",\"seq\":%" PRIu64 ",\"offset\":%" PRIu64
		      ",\"length\":%zu",
		      letter->run, letter->seq, files->lines.size, letter->length);
	member(&json, "why", letter->why);
	sf_buf_text(&json, "}\n");
	return write_all(&files->reasons, json.data, json.length, err);
}

static int write_letter(struct sf_letter_files *files, struct sf_letter *letter, struct sf_err *err)
{
	int r;

	letter->state = SF_LETTER_FULL;
	if (files->lines.size + letter->length > files->most)
		return 0;
	letter->state = SF_LETTER_WRITTEN;
	/* The reason first: it says where the line begins. */
	r = write_reason(files, letter, err);
	return r < 0 ? r : write_all(&files->lines, letter->line, letter->length, err);
}

/* What cannot be cut off stays, and is opened anew, which mends its end. */
static void take_back(struct file *file)
{
	if (file->fd >= 0 && file->size > file->before)
		sf_cut_tail(file->fd, file->size, file->before);
	sf_close_p(&file->fd);
}

static int sync_file(const struct file *file, struct sf_err *err)
{
	return fdatasync(file->fd) < 0 ? fail(file, err) : 0;
}

int sf_letter_files_write(struct sf_letter_files *files, struct sf_letter *first,
			  struct sf_err *err)
{
	int r = sf_letter_files_open(files, err);

	files->lines.before = files->lines.size;
	files->reasons.before = files->reasons.size;
	for (struct sf_letter *letter = first; r == 0 && letter; letter = letter->next)
		r = write_letter(files, letter, err);
	if (r == 0 && files->lines.size > files->lines.before)
		r = sync_file(&files->lines, err) ?: sync_file(&files->reasons, err);
	if (r < 0) {
		take_back(&files->lines);
		take_back(&files->reasons);
	}
	return r;
}
