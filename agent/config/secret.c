/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Secrets stand in files of their own, which nobody else may read, and so do texts that everybody
 * may, such as certificates: a path becomes a content.
 */
#include <stdlib.h>
#include <unistd.h>

#include "reader.h"

enum { SECRET_MOST = 64 << 10 };

/* Relative: among the credentials that systemd gave us, else beside the file that names it. */
static const char *find_file(struct sf_arena *arena, const char *file, const char *path)
{
	const char *directory = getenv("CREDENTIALS_DIRECTORY"), *credential;

	if (path[0] != '/' && directory && *directory) {
		credential = sf_arena_format(arena, "%s/%s", directory, path);
		if (access(credential, F_OK) == 0)
			return credential;
	}
	return sf_path_beside(arena, file, path);
}

void sf_secret_read(struct sf_reader *reader, const struct sf_pair *pair)
{
	const char *hint = "write the path of a file that holds it";
	const struct sf_text *text = sf_value_text(reader, pair->name, pair->value, hint);
	struct sf_bytes bytes;
	struct sf_err err;
	const char *path;

	if (!text)
		return;
	if (!text->length) {
		sf_node_complain(reader->complaints, pair->value, hint, "\"%s\" is empty",
				 pair->key->name);
		return;
	}
	path = find_file(reader->arena, pair->value->file->name, text->text);
	if (sf_bytes_read(reader->arena, path, SECRET_MOST, true, &bytes, &err) < 0) {
		sf_node_complain(reader->complaints, pair->value, hint, "%s %s", path, err.text);
		return;
	}
	if (pair->key->kind == SF_KIND_SECRET && (bytes.status.st_mode & S_IRWXO)) {
		sf_node_complain(reader->complaints, pair->value,
				 sf_arena_format(reader->arena, "chmod o= %s", path),
				 "%s holds a secret, and everybody may read it", path);
		return;
	}
	if (bytes.length && bytes.data[bytes.length - 1] == '\n')
		bytes.data[--bytes.length] = '\0';
	if (!bytes.length) {
		sf_node_complain(reader->complaints, pair->value,
				 pair->key->kind == SF_KIND_SECRET ? "write the secret into it"
								   : pair->key->help,
				 "%s is empty", path);
		return;
	}
	*(struct sf_secret *)pair->at = (struct sf_secret){text->text, bytes.data, bytes.length};
}
