/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The known name that a user most likely meant: edit distance where a swap of neighbours is one
 * edit (optimal string alignment), letters of either case alike.
 */
#include <ctype.h>
#include <string.h>

#include <sockfeed/base.h>

enum { LONGEST = 64 }; /* bytes of a name; more is no slip of the finger */

static bool same(char a, char b)
{
	return tolower((unsigned char)a) == tolower((unsigned char)b);
}

static unsigned least(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

static unsigned distance(const char *a, size_t a_length, const char *b, size_t b_length)
{
	unsigned rows[3][LONGEST + 1];
	unsigned *before = rows[0], *above = rows[1], *row = rows[2];

	for (size_t j = 0; j <= b_length; j++)
		above[j] = (unsigned)j;
	for (size_t i = 1; i <= a_length; i++) {
		unsigned *next = before;

		row[0] = (unsigned)i;
		for (size_t j = 1; j <= b_length; j++) {
			row[j] = above[j - 1] + !same(a[i - 1], b[j - 1]);
			row[j] = least(row[j], least(above[j], row[j - 1]) + 1);
			if (i > 1 && j > 1 && same(a[i - 1], b[j - 2]) && same(a[i - 2], b[j - 1]))
				row[j] = least(row[j], before[j - 2] + 1);
		}
		before = above;
		above = row;
		row = next;
	}
	return above[b_length];
}

/* Of two lengths: at least so many edits. */
static size_t apart(size_t a, size_t b)
{
	return a > b ? a - b : b - a;
}

const char *sf_nearest(const char *name, size_t length, size_t count,
		       const char *(*get)(const void *arg, size_t i), const void *arg)
{
	unsigned nearest = length / 3 ? (unsigned)length / 3 : 1;
	const char *found = NULL;

	if (length > LONGEST)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		const char *known = get(arg, i);
		size_t known_length = known ? strlen(known) : 0;
		unsigned edits;

		if (!known_length || known_length > LONGEST ||
		    apart(length, known_length) > nearest)
			continue;
		edits = distance(name, length, known, known_length);
		/* A name of which nothing is left was not meant. */
		if (edits < length && edits < nearest + !found) {
			nearest = edits;
			found = known;
		}
	}
	return found;
}
