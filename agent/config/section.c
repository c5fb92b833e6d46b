/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A section: a map whose keys stand in tables. What stands in no table is complained about with the
 * nearest key; what is not written has its default.
 */
#include <string.h>

#include "reader.h"

enum { KEYS_MOST = 128 }; /* of all tables of a section */

const struct sf_node *sf_section_map(struct sf_reader *reader, const struct sf_node *key,
				     const struct sf_node *value)
{
	if (value->wrong || value->empty)
		return NULL;
	if (value->kind == SF_NODE_MAP)
		return value;
	sf_node_complain(reader->complaints, value,
			 "write `key: value` below it, or { key: value }",
			 "\"%s\" is a section, not a %s", key->text.text,
			 value->kind == SF_NODE_LIST ? "list" : "value");
	return NULL;
}

const char *sf_section_unknown(struct sf_reader *reader, const struct sf_node *name, size_t count,
			       const char *(*get)(const void *arg, size_t i), const void *arg)
{
	sf_cleanup(sf_buf_finish) struct sf_buf hint = {0};
	const char *near = sf_nearest(name->text.text, name->text.length, count, get, arg);

	if (near) {
		sf_buf_format(&hint, "did you mean \"%s\"?", near);
	} else {
		sf_buf_text(&hint, "here may stand: ");
		for (size_t i = 0; i < count; i++)
			sf_buf_format(&hint, "%s%s", i ? ", " : "", get(arg, i));
	}
	sf_node_complain(reader->complaints, name, hint.data, "unknown key \"%s\"",
			 name->text.text);
	return near;
}

struct all_keys { /* of all layers, in order */
	size_t count;
	struct place {
		struct sf_layer *layer;
		size_t index;
	} place[KEYS_MOST];
};

static const struct sf_key *key_of(const struct place *place)
{
	return &place->layer->keys[place->index];
}

static void gather(struct sf_layer *layers, size_t count, struct all_keys *all)
{
	all->count = 0;
	for (size_t l = 0; l < count; l++)
		for (size_t i = 0; layers[l].keys[i].name && all->count < KEYS_MOST; i++)
			all->place[all->count++] = (struct place){&layers[l], i};
}

static const char *key_at(const void *arg, size_t i)
{
	return key_of(&((const struct all_keys *)arg)->place[i])->name;
}

static struct place *find(struct all_keys *all, const char *name)
{
	for (size_t i = 0; i < all->count; i++)
		if (!strcmp(key_at(all, i), name))
			return &all->place[i];
	return NULL;
}

void sf_section_read(struct sf_reader *reader, struct sf_layer *layers, size_t count,
		     const char *owner, const struct sf_node *map)
{
	struct all_keys all;

	gather(layers, count, &all);
	for (size_t i = 0; map && i < map->count; i++) {
		const struct sf_node *name = map->item[i];
		struct place *place = find(&all, name->text.text);
		bool known = place;
		const char *near;

		if (!known && !name->wrong) {
			near = sf_section_unknown(reader, name, all.count, key_at, &all);
			place = near ? find(&all, near) : NULL;
		}
		if (!place)
			continue;
		place->layer->seen |= 1ull << place->index;
		if (known && !name->wrong)
			sf_value_read(reader, key_of(place), owner, name, map->value[i],
				      place->layer->memory);
	}
}

void sf_section_default(struct sf_reader *reader, const struct sf_layer *layer)
{
	for (const struct sf_key *key = layer->keys; key->name; key++)
		sf_value_default(reader, key, layer->memory);
}

void sf_section_require(struct sf_reader *reader, const struct sf_layer *layer,
			const struct sf_node *place)
{
	for (size_t i = 0; layer->keys[i].name; i++) {
		const struct sf_key *key = &layer->keys[i];

		if (!key->standard && !(layer->seen >> i & 1))
			sf_node_complain(reader->complaints, place,
					 sf_arena_format(reader->arena, "write %s: %s", key->name,
							 key->help),
					 "\"%s\" has no %s", place->text.text, key->name);
	}
}

bool sf_layer_saw(const struct sf_layer *layer, size_t offset)
{
	for (size_t i = 0; layer->keys[i].name; i++)
		if (layer->keys[i].offset == offset)
			return layer->seen >> i & 1;
	return false;
}
