/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file is opened, says whose sockets it shows, and a walker stands in front of it.
 */
#include <stdlib.h>

#include "replay.h"

int sf_replay_new(const char *path, struct sf_replay **ret, struct sf_err *err)
{
	sf_cleanup(sf_replay_free_p) struct sf_replay *replay = sf_new(struct sf_replay);
	int r = sf_file_open(&replay->file, path, err);
	struct sf_err why;

	if (r < 0)
		return r;
	r = sf_places_find(replay, &why);
	if (r < 0)
		return sf_fail(err, r, "%.300s cannot be read: %.200s", path, why.text);
	replay->window = sf_window_new();
	*ret = sf_take(replay);
	return 0;
}

void sf_replay_free(struct sf_replay *replay)
{
	if (!replay)
		return;
	sf_file_finish(&replay->file);
	sf_window_free(replay->window);
	free(replay->place);
	free(replay->netns);
	free(replay);
}

void sf_replay_free_p(struct sf_replay **replay)
{
	sf_replay_free(*replay);
}

const struct sf_host *sf_replay_host(const struct sf_replay *replay)
{
	return &replay->note.host;
}

struct sf_walker *sf_replay_walker(struct sf_replay *replay, uint32_t release)
{
	replay->release = release;
	return sf_walker_of(&(struct sf_walker_source){
		sf_replay_walk, replay, replay->netns[0] || replay->places > 1 ? replay->places : 0,
		replay->netns});
}
