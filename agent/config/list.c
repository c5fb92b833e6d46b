/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists of texts, each with its place, and labels: pairs of a name and a text. A single value
 * stands for a list of one.
 */
#include <string.h>

#include "reader.h"

enum {
	ITEMS_MOST = 1000,
	LABEL_NAME_MOST = 64,
	LABELS_MOST = 4096 /* bytes of all: a record that has them must fit in a batch */
};

static const struct sf_text *item_text(struct sf_reader *reader, const struct sf_node *list,
				       const struct sf_node *item, const char *key)
{
	if (item->wrong)
		return NULL;
	if (item->kind == SF_NODE_SCALAR && !item->empty)
		return &item->text;
	sf_node_complain(reader->complaints, item->empty ? list : item, "write [one, two]",
			 item->empty ? "an item of \"%s\" has no value"
				     : "each item of \"%s\" is one value",
			 key);
	return NULL;
}

void sf_list_read(struct sf_reader *reader, const struct sf_pair *pair)
{
	const struct sf_node *value = pair->value;
	size_t count = value->count < ITEMS_MOST ? value->count : ITEMS_MOST;
	const char *hint = "write one value, or [one, two]";
	const struct sf_text *text;
	struct sf_list list = {0};

	if (value->kind != SF_NODE_LIST) {
		text = value->kind == SF_NODE_SCALAR
			       ? sf_value_text(reader, pair->name, value, hint)
			       : NULL;
		if (value->kind == SF_NODE_MAP && !value->wrong)
			sf_node_complain(reader->complaints, value, hint,
					 "\"%s\" is a list, not a map", pair->key->name);
		if (!text)
			return;
		list.items = sf_arena_alloc(reader->arena, sizeof(*list.items));
		list.items[list.count++] = *text;
		*(struct sf_list *)pair->at = list;
		return;
	}
	if (value->wrong)
		return;
	list.items = sf_arena_alloc(reader->arena, count * sizeof(*list.items));
	for (size_t i = 0; i < count; i++) {
		text = item_text(reader, value, value->item[i], pair->key->name);
		if (text)
			list.items[list.count++] = *text;
	}
	if (count < value->count)
		sf_node_complain(reader->complaints, value->item[count], NULL,
				 "more than %d items in \"%s\"", ITEMS_MOST, pair->key->name);
	*(struct sf_list *)pair->at = list;
}

static bool is_label_name(const char *name)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyz_",
			  more[] = "abcdefghijklmnopqrstuvwxyz_0123456789";
	size_t length = strlen(name);

	return length && length <= LABEL_NAME_MOST && strspn(name, letters) &&
	       strspn(name, more) == length;
}

void sf_labels_read(struct sf_reader *reader, const struct sf_pair *pair)
{
	const struct sf_node *map = sf_section_map(reader, pair->name, pair->value);
	struct sf_list list = {0};
	size_t bytes = 0;

	if (!map)
		return;
	list.items = sf_arena_alloc(reader->arena, map->count * sizeof(*list.items));
	list.names = sf_arena_alloc(reader->arena, map->count * sizeof(*list.names));
	for (size_t i = 0; i < map->count && bytes <= LABELS_MOST; i++) {
		const struct sf_node *label = map->item[i];
		const struct sf_text *text;

		if (label->wrong)
			continue;
		if (!is_label_name(label->text.text))
			sf_node_complain(
				reader->complaints, label,
				"a label's name is of a-z, 0-9 and _, begins with no digit, "
				"and has 64 characters at most",
				"\"%s\" is no name of a label", label->text.text);
		text = sf_value_text(reader, label, map->value[i],
				     "write a text, or \"\" for an empty one");
		if (!text)
			continue;
		bytes += label->text.length + text->length;
		list.names[list.count] = label->text.text;
		list.items[list.count++] = *text;
		if (bytes > LABELS_MOST)
			sf_node_complain(reader->complaints, label,
					 "every record has them: let them be few and short",
					 "\"%s\" has more than %d KiB", pair->key->name,
					 LABELS_MOST >> 10);
	}
	*(struct sf_list *)pair->at = list;
}
