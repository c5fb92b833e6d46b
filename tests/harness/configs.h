/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Configurations from texts, read in a folder of their own that is the current one: messages name files as a user
 * would.
 */
#pragma once

#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "kinds.h"

#define FILE_NAME "sockfeed.yaml"
/* What a configuration needs besides what a test is about. */
#define OUTPUTS "outputs: { out: { type: plain } }\n"
#define QUERIES "queries: { one: { outputs: out } }\n"
#define REST	"version: 1\n" QUERIES OUTPUTS

static inline void put_bytes(const char *name, const void *bytes, size_t length)
{
	FILE *file = fopen(name, "w");

	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, length, file), length);
	assert_int_equal(fclose(file), 0);
}

static inline void put_text(const char *name, const char *text)
{
	put_bytes(name, text, strlen(text));
}

struct reading {
	struct sf_config *config;
	struct sf_complaints *complaints;
	int result;
	char *said; /* all complaints, printed */
};

static inline void reading_finish(struct reading *r)
{
	free(r->said);
	sf_complaints_free(r->complaints);
	sf_config_free(r->config);
}
#define READING sf_cleanup(reading_finish) struct reading

static inline struct reading read_file(const char *name)
{
	struct reading r = {.complaints = sf_complaints_new()};
	size_t length;
	FILE *file = open_memstream(&r.said, &length);

	r.result = sf_config_read(name, kinds_types, &r.config, r.complaints);
	assert_non_null(r.config);
	assert_int_equal(r.result, sf_complaints_errors(r.complaints) ? -EINVAL : 0);
	sf_complaints_print(r.complaints, file);
	fclose(file);
	return r;
}

static inline struct reading read_text(const char *text)
{
	put_text(FILE_NAME, text);
	return read_file(FILE_NAME);
}

/* Reads a text that has no errors and no warnings. */
static inline struct reading read_good(const char *text)
{
	struct reading r = read_text(text);

	assert_string_equal(r.said, "");
	return r;
}

/* The text is complained about in these words alone. */
static inline void assert_said(const char *text, const char *said)
{
	READING r = read_text(text);

	assert_string_equal(r.said, said);
}

/* One error, which says this somewhere. */
static inline void assert_one_error(const char *text, const char *part)
{
	READING r = read_text(text);

	if (sf_complaints_errors(r.complaints) != 1 || !strstr(r.said, part))
		fail_msg("not one error with \"%s\" but:\n%s", part, r.said);
}

static inline const struct kinds *kinds_of(const struct reading *r)
{
	for (size_t i = 0; i < r->config->outputs; i++)
		if (!strcmp(r->config->output[i].type->name, "all"))
			return r->config->output[i].own;
	fail_msg("there is no output of type `all`");
	return NULL;
}

/* The settings of an output of type `all` with these keys, `text` beside them. */
static inline struct reading read_kinds(const char *keys)
{
	char text[4096];

	snprintf(text, sizeof(text),
		 "version: 1\nqueries: { one: { outputs: out } }\noutputs:\n  out:\n    type: all\n    text: t\n%s",
		 keys);
	return read_good(text);
}

static inline int configs_begin(void **state)
{
	char folder[] = "/tmp/sockfeed-config-XXXXXX";

	assert_non_null(mkdtemp(folder));
	assert_int_equal(chdir(folder), 0);
	*state = sf_strdup(folder);
	return 0;
}

static inline int configs_remove(const char *path, const struct stat *status, int type, struct FTW *ftw)
{
	(void)status, (void)type, (void)ftw;
	return remove(path);
}

static inline int configs_end(void **state)
{
	assert_int_equal(chdir("/"), 0);
	assert_int_equal(nftw(*state, configs_remove, 8, FTW_DEPTH | FTW_PHYS), 0);
	free(*state);
	return 0;
}
