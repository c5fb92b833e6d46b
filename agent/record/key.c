/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keys of a socket's line. Once a record where an output wants them, so: no allocation, no
 * formatted printing. Every socket has both: its cookie and its ends stand in the header.
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

char *sf_key_socket(char *out, const char *boot_id, size_t length, const struct sf_view *view)
{
	out = mempcpy(out, boot_id, length);
	*out = '/';
	return put_u64(out + 1, sf_view_cookie(view));
}

char *sf_key_flow(char *out, const struct sf_view *view)
{
	char local[END_ROOM], peer[END_ROOM];
	size_t local_length, peer_length;
	struct sf_inet_msg msg;
	bool local_first;

	memcpy(&msg, view->part[SF_PART_HEADER], sizeof(msg));
	local_length = put_end(local, msg.family, msg.src, msg.sport);
	peer_length = put_end(peer, msg.family, msg.dst, msg.dport);
	local_first = is_less(local, local_length, peer, peer_length);
	out = local_first ? mempcpy(out, local, local_length) : mempcpy(out, peer, peer_length);
	*out++ = '-';
	return local_first ? mempcpy(out, peer, peer_length) : mempcpy(out, local, local_length);
}
