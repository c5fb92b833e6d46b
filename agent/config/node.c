/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What can be said of a node: complaints at its place, keys that stand twice, the value of a key.
 */
#include <stdlib.h>
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

static int by_text(const void *left, const void *right)
{
	const struct sf_node *a = *(struct sf_node *const *)left;
	const struct sf_node *b = *(struct sf_node *const *)right;

	return strcmp(a->text.text, b->text.text)
		       ?: (a->offset > b->offset) - (a->offset < b->offset);
}

void sf_node_complain_twins(struct sf_complaints *complaints, const struct sf_node *map)
{
	sf_cleanup(sf_free_p) struct sf_node **keys = sf_alloc(map->count * sizeof(*keys));

	for (size_t i = 0; i < map->count; i++)
		keys[i] = map->item[i];
	qsort(keys, map->count, sizeof(*keys), by_text);
	for (size_t i = 1; i < map->count; i++) {
		if (keys[i]->wrong || strcmp(keys[i]->text.text, keys[i - 1]->text.text))
			continue;
		sf_node_complain(complaints, keys[i], "remove one of them",
				 "\"%s\" stands already in line %u", keys[i]->text.text,
				 keys[i - 1]->text.line);
		keys[i]->wrong = true;
	}
}

const struct sf_node *sf_node_get(const struct sf_node *map, const char *key)
{
	for (size_t i = 0; map && map->kind == SF_NODE_MAP && i < map->count; i++)
		if (!map->item[i]->wrong && !strcmp(map->item[i]->text.text, key))
			return map->value[i];
	return NULL;
}
