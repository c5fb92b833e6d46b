/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Dead letters: lines that nobody will ever take, unchanged in PATH, and in PATH.reasons one JSON
 * line for each that says why.
 */
#pragma once

#include <sockfeed/loop.h>

#define SF_REASONS ".reasons" /* behind PATH */

struct sf_letters_conf {   /* dead_letters, a part of a sink's settings */
	const char *path;  /* "": none */
	uint64_t max_size; /* bytes of PATH; a line that does not fit any more is lost */
};

/* ---- the thread that writes them ---- */

struct sf_entry;

enum sf_letter_state {
	SF_LETTER_WRITTEN, /* and synced */
	SF_LETTER_FULL,	   /* max_size is reached: it is lost */
	SF_LETTER_UNDONE   /* the end, or an error that nobody waits out, came first */
};

struct sf_letter {
	struct sf_letter *next;
	struct sf_entry *entry; /* whose line it is */
	uint32_t number;	/* of the line in it */
	char *line, *topic, *query, *why;
	size_t length;
	uint64_t run, seq;
	enum sf_letter_state state;
};

struct sf_letters_events { /* in the loop */
	/* What became of it; it is freed after the call. */
	void (*settled)(void *arg, const struct sf_letter *);
	void (*said)(void *arg, enum sf_log_level, const char *text);
	bool gives_up; /* an error is not tried again */
	void *arg;
};

struct sf_letters;
/* -errno with a sentence: what the user must put right. A full disk is waited for. */
int sf_letters_new(const struct sf_letters_conf *, const char *output, struct sf_loop *,
		   const struct sf_letters_events *, struct sf_letters **ret, struct sf_err *err);
void sf_letters_free(struct sf_letters *); /* all settle before it returns; accepts NULL */
void sf_letters_post(struct sf_letters *, struct sf_letter *); /* takes it, and its texts */

/* For the thread: PATH and PATH.reasons (lettered.c). */
struct sf_letter_files;
struct sf_letter_files *sf_letter_files_new(const struct sf_letters_conf *, const char *output);
void sf_letter_files_free(struct sf_letter_files *);
/* Opens what is not open, and what was moved away. */
int sf_letter_files_open(struct sf_letter_files *, struct sf_err *err);
/* All of the list, or none of it is there; states are set. Afterwards all is on the disk. */
int sf_letter_files_write(struct sf_letter_files *, struct sf_letter *first, struct sf_err *err);
