/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Namespaces that are played, beside a walk that is: the walker's functions of netns.h. Unless a test says otherwise
 * there is the one at home.
 */
#pragma once

#include <sockfeed/netns.h>

enum { PLACES = 8, HOME = 4711 };

static struct {
	size_t count;               /* of namespaces; 0: home alone */
	bool chosen[PLACES][8];     /* by which choices, when there is a count */
	int refused[PLACES];        /* what entering says */
	unsigned errors;            /* of every choice */
	struct sf_walk_error error; /* each of them */
	size_t at, entered, looks;  /* entered: so often */
	size_t choices, paused;     /* of the last look; of those that pause, which come first */
} places;

size_t sf_walker_look(struct sf_walker *walker, const struct sf_netns_choice *const *choices, size_t count)
{
	(void)walker;
	(void)choices;
	places.choices = count;
	places.looks++;
	return places.count ? places.count : 1;
}

bool sf_walker_chosen(const struct sf_walker *walker, size_t at, size_t choice)
{
	(void)walker;
	return places.count == 0 || places.chosen[at][places.paused + choice];
}

int sf_walker_enter(struct sf_walker *walker, size_t at)
{
	(void)walker;
	places.at = at;
	places.entered++;
	return places.refused[at];
}

void sf_walker_leave(struct sf_walker *walker)
{
	(void)walker;
	places.at = 0;
}

struct sf_walker_pause sf_walker_pause(struct sf_walker *walker, size_t at)
{
	(void)walker;
	places.paused += places.choices;
	return (struct sf_walker_pause){places.choices, (uint32_t)at};
}

size_t sf_walker_resume(struct sf_walker *walker, const struct sf_walker_pause *pause, size_t *count)
{
	(void)walker;
	places.choices = pause->choices;
	places.paused -= pause->choices;
	*count = places.count;
	return pause->inode + 1;
}

uint32_t sf_walker_netns(const struct sf_walker *walker)
{
	(void)walker;
	return (uint32_t)(HOME + places.at);
}

unsigned sf_walker_netns_errors(const struct sf_walker *walker, size_t choice,
				struct sf_walk_error error[SF_WALK_ERRORS])
{
	(void)walker;
	(void)choice;
	for (unsigned i = 0; i < places.errors; i++)
		error[i] = places.error;
	return places.errors;
}
