/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A file is opened, its first packet may say whose sockets it shows, and a walker stands in front
 * of it.
 */
#include <linux/netlink.h>
#include <stdlib.h>
#include <string.h>

#include "replay.h"

/* The first packet, if it is a note of ours. */
static int read_note(struct sf_replay *replay, const char *path, struct sf_err *err)
{
	struct sf_err why = {0};
	struct sf_packet packet;
	struct nlmsghdr header;
	int r;

	if (replay->file.form != SF_READ_PCAP || sf_file_next(&replay->file, &packet, &why) <= 0 ||
	    packet.family != NETLINK_USERSOCK || packet.length < sizeof(header))
		return 0;
	memcpy(&header, packet.bytes, sizeof(header));
	if (header.nlmsg_type != NLMSG_NOOP || header.nlmsg_len < sizeof(header) ||
	    header.nlmsg_len > packet.length)
		return 0;
	r = sf_note_read(&replay->note, (const char *)packet.bytes + sizeof(header),
			 header.nlmsg_len - sizeof(header), &why);
	return r == -EPROTO ? sf_fail(err, r, "%s cannot be read: %s", path, why.text) : 0;
}

int sf_replay_new(const char *path, struct sf_replay **ret, struct sf_err *err)
{
	sf_cleanup(sf_replay_free_p) struct sf_replay *replay = sf_new(struct sf_replay);
	int r = sf_file_open(&replay->file, path, err);

	if (r == 0)
		r = read_note(replay, path, err);
	if (r < 0)
		return r;
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
	return sf_walker_of(&(struct sf_walker_source){sf_replay_walk, replay, replay->note.netns});
}
