/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The entries of `queries` and `outputs`: of all files, in their order, each name once.
 */
#include <string.h>

#include "reader.h"

enum { NAME_MOST = 64 };

static bool is_name(const struct sf_text *text)
{
	return text->length && text->length <= NAME_MOST &&
	       strspn(text->text, "abcdefghijklmnopqrstuvwxyz0123456789_-") == text->length;
}

static void add(struct sf_reader *reader, const struct sf_node *name, const struct sf_node *value,
		struct sf_named *named)
{
	if (name->wrong)
		return;
	if (!is_name(&name->text)) {
		sf_node_complain(reader->complaints, name,
				 "a name is of a-z, 0-9, _ and -, and has 64 characters at most",
				 "\"%s\" is no name", name->text.text);
		return;
	}
	for (size_t i = 0; i < named->count; i++) {
		const struct sf_node *other = named->name[i];

		if (strcmp(other->text.text, name->text.text))
			continue;
		sf_node_complain(reader->complaints, name, "give one of them another name",
				 "\"%s\" is defined already in %s:%u", name->text.text,
				 other->file->name, other->text.line);
		return;
	}
	named->name[named->count] = name;
	named->value[named->count++] = value;
}

void sf_named_read(struct sf_reader *reader, const struct sf_documents *documents,
		   const char *section, struct sf_named *named)
{
	const struct sf_node **maps =
		sf_arena_alloc(reader->arena, documents->count * sizeof(*maps) + 1);
	size_t room = 0;

	for (size_t d = 0; d < documents->count; d++) {
		const struct sf_node *root = documents->root[d];

		for (size_t i = 0; i < root->count; i++)
			if (!root->item[i]->wrong && !strcmp(root->item[i]->text.text, section))
				maps[d] = sf_section_map(reader, root->item[i], root->value[i]);
		room += maps[d] ? maps[d]->count : 0;
	}
	named->count = 0;
	named->name = sf_arena_alloc(reader->arena, room * sizeof(*named->name) + 1);
	named->value = sf_arena_alloc(reader->arena, room * sizeof(*named->value) + 1);
	for (size_t d = 0; d < documents->count; d++)
		for (size_t i = 0; maps[d] && i < maps[d]->count; i++)
			add(reader, maps[d]->item[i], maps[d]->value[i], named);
}
