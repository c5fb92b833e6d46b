/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `outputs`: each has keys that all have, and those of its type, which come from who makes it.
 */
#include <string.h>

#include "reader.h"

enum { OUTPUTS_MOST = 100, TYPES_MOST = 16 };

static const char *const when_full_words[] = {"drop_oldest", "drop_newest", "block", NULL};

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

struct typed {
	int type; /* index into the types; -1: not known */
};

/* `type` alone: the tables of the other keys depend on it. */
static void read_type(struct sf_reader *reader, const struct sf_node *name,
		      const struct sf_node *map, const struct sf_key *type_keys,
		      struct typed *typed)
{
	typed->type = -1;
	for (size_t i = 0; map && i < map->count; i++) {
		if (strcmp(map->item[i]->text.text, "type"))
			continue;
		sf_value_read(reader, &type_keys[0], "", map->item[i], map->value[i], typed);
		return;
	}
	sf_node_complain(reader->complaints, name, type_keys[0].help, "output \"%s\" has no type",
			 name->text.text);
}

static void read_output(struct sf_reader *reader, const struct sf_node *name,
			const struct sf_node *value, struct sf_output_conf *output)
{
	const char *words[TYPES_MOST] = {NULL};
	const struct sf_key type_keys[] = {{.name = "type",
					    .kind = SF_KIND_CHOICE,
					    .standard = "",
					    .choices = words,
					    .help = "write type: stdout, or type: file"},
					   {0}};
	const struct sf_node *map = sf_section_map(reader, name, value);
	struct typed typed;
	struct sf_layer layers[] = {{type_keys, &typed}, {sf_output_keys, output}, {0}};

	for (size_t i = 0; reader->types[i].name && i + 1 < TYPES_MOST; i++)
		words[i] = reader->types[i].name;
	output->name = name->text.text;
	output->place = name->text;
	read_type(reader, name, map, type_keys, &typed);
	sf_value_default(reader, &layers[1].keys[0], output);
	if (typed.type < 0)
		return;
	output->type = &reader->types[typed.type];
	output->own = sf_arena_alloc(reader->arena, output->type->size + 1);
	layers[2] = (struct sf_layer){output->type->keys, output->own};
	sf_section_read(reader, layers, SF_COUNT(layers), output->name, name, map, true);
}

static const struct sf_node *find_when_full(const struct sf_node *output)
{
	for (size_t i = 0; output->kind == SF_NODE_MAP && i < output->count; i++) {
		const struct sf_node *queue = output->value[i];

		if (strcmp(output->item[i]->text.text, "queue") || queue->kind != SF_NODE_MAP)
			continue;
		for (size_t k = 0; k < queue->count; k++)
			if (!strcmp(queue->item[k]->text.text, "when_full"))
				return queue->value[k];
	}
	return output;
}

/* One output that blocks stops every query, so no other may have to wait for it. */
static void settle_when_full(struct sf_reader *reader, struct sf_output_conf *output,
			     const struct sf_node *value)
{
	bool only = reader->config->outputs == 1;

	if (output->when_full < 0)
		output->when_full =
			only && output->type && output->type->blocks ? SF_BLOCK : SF_DROP_OLDEST;
	else if (output->when_full == SF_BLOCK && !only)
		sf_node_complain(reader->complaints, find_when_full(value),
				 "write drop_oldest or drop_newest",
				 "only the only output of a configuration may block");
}

void sf_outputs_read(struct sf_reader *reader, const struct sf_named *named)
{
	struct sf_config *config = reader->config;
	size_t count = named->count < OUTPUTS_MOST ? named->count : OUTPUTS_MOST;

	config->output = sf_arena_alloc(reader->arena, count * sizeof(*config->output) + 1);
	config->outputs = count;
	for (size_t i = 0; i < count; i++) {
		read_output(reader, named->name[i], named->value[i], &config->output[i]);
		settle_when_full(reader, &config->output[i], named->value[i]);
	}
	if (count < named->count)
		sf_node_complain(reader->complaints, named->name[count], NULL,
				 "more than %d outputs", OUTPUTS_MOST);
}
