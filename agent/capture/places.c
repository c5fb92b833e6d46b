/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Whose sockets a file shows, and where in it those of each namespace are: a file of several says
 * so in its first note, and has a note before each. Such a file is looked through once, for its
 * notes; of any other nothing but its beginning is read here.
 */
#include <linux/netlink.h>
#include <string.h>

#include "replay.h"

enum { PLACES_MOST = 1 << 16 }; /* more are damage: no host has so many */

/* As sf_note_read; -ENOENT: the packet is none. */
static int note_of(const struct sf_packet *packet, struct sf_note *note, struct sf_err *err)
{
	struct nlmsghdr header;

	if (packet->family != NETLINK_USERSOCK || packet->length < sizeof(header))
		return -ENOENT;
	memcpy(&header, packet->bytes, sizeof(header));
	if (header.nlmsg_type != NLMSG_NOOP || header.nlmsg_len < sizeof(header) ||
	    header.nlmsg_len > packet->length)
		return -ENOENT;
	return sf_note_read(note, (const char *)packet->bytes + sizeof(header),
			    header.nlmsg_len - sizeof(header), err);
}

static void add_place(struct sf_replay *replay, uint32_t netns, uint64_t begin)
{
	size_t count = replay->places++;

	replay->place = sf_realloc(replay->place, (count + 1) * sizeof(*replay->place));
	replay->netns = sf_realloc(replay->netns, (count + 1) * sizeof(*replay->netns));
	replay->place[count] = (struct sf_place){begin, UINT64_MAX};
	replay->netns[count] = netns;
}

static void look_through(struct sf_replay *replay)
{
	struct sf_packet packet;
	struct sf_note note;
	struct sf_err err;

	while (replay->places < PLACES_MOST && sf_file_next(&replay->file, &packet, &err) > 0) {
		if (note_of(&packet, &note, &err) < 0 || !note.netns)
			continue;
		if (replay->places)
			replay->place[replay->places - 1].end = packet.offset;
		add_place(replay, note.netns, sf_file_place(&replay->file));
	}
	replay->lacking = replay->places < replay->note.namespaces;
}

int sf_places_find(struct sf_replay *replay, struct sf_err *err)
{
	struct sf_packet packet;
	struct sf_err why = {0};
	int r = 0;

	if (replay->file.form == SF_READ_PCAP && sf_file_next(&replay->file, &packet, &why) > 0)
		r = note_of(&packet, &replay->note, &why);
	if (r == -EPROTO)
		return sf_fail(err, r, "%s", why.text);
	if (replay->note.namespaces > 1)
		look_through(replay);
	if (!replay->places)
		add_place(replay, replay->note.netns, 0);
	return 0;
}
