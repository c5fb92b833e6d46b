/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where a path leads, told without opening anything: what is there is followed link by link, what
 * is not there yet is taken as it is written.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sockfeed/base.h>

enum { LINKS_MOST = 40 }; /* as the kernel; more are a circle */

/* The way so far, without a link in it and without a slash at its end. */
struct way {
	struct sf_buf at;
	unsigned links;
};

static void back_to(struct way *way, size_t length)
{
	way->at.length = length;
	if (way->at.data)
		way->at.data[length] = 0;
}

static void step_up(struct way *way)
{
	const char *slash = way->at.length ? strrchr(way->at.data, '/') : NULL;

	back_to(way, slash ? (size_t)(slash - way->at.data) : 0);
}

static void walk(struct way *way, const char *path, bool last);

static void step(struct way *way, const char *name, size_t length, bool follow)
{
	size_t before = way->at.length;
	char link[PATH_MAX];
	ssize_t r;

	sf_buf_text(&way->at, "/");
	sf_buf_add(&way->at, name, length);
	if (!follow || way->links >= LINKS_MOST)
		return;
	r = readlink(way->at.data, link, sizeof(link) - 1);
	if (r <= 0)
		return;
	link[r] = 0;
	way->links++;
	back_to(way, link[0] == '/' ? 0 : before);
	walk(way, link, true);
}

static void walk(struct way *way, const char *path, bool last)
{
	size_t length;

	for (path += strspn(path, "/"); *path; path += length) {
		const char *name = path;
		size_t size = strcspn(path, "/");

		length = size + strspn(path + size, "/");
		if (size == 2 && !memcmp(name, "..", 2))
			step_up(way);
		else if (size != 1 || name[0] != '.')
			step(way, name, size, last || path[length]);
	}
}

char *sf_path_real(const char *path, bool last)
{
	sf_cleanup(sf_free_p) char *here = path[0] == '/' ? NULL : getcwd(NULL, 0);
	struct way way = {0};

	walk(&way, here ?: "", true);
	walk(&way, path, last);
	if (way.at.length == 0)
		sf_buf_text(&way.at, "/");
	return sf_buf_take(&way.at);
}
