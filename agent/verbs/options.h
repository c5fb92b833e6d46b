/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The command line: a table of options a verb; `--name value` and `--name=value`. What is wrong is
 * said on stderr with what would be right.
 */
#pragma once

#include <sockfeed/base.h>

enum sf_option_kind {
	SF_OPTION_FLAG,
	SF_OPTION_TEXT,
	SF_OPTION_TEXTS
}; /* TEXTS: may be given several times */

struct sf_option {
	const char *name; /* without the dashes */
	char letter;	  /* -c, or 0 */
	enum sf_option_kind kind;
	const char *value; /* what stands for the value in the help: FILE; NULL for a flag */
	const char *help;
};

/* What was given; all borrowed from argv but the arrays. */
struct sf_arguments {
	const char **text; /* by option: its value, the last one wins; a flag "", not given NULL */
	size_t rests, repeats;
	const char **rest;   /* what is no option, in order */
	const char **repeat; /* the values of the verb's option of kind TEXTS, in order */
};

struct sf_verb {
	const char *name, *usage, *help; /* usage: what stands behind the name; help: one line */
	const char *more;		 /* paragraphs behind the options, or "" */
	const struct sf_option *options; /* ends with an entry without a name */
	bool rest;			 /* takes arguments that are no options */
	bool speaks_ss;			 /* letters of ss are answered with their translation */
	int (*run)(const struct sf_arguments *); /* the exit status */
};

extern const struct sf_verb sf_verbs[]; /* ends with an entry without a name */

enum {
	SF_EXIT_OK = 0,
	SF_EXIT_FAILED = 1,
	SF_EXIT_USAGE = 2,
	SF_EXIT_CONFIG = 78
}; /* 78: EX_CONFIG, sysexits.h */

/*
 * 0, or SF_EXIT_USAGE after a sentence on stderr; -1: --help was asked for. sf_arguments_finish
 * either way.
 */
int sf_arguments_read(const struct sf_verb *, int argc, char **argv, struct sf_arguments *);
void sf_arguments_finish(struct sf_arguments *);
size_t sf_option_count(const struct sf_option *);
/* Says what would be right instead of an option that the verb does not have. SF_EXIT_USAGE. */
int sf_option_unknown(const struct sf_verb *, const char *word);

/* `sockfeed: TEXT` on stderr. */
void sf_say(const char *format, ...) SF_PRINTF(1, 2);
