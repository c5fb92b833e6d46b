/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists of texts, each with its place, and labels: pairs of a name and a text. A single value stands
 * for a list of one.
 */
#include <string.h>

#include "reader.h"

enum { LABEL_NAME_MOST = 64 };

void sf_list_read(struct sf_reader *reader, const struct sf_key *key, const char *owner,
		  const struct sf_node *name, const struct sf_node *value, void *at)
{
	bool one = value->kind == SF_NODE_SCALAR;
	size_t count = one ? 1 : value->count;
	struct sf_list list = {0};

	(void)owner;
	if (value->kind == SF_NODE_MAP) {
		sf_node_complain(reader->complaints, value, "write [one, two]",
				 "\"%s\" is a list, not a map", key->name);
		return;
	}
	list.items = sf_arena_alloc(reader->arena, count * sizeof(*list.items) + 1);
	for (size_t i = 0; i < count; i++) {
		const struct sf_node *item = one ? value : value->item[i];
		const struct sf_text *text =
			sf_value_text(reader, one ? name : item, item, "write [one, two]");

		if (text)
			list.items[list.count++] = *text;
	}
	*(struct sf_list *)at = list;
}

static bool is_label_name(const char *name)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz_",
			  more[] = "abcdefghijklmnopqrstuvwxyz_0123456789";
	size_t length = strlen(name);

	return length && length <= LABEL_NAME_MOST && strspn(name, letters) &&
	       strspn(name, more) == length;
}

void sf_labels_read(struct sf_reader *reader, const struct sf_key *key, const char *owner,
		    const struct sf_node *name, const struct sf_node *value, void *at)
{
	const struct sf_node *map = sf_section_map(reader, name, value);
	struct sf_list list = {0};

	(void)key;
	(void)owner;
	if (!map)
		return;
	list.items = sf_arena_alloc(reader->arena, map->count * sizeof(*list.items) + 1);
	list.names = sf_arena_alloc(reader->arena, map->count * sizeof(*list.names) + 1);
	for (size_t i = 0; i < map->count; i++) {
		const struct sf_node *label = map->item[i];
		const struct sf_text *text;

		if (label->wrong)
			continue;
		if (!is_label_name(label->text.text)) {
			sf_node_complain(
				reader->complaints, label,
				"a label's name is of a-z, 0-9 and _, begins with no digit, "
				"and has 64 characters at most",
				"\"%s\" is no name of a label", label->text.text);
			continue;
		}
		text = sf_value_text(reader, label, map->value[i], "write a text");
		if (!text)
			continue;
		list.names[list.count] = label->text.text;
		list.items[list.count++] = *text;
	}
	*(struct sf_list *)at = list;
}
