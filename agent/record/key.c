/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keys of a socket's line. Once a record where an output wants them, so: no allocation, no
 * formatted printing. Every socket has both: its cookie and its ends stand in the header, or what
 * its table has of ends; where both ends are the same host's they have the same key.
 */
#include <endian.h>

#include "record/number.h"

/* An address of 45 bytes at most, brackets, a colon and a port; and what is scribbled behind. */
enum { END_ROOM = 128 };

/*
 * An end of a dual-stack socket has a v4-mapped address and is plain IPv4 for its peer: so it is
 * here.
 */
static const uint8_t *plain_v4(const uint8_t *address, uint8_t family)
{
	static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};

	if (family == 2) /* AF_INET; every other family of inet_diag has 16 bytes */
		return address;
	return memcmp(address, mapped, sizeof(mapped)) ? NULL : address + sizeof(mapped);
}

static size_t put_end(char *start, uint8_t family, const uint32_t address[4], uint16_t port)
{
	const uint8_t *bytes = (const uint8_t *)address, *v4 = plain_v4(bytes, family);
	char *out = start;

	if (v4) {
		out = sf_write_ip(out, v4, 4);
	} else {
		*out = '[';
		out = sf_write_ip(out + 1, bytes, 16);
		*out++ = ']';
	}
	*out++ = ':';
	return (size_t)(put_below_e8(out, be16toh(port)) - start);
}

/* As bytes; an end that begins the other is the lesser. */
static bool is_less(const char *a, size_t a_length, const char *b, size_t b_length)
{
	int order = memcmp(a, b, a_length < b_length ? a_length : b_length);

	return order < 0 || (order == 0 && a_length < b_length);
}

/* The numbers of an end, with a colon between: `7:1024`. */
static size_t put_numbers(char *start, uint64_t a, uint64_t b, bool both)
{
	char *out = put_u64(start, a);

	if (both) {
		*out = ':';
		out = put_u64(out + 1, b);
	}
	return (size_t)(out - start);
}

static uint32_t number_of(const struct sf_view *view, unsigned part, size_t offset)
{
	uint32_t number = 0;

	if (view->length[part] >= offset + sizeof(number))
		memcpy(&number, view->part[part] + offset, sizeof(number));
	return number;
}

struct ends {
	char local[END_ROOM], peer[END_ROOM];
	size_t local_length, peer_length;
};

static void find_inet(struct ends *ends, const struct sf_view *view)
{
	struct sf_inet_msg msg;

	memcpy(&msg, view->part[SF_PART_HEADER], sizeof(msg));
	ends->local_length = put_end(ends->local, msg.family, msg.src, msg.sport);
	ends->peer_length = put_end(ends->peer, msg.family, msg.dst, msg.dport);
}

#define OWN(type, member) number_of(view, SF_PART_OWN, offsetof(struct type, member))

/* unix:1120-1121 by inodes, vsock:2:1024-3:5000, netlink:0-4242 by port ids, tipc by references. */
static const char *find_ends(struct ends *ends, const struct sf_view *view)
{
	uint32_t local = 0, local_more = 0, peer = 0, peer_more = 0;
	bool both = false;

	switch (sf_tables[view->table].shape) {
	case SF_SHAPE_INET:
		find_inet(ends, view);
		return NULL;
	case SF_SHAPE_UNIX:
		local = OWN(sf_unix_msg, ino);
		peer = number_of(view, SF_PART_UNIX_PEER, 0);
		break;
	case SF_SHAPE_NETLINK:
		local = OWN(sf_netlink_msg, portid);
		peer = OWN(sf_netlink_msg, dst_portid);
		break;
	case SF_SHAPE_PACKET:
	case SF_SHAPE_XDP: /* the wire is no end */
		local = view->header.inode;
		peer = view->header.interface;
		break;
	case SF_SHAPE_VSOCK:
		both = true;
		local = OWN(sf_vsock_msg, src_cid);
		local_more = OWN(sf_vsock_msg, src_port);
		peer = OWN(sf_vsock_msg, dst_cid);
		peer_more = OWN(sf_vsock_msg, dst_port);
		break;
	case SF_SHAPE_TIPC:
		both = true;
		local = number_of(view, SF_PART_TIPC_ADDR, 0);
		local_more = number_of(view, SF_PART_TIPC_REF, 0);
		peer = number_of(view, SF_PART_TIPC_CON_BASE + 2, 0);
		peer_more = number_of(view, SF_PART_TIPC_CON_BASE + 3, 0);
		break;
	case SF_SHAPE_COUNT:
		break;
	}
	ends->local_length = put_numbers(ends->local, local, local_more, both);
	ends->peer_length = put_numbers(ends->peer, peer, peer_more, both);
	return sf_tables[view->table].name;
}

char *sf_key_socket(char *out, const char *boot_id, size_t length, const struct sf_view *view)
{
	out = mempcpy(out, boot_id, length);
	*out = '/';
	return put_u64(out + 1, sf_view_cookie(view));
}

char *sf_key_flow(char *out, const struct sf_view *view)
{
	struct ends ends;
	const char *table = find_ends(&ends, view);
	bool local_first;

	if (table) {
		out = stpcpy(out, table);
		*out++ = ':';
	}
	local_first = is_less(ends.local, ends.local_length, ends.peer, ends.peer_length);
	out = local_first ? mempcpy(out, ends.local, ends.local_length)
			  : mempcpy(out, ends.peer, ends.peer_length);
	*out++ = '-';
	return local_first ? mempcpy(out, ends.peer, ends.peer_length)
			   : mempcpy(out, ends.local, ends.local_length);
}
