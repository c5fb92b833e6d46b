/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text in quotes: what a backslash means there, and how any text is written so that it stays on one
 * line and reads as itself. Control characters have no other way into a normal form.
 */
#include <ctype.h>
#include <stdlib.h>

#include "filter/stages.h"

static const struct {
	char letter, byte;
} escapes[] = {{'"', '"'}, {'\\', '\\'}, {'n', '\n'}, {'r', '\r'}, {'t', '\t'}};

size_t sf_filter_escape(const char *at, size_t left, char *byte)
{
	if (left < 2 || *at != '\\')
		return 0;
	for (size_t i = 0; i < SF_COUNT(escapes); i++) {
		if (at[1] != escapes[i].letter)
			continue;
		*byte = escapes[i].byte;
		return 2;
	}
	if (left < 4 || at[1] != 'x' || !isxdigit((unsigned char)at[2]) ||
	    !isxdigit((unsigned char)at[3]))
		return 0;
	*byte = (char)strtoul((char[]){at[2], at[3], '\0'}, NULL, 16);
	return *byte ? 4 : 0; /* a NUL byte is none of a text */
}

void sf_filter_quote_byte(struct sf_buf *buf, char byte)
{
	size_t i = 0;

	while (i < SF_COUNT(escapes) && escapes[i].byte != byte)
		i++;
	if (i < SF_COUNT(escapes))
		sf_buf_format(buf, "\\%c", escapes[i].letter);
	else if ((unsigned char)byte < ' ' || byte == 0x7f)
		sf_buf_format(buf, "\\x%02x", (unsigned)byte);
	else
		sf_buf_add(buf, &byte, 1);
}

void sf_filter_quote(struct sf_buf *buf, const char *bytes, size_t length)
{
	sf_buf_text(buf, "\"");
	for (size_t i = 0; i < length; i++)
		sf_filter_quote_byte(buf, bytes[i]);
	sf_buf_text(buf, "\"");
}
