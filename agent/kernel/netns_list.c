/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The list of namespaces that a walker knows: home, then the others in the order of their inodes,
 * each with what leads to it.
 */
#include <stdlib.h>
#include <string.h>

#include "netns.h"

void sf_netns_free(struct sf_netns *place)
{
	if (place->socket)
		mnl_socket_close(place->socket);
	free(place->name);
	free(place->chosen);
	free(place);
}

struct sf_netns_list *sf_netns_list_new(uint32_t home)
{
	struct sf_netns_list *places = sf_new(struct sf_netns_list);
	struct stat st;

	places->place = sf_alloc(sizeof(*places->place));
	places->place[0] = sf_new(struct sf_netns);
	places->place[0]->inode = home;
	places->place[0]->chosen = sf_alloc(sizeof(uint64_t));
	places->count = places->words = 1;
	if (stat("/proc/thread-self/ns/net", &st) == 0)
		places->device = st.st_dev;
	return places;
}

void sf_netns_list_free(struct sf_netns_list *places)
{
	if (!places)
		return;
	for (size_t i = 0; i < places->count; i++)
		sf_netns_free(places->place[i]);
	if (places->numbers)
		mnl_socket_close(places->numbers);
	free(places->place);
	free(places->problem);
	free(places);
}

size_t sf_netns_list_at(const struct sf_netns_list *places, uint32_t inode)
{
	size_t first = 1, behind = places->count;

	while (first < behind) {
		size_t middle = first + (behind - first) / 2;

		if (places->place[middle]->inode < inode)
			first = middle + 1;
		else
			behind = middle;
	}
	return first;
}

/* The place of the inode, or where it would stand. */
static size_t find(const struct sf_netns_list *places, uint32_t inode)
{
	return places->place[0]->inode == inode ? 0 : sf_netns_list_at(places, inode);
}

static struct sf_netns *insert(struct sf_netns_list *places, size_t at, uint32_t inode)
{
	struct sf_netns *place = sf_new(struct sf_netns);

	place->inode = inode;
	place->chosen = sf_alloc(places->words * sizeof(uint64_t));
	places->place = sf_realloc(places->place, (places->count + 1) * sizeof(struct sf_netns *));
	memmove(&places->place[at + 1], &places->place[at],
		(places->count - at) * sizeof(struct sf_netns *));
	places->place[at] = place;
	places->count++;
	return place;
}

static void lead(struct sf_netns *place, const char *name, int pid)
{
	if (!name || !place->name || strcmp(name, place->name)) {
		free(place->name);
		place->name = name ? sf_strdup(name) : NULL;
	}
	place->pid = name ? 0 : pid;
}

struct sf_netns *sf_netns_list_take(struct sf_netns_list *places, uint32_t inode, const char *name,
				    int pid)
{
	size_t at = find(places, inode);
	struct sf_netns *place;

	if (at < places->count && places->place[at]->inode == inode)
		place = places->place[at];
	else
		place = insert(places, at, inode);
	if (at && !place->seen)
		lead(place, name, pid);
	place->seen = true;
	return place;
}

void sf_netns_path(const struct sf_netns *place, struct sf_buf *path)
{
	if (place->name)
		sf_buf_format(path, "%s/%s", SF_NETNS_NAMES, place->name);
	else
		sf_buf_format(path, "/proc/%d/ns/net", place->pid);
}

void sf_netns_list_problem(struct sf_netns_list *places, size_t choice, int code,
			   const char *format, ...)
{
	struct sf_netns_problem *problem;
	va_list args;

	places->problem = sf_realloc(places->problem, (places->problems + 1) * sizeof(*problem));
	problem = &places->problem[places->problems++];
	*problem = (struct sf_netns_problem){.choice = places->paused + choice, .error.code = code};
	va_start(args, format);
	vsnprintf(problem->error.message, sizeof(problem->error.message), format, args);
	va_end(args);
}
