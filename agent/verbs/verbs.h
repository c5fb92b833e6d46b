/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What each verb does and takes; the table that joins them is in main.c. Each returns the exit
 * status.
 */
#pragma once

#include "options.h"

extern const struct sf_option sf_run_options[], sf_check_options[], sf_query_options[],
	sf_explain_options[], sf_capture_options[], sf_fields_options[], sf_spool_options[],
	sf_help_options[];

int sf_verb_run(const struct sf_arguments *);
int sf_verb_check(const struct sf_arguments *);
int sf_verb_query(const struct sf_arguments *);
int sf_verb_explain(const struct sf_arguments *);
int sf_verb_capture(const struct sf_arguments *);
int sf_verb_fields(const struct sf_arguments *);
int sf_verb_spool(const struct sf_arguments *);
int sf_verb_help(const struct sf_arguments *);

/* The help of the program (verb NULL) or of one verb. */
void sf_help_print(const struct sf_verb *verb, FILE *file);

/*
 * A comma- or blank-separated list of a command line as texts with their places; `name` (--fields)
 * says where it stood. All in `arena`.
 */
struct sf_list sf_split(struct sf_arena *arena, const char *name, const char *list);
