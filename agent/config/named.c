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

static const struct sf_node *find(const struct sf_named *named, const char *name)
{
	for (size_t i = 0; i < named->count; i++)
		if (!strcmp(named->name[i]->text.text, name))
			return named->name[i];
	return NULL;
}

/* An entry with a bad name is read as well: what is wrong in it is to be said in the same run. */
static void add(struct sf_reader *reader, const struct sf_node *name, const struct sf_node *value,
		struct sf_named *named)
{
	const struct sf_node *other = find(named, name->text.text);

	if (!is_name(&name->text))
		sf_node_complain(reader->complaints, name,
				 "a name is of a-z, 0-9, _ and -, and has 64 characters at most",
				 "\"%s\" is no name", name->text.text);
	if (other) {
		sf_node_complain(reader->complaints, name, "give one of them another name",
				 "\"%s\" is defined already in %s:%u", name->text.text,
				 other->file->name, other->text.line);
		named->twins++;
	}
	named->name[named->count] = name;
	named->value[named->count++] = value;
}

void sf_named_read(struct sf_reader *reader, const struct sf_documents *documents,
		   const char *section, size_t most, struct sf_named *named)
{
	*named = (struct sf_named){
		.name = sf_arena_alloc(reader->arena, most * sizeof(*named->name)),
		.value = sf_arena_alloc(reader->arena, most * sizeof(*named->value))};
	for (size_t d = 0; d < documents->count; d++) {
		const struct sf_node *root = documents->root[d];
		const struct sf_node *map = NULL;

		for (size_t i = 0; i < root->count; i++) {
			if (root->item[i]->wrong || strcmp(root->item[i]->text.text, section))
				continue;
			map = sf_section_map(reader, root->item[i], root->value[i]);
			reader->incomplete |= !map && !root->value[i]->empty;
		}
		for (size_t i = 0; map && i < map->count; i++) {
			reader->incomplete |= map->item[i]->wrong;
			if (map->item[i]->wrong)
				continue;
			if (named->count == most) {
				sf_node_complain(reader->complaints, map->item[i], NULL,
						 "more than %zu %s", most, section);
				reader->incomplete = true;
				return;
			}
			add(reader, map->item[i], map->value[i], named);
		}
	}
}
