/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A text that another room reads, such as a filter: it stands in the configuration, with its place
 * there, or in a file of its own, `{ file: PATH }`, and is then named and counted by that file's
 * lines. Nothing is replaced in such a file: its bytes are the text.
 */
#include "reader.h"

enum { TEXT_MOST = 64 << 10 };

static const struct sf_key file_keys[] = {
	{.name = "file", .kind = SF_KIND_TEXT, .help = "the path of a file that holds the text"},
	{0},
};

static void read_file(struct sf_reader *reader, const struct sf_node *value, const char *written,
		      struct sf_text *placed)
{
	const char *path = sf_path_beside(reader->arena, value->file->name, written);
	struct sf_bytes bytes;
	struct sf_err err;
	int r = sf_bytes_read(reader->arena, path, TEXT_MOST, true, &bytes, &err);

	if (r < 0)
		sf_node_complain(reader->complaints, value,
				 r == -ENOENT ? "without a leading / a path begins beside this file"
					      : NULL,
				 "%s %s", path, err.text);
	else
		*placed =
			(struct sf_text){.name = path, .text = bytes.data, .length = bytes.length};
}

static void read_map(struct sf_reader *reader, const struct sf_pair *pair)
{
	const char *path = NULL;
	struct sf_layer layer = {.keys = file_keys, .memory = &path};

	sf_section_read(reader, &layer, 1, pair->owner, pair->value);
	sf_section_require(reader, &layer, pair->name);
	if (path)
		read_file(reader, sf_node_get(pair->value, file_keys[0].name), path, pair->at);
}

void sf_placed_read(struct sf_reader *reader, const struct sf_pair *pair)
{
	const struct sf_text *text;
	struct sf_text *placed = pair->at;

	if (pair->value->kind == SF_NODE_MAP && !pair->value->wrong) {
		read_map(reader, pair);
		return;
	}
	text = sf_value_text(reader, pair->name, pair->value,
			     "write a text, or { file: PATH }, or remove it");
	if (!text)
		return;
	*placed = *text;
	placed->within =
		sf_arena_format(reader->arena, "the %s of \"%s\"", pair->key->name, pair->owner);
}
