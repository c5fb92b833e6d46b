/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Names: queries, topics and boot ids, each kept once as long as the spool lives. There are a
 * few of them, those of a configuration.
 */
#include <stdlib.h>
#include <string.h>

#include "spool_state.h"

const char *sf_names_keep(struct sf_names *names, const char *text)
{
	if (!*text)
		return "";
	for (size_t i = 0; i < names->count; i++) {
		if (!strcmp(names->text[i], text))
			return names->text[i];
	}
	if (names->count == names->capacity) {
		names->capacity = names->capacity ? names->capacity * 2 : 16;
		names->text = sf_realloc(names->text, names->capacity * sizeof(*names->text));
	}
	return names->text[names->count++] = sf_strdup(text);
}

void sf_names_finish(struct sf_names *names)
{
	for (size_t i = 0; i < names->count; i++)
		free(names->text[i]);
	free(names->text);
	*names = (struct sf_names){0};
}

void sf_runs_set(struct sf_runs *runs, const char *query, const char *boot_id, uint64_t run)
{
	for (size_t i = 0; i < runs->count; i++) {
		if (runs->run[i].query == query) {
			runs->run[i].boot_id = boot_id;
			runs->run[i].run = run;
			return;
		}
	}
	if (runs->count == runs->capacity) {
		runs->capacity = runs->capacity ? runs->capacity * 2 : 16;
		runs->run = sf_realloc(runs->run, runs->capacity * sizeof(*runs->run));
	}
	runs->run[runs->count++] = (struct sf_spool_run){query, boot_id, run};
}
