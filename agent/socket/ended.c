/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The event of a socket's end, which the kernel sends unasked: an answer of inet_diag in which some
 * of the header and most attributes are missing, and that says itself of which protocol it is.
 */
#include "socket/load.h"

int sf_view_ended(struct sf_view *view)
{
	static const struct {
		uint8_t protocol, table;
	} tables[] = {{6, SF_TABLE_TCP}, {17, SF_TABLE_UDP}}; /* IPPROTO_* */

	for (size_t i = 0; view->length[SF_PART_PROTOCOL] && i < SF_COUNT(tables); i++) {
		if (tables[i].protocol != *view->part[SF_PART_PROTOCOL])
			continue;
		view->table = tables[i].table;
		view->class = SF_CLASS_ENDED;
		return 0;
	}
	return -ENOENT;
}

#define IS_SET(view, m)                                                    \
	(load(view, SF_PART_HEADER, offsetof(struct sf_inet_msg, m), 8) || \
	 load(view, SF_PART_HEADER, offsetof(struct sf_inet_msg, m) + 8, 8))

/*
 * A connect that is refused while the program waits for it, and a connection that its own end
 * aborts, are disconnected before they end: own address, the peer's port and all counters are
 * erased. Where the program does not wait they stay, but nothing ever reached the peer; `delivered`
 * counts the handshake at either end.
 */
bool sf_view_unconnected(const struct sf_view *view)
{
	const size_t delivered = offsetof(struct sf_tcp_info, delivered);

	if (!LOAD_HEADER(view, sport))
		return true;
	if (view->table != SF_TABLE_TCP || !IS_SET(view, dst))
		return false;
	if (!LOAD_HEADER(view, dport))
		return !IS_SET(view, src);
	return view->length[SF_PART_INFO] >= delivered + 4 && !LOAD_TCP(view, delivered);
}
