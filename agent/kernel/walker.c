/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A walker's life, and what may be said to it between two walks.
 */
#include <stdlib.h>
#include <sys/stat.h>

#include "netns.h"

/* The namespace of the thread, whose socket was just opened; 0 without /proc. */
static uint32_t own_netns(void)
{
	struct stat st;

	return stat("/proc/thread-self/ns/net", &st) == 0 ? (uint32_t)st.st_ino : 0;
}

struct sf_walker *sf_walker_new(uint32_t release)
{
	struct sf_walker *walker = sf_new(struct sf_walker);

	(void)sf_link_open(&walker->link, &(struct sf_err){0}); /* refused: each walk tries again */
	walker->window = sf_window_new();
	walker->release = release;
	walker->netns = own_netns();
	return walker;
}

struct sf_walker *sf_walker_of(const struct sf_walker_source *source)
{
	struct sf_walker *walker = sf_new(struct sf_walker);

	walker->source = *source;
	walker->netns = source->netnses == 1 ? source->netns[0] : 0;
	return walker;
}

void sf_walker_free(struct sf_walker *walker)
{
	if (!walker)
		return;
	sf_netns_list_free(walker->places);
	sf_link_finish(&walker->link);
	sf_window_free(walker->window);
	free(walker);
}

void sf_walker_free_p(struct sf_walker **walker)
{
	sf_walker_free(*walker);
}

uint32_t sf_walker_netns(const struct sf_walker *walker)
{
	return walker->away ? walker->away->inode : walker->netns;
}

void sf_walker_avoid_legacy(struct sf_walker *walker)
{
	walker->legacy = SF_LEGACY_NEVER;
}

void sf_walker_tap(struct sf_walker *walker, const struct sf_tap *tap)
{
	walker->link.tap = tap;
}
