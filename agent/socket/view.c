/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One answer of inet_diag, indexed: where each part lies and how long it is. What comes in is bytes
 * that nobody has checked; after a success every part lies within them. MD5SIG carries a secret key
 * and is passed over here, once for all.
 */
#include "socket/load.h"

#define ALIGNED(length) (((length) + 3u) & ~3u) /* NLA_ALIGN, linux/netlink.h */
#define NEST_BITS	0x3fffu			/* NLA_TYPE_MASK, linux/netlink.h */

static const uint8_t flag_came = 1;

struct attribute { /* struct nlattr, linux/netlink.h: both with its own 4 bytes */
	uint16_t length, type;
};

/* The next attribute of [*at, end): its payload, or NULL at the end; *bad when one does not fit. */
static inline const uint8_t *next(const uint8_t **at, const uint8_t *end, struct attribute *a,
				  bool *bad)
{
	const uint8_t *payload = *at + sizeof(*a);
	size_t left = (size_t)(end - *at);

	if (left < sizeof(*a)) {
		*bad = left != 0;
		return NULL;
	}
	memcpy(a, *at, sizeof(*a));
	if (a->length < sizeof(*a) || a->length > left) {
		*bad = true;
		return NULL;
	}
	*at = ALIGNED(a->length) > left ? end : *at + ALIGNED(a->length);
	a->type &= NEST_BITS;
	a->length -= sizeof(*a);
	return payload;
}

static void put(struct sf_view *view, unsigned part, const uint8_t *bytes, size_t length)
{
	view->part[part] = bytes;
	view->length[part] = (uint16_t)length;
}

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

static enum sf_class class_of(const struct sf_view *view)
{
	switch (sf_view_state(view)) {
	case SF_LISTEN:
		return SF_CLASS_LISTENER;
	case SF_CLOSE:
		return SF_CLASS_BOUND;
	case SF_TIME_WAIT: /* there is no other one: filters rely on it */
		return SF_CLASS_SMALL;
	}
	/* Of SYN-RECV and FIN-WAIT-2 some are small: the kernel has no SHUTDOWN to send. */
	return view->length[SF_PART_SHUTDOWN] ? SF_CLASS_FULL : SF_CLASS_SMALL;
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

int sf_view_index(struct sf_view *view, const void *payload, size_t length)
{
	const uint8_t *at = payload, *end = at + length, *bytes;
	struct attribute a;
	bool bad = false;

	if (length < sizeof(struct sf_inet_msg))
		return -EBADMSG;
	clear(view);
	put(view, SF_PART_HEADER, at, sizeof(struct sf_inet_msg));
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
	view->class = class_of(view);
	return 0;
}
