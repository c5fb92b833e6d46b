/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random filters for the tests of the sieve, written as text: of what the kernel can compare, and of what it cannot.
 */
#pragma once

#include "filters.h"

struct draft {
	uint64_t random;
	struct sf_buf text;
};

static inline const char *one_of(struct draft *d, const char *const *words, size_t count)
{
	return words[pick(&d->random, (unsigned)count)];
}
#define ONE_OF(d, ...) one_of(d, (const char *const[]){__VA_ARGS__}, SF_COUNT(((const char *const[]){__VA_ARGS__})))

/* What the kernel answers as the judge, for every socket. */
static inline void draw_same(struct draft *d)
{
	const char *what, *op, *value;

	switch (pick(&d->random, 9)) {
	case 0:
	case 1:
		what = ONE_OF(d, "sport", "dport", "local.port");
		op = ONE_OF(d, "=", "!=", "<", "<=", ">", ">=");
		value = ONE_OF(d, "0", "1", "22", "80", "81", "443", "65534", "65535");
		break;
	case 2:
		what = ONE_OF(d, "src", "dst");
		op = ONE_OF(d, "=", "!=");
		value = ONE_OF(d, "10.0.0.0/8", "10.0.0.1", "10.0.0.1:443", "[2001:db8::/32]", "[2001:db8::/33]:22", ":80", "[::/0]",
			       "0.0.0.0/0", "[::ffff:10.0.0.0/104]", "10.0.0.1/31", "[fe80::1]", "0.0.0.0:0");
		break;
	case 3:
		what = "local.address";
		op = ONE_OF(d, "=", "!=");
		value = ONE_OF(d, "10.0.0.0/8", "::1", "::/0", "10.1.0.1");
		break;
	case 4:
		what = "dev";
		op = ONE_OF(d, "=", "!=");
		value = ONE_OF(d, "0", "1", "77777", "nosuch0");
		break;
	case 7:
		what = ONE_OF(d, "sport", "dport", "local.port");
		op = "in";
		value = ONE_OF(d, "(80)", "(80, 81, 443)", "(0, 2, 22, 80, 82, 443)", "(1-80, 443-65535)", "(0-65535)");
		break;
	case 8:
		what = ONE_OF(d, "src", "dst", "local.address");
		op = "in";
		value = ONE_OF(d, "(10.0.0.0/8)", "(10.0.0.1, 10.1.0.1, [2001:db8::/32])", "([::/0])", "(127.0.0.1, 0.0.0.0/1)");
		break;
	case 5:
		what = "family";
		op = ONE_OF(d, "=", "!=");
		value = ONE_OF(d, "inet", "inet6");
		break;
	default:
		sf_buf_text(&d->text, "autobound");
		return;
	}
	sf_buf_format(&d->text, "%s %s %s", what, op, value);
}

static inline void draw_other(struct draft *d)
{
	sf_buf_text(&d->text, ONE_OF(d, "state listening", "state != established", "tcp.rtt_us > 5", "uid = 0", "peer.port = 443",
				     "peer.port != 443", "peer.port < 81", "peer.address = 10.0.0.0/8", "peer.address != 10.0.0.1",
				     "fwmark = 1", "fwmark != 0x34/0xff", "fwmark = 0", "cgroup.id = 0", "cgroup.id = 7",
				     "cgroup.id != 7", "fwmark in (1, 0x1200/0xff00)", "cgroup.id in (0, 7, 8)",
				     "interface.index in (1, 77777)", "peer.port in (0, 80-443)", "state in (established, time-wait)",
				     "has peer.port", "has mark", "local.port = peer.port", "local.port < peer.port",
				     "local.address = peer.address", "peer.address != local.address",
				     "peer.address in (10.0.0.1, 2001:db8::/32)", "interface.index > 0", "interface.index != 77777", "interface.index <= 2"));
}

static inline void draw_tree(struct draft *d, unsigned depth, bool same)
{
	unsigned what = depth ? pick(&d->random, 8) : 0, parts;

	if (what == 7) {
		sf_buf_text(&d->text, "not (");
		draw_tree(d, depth - 1, same);
		sf_buf_text(&d->text, ")");
	} else if (what >= 3) {
		parts = 2 + pick(&d->random, what == 3 ? 9 : 2);
		sf_buf_text(&d->text, "(");
		for (unsigned i = 0; i < parts; i++) {
			sf_buf_text(&d->text, !i ? "" : what % 2 ? " or " : " and ");
			draw_tree(d, what == 3 ? 0 : depth - 1, same);
		}
		sf_buf_text(&d->text, ")");
	} else if (same || what) {
		draw_same(d);
	} else {
		draw_other(d);
	}
}

/* NULL where the text can never hold, which is an error. */
static inline struct sf_filter *draw_filter(struct draft *d, bool same)
{
	struct sf_filter *filter;
	char *said;

	d->text.length = 0;
	draw_tree(d, 1 + pick(&d->random, 4), same);
	filter = filter_try(d->text.data, d->text.length, &said);
	if (!filter && !strstr(said, "can never hold"))
		fail_msg("%s", said);
	free(said);
	return filter;
}
