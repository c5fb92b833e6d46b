/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers of the tables that are not of inet_diag, indexed by a table of their attributes: to which
 * part each goes. What all tables have is put where inet's answers have it, so that a field is one
 * line whatever the table: a header is made of theirs, with the state by inet's numbers.
 */
#include <sys/socket.h>

#include "socket/index.h"

static const uint8_t came = 1;

/* An attribute without payload counts too: a flag, or a list of nothing. */
#define EVEN_EMPTY 0x80
_Static_assert(SF_PART_COUNT < EVEN_EMPTY, "");

struct map { /* of attributes 0 to count - 1 to parts; 0: passed over */
	const uint8_t *parts;
	unsigned count;
};
#define MAP(...)                                                                       \
	{                                                                              \
		(const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}) \
	}

static bool index_attributes(struct sf_view *view, const uint8_t *at, const uint8_t *end,
			     const struct map *map)
{
	const uint8_t *payload;
	struct attribute a;
	bool bad = false;

	while ((payload = next(&at, end, &a, &bad))) {
		unsigned to = a.type < map->count ? map->parts[a.type] : 0;

		if (a.length && to)
			put(view, to & ~(unsigned)EVEN_EMPTY, payload, a.length);
		else if (to & EVEN_EMPTY)
			put(view, to & ~(unsigned)EVEN_EMPTY, &came, sizeof(came));
	}
	return !bad;
}

/* The header that all tables have, and the class, which goes by the state. */
static void make_header(struct sf_view *view, uint8_t family, uint8_t state, uint32_t inode,
			const uint32_t cookie[2])
{
	if (state >= SF_STATE_OWN && state != SF_IDLE)
		state = 0; /* no kernel sends our own numbers */
	view->header = (struct sf_inet_msg){.family = family, .state = state, .inode = inode};
	memcpy(view->header.cookie, cookie, sizeof(view->header.cookie));
	put(view, SF_PART_HEADER, (const uint8_t *)&view->header, sizeof(view->header));
	view->class = state == SF_LISTEN		      ? SF_CLASS_LISTENER
		      : state == SF_CLOSE || state == SF_IDLE ? SF_CLASS_UNCONNECTED
							      : SF_CLASS_FULL;
}

static void finish_unix(struct sf_view *view)
{
	const uint8_t *name = view->part[SF_PART_UNIX_PATH];
	size_t length = view->length[SF_PART_UNIX_PATH];
	struct sf_unix_msg msg;

	memcpy(&msg, view->part[SF_PART_OWN], sizeof(msg));
	if (msg.state == SF_IDLE)
		msg.state = 0;
	else if (msg.state == SF_CLOSE && msg.type == SOCK_DGRAM)
		msg.state = SF_IDLE;
	make_header(view, msg.family, msg.state, msg.ino, msg.cookie);
	if (length && !name[0]) {
		put(view, SF_PART_UNIX_ABSTRACT, name, length);
		view->length[SF_PART_UNIX_PATH] = 0;
	} else if (length) {
		put(view, SF_PART_UNIX_PATH, name, strnlen((const char *)name, length));
	}
}

static void finish_netlink(struct sf_view *view)
{
	struct sf_netlink_msg msg;

	memcpy(&msg, view->part[SF_PART_OWN], sizeof(msg));
	make_header(view, msg.family, SF_IDLE, msg.ino, msg.cookie);
}

static void finish_packet(struct sf_view *view)
{
	struct sf_packet_msg msg;

	memcpy(&msg, view->part[SF_PART_OWN], sizeof(msg));
	make_header(view, msg.family, SF_IDLE, msg.ino, msg.cookie);
	if (view->length[SF_PART_PACKET_INFO] >= sizeof(uint32_t))
		view->header.interface =
			(uint32_t)load(view, SF_PART_PACKET_INFO,
				       offsetof(struct sf_packet_info, index), sizeof(uint32_t));
}

static void finish_vsock(struct sf_view *view)
{
	const uint8_t *own = view->part[SF_PART_OWN];
	struct sf_vsock_msg msg;

	memcpy(&msg, own, sizeof(msg));
	make_header(view, msg.family, msg.state == SF_IDLE ? 0 : msg.state, msg.ino, msg.cookie);
	put(view, SF_PART_SHUTDOWN, own + offsetof(struct sf_vsock_msg, shutdown), 1);
}

static void finish_xdp(struct sf_view *view)
{
	struct sf_xdp_msg msg;

	memcpy(&msg, view->part[SF_PART_OWN], sizeof(msg));
	make_header(view, msg.family, SF_IDLE, msg.ino, msg.cookie);
	if (view->length[SF_PART_XDP_INFO] >= sizeof(uint32_t))
		view->header.interface =
			(uint32_t)load(view, SF_PART_XDP_INFO,
				       offsetof(struct sf_xdp_info, ifindex), sizeof(uint32_t));
}

/* By enum sf_shape: the table's own header, its attributes, and what is to be done then. */
static const struct {
	size_t header;
	struct map map;
	void (*finish)(struct sf_view *);
} shapes[SF_SHAPE_COUNT] = {
	[SF_SHAPE_UNIX] = {sizeof(struct sf_unix_msg),
			   MAP(/* UNIX_DIAG_NAME */ SF_PART_UNIX_PATH, SF_PART_UNIX_VFS,
			       SF_PART_UNIX_PEER, SF_PART_UNIX_ICONS | EVEN_EMPTY, SF_PART_QUEUES,
			       SF_PART_SKMEM, SF_PART_SHUTDOWN, SF_PART_UID),
			   finish_unix},
	[SF_SHAPE_NETLINK] = {sizeof(struct sf_netlink_msg),
			      MAP(/* NETLINK_DIAG_MEMINFO */ SF_PART_SKMEM, SF_PART_NETLINK_GROUPS,
				  /* rings, until 4.6 */ 0, 0, SF_PART_NETLINK_FLAGS),
			      finish_netlink},
	[SF_SHAPE_PACKET] = {sizeof(struct sf_packet_msg),
			     MAP(/* PACKET_DIAG_INFO */ SF_PART_PACKET_INFO,
				 SF_PART_PACKET_MCLIST | EVEN_EMPTY, SF_PART_PACKET_RX_RING,
				 SF_PART_PACKET_TX_RING, SF_PART_PACKET_FANOUT, SF_PART_UID,
				 SF_PART_SKMEM, SF_PART_PACKET_FILTER),
			     finish_packet},
	[SF_SHAPE_VSOCK] = {sizeof(struct sf_vsock_msg), {NULL, 0}, finish_vsock},
	[SF_SHAPE_XDP] = {sizeof(struct sf_xdp_msg),
			  MAP(0, /* XDP_DIAG_INFO */ SF_PART_XDP_INFO, SF_PART_UID,
			      SF_PART_XDP_RX_RING, SF_PART_XDP_TX_RING, SF_PART_XDP_UMEM,
			      SF_PART_XDP_FILL_RING, SF_PART_XDP_COMPLETION_RING, SF_PART_SKMEM,
			      SF_PART_XDP_STATS),
			  finish_xdp},
};

int sf_index_shape(struct sf_view *view, enum sf_shape shape, const uint8_t *at, const uint8_t *end)
{
	size_t header = shapes[shape].header;

	if ((size_t)(end - at) < header)
		return -EBADMSG;
	put(view, SF_PART_OWN, at, header);
	if (!index_attributes(view, at + header, end, &shapes[shape].map))
		return -EBADMSG;
	shapes[shape].finish(view);
	return 0;
}

/* ---- tipc: no header, but a nest TIPC_NLA_SOCK of all, with nests in it ---- */

static const struct map tipc_outer = MAP(0, 0, /* TIPC_NLA_SOCK */ SF_PART_OWN);

/* Parts that tipc has no use for: to be looked into, and let go. */
enum {
	SCRATCH_TYPE = SF_PART_VEGAS,
	SCRATCH_INO = SF_PART_DCTCP,
	SCRATCH_STATE = SF_PART_BBR,
	SCRATCH_COOKIE = SF_PART_CONG
};

static const struct map tipc_sock =
	MAP(0, /* TIPC_NLA_SOCK_ADDR */ SF_PART_TIPC_ADDR, SF_PART_TIPC_REF,
	    SF_PART_TIPC_CON | EVEN_EMPTY, SF_PART_TIPC_HAS_PUBL | EVEN_EMPTY, SF_PART_TIPC_STAT,
	    SCRATCH_TYPE, SCRATCH_INO, SF_PART_UID, SCRATCH_STATE, SCRATCH_COOKIE, 0,
	    SF_PART_TIPC_GROUP | EVEN_EMPTY);
#define CON(n) (SF_PART_TIPC_CON_BASE + (n))
static const struct map tipc_con = MAP(0, CON(1) | EVEN_EMPTY, CON(2), CON(3), CON(4), CON(5));
#define STAT(n) (SF_PART_TIPC_STAT_BASE + (n))
static const struct map tipc_stat =
	MAP(STAT(0), STAT(1), STAT(2) | EVEN_EMPTY, STAT(3) | EVEN_EMPTY, STAT(4));
#define GROUP(n) (SF_PART_TIPC_GROUP_BASE + (n))
static const struct map tipc_group = MAP(GROUP(0), GROUP(1) | EVEN_EMPTY, GROUP(2) | EVEN_EMPTY,
					 GROUP(3) | EVEN_EMPTY, GROUP(4), GROUP(5));

static bool index_nest(struct sf_view *view, unsigned part, const struct map *map)
{
	const uint8_t *at = view->part[part];

	/* one of a single byte is not one: an attribute has four */
	return view->length[part] <= 1 || index_attributes(view, at, at + view->length[part], map);
}

/* A number of an attribute that may not have come; it is let go. */
static uint64_t take(struct sf_view *view, unsigned part, size_t size)
{
	uint64_t number = view->length[part] >= size ? load(view, part, 0, size) : 0;

	view->length[part] = 0;
	return number;
}

int sf_index_tipc(struct sf_view *view, const uint8_t *at, const uint8_t *end)
{
	uint32_t cookie[2], state, inode;
	uint64_t id;
	uint8_t *own = (uint8_t *)view->header.src;

	if (!index_attributes(view, at, end, &tipc_outer) || !view->length[SF_PART_OWN] ||
	    !index_nest(view, SF_PART_OWN, &tipc_sock) ||
	    !index_nest(view, SF_PART_TIPC_CON, &tipc_con) ||
	    !index_nest(view, SF_PART_TIPC_STAT, &tipc_stat) ||
	    !index_nest(view, SF_PART_TIPC_GROUP, &tipc_group))
		return -EBADMSG;
	id = take(view, SCRATCH_COOKIE, sizeof(id));
	memcpy(cookie, &id, sizeof(cookie));
	state = (uint32_t)take(view, SCRATCH_STATE, sizeof(state));
	inode = (uint32_t)take(view, SCRATCH_INO, sizeof(inode));
	make_header(view, AF_TIPC, state < SF_STATE_OWN ? (uint8_t)state : 0, inode, cookie);
	own[0] = AF_TIPC; /* as the headers of the others begin */
	own[1] = (uint8_t)take(view, SCRATCH_TYPE, sizeof(uint32_t));
	put(view, SF_PART_OWN, own, 2);
	return 0;
}
