/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A section: a map whose keys stand in tables. What stands in no table is complained about with the
 * nearest key; what is not written gets its default.
 */
#include <string.h>

#include "reader.h"

enum { KEYS_MOST = 128 }; /* of all tables of a section */

const struct sf_node *sf_section_map(struct sf_reader *reader, const struct sf_node *key,
				     const struct sf_node *value)
{
	if (value->wrong || sf_node_is_empty(value))
		return NULL;
	if (value->kind == SF_NODE_MAP)
		return value;
	sf_node_complain(reader->complaints, value,
			 "write `key: value` below it, or { key: value }",
			 "\"%s\" is a section, not a %s", key->text.text,
			 value->kind == SF_NODE_LIST ? "list" : "value");
	return NULL;
}

struct all_keys { /* of all layers, in order */
	size_t count;
	const struct sf_key *key[KEYS_MOST];
	void *memory[KEYS_MOST];
	bool seen[KEYS_MOST];
};

static void gather(const struct sf_layer *layers, size_t count, struct all_keys *all)
{
	all->count = 0;
	for (size_t l = 0; l < count; l++) {
		for (const struct sf_key *key = layers[l].keys; key->name; key++) {
			all->key[all->count] = key;
			all->memory[all->count] = layers[l].memory;
			all->seen[all->count++] = false;
		}
	}
}

static const char *key_at(const void *arg, size_t i)
{
	return ((const struct all_keys *)arg)->key[i]->name;
}

static void complain_unknown(struct sf_reader *reader, const struct all_keys *all,
			     const struct sf_node *name)
{
	sf_cleanup(sf_buf_finish) struct sf_buf hint = {0};
	const char *near = sf_nearest(name->text.text, name->text.length, all->count, key_at, all);

	if (near) {
		sf_buf_format(&hint, "did you mean \"%s\"?", near);
	} else {
		sf_buf_text(&hint, "here may stand: ");
		for (size_t i = 0; i < all->count; i++)
			sf_buf_format(&hint, "%s%s", i ? ", " : "", all->key[i]->name);
	}
	sf_node_complain(reader->complaints, name, hint.data, "unknown key \"%s\"",
			 name->text.text);
}

static void read_pair(struct sf_reader *reader, struct all_keys *all, const char *owner,
		      const struct sf_node *name, const struct sf_node *value)
{
	size_t i = 0;

	while (i < all->count && strcmp(all->key[i]->name, name->text.text))
		i++;
	if (i == all->count) {
		complain_unknown(reader, all, name);
		return;
	}
	all->seen[i] = true;
	sf_value_read(reader, all->key[i], owner, name, value, all->memory[i]);
}

static void complain_missing(struct sf_reader *reader, const struct sf_key *key,
			     const struct sf_node *place)
{
	sf_node_complain(reader->complaints, place,
			 sf_arena_format(reader->arena, "write %s: %s", key->name, key->help),
			 "\"%s\" has no %s", place->text.text, key->name);
}

void sf_section_read(struct sf_reader *reader, const struct sf_layer *layers, size_t count,
		     const char *owner, const struct sf_node *place, const struct sf_node *map,
		     bool fill)
{
	struct all_keys all;

	gather(layers, count, &all);
	/* Defaults first: a value that cannot be read leaves its default, so that all can go on. */
	for (size_t i = 0; fill && i < all.count; i++)
		sf_value_default(reader, all.key[i], all.memory[i]);
	for (size_t i = 0; map && i < map->count; i++)
		if (!map->item[i]->wrong)
			read_pair(reader, &all, owner, map->item[i], map->value[i]);
	for (size_t i = 0; fill && i < all.count; i++)
		if (!all.seen[i] && !all.key[i]->standard)
			complain_missing(reader, all.key[i], place);
}
