/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One answer, indexed: where each part lies and how long it is. What comes in is bytes that nobody
 * has checked; after a success every part lies within them, or within the view. Here are those of
 * inet_diag; MD5SIG carries a secret key and is passed over, once for all.
 */
#include "socket/index.h"

static const uint8_t flag_came = 1;

/*
 * A nest of attributes 1 to `most`, each to its own part behind `base`. A flag has no payload: one
 * byte says that it came.
 */
static bool open_nest(struct sf_view *view, const uint8_t *at, size_t length, unsigned base,
		      unsigned most)
{
	const uint8_t *end = at + length, *payload;
	struct attribute a;
	bool bad = false;

	while ((payload = next(&at, end, &a, &bad))) {
		if (a.type >= 1 && a.type <= most)
			put(view, base + a.type, a.length ? payload : &flag_came,
			    a.length ? a.length : 1);
	}
	return !bad;
}

/* INET_ULP_INFO_*, linux/inet_diag.h */
enum { ULP_NAME = 1, ULP_TLS = 2, ULP_MPTCP = 3, TLS_MOST = 7, SUBFLOW_MOST = 10 };

static bool open_ulp(struct sf_view *view, const uint8_t *at, size_t length)
{
	const uint8_t *end = at + length, *payload;
	struct attribute a;
	bool bad = false;

	while ((payload = next(&at, end, &a, &bad))) {
		switch (a.type) {
		case ULP_NAME:
			put(view, SF_PART_ULP_NAME, payload, a.length);
			break;
		case ULP_TLS:
			put(view, SF_PART_TLS, a.length ? payload : &flag_came,
			    a.length ? a.length : 1);
			if (!open_nest(view, payload, a.length, SF_PART_TLS_BASE, TLS_MOST))
				return false;
			break;
		case ULP_MPTCP:
			if (!open_nest(view, payload, a.length, SF_PART_SUBFLOW_BASE, SUBFLOW_MOST))
				return false;
			break;
		}
	}
	return !bad;
}

/* Not by memset, which gcc makes `rep stos` here: 30 cycles before its first byte. */
static inline void clear(struct sf_view *view)
{
	typedef uint64_t words __attribute__((vector_size(16), aligned(1), may_alias));

	_Static_assert(sizeof(view->length) >= 16, "");
	for (size_t at = 0; at + 16 <= sizeof(view->length); at += 16)
		*(words *)((char *)view->length + at) = (words){0};
	*(words *)((char *)view->length + sizeof(view->length) - 16) = (words){0};
}

/* ---- what the header says, where it is not what the kernel means elsewhere ---- */

/* From here on the header is the view's own, and can be changed. */
static struct sf_inet_msg *own_header(struct sf_view *view)
{
	memcpy(&view->header, view->part[SF_PART_HEADER], sizeof(view->header));
	view->part[SF_PART_HEADER] = (const uint8_t *)&view->header;
	return &view->header;
}

/* Numbers of our own, and the one that is asked for and answered as CLOSE: no kernel sends them. */
static void check_state(struct sf_view *view)
{
	uint8_t state = sf_view_state(view);

	if ((state >= SF_STATE_OWN && state < SF_STATE_COUNT) || state == SF_BOUND_INACTIVE)
		own_header(view)->state = 0;
}

static enum sf_class class_of_tcp(struct sf_view *view)
{
	check_state(view);
	switch (sf_view_state(view)) {
	case SF_LISTEN:
		return SF_CLASS_LISTENER;
	case SF_CLOSE: /* the kernel shows no closed TCP socket but those that are bound */
		own_header(view)->state = SF_BOUND_INACTIVE;
		return SF_CLASS_BOUND;
	case SF_TIME_WAIT: /* there is no other one: filters rely on it */
		return SF_CLASS_SMALL;
	}
	/* Of SYN-RECV and FIN-WAIT-2 some are small: the kernel has no SHUTDOWN to send. */
	return view->length[SF_PART_SHUTDOWN] ? SF_CLASS_FULL : SF_CLASS_SMALL;
}

/* What an association is in: SCTP_STATE_*, include/net/sctp/constants.h. */
static const uint8_t association[] = {SF_CLOSE,
				      SF_COOKIE_WAIT,
				      SF_COOKIE_ECHOED,
				      SF_ESTABLISHED,
				      SF_SHUTDOWN_PENDING,
				      SF_SHUTDOWN_SENT,
				      SF_SHUTDOWN_RECEIVED,
				      SF_SHUTDOWN_ACK_SENT};

static enum sf_class class_of(struct sf_view *view)
{
	uint8_t state = sf_view_state(view);

	/* Associations alone come with the addresses of their peer (net/sctp/diag.c). */
	if (view->table == SF_TABLE_SCTP && view->length[SF_PART_PEERS]) {
		own_header(view)->state = state < SF_COUNT(association) ? association[state] : 0;
		return SF_CLASS_FULL;
	}
	check_state(view);
	if (state == SF_LISTEN)
		return SF_CLASS_LISTENER;
	return state == SF_CLOSE ? SF_CLASS_UNCONNECTED : SF_CLASS_FULL;
}

static int index_inet(struct sf_view *view, const uint8_t *at, const uint8_t *end)
{
	const uint8_t *bytes;
	struct attribute a;
	bool bad = false;

	if (end - at < (ptrdiff_t)sizeof(struct sf_inet_msg))
		return -EBADMSG;
	put(view, SF_PART_HEADER, at, sizeof(struct sf_inet_msg));
	put(view, SF_PART_QUEUES, at + offsetof(struct sf_inet_msg, rqueue),
	    sizeof(struct sf_queues));
	put(view, SF_PART_UID, at + offsetof(struct sf_inet_msg, uid), sizeof(uint32_t));
	at += sizeof(struct sf_inet_msg);
	while ((bytes = next(&at, end, &a, &bad))) {
		if (a.type >= SF_PART_ATTRIBUTES || a.type == SF_PART_MD5SIG || !a.type)
			continue;
		put(view, a.type, bytes, a.length);
	}
	if (bad)
		return -EBADMSG;
	if (view->length[SF_PART_ULP] &&
	    !open_ulp(view, view->part[SF_PART_ULP], view->length[SF_PART_ULP]))
		return -EBADMSG;
	view->class = view->table == SF_TABLE_TCP ? class_of_tcp(view) : class_of(view);
	return 0;
}

int sf_view_index(struct sf_view *view, const void *payload, size_t length)
{
	const uint8_t *at = payload, *end = at + length;
	enum sf_shape shape;

	clear(view);
	if (view->table == SF_TABLE_COUNT) /* an event, which says itself of which it is */
		return index_inet(view, at, end);
	shape = sf_tables[view->table].shape;
	switch (shape) {
	case SF_SHAPE_INET:
		return index_inet(view, at, end);
	case SF_SHAPE_UNIX:
	case SF_SHAPE_NETLINK:
	case SF_SHAPE_PACKET:
	case SF_SHAPE_VSOCK:
	case SF_SHAPE_XDP:
		return sf_index_shape(view, shape, at, end);
	case SF_SHAPE_TIPC:
		return sf_index_tipc(view, at, end);
	case SF_SHAPE_COUNT:
		break;
	}
	return -EBADMSG;
}

/* FNV-1a of what differs between the associations of a socket. */
uint64_t sf_view_identity(const struct sf_view *view)
{
	const uint8_t *header = view->part[SF_PART_HEADER];
	uint64_t identity = sf_view_cookie(view);

	if (view->table != SF_TABLE_SCTP || !view->length[SF_PART_PEERS])
		return identity;
	for (size_t i = offsetof(struct sf_inet_msg, sport);
	     i < offsetof(struct sf_inet_msg, cookie); i++)
		identity = (identity ^ header[i]) * 0x100000001b3u;
	return identity;
}
