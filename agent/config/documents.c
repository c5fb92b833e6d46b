/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A configuration's files: the one that was named, then what it includes, in the order of its
 * patterns and of the names that each matches. A file that is matched twice is read once.
 */
#include <glob.h>
#include <string.h>
#include <sys/stat.h>

#include "reader.h"

enum { FILE_MOST = 1 << 20, FILES_MOST = 1000 };

static struct sf_node *parse(struct sf_reader *reader, const char *path, char *bytes, size_t length)
{
	struct sf_text *file = sf_arena_alloc(reader->arena, sizeof(*file));
	struct sf_node *root = NULL;

	*file = (struct sf_text){.name = sf_arena_copy(reader->arena, path, strlen(path)),
				 .text = bytes,
				 .length = length};
	if (sf_yaml_read(reader->arena, file, reader->complaints, &root) < 0) {
		reader->incomplete = true;
		return NULL;
	}
	if (!root || sf_node_is_empty(root)) {
		sf_complain(reader->complaints, file, 0, 1, NULL,
			    "nothing is written in this file");
	} else if (root->kind != SF_NODE_MAP) {
		sf_node_complain(reader->complaints, root, "begin with `version: 1`",
				 "a configuration is a map of sections");
	} else {
		return root;
	}
	reader->incomplete = true;
	return NULL;
}

static struct sf_node *read_main(struct sf_reader *reader, const char *path)
{
	const struct sf_text place = {.name = path};
	struct sf_err err;
	size_t length;
	char *bytes;

	if (sf_bytes_read(reader->arena, path, FILE_MOST, false, &bytes, &length, &err) == 0)
		return parse(reader, path, bytes, length);
	sf_complain(reader->complaints, &place, 0, 0, "-c FILE names another one",
		    "the configuration %s", err.text);
	reader->incomplete = true;
	return NULL;
}

static bool is_same_file(const char *a, const char *b)
{
	struct stat left, right;

	return stat(a, &left) == 0 && stat(b, &right) == 0 && left.st_dev == right.st_dev &&
	       left.st_ino == right.st_ino;
}

static void add(struct sf_reader *reader, const char *path, const struct sf_text *pattern,
		struct sf_documents *documents)
{
	struct sf_node *root;
	struct sf_err err;
	size_t length;
	char *bytes;

	for (size_t i = 0; i < documents->count; i++)
		if (is_same_file(path, documents->root[i]->file->name))
			return;
	if (documents->count == FILES_MOST) {
		sf_complain(reader->complaints, pattern, 0, pattern->length, NULL,
			    "more than %d files", FILES_MOST);
		return;
	}
	if (sf_bytes_read(reader->arena, path, FILE_MOST, true, &bytes, &length, &err) < 0) {
		sf_complain(reader->complaints, pattern, 0, pattern->length, NULL, "%s %s", path,
			    err.text);
		reader->incomplete = true;
		return;
	}
	root = parse(reader, path, bytes, length);
	if (root)
		documents->root[documents->count++] = root;
}

/* Beside the file that names it; what would be signs of a pattern in the directory's name is none. */
static void add_path(struct sf_buf *out, const char *file, const char *pattern, bool escape)
{
	const char *slash = *pattern == '/' ? NULL : strrchr(file, '/');

	for (const char *at = file; slash && at <= slash; at++) {
		if (escape && strchr("*?[]\\", *at))
			sf_buf_text(out, "\\");
		sf_buf_add(out, at, 1);
	}
	sf_buf_text(out, pattern);
}

/* A pattern may match nothing, as an empty conf.d does; a name must be there. */
static void include(struct sf_reader *reader, const char *file, const struct sf_text *pattern,
		    struct sf_documents *documents)
{
	sf_cleanup(sf_buf_finish) struct sf_buf path = {0};
	bool any = strpbrk(pattern->text, "*?[");
	glob_t found = {0};
	int r;

	add_path(&path, file, pattern->text, any);
	if (!any) {
		add(reader, path.data, pattern, documents);
		return;
	}
	r = glob(path.data, 0, NULL, &found);
	if (r != 0 && r != GLOB_NOMATCH) {
		sf_complain(reader->complaints, pattern, 0, pattern->length, NULL,
			    "%s cannot be looked for", path.data);
		reader->incomplete = true;
	}
	for (size_t i = 0; r == 0 && i < found.gl_pathc; i++)
		add(reader, found.gl_pathv[i], pattern, documents);
	globfree(&found);
}

void sf_documents_read(struct sf_reader *reader, const char *path, struct sf_documents *documents)
{
	static const struct sf_key include_key = {.name = "include", .kind = SF_KIND_LIST};
	struct sf_node *root = read_main(reader, path);
	struct sf_list patterns = {0};

	documents->root = sf_arena_alloc(reader->arena, FILES_MOST * sizeof(*documents->root));
	documents->count = 0;
	if (!root)
		return;
	documents->root[documents->count++] = root;
	for (size_t i = 0; i < root->count; i++)
		if (!strcmp(root->item[i]->text.text, "include"))
			sf_list_read(reader, &include_key, path, root->item[i], root->value[i],
				     &patterns);
	for (size_t i = 0; i < patterns.count; i++)
		include(reader, path, &patterns.items[i], documents);
}
