/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A list of words as users write it under `fields:` becomes a set of fields: `all`, groups, names,
 * globs, and removals.
 */
#include <fnmatch.h>
#include <stdlib.h>

#include "socket/load.h"

/* Does a word without its minus name this field: by its name, its group, a glob, or `all`? */
static bool names(const char *word, const struct sf_field *field)
{
	size_t length = strlen(word);

	if (!strcmp(word, "all") || !strcmp(word, field->name))
		return true;
	if (!strncmp(word, field->name, length) && field->name[length] == '.')
		return true;
	return strpbrk(word, "*?[") && !fnmatch(word, field->name, FNM_NOESCAPE);
}

/* Names of fields, then of groups: what a misspelt word is compared with. */
static const char *candidate(const void *arg, size_t i)
{
	const char *const *groups = arg;

	return i < SF_FIELD_COUNT ? sf_fields[i].name : groups[i - SF_FIELD_COUNT];
}

static void unknown(const struct sf_text *word, const char *name, struct sf_complaints *complaints)
{
	const char *groups[SF_FIELD_COUNT + 1] = {"all"};
	sf_cleanup(sf_buf_finish) struct sf_buf hint = {0};
	size_t count = 1;
	const char *near;

	for (int id = 0; id < SF_FIELD_COUNT; id++) {
		const char *dot = strchr(sf_fields[id].name, '.');
		size_t length = dot ? (size_t)(dot - sf_fields[id].name) : 0;

		if (dot && (count == 1 || strlen(groups[count - 1]) != length ||
			    memcmp(groups[count - 1], sf_fields[id].name, length)))
			groups[count++] = strndup(sf_fields[id].name, length);
	}
	near = sf_nearest(name, strlen(name), SF_FIELD_COUNT + count, candidate, groups)
		       ?: sf_field_near(name, strlen(name));
	if (near)
		sf_buf_format(&hint, "did you mean \"%s\"?", near);
	else
		sf_buf_text(&hint, "`sockfeed fields` lists them; a group (tcp) and a glob "
				   "(tcp.last_*) may stand here too");
	sf_complain(complaints, word, (size_t)(name - word->text), strlen(name), hint.data,
		    "no field is named \"%s\"", name);
	while (count-- > 1)
		free((char *)groups[count]);
}

int sf_fields_select(const struct sf_text *words, size_t count, struct sf_fieldset *ret,
		     struct sf_complaints *complaints)
{
	struct sf_fieldset set = {0};
	bool only_removals = true, wrong = false, any = false;

	for (size_t i = 0; i < count; i++)
		only_removals = only_removals && words[i].text[0] == '-';
	for (unsigned id = 0; only_removals && id < SF_FIELD_COUNT; id++)
		sf_fieldset_add(&set, id);

	for (size_t i = 0; i < count; i++) {
		bool remove = words[i].text[0] == '-', found = false;
		const char *word = words[i].text + remove;

		for (unsigned id = 0; id < SF_FIELD_COUNT; id++) {
			if (!names(word, &sf_fields[id]))
				continue;
			found = true;
			sf_fieldset_add(&set, id);
			if (remove)
				set.bits[id / 64] &= ~(1ull << (id % 64));
		}
		if (!found)
			unknown(&words[i], word, complaints);
		wrong = wrong || !found;
	}
	for (size_t i = 0; i < SF_COUNT(set.bits); i++)
		any = any || set.bits[i];
	if (!wrong && !any) {
		sf_complain(complaints, &words[count - 1], 0, words[count - 1].length,
			    "name at least one field, or leave `fields` out for all",
			    "no field is left");
		wrong = true;
	}
	if (wrong)
		return -EINVAL;
	*ret = set;
	return 0;
}
