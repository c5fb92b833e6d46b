/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One value into one place of a struct, a reader a kind of key. A value that cannot be read is
 * complained about, with what would be right, and leaves what was there.
 */
#include <string.h>

#include "reader.h"

const struct sf_text *sf_value_text(struct sf_reader *reader, const struct sf_node *name,
				    const struct sf_node *value, const char *example)
{
	static const char *const kinds[] = {"", "a list", "a map"};
	const char *key = name->text.text;

	if (value->wrong)
		return NULL;
	if (value->kind != SF_NODE_SCALAR)
		sf_node_complain(reader->complaints, value, example, "\"%s\" is one value, not %s",
				 key, kinds[value->kind]);
	else if (sf_node_is_empty(value))
		sf_node_complain(reader->complaints, name, example, "\"%s\" has no value", key);
	else
		return &value->text;
	return NULL;
}

static void read_text(struct sf_reader *reader, const struct sf_key *key, const char *owner,
		      const struct sf_node *name, const struct sf_node *value, void *at)
{
	const struct sf_text *text =
		sf_value_text(reader, name, value, "write a text, or \"\" for an empty one");

	(void)owner;
	if (text && !text->length && !key->standard)
		sf_node_complain(reader->complaints, value, key->help, "\"%s\" is empty",
				 key->name);
	else if (text)
		*(const char **)at = text->text;
}

static void read_placed(struct sf_reader *reader, const struct sf_key *key, const char *owner,
			const struct sf_node *name, const struct sf_node *value, void *at)
{
	const struct sf_text *text =
		sf_value_text(reader, name, value, "write a text, or leave the key out");
	struct sf_text *placed = at;

	if (!text)
		return;
	*placed = *text;
	placed->within = sf_arena_format(reader->arena, "the %s of \"%s\"", key->name, owner);
}

static void read_bool(struct sf_reader *reader, const struct sf_key *key, const char *owner,
		      const struct sf_node *name, const struct sf_node *value, void *at)
{
	const char *hint = "write true or false";
	const struct sf_text *text = sf_value_text(reader, name, value, hint);

	(void)owner;
	if (!text)
		return;
	if (!strcmp(text->text, "true") || !strcmp(text->text, "false"))
		*(bool *)at = text->text[0] == 't';
	else
		sf_node_complain(reader->complaints, value, hint, "\"%s\" is \"%s\"", key->name,
				 text->text);
}

static enum sf_unit unit_of(enum sf_kind kind)
{
	return kind == SF_KIND_DURATION ? SF_UNIT_US
	       : kind == SF_KIND_SIZE	? SF_UNIT_BYTES
	       : kind == SF_KIND_SHARE	? SF_UNIT_RATIO
					: SF_UNIT_NONE;
}

static bool is_within(struct sf_reader *reader, const struct sf_key *key,
		      const struct sf_node *value, uint64_t number)
{
	sf_cleanup(sf_buf_finish) struct sf_buf hint = {0};
	enum sf_unit unit = unit_of(key->kind);

	if (number >= key->least && (!key->most || number <= key->most))
		return true;
	sf_buf_text(&hint, "write ");
	sf_unit_print(&hint, unit, key->least, 0);
	if (key->most > key->least) {
		sf_buf_text(&hint, " to ");
		sf_unit_print(&hint, unit, key->most, 0);
	} else if (!key->most) {
		sf_buf_text(&hint, " or more");
	}
	sf_node_complain(reader->complaints, value, hint.data, "%s is too %s for \"%s\"",
			 value->text.text, number < key->least ? "small" : "large", key->name);
	return false;
}

/* NUMBER, DURATION, SIZE, SHARE: units are needed where there are any. */
static void read_number(struct sf_reader *reader, const struct sf_key *key, const char *owner,
			const struct sf_node *name, const struct sf_node *value, void *at)
{
	enum sf_unit unit = unit_of(key->kind);
	const char *example = sf_unit_example(unit);
	const char *hint = sf_arena_format(reader->arena, "write %s such as %s",
					   sf_unit_article(unit), example);
	const struct sf_text *text = sf_value_text(reader, name, value, hint);
	struct sf_err err;
	uint64_t number = 0;
	double share = 0;
	bool bare = false;

	(void)owner;
	if (!text)
		return;
	if (sf_unit_read(text->text, text->length, unit, &number, &share, &bare, &err) < 0) {
		sf_node_complain(reader->complaints, value, hint, "%s", err.text);
		return;
	}
	if (bare && (unit == SF_UNIT_US || unit == SF_UNIT_BYTES)) {
		sf_node_complain(reader->complaints, value,
				 sf_arena_format(reader->arena,
						 unit == SF_UNIT_US
							 ? "write %ss (or %sms, %sm, %sh)"
							 : "write %sMiB (or %sB, %sKiB, %sGiB)",
						 text->text, text->text, text->text, text->text),
				 "\"%s\" needs a unit", text->text);
		return;
	}
	if (unit == SF_UNIT_RATIO)
		*(double *)at = share;
	else if (is_within(reader, key, value, number))
		*(uint64_t *)at = number;
}

static const char *choice_at(const void *arg, size_t i)
{
	return ((const char *const *)arg)[i];
}

static void read_choice(struct sf_reader *reader, const struct sf_key *key, const char *owner,
			const struct sf_node *name, const struct sf_node *value, void *at)
{
	sf_cleanup(sf_buf_finish) struct sf_buf hint = {0};
	const struct sf_text *text;
	const char *near = NULL;
	int count = 0, found = -1;

	(void)owner;
	for (; key->choices[count]; count++)
		sf_buf_format(&hint, "%s%s",
			      !count			? "it is "
			      : key->choices[count + 1] ? ", "
							: " or ",
			      key->choices[count]);
	text = sf_value_text(reader, name, value, hint.data);
	if (!text)
		return;
	for (int i = 0; i < count; i++)
		if (!strcmp(text->text, key->choices[i]))
			found = i;
	if (found >= 0) {
		*(int *)at = found;
		return;
	}
	near = sf_nearest(text->text, text->length, (size_t)count, choice_at, key->choices);
	sf_node_complain(
		reader->complaints, value,
		near ? sf_arena_format(reader->arena, "did you mean \"%s\"? %s", near, hint.data)
		     : hint.data,
		"\"%s\" is no %s", text->text, key->name);
}

static void read_section(struct sf_reader *reader, const struct sf_key *key, const char *owner,
			 const struct sf_node *name, const struct sf_node *value, void *at)
{
	const struct sf_layer layer = {key->section, at};

	sf_section_read(reader, &layer, 1, owner, name, sf_section_map(reader, name, value), true);
}

static void (*const readers[])(struct sf_reader *, const struct sf_key *, const char *owner,
			       const struct sf_node *name, const struct sf_node *value,
			       void *at) = {
	[SF_KIND_TEXT] = read_text,	   [SF_KIND_BOOL] = read_bool,
	[SF_KIND_NUMBER] = read_number,	   [SF_KIND_DURATION] = read_number,
	[SF_KIND_SIZE] = read_number,	   [SF_KIND_SHARE] = read_number,
	[SF_KIND_CHOICE] = read_choice,	   [SF_KIND_LIST] = sf_list_read,
	[SF_KIND_LABELS] = sf_labels_read, [SF_KIND_PLACED] = read_placed,
	[SF_KIND_SECRET] = sf_secret_read, [SF_KIND_SECTION] = read_section,
};

void sf_value_read(struct sf_reader *reader, const struct sf_key *key, const char *owner,
		   const struct sf_node *name, const struct sf_node *value, void *memory)
{
	/* A section's keys have offsets in the same struct. */
	void *at = key->kind == SF_KIND_SECTION ? memory : (char *)memory + key->offset;

	readers[key->kind](reader, key, owner, name, value, at);
}

/* Where nothing is to be read a text is "", never NULL, and a choice is none of its words. */
static void set_none(const struct sf_key *key, void *memory)
{
	char *at = (char *)memory + key->offset;

	if (key->kind == SF_KIND_TEXT)
		*(const char **)at = "";
	else if (key->kind == SF_KIND_PLACED)
		((struct sf_text *)at)->text = "";
	else if (key->kind == SF_KIND_CHOICE)
		*(int *)at = -1;
}

void sf_value_default(struct sf_reader *reader, const struct sf_key *key, void *memory)
{
	static const struct sf_text file = {.name = "the defaults", .text = ""};
	const struct sf_node name = {.file = &file, .text = {.text = key->name}};
	const struct sf_layer layer = {key->section, memory};
	struct sf_node value = {.file = &file};

	if (key->kind == SF_KIND_SECTION) {
		sf_section_read(reader, &layer, 1, "", &name, NULL, true);
		return;
	}
	set_none(key, memory);
	if (!key->standard || !*key->standard)
		return;
	value.text = (struct sf_text){.text = key->standard, .length = strlen(key->standard)};
	sf_value_read(reader, key, "", &name, &value, memory);
}
