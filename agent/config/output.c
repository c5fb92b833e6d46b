/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `outputs`: each has keys that all have, and those of its type, which come from who makes it.
 */
#include <string.h>

#include "reader.h"

enum { TYPES_MOST = 16 };

static const char *const when_full_words[] = {[SF_DROP_OLDEST] = "drop_oldest",
					      [SF_DROP_NEWEST] = "drop_newest",
					      [SF_BLOCK] = "block",
					      NULL};

#define AT(member) offsetof(struct sf_output_conf, member)
static const struct sf_key queue_keys[] = {
	{.name = "max_size",
	 .kind = SF_KIND_SIZE,
	 .offset = AT(queue_size),
	 .standard = "16MiB",
	 .least = 1 << 10,
	 .most = 1ull << 40,
	 .help = "of what waits in memory"},
	{.name = "when_full",
	 .kind = SF_KIND_CHOICE,
	 .offset = AT(when_full),
	 .standard = "",
	 .choices = when_full_words,
	 .help = "for an output without progress; block: for a configuration's only output alone"},
	{0},
};

const struct sf_key sf_output_keys[] = {
	{.name = "queue",
	 .kind = SF_KIND_SECTION,
	 .standard = "",
	 .section = queue_keys,
	 .help = "what waits for the output"},
	{0},
};

/* `type` comes first: the tables of the other keys depend on it. The kinds of outputs are words. */
static void make_type_key(struct sf_reader *reader, struct sf_key key[2], const char **words)
{
	sf_cleanup(sf_buf_finish) struct sf_buf help = {0};

	for (size_t i = 0; reader->types[i].name && i + 1 < TYPES_MOST; i++) {
		words[i] = reader->types[i].name;
		sf_buf_format(&help, "%s%s", i ? ", or type: " : "", words[i]);
	}
	key[0] = (struct sf_key){.name = "type",
				 .kind = SF_KIND_CHOICE,
				 .choices = words,
				 .help = sf_arena_copy(reader->arena, help.data, help.length)};
	key[1] = (struct sf_key){0};
}

static const char *only_type(const void *arg, size_t i)
{
	(void)i;
	return arg;
}

/* The index of the type, -1 after a complaint. */
static int read_type(struct sf_reader *reader, const struct sf_node *name,
		     const struct sf_node *map, const struct sf_key *key)
{
	int type = -1;

	for (size_t i = 0; i < map->count; i++) {
		const char *word = map->item[i]->text.text;

		if (!strcmp(word, key->name)) {
			sf_value_read(reader, key, "", map->item[i], map->value[i], &type);
			return type;
		}
	}
	for (size_t i = 0; i < map->count; i++) {
		const struct sf_text *word = &map->item[i]->text;

		if (!sf_nearest(word->text, word->length, 1, only_type, key->name))
			continue;
		sf_section_unknown(reader, map->item[i], 1, only_type, key->name);
		return type;
	}
	sf_node_complain(reader->complaints, name,
			 sf_arena_format(reader->arena, "write type: %s", key->help),
			 "output \"%s\" has no type", name->text.text);
	return type;
}

/* ---- what its settings say together ---- */

struct places { /* of one output */
	struct sf_places face;
	const struct sf_node *name, *map;
};

static const struct sf_text *place_of(const struct sf_places *face, const char *section,
				      const char *key)
{
	const struct places *places = (const struct places *)face;
	const struct sf_node *map = section ? sf_node_get(places->map, section) : places->map;

	if (!key)
		return &places->name->text;
	for (size_t i = 0; map && map->kind == SF_NODE_MAP && i < map->count; i++) {
		if (map->item[i]->wrong || strcmp(map->item[i]->text.text, key))
			continue;
		return map->value[i]->kind == SF_NODE_SCALAR && !map->value[i]->empty
			       ? &map->value[i]->text
			       : &map->item[i]->text;
	}
	return NULL;
}

static void read_output(struct sf_reader *reader, const struct sf_node *name,
			const struct sf_node *value, struct sf_output_conf *output)
{
	const char *words[TYPES_MOST] = {NULL};
	const struct sf_node *map = sf_section_map(reader, name, value);
	const struct sf_node nothing = {.kind = SF_NODE_MAP};
	const struct places places = {
		{place_of, sf_complaints_errors(reader->complaints)}, name, map};
	struct sf_key type_key[2];
	struct sf_layer layers[3] = {{.keys = type_key},
				     {.keys = sf_output_keys, .memory = output}};
	int type = -1;

	output->name = name->text.text;
	output->place = name->text;
	sf_section_default(reader, &layers[1]);
	make_type_key(reader, type_key, words);
	if (map || value->empty)
		type = read_type(reader, name, map ?: &nothing, type_key);
	if (type < 0)
		return;
	output->type = &reader->types[type];
	output->own = sf_arena_alloc(reader->arena, output->type->size);
	layers[0].memory = &type; /* the same once more, now among the others */
	layers[2] = (struct sf_layer){.keys = output->type->keys, .memory = output->own};
	sf_section_default(reader, &layers[2]);
	sf_section_read(reader, layers, SF_COUNT(layers), output->name, map);
	sf_section_require(reader, &layers[2], name);
	if (output->type->settle)
		output->type->settle(output->own, &places.face, reader->complaints);
}

/* One output that blocks stops every query, so no other may have to wait for it. */
static void settle_when_full(struct sf_reader *reader, struct sf_output_conf *output,
			     const struct sf_node *value, bool only)
{
	const struct sf_node *where = sf_node_get(sf_node_get(value, "queue"), "when_full");

	if (output->when_full < 0)
		output->when_full =
			only && output->type && output->type->blocks ? SF_BLOCK : SF_DROP_OLDEST;
	else if (output->when_full == SF_BLOCK && !only)
		sf_node_complain(reader->complaints, where, "write drop_oldest or drop_newest",
				 "an output may block only where it is the only one");
}

void sf_outputs_read(struct sf_reader *reader, const struct sf_named *named)
{
	struct sf_config *config = reader->config;
	bool only = named->count - named->twins == 1;

	config->output = sf_arena_alloc(reader->arena, named->count * sizeof(*config->output));
	config->outputs = named->count;
	for (size_t i = 0; i < named->count; i++) {
		read_output(reader, named->name[i], named->value[i], &config->output[i]);
		settle_when_full(reader, &config->output[i], named->value[i], only);
	}
}
