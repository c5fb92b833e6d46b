/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log: one line an event to stderr, by one write, from any thread. Its settings are the
 * program's only globals: a warning must find its way out before there is a configuration, and from
 * every thread after.
 */
#include <limits.h>
#include <poll.h>
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include <sockfeed/base.h>

#include "base/utf8.h"

static atomic_int most_level = SF_LOG_INFO;
static atomic_bool as_json;

/*
 * A log that nobody reads holds up nobody: a line without room waits a little, those behind it not
 * at all; they are counted.
 */
enum { PATIENCE_MS = 100 };
static atomic_uint lost_lines;

static const char *const level_names[] = {[SF_LOG_ERROR] = "error",
					  [SF_LOG_WARN] = "warning",
					  [SF_LOG_INFO] = "info",
					  [SF_LOG_DEBUG] = "debug"};

void sf_log_setup(enum sf_log_level most, bool json)
{
	atomic_store(&most_level, (int)most);
	atomic_store(&as_json, json);
}

/* A pipe says so when it takes PIPE_BUF bytes at once. */
static bool has_room(void)
{
	struct pollfd out = {.fd = STDERR_FILENO, .events = POLLOUT};

	return poll(&out, 1, atomic_load(&lost_lines) ? 0 : PATIENCE_MS) > 0;
}

/* False: nobody reads, or nobody is left. */
static bool write_all(const char *bytes, size_t length)
{
	while (length) {
		ssize_t done;

		if (!has_room())
			return false;
		done = write(STDERR_FILENO, bytes, length < PIPE_BUF ? length : PIPE_BUF);
		if (done < 0 && errno != EINTR)
			return false;
		if (done > 0) {
			bytes += done;
			length -= (size_t)done;
		}
	}
	return true;
}

void sf_log_line(const char *line, size_t length)
{
	unsigned lost = atomic_load(&lost_lines);
	char words[64];
	int n = snprintf(words, sizeof(words), "%u lines of the log were lost here\n", lost);

	if (lost && write_all(words, (size_t)n))
		atomic_fetch_sub(&lost_lines, lost);
	if (atomic_load(&lost_lines) || !write_all(line, length))
		atomic_fetch_add(&lost_lines, 1);
}

/* A line stays one line, and a terminal's sequences from outside stay text. */
static void add_plain(struct sf_buf *line, const struct sf_buf *text)
{
	for (size_t at = 0; at < text->length;) {
		int shown;
		size_t step = sf_utf8_step(text->data + at, text->length - at, &shown);

		if (shown)
			sf_buf_add(line, text->data + at, step);
		else
			sf_buf_add(line, text->data[at] == '\t' ? " " : "?", 1);
		at += step;
	}
}

void sf_log(enum sf_log_level level, const char *format, ...)
{
	sf_cleanup(sf_buf_finish) struct sf_buf line = {0}, text = {0};
	char stamp[SF_STAMP_SIZE];
	int saved = errno;
	va_list args;

	if ((int)level > atomic_load(&most_level))
		return;
	va_start(args, format);
	sf_buf_vformat(&text, format, args);
	va_end(args);
	sf_clock_stamp(stamp, sf_clock_wall());
	if (atomic_load(&as_json)) {
		sf_buf_format(&line,
			      "{\"time\":\"%.*s\",\"level\":\"%s\",\"message\":", SF_STAMP_SIZE,
			      stamp, level_names[level]);
		sf_json_string(&line, text.data, text.length);
		sf_buf_add(&line, "}", 1);
	} else {
		sf_buf_format(&line, "%.*s %s: ", SF_STAMP_SIZE, stamp, level_names[level]);
		add_plain(&line, &text);
	}
	sf_buf_add(&line, "\n", 1);
	sf_log_line(line.data, line.length);
	errno = saved;
}
