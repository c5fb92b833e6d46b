/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A configuration's files: the one that was named, then what it includes, in the order of its
 * patterns and of the names that each matches. A file that is matched twice is read once.
 */
#include <errno.h>
#include <glob.h>
#include <string.h>

#include "reader.h"

#define MARK "\xef\xbb\xbf" /* the byte order mark, with which Windows begins a file */

enum { FILE_MOST = 1 << 20, FILES_MOST = 1000 };

struct files { /* those that were looked at */
	struct sf_documents *documents;
	size_t count;
	struct id {
		dev_t device;
		ino_t inode;
	} id[FILES_MOST];
};

static void complain_whole(struct sf_reader *reader, const char *path, const char *hint,
			   const char *message)
{
	const struct sf_text place = {.name = path};

	sf_complain(reader->complaints, &place, 0, 0, hint, "%s", message);
}

/* A file that says nothing is a mistake where it is the only one, and suspicious else. */
static void note_empty(struct sf_reader *reader, const char *path, bool included)
{
	const struct sf_text place = {.name = path};

	if (included)
		sf_warn(reader->complaints, &place, 0, 0, NULL, "nothing is written in this file");
	else
		complain_whole(reader, path, "begin with `version: 1`",
			       "nothing is written in this file");
}

static void parse(struct sf_reader *reader, struct files *files, const char *path,
		  const struct sf_bytes *bytes)
{
	struct sf_documents *documents = files->documents;
	struct sf_text *file = sf_arena_alloc(reader->arena, sizeof(*file));
	size_t mark = bytes->length >= strlen(MARK) && !memcmp(bytes->data, MARK, strlen(MARK))
			      ? strlen(MARK)
			      : 0;
	bool included = documents->count > 0;
	struct sf_node *root = NULL;

	*file = (struct sf_text){.name = sf_arena_copy(reader->arena, path, strlen(path)),
				 .text = bytes->data + mark,
				 .length = bytes->length - mark};
	if (sf_yaml_read(reader->arena, file, reader->complaints, &root) < 0)
		reader->incomplete = true;
	else if (root && root->kind == SF_NODE_MAP)
		documents->root[documents->count++] = root;
	else if (!root || (root->empty && !root->wrong))
		note_empty(reader, path, included);
	else if (!root->wrong)
		sf_node_complain(reader->complaints, root,
				 included ? "write a section such as `queries:`"
					  : "begin with `version: 1`",
				 "a configuration is a map of sections");
	reader->incomplete |= !root || root->kind != SF_NODE_MAP;
}

static bool is_new(struct files *files, const struct stat *status)
{
	const struct id id = {status->st_dev, status->st_ino};

	for (size_t i = 0; i < files->count; i++)
		if (files->id[i].device == id.device && files->id[i].inode == id.inode)
			return false;
	files->id[files->count++] = id;
	return true;
}

static const char *other_main(int code)
{
	switch (code) {
	case -ENOENT:
	case -EISDIR:
		return "-c FILE names another one";
	case -EACCES:
		return "let the user who runs sockfeed read it";
	case -EFBIG:
		return "put parts of it into other files: include: [conf.d/*.yaml]";
	}
	return NULL;
}

static void read_main(struct sf_reader *reader, struct files *files, const char *path)
{
	struct sf_bytes bytes;
	struct sf_err err;
	int r = sf_bytes_read(reader->arena, path, FILE_MOST, false, &bytes, &err);

	if (r == 0) {
		is_new(files, &bytes.status);
		parse(reader, files, path, &bytes);
		return;
	}
	complain_whole(reader, path, other_main(r),
		       sf_arena_format(reader->arena, "the configuration %s", err.text));
	reader->incomplete = true;
}

static void add(struct sf_reader *reader, const char *path, const struct sf_text *pattern,
		struct files *files)
{
	struct sf_bytes bytes;
	struct sf_err err;
	int r;

	if (files->count == FILES_MOST) {
		sf_complain(reader->complaints, pattern, 0, pattern->length, NULL,
			    "more than %d files", FILES_MOST);
		return;
	}
	r = sf_bytes_read(reader->arena, path, FILE_MOST, true, &bytes, &err);
	if (r < 0) {
		sf_complain(reader->complaints, pattern, 0, pattern->length,
			    r == -EISDIR ? sf_arena_format(reader->arena,
							   "to include the files in it write "
							   "%s/*.yaml",
							   pattern->text)
					 : NULL,
			    "%s %s", path, err.text);
		reader->incomplete = true;
	} else if (is_new(files, &bytes.status)) {
		parse(reader, files, path, &bytes);
	}
}

/* What would be signs of a pattern in the directory's name is none. */
static void add_escaped(struct sf_buf *out, const char *bytes, size_t length)
{
	for (size_t i = 0; i < length; i++) {
		if (strchr("*?[]\\", bytes[i]))
			sf_buf_text(out, "\\");
		sf_buf_add(out, bytes + i, 1);
	}
}

/* A directory that is not there has no files; one that we may not look into may have some. */
static int is_trouble(const char *path, int error)
{
	(void)path;
	return error != ENOENT && error != ENOTDIR;
}

/* A pattern may match nothing, as an empty conf.d does; a name must be there. */
static void include(struct sf_reader *reader, const char *path, const struct sf_text *pattern,
		    struct files *files)
{
	sf_cleanup(sf_buf_finish) struct sf_buf whole = {0};
	const char *name = sf_path_beside(reader->arena, path, pattern->text);
	size_t directory = strlen(name) - pattern->length;
	glob_t found = {0};
	int r;

	if (!pattern->length) {
		sf_complain(reader->complaints, pattern, 0, 0,
			    "write the name of a file, or a pattern such as conf.d/*.yaml",
			    "no file is named here");
		return;
	}
	if (!strpbrk(pattern->text, "*?[")) {
		add(reader, name, pattern, files);
		return;
	}
	add_escaped(&whole, name, directory);
	sf_buf_text(&whole, pattern->text);
	r = glob(whole.data, 0, is_trouble, &found);
	if (r != 0 && r != GLOB_NOMATCH) {
		sf_complain(reader->complaints, pattern, 0, pattern->length,
			    "the agent must be allowed to read its directory",
			    "%s cannot be looked for", name);
		reader->incomplete = true;
	}
	for (size_t i = 0; r == 0 && i < found.gl_pathc; i++)
		add(reader, found.gl_pathv[i], pattern, files);
	globfree(&found);
}

void sf_documents_read(struct sf_reader *reader, const char *path, struct sf_documents *documents)
{
	static const struct sf_key key = {.name = "include", .kind = SF_KIND_LIST};
	struct files *files = sf_arena_alloc(reader->arena, sizeof(*files));
	const struct sf_node *root, *value;
	struct sf_list patterns = {0};

	documents->root = sf_arena_alloc(reader->arena, FILES_MOST * sizeof(*documents->root));
	documents->count = 0;
	files->documents = documents;
	read_main(reader, files, path);
	root = documents->count ? documents->root[0] : NULL;
	value = sf_node_get(root, key.name);
	if (!value)
		return;
	for (size_t i = 0; i < root->count; i++)
		if (root->value[i] == value)
			sf_value_read(reader, &key, "", root->item[i], value, &patterns);
	for (size_t i = 0; i < patterns.count; i++)
		include(reader, path, &patterns.items[i], files);
}
