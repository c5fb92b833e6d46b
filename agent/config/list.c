/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lists of texts, each with its place, and pairs of a name and a text, such as labels. A single
 * value stands for a list of one.
 */
#include <string.h>

#include "reader.h"

enum {
	ITEMS_MOST = 1000,
	LABEL_NAME_MOST = 64,
	PAIR_NAME_MOST = 255,
	PAIRS_MOST = 4096 /* bytes of all: a record that has them must fit in a batch */
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

static bool is_pair_name(const char *name)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789._-";
	size_t length = strlen(name);

	return length && length <= PAIR_NAME_MOST && strspn(name, letters) == length;
}

static void check_name(struct sf_reader *reader, const struct sf_pair *pair,
		       const struct sf_node *name)
{
	const char *text = name->text.text;

	if (pair->key->kind == SF_KIND_PAIRS && !is_pair_name(text))
		sf_node_complain(reader->complaints, name,
				 "a name is of letters, digits, ., _ and -, and has 255 characters "
				 "at most",
				 "\"%s\" is no name in \"%s\"", text, pair->key->name);
	else if (pair->key->kind == SF_KIND_LABELS && !is_label_name(text))
		sf_node_complain(reader->complaints, name,
				 "a label's name is of a-z, 0-9 and _, begins with no digit, "
				 "and has 64 characters at most",
				 "\"%s\" is no name of a label", text);
}

void sf_pairs_read(struct sf_reader *reader, const struct sf_pair *pair)
{
	const struct sf_node *map = sf_section_map(reader, pair->name, pair->value);
	struct sf_list list = {0};
	size_t bytes = 0;

	if (!map)
		return;
	list.items = sf_arena_alloc(reader->arena, map->count * sizeof(*list.items));
	list.names = sf_arena_alloc(reader->arena, map->count * sizeof(*list.names));
	list.places = sf_arena_alloc(reader->arena, map->count * sizeof(*list.places));
	for (size_t i = 0; i < map->count && bytes <= PAIRS_MOST; i++) {
		const struct sf_node *name = map->item[i];
		const struct sf_text *text;

		if (name->wrong)
			continue;
		check_name(reader, pair, name);
		if (pair->key->kind == SF_KIND_PAIRS && !is_pair_name(name->text.text))
			continue;
		text = sf_value_text(reader, name, map->value[i],
				     "write a text, or \"\" for an empty one");
		if (!text)
			continue;
		bytes += name->text.length + text->length;
		list.names[list.count] = name->text.text;
		list.places[list.count] = name->text;
		list.items[list.count++] = *text;
		if (bytes > PAIRS_MOST)
			sf_node_complain(reader->complaints, name, "let them be few and short",
					 "\"%s\" has more than %d KiB", pair->key->name,
					 PAIRS_MOST >> 10);
	}
	*(struct sf_list *)pair->at = list;
}
