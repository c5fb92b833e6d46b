/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A walk over a file: its packets one after another, the answers to requests for the table read by
 * the same parser as the kernel's and handed out through the same window. What a dump came to is
 * kept a family: a refusal does not count once another dump of the family has worked (ss and we ask
 * by another form then).
 */
#include <byteswap.h>
#include <linux/netlink.h>
#include <string.h>

#include "replay.h"

struct pass { /* a walk under way */
	struct sf_replay *replay;
	const struct sf_ask *ask;
	const struct sf_walk_calls *calls;
	struct sf_walk *walk;
	uint64_t request;  /* the number of that whose answers are read */
	uint64_t finished; /* dumps */
	uint64_t strange;  /* datagrams without a request */
	unsigned failed;   /* families whose last dump failed, with `code` */
	int code;
	int stopped; /* what `received` ended the walk with; 0: it did not */
	struct sf_err err;
};

/* Twice is what one dump shows twice: others asked later, and their answers have other values. */
static uint64_t identity_of(const struct pass *pass, const struct sf_view *view)
{
	return sf_view_identity(view) ^ pass->request * 0x9e3779b97f4a7c15u;
}

static int take_reply(void *arg, struct sf_view *view)
{
	struct pass *pass = arg;

	pass->walk->seen++;
	if (sf_window_seen(pass->replay->window, identity_of(pass, view)))
		pass->walk->duplicates++;
	else
		pass->calls->socket(pass->calls->arg, view);
	return 0;
}

/* ---- a packet ---- */

static int say_wrong(struct pass *pass, const struct sf_packet *packet)
{
	return sf_fail(&pass->err, -EBADMSG,
		       packet->cut ? "the packet at byte %llu was cut when it was captured: let "
				     "tcpdump take all of it (-s 0)"
				   : "a netlink message in the packet at byte %llu is malformed",
		       (unsigned long long)packet->offset);
}

static void end_request(struct pass *pass, struct sf_request_seen *request, int r)
{
	request->ended = true;
	if (!request->dump)
		return;
	pass->finished++;
	if (r < 0) {
		pass->failed |= request->families;
		pass->code = r;
	} else {
		pass->failed &= ~(unsigned)request->families;
	}
}

static int read_answers(struct pass *pass, const struct sf_packet *packet,
			struct sf_request_seen *request)
{
	struct sf_datagram datagram = {
		.sequence = request->sequence,
		.port = request->port,
		.table = pass->ask->table,
		.release = pass->replay->release,
		.reply = take_reply,
		.arg = pass,
	};
	int r;

	pass->stopped = pass->calls->received(pass->calls->arg, packet->wall_us);
	if (pass->stopped)
		return pass->stopped;
	pass->request = request->number;
	r = sf_datagram_read(&datagram, packet->bytes, packet->length);
	if (r == -EBADMSG)
		return say_wrong(pass, packet);
	if (r > 0 && datagram.interrupted)
		r = -EINTR;
	if (r || !request->dump)
		end_request(pass, request, r);
	return packet->cut ? say_wrong(pass, packet) : 0;
}

/* The length as the machine that captured it wrote it, if that is another kind than this one. */
static bool is_other_order(uint32_t length, const struct sf_packet *packet)
{
	return length > packet->length && bswap_32(length) >= NLMSG_HDRLEN &&
	       (bswap_32(length) <= packet->length || packet->cut);
}

static int take_packet(struct pass *pass, const struct sf_packet *packet)
{
	struct sf_matches *matches = &pass->replay->matches;
	struct sf_request_seen *request;
	struct nlmsghdr header;

	if (packet->family != NETLINK_SOCK_DIAG)
		return 0;
	if (packet->length < sizeof(header))
		return say_wrong(pass, packet);
	memcpy(&header, packet->bytes, sizeof(header));
	if (is_other_order(header.nlmsg_len, packet))
		return sf_fail(&pass->err, -EPROTO, "the capture " SF_OTHER_ORDER);
	if (header.nlmsg_len < sizeof(header))
		return say_wrong(pass, packet);
	if (header.nlmsg_flags & NLM_F_REQUEST) {
		request = sf_match_request(matches, packet->bytes, packet->length);
		if (request && request->dump && request->table == (int)pass->ask->table)
			pass->walk->dumps++;
		return 0;
	}
	request = sf_match_answer(matches, packet->bytes, packet->length);
	if (!request && pass->replay->file.form == SF_READ_DUMP) { /* ss -D is of TCP alone */
		request = sf_match_assume(matches, packet->bytes, SF_TABLE_TCP);
		pass->walk->dumps += pass->ask->table == SF_TABLE_TCP;
	}
	pass->strange += !request && header.nlmsg_pid; /* events are nobody's answers */
	if (!request || request->table != (int)pass->ask->table)
		return 0;
	return read_answers(pass, packet, request);
}

/* ---- the walk ---- */

/* What the file had to say is read: is it what was asked for? `lacking`: namespaces. */
static void look_back(struct pass *pass, bool lacking)
{
	struct sf_walk *walk = pass->walk;
	enum sf_table table = pass->ask->table;
	struct sf_err err = {0};

	if (pass->failed)
		sf_walk_fail(walk, table, pass->code, &err);
	if (!walk->dumps && !walk->seen) {
		sf_fail(&err, 0, "the capture has no request for %s", sf_tables[table].name);
		if (pass->strange)
			sf_fail(&err, 0,
				"the capture has no request for %s, and answers without one: "
				"begin to capture before they are asked for",
				sf_tables[table].name);
		sf_walk_fail(walk, table, -ENOENT, &err);
	} else if (lacking || pass->finished < walk->dumps) {
		sf_fail(&err, 0, "the capture ends before the kernel had told all");
		sf_walk_fail(walk, table, -ENODATA, &err);
	}
}

int sf_replay_walk(void *arg, size_t at, const struct sf_ask *ask,
		   const struct sf_walk_calls *calls, struct sf_walk *walk)
{
	struct sf_replay *replay = arg;
	struct pass pass = {.replay = replay, .ask = ask, .calls = calls, .walk = walk};
	const struct sf_place *place = &replay->place[at];
	struct sf_packet packet;
	int r;

	walk->release = replay->release;
	sf_window_clear(replay->window);
	replay->matches = (struct sf_matches){0};
	sf_file_seek(&replay->file, place->begin);
	while ((r = sf_file_next(&replay->file, &packet, &pass.err)) > 0) {
		if (packet.offset >= place->end)
			break;
		r = take_packet(&pass, &packet);
		if (r < 0)
			break;
	}
	if (r < 0 && !pass.stopped)
		sf_walk_fail(walk, ask->table, r, &pass.err);
	else if (!pass.stopped)
		look_back(&pass, replay->lacking && place->end == UINT64_MAX);
	walk->partial = pass.stopped || walk->errors;
	return pass.stopped ?: walk->errors ? -(int)walk->error[0].code : 0;
}
