/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One value into one place of a struct, a reader a kind of key. A value that cannot be read is
 * complained about, with what would be right, and leaves what was there.
 */
#include <string.h>

#include "reader.h"

const struct sf_text *sf_value_text(struct sf_reader *reader, const struct sf_node *name,
				    const struct sf_node *value, const char *hint)
{
	const char *key = name->text.text;

	if (value->wrong)
		return NULL;
	if (value->kind != SF_NODE_SCALAR)
		sf_node_complain(reader->complaints, value, hint, "\"%s\" is one value, not a %s",
				 key, value->kind == SF_NODE_LIST ? "list" : "map");
	else if (value->empty)
		sf_node_complain(reader->complaints, name, hint, "\"%s\" has no value", key);
	else
		return &value->text;
	return NULL;
}

static void read_text(struct sf_reader *reader, const struct sf_pair *pair)
{
	const struct sf_key *key = pair->key;
	const char *hint = key->standard ? "write a text, or \"\" for an empty one" : key->help;
	const struct sf_text *text = sf_value_text(reader, pair->name, pair->value, hint);

	if (!text)
		return;
	if (!text->length && !key->standard)
		sf_node_complain(reader->complaints, pair->value, hint, "\"%s\" is empty",
				 key->name);
	else if (key->most && text->length > key->most)
		sf_node_complain(reader->complaints, pair->value,
				 sf_arena_format(reader->arena, "%llu bytes are the most",
						 (unsigned long long)key->most),
				 "\"%s\" is too long", key->name);
	else
		*(const char **)pair->at = text->text;
}

static void read_bool(struct sf_reader *reader, const struct sf_pair *pair)
{
	const char *hint = "write true or false";
	const struct sf_text *text = sf_value_text(reader, pair->name, pair->value, hint);

	if (!text)
		return;
	if (!strcmp(text->text, "true") || !strcmp(text->text, "false"))
		*(bool *)pair->at = text->text[0] == 't';
	else
		sf_node_complain(reader->complaints, pair->value, hint,
				 "\"%s\" is no value of \"%s\"", text->text, pair->key->name);
}

static const char *choice_at(const void *arg, size_t i)
{
	return ((const char *const *)arg)[i];
}

static void read_choice(struct sf_reader *reader, const struct sf_pair *pair)
{
	sf_cleanup(sf_buf_finish) struct sf_buf hint = {0};
	const char *const *choices = pair->key->choices;
	const struct sf_text *text;
	const char *near;
	int count = 0;

	for (; choices[count]; count++)
		sf_buf_format(&hint, "%s%s",
			      !count		   ? "write "
			      : choices[count + 1] ? ", "
						   : " or ",
			      choices[count]);
	text = sf_value_text(reader, pair->name, pair->value, hint.data);
	if (!text)
		return;
	for (int i = 0; i < count; i++) {
		if (!strcmp(text->text, choices[i])) {
			*(int *)pair->at = i;
			return;
		}
	}
	near = sf_nearest(text->text, text->length, (size_t)count, choice_at, choices);
	sf_node_complain(reader->complaints, pair->value,
			 near ? sf_arena_format(reader->arena, "did you mean \"%s\"?", near)
			      : hint.data,
			 "\"%s\" is no value of \"%s\"", text->text, pair->key->name);
}

static void read_keys(struct sf_reader *reader, const struct sf_pair *pair, void *memory)
{
	struct sf_layer layer = {.keys = pair->key->section, .memory = memory};
	const struct sf_node *map = sf_section_map(reader, pair->name, pair->value);

	sf_section_default(reader, &layer);
	sf_section_read(reader, &layer, 1, pair->owner, map);
	if (map)
		sf_section_require(reader, &layer, pair->name);
}

static void read_section(struct sf_reader *reader, const struct sf_pair *pair)
{
	read_keys(reader, pair, pair->at);
}

static void read_option(struct sf_reader *reader, const struct sf_pair *pair)
{
	*(bool *)pair->at = true;
	read_keys(reader, pair, (char *)pair->at - pair->key->offset);
}

static void (*const readers[])(struct sf_reader *, const struct sf_pair *) = {
	[SF_KIND_TEXT] = read_text,	     [SF_KIND_BOOL] = read_bool,
	[SF_KIND_NUMBER] = sf_quantity_read, [SF_KIND_DURATION] = sf_quantity_read,
	[SF_KIND_SIZE] = sf_quantity_read,   [SF_KIND_RATE] = sf_quantity_read,
	[SF_KIND_SHARE] = sf_quantity_read,  [SF_KIND_CHOICE] = read_choice,
	[SF_KIND_LIST] = sf_list_read,	     [SF_KIND_LABELS] = sf_pairs_read,
	[SF_KIND_PAIRS] = sf_pairs_read,     [SF_KIND_PLACED] = sf_placed_read,
	[SF_KIND_SECRET] = sf_secret_read,   [SF_KIND_FILE] = sf_secret_read,
	[SF_KIND_SECTION] = read_section,    [SF_KIND_OPTION] = read_option,
};

/* Nothing: all zero, but a text is "", never NULL, and a choice is none of its words. */
static void set_none(const struct sf_key *key, void *at)
{
	static const size_t sizes[] = {
		[SF_KIND_TEXT] = sizeof(char *),
		[SF_KIND_BOOL] = sizeof(bool),
		[SF_KIND_NUMBER] = sizeof(uint64_t),
		[SF_KIND_DURATION] = sizeof(uint64_t),
		[SF_KIND_SIZE] = sizeof(uint64_t),
		[SF_KIND_RATE] = sizeof(uint64_t),
		[SF_KIND_SHARE] = sizeof(double),
		[SF_KIND_CHOICE] = sizeof(int),
		[SF_KIND_LIST] = sizeof(struct sf_list),
		[SF_KIND_LABELS] = sizeof(struct sf_list),
		[SF_KIND_PAIRS] = sizeof(struct sf_list),
		[SF_KIND_PLACED] = sizeof(struct sf_text),
		[SF_KIND_SECRET] = sizeof(struct sf_secret),
		[SF_KIND_FILE] = sizeof(struct sf_secret),
		[SF_KIND_SECTION] = 0,
		[SF_KIND_OPTION] = sizeof(bool),
	};

	memset(at, 0, sizes[key->kind]);
	if (key->kind == SF_KIND_TEXT)
		*(const char **)at = "";
	else if (key->kind == SF_KIND_PLACED)
		((struct sf_text *)at)->text = "";
	else if (key->kind == SF_KIND_CHOICE)
		*(int *)at = -1;
}

/* "" where the default is "": as if it were not written, or not in what is inherited. */
static bool is_none(const struct sf_key *key, const struct sf_node *value)
{
	return key->kind != SF_KIND_SECTION && key->standard && !*key->standard && !value->wrong &&
	       !value->empty && value->kind == SF_NODE_SCALAR && !value->text.length;
}

void sf_value_read(struct sf_reader *reader, const struct sf_key *key, const char *owner,
		   const struct sf_node *name, const struct sf_node *value, void *memory)
{
	/* A section's keys have offsets in the same struct. */
	void *at = key->kind == SF_KIND_SECTION ? memory : (char *)memory + key->offset;

	if (is_none(key, value))
		set_none(key, at);
	else
		readers[key->kind](reader, &(struct sf_pair){key, owner, name, value, at});
}

void sf_value_default(struct sf_reader *reader, const struct sf_key *key, void *memory)
{
	static const struct sf_text file = {.name = "the defaults", .text = ""};
	const struct sf_node name = {.file = &file, .text = {.text = key->name}};
	const struct sf_layer section = {.keys = key->section, .memory = memory};
	struct sf_node value = {.file = &file};

	if (key->kind == SF_KIND_SECTION || key->kind == SF_KIND_OPTION)
		sf_section_default(reader, &section);
	if (key->kind == SF_KIND_SECTION)
		return;
	set_none(key, (char *)memory + key->offset);
	if (!key->standard || !*key->standard)
		return;
	value.text = (struct sf_text){.text = key->standard, .length = strlen(key->standard)};
	sf_value_read(reader, key, "", &name, &value, memory);
}
