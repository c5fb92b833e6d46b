/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file of lines in a directory of its own, the files of its past beside it, and an output that writes to it.
 */
#pragma once

#include <sys/mman.h>

#include "delivery/file/file.h"
#include "files.h"

struct world {
	char *directory;
	const char *path;
	struct sf_file_conf conf;
	struct outlet outlet;
};

static inline void open_as(struct world *w, uint64_t size, uint64_t keep, bool compress)
{
	struct sf_err err = {0};

	w->conf = (struct sf_file_conf){.path = w->path, .size = size, .keep = keep, .compress = compress};
	if (outlet_open(&w->outlet, "file", &w->conf, &err) < 0)
		fail_msg("%s", err.text);
}

static inline void close_output(struct world *w)
{
	outlet_finish(&w->outlet);
	w->outlet = (struct outlet){0};
}

static inline void begin(struct world *w)
{
	*w = (struct world){.directory = directory_new()};
	w->path = sf_strdup(below(w->directory, "log"));
}

static inline void end(struct world *w)
{
	directory_free(w->directory);
	free((char *)w->path);
}

static inline int setup(void **state)
{
	*state = sf_new(struct world);
	begin(*state);
	return 0;
}

static inline int teardown(void **state)
{
	end(*state);
	free(*state);
	return 0;
}

/* A file that may grow but not shrink, as chattr +a makes them. */
static inline int open_sealed(struct world *w, const char *text)
{
	int fd = memfd_create("sealed", MFD_ALLOW_SEALING | MFD_CLOEXEC);
	char path[64];

	assert_int_equal(write(fd, text, strlen(text)), strlen(text));
	assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK), 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	free((char *)w->path);
	w->path = sf_strdup(path);
	return fd;
}

static inline const char *past(const struct world *w, const char *suffix)
{
	char name[64];

	snprintf(name, sizeof(name), "log%s", suffix);
	return below(w->directory, name);
}

static inline bool is_packed(const struct world *w)
{
	return exists(past(w, ".1.gz")) && !exists(past(w, ".1")) && !exists(past(w, ".1.gz.part"));
}

/* Until the sink has written all that was put. */
static inline void settle(struct world *w)
{
	assert_true(outlet_until(&w->outlet, outlet_counts(&w->outlet).waiting == 0));
	outlet_check(&w->outlet);
}

/* Every line that is anywhere, from the oldest file to PATH, without a hole; returns the first number. */
static inline uint64_t read_all(const struct world *w, uint64_t end)
{
	uint64_t next = UINT64_MAX, lines = 0;
	char suffix[32];

	for (int number = 100; number >= 0; number--) {
		for (int packed = 0; packed < 2; packed++) {
			snprintf(suffix, sizeof(suffix), number ? ".%d%s" : "%.0d", number, packed ? ".gz" : "");
			if ((number == 0 && packed) || !exists(past(w, suffix)))
				continue;
			lines += read_lines(past(w, suffix), &next);
		}
	}
	assert_int_equal(next, end);
	return end - lines;
}

#define test(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
