/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `src` and `dst` of unix sockets: a pattern of names, as ss has it: *, ? and [a-z], letters of
 * either case, and @ for each NUL of an abstract name. A socket does not say the name of its other
 * end: `dst` compares with an empty one, as ss does.
 */
#include <fnmatch.h>

#include "filter/stages.h"

enum { NAME_MOST = 256 };

/* Its name as ss shows it: NUL bytes are @. */
static void show_name(const struct sf_view *view, char name[NAME_MOST])
{
	unsigned part = view->length[SF_PART_UNIX_PATH] ? SF_PART_UNIX_PATH : SF_PART_UNIX_ABSTRACT;
	size_t length = view->length[part] < NAME_MOST ? view->length[part] : NAME_MOST - 1;

	for (size_t i = 0; i < length; i++)
		name[i] = (char)(view->part[part][i] ?: '@');
	name[length] = '\0';
}

static bool holds_name(const struct test *test, const struct sf_view *view)
{
	char name[NAME_MOST] = "";

	if (view->table != SF_TABLE_UNIX)
		return false;
	if (!test->offset)
		show_name(view, name);
	return !fnmatch(test->text.bytes, name, FNM_CASEFOLD) != test->negate;
}

void sf_read_name(struct reading *r, struct node *node, const char *text)
{
	(void)r;
	node->test.holds = holds_name;
	node->test.field = &sf_fields[SF_FIELD_UNIX_PATH];
	node->test.text.bytes = text;
	node->test.offset = node->predicate->peer;
}
