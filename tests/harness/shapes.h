/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Answers of the tables that are not of inet_diag, made by hand. Include behind <cmocka.h>.
 */
#pragma once

#include <sys/socket.h>

#include <sockfeed/socket.h>

#include "replies.h"

static inline void begin(struct reply *reply, const void *header, size_t length)
{
	memcpy(reply->bytes, header, length);
	reply->length = length;
}

static inline void index_as(struct sf_view *view, enum sf_table table, const struct reply *reply)
{
	memset(view, 0xa5, sizeof(*view));
	view->table = (uint8_t)table;
	view->release = 0x061200;
	assert_int_equal(sf_view_index(view, reply->bytes, reply->length), 0);
}

static inline void make_tipc(struct reply *reply, bool connected)
{
	static const uint32_t node = 0x1001, ref = 42, peer = 43, type = SOCK_SEQPACKET, inode = 8, uid = 5, queue = 2;
	static const uint64_t cookie = 0x123456789aull;
	uint32_t tipc_state = connected ? SF_ESTABLISHED : SF_LISTEN;
	size_t sock, nest;

	reply->length = 0;
	sock = reply_open(reply, 2);
	reply_add(reply, 2, &ref, sizeof(ref));
	reply_add(reply, 1, &node, sizeof(node));
	if (connected) {
		nest = reply_open(reply, 3);
		reply_add(reply, 2, &node, sizeof(node));
		reply_add(reply, 3, &peer, sizeof(peer));
		reply_add(reply, 1, NULL, 0);
		reply_close(reply, nest);
	} else {
		reply_add(reply, 4, NULL, 0);
	}
	reply_add(reply, 6, &type, sizeof(type));
	reply_add(reply, 9, &tipc_state, sizeof(tipc_state));
	reply_add(reply, 7, &inode, sizeof(inode));
	reply_add(reply, 8, &uid, sizeof(uid));
	reply_add(reply, 10, &cookie, sizeof(cookie));
	nest = reply_open(reply, 5);
	reply_add(reply, 0, &queue, sizeof(queue));
	reply_add(reply, 3, NULL, 0);
	reply_close(reply, nest);
	reply_close(reply, sock);
}
