/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log: one line an event to stderr, by one write, from any thread. Its two settings are the
 * program's only globals: a warning must find its way out before there is a configuration, and from
 * every thread after.
 */
#include <stdatomic.h>
#include <string.h>
#include <unistd.h>

#include <sockfeed/base.h>

#include "base/utf8.h"

static atomic_int most_level = SF_LOG_INFO;
static atomic_bool as_json;

static const char *const level_names[] = {[SF_LOG_ERROR] = "error",
					  [SF_LOG_WARN] = "warning",
					  [SF_LOG_INFO] = "info",
					  [SF_LOG_DEBUG] = "debug"};

void sf_log_setup(enum sf_log_level most, bool json)
{
	atomic_store(&most_level, (int)most);
	atomic_store(&as_json, json);
}

static void write_all(const char *bytes, size_t length)
{
	while (length) {
		ssize_t done = write(STDERR_FILENO, bytes, length);

		if (done < 0 && errno != EINTR)
			return; /* nobody is left to be told */
		if (done > 0) {
			bytes += done;
			length -= (size_t)done;
		}
	}
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
	write_all(line.data, line.length);
	errno = saved;
}
