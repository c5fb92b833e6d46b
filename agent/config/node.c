/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A node in words: complaints at its place, and whether anything was written at all.
 */
#include <string.h>

#include "node.h"

void sf_node_complain(struct sf_complaints *complaints, const struct sf_node *node,
		      const char *hint, const char *format, ...)
{
	sf_cleanup(sf_buf_finish) struct sf_buf message = {0};
	va_list args;

	va_start(args, format);
	sf_buf_vformat(&message, format, args);
	va_end(args);
	sf_complain(complaints, node->file, node->offset, node->length, hint, "%s", message.data);
}

bool sf_node_is_empty(const struct sf_node *node)
{
	const char *text = node->text.text;

	return node->kind == SF_NODE_SCALAR && node->plain &&
	       (!*text || !strcmp(text, "~") || !strcmp(text, "null"));
}
