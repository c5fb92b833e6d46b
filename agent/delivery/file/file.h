/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The parts of the file sink: file.c opens, follows and writes; rotate.c names the files of the
 * past; archive.c compresses the last of them.
 */
#pragma once

#include "delivery/voice.h"

struct sf_file_conf { /* its section of the configuration */
	const char *path;
	uint64_t size; /* bytes; 0: never rotated */
	uint64_t keep; /* files of the past */
	bool compress;
};

/* NUMBER 1 is the newest of the past. `out` has room for sf_rotated_size(path) bytes. */
size_t sf_rotated_size(const char *path);
void sf_rotated_name(char *out, const char *path, uint64_t number, const char *suffix);
/* Whether it is one of those names, also where a file of the past is still being compressed. */
bool sf_is_rotated_name(const char *path, const char *name);
/*
 * PATH becomes PATH.1, what was .1 becomes .2 and so on, with and without .gz; what is more than
 * `keep` is removed, also where `keep` was more before. Nobody else may be at work on these files.
 * -errno with a sentence, PATH then is as it was.
 */
int sf_rotate(const char *path, uint64_t keep, struct sf_err *err);

/* ---- a thread that compresses PATH.1 ---- */

struct sf_archive;
int sf_archive_new(const char *path, struct sf_voice *, struct sf_archive **ret,
		   struct sf_err *err);
void sf_archive_free(struct sf_archive *); /* leaves PATH.1 as it is when not ready; accepts NULL */
bool sf_archive_is_busy(struct sf_archive *);
void sf_archive_start(struct sf_archive *); /* when not busy: PATH.1 becomes PATH.1.gz */
