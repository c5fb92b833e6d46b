/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An evaluator of expressions that knows nothing of the room `filter`: what its language means, written out once more.
 */
#pragma once

#include <arpa/inet.h>

#include "filters.h"

enum kind { AND, OR, NOT, STATE, PORT, HOST, DEV, MARK, NUMBER, SHARE, TEXT, LIST, ADDRESS, HAS, FIELDS, ENDS, MATCH };
enum op { EQ, NE, LT, LE, GT, GE };

struct expr {
	enum kind kind;
	struct expr *part[6];
	unsigned parts;
	enum op op;
	bool peer;
	uint32_t states;
	const char *word;
	unsigned field, other;
	uint64_t number;
	uint32_t mask;
	double share;
	int family, bits; /* of an address; family 0: any */
	uint8_t bytes[16];
	int port;         /* -1: any */
};

#define BIT(n) (1u << (n))
#define ALL (BIT(1) | BIT(2) | BIT(3) | BIT(4) | BIT(5) | BIT(6) | BIT(8) | BIT(9) | BIT(10) | BIT(11) | BIT(13))
#define USUAL (BIT(1) | BIT(2) | BIT(4) | BIT(5) | BIT(8) | BIT(9) | BIT(11))

static const struct {
	const char *name;
	uint32_t set;
} states[] = {{"established", BIT(1)}, {"listening", BIT(10)}, {"time-wait", BIT(6)}, {"bound-inactive", BIT(13)},
	      {"syn-recv", BIT(3)}, {"close-wait", BIT(8)}, {"bucket", BIT(3) | BIT(6)}, {"big", ALL & ~(BIT(3) | BIT(6))},
	      {"connected", ALL & ~(BIT(10) | BIT(13))}, {"all", ALL}};

static inline bool full(const struct facts *f)
{
	return f->has_shutdown && f->header.state != SF_LISTEN && f->header.state != SF_CLOSE;
}

static inline bool listens(const struct facts *f)
{
	return f->header.state == SF_LISTEN;
}

static inline bool has_info(const struct facts *f, size_t offset, size_t size)
{
	return full(f) && f->info_length >= offset + size;
}
#define INFO(m) has_info(f, offsetof(struct sf_tcp_info, m), sizeof(f->info.m))

static inline bool get_rtt(const struct facts *f, int64_t *n) { *n = f->info.rtt; return INFO(rtt); }
static inline bool get_min_rtt(const struct facts *f, int64_t *n) { *n = f->info.min_rtt; return INFO(min_rtt) && f->info.min_rtt != UINT32_MAX; }
static inline bool get_probes(const struct facts *f, int64_t *n) { *n = f->info.probes; return INFO(probes); }
static inline bool get_lost(const struct facts *f, int64_t *n) { *n = f->info.lost; return INFO(lost); }
static inline bool get_wscale(const struct facts *f, int64_t *n) { *n = f->info.wscale & 15; return INFO(wscale) && f->info.options & 4; }
static inline bool get_cwnd(const struct facts *f, int64_t *n)
{
	*n = f->info.snd_cwnd;
	return (full(f) || listens(f)) && f->info_length >= offsetof(struct sf_tcp_info, snd_cwnd) + 4;
}
static inline bool get_recv_q(const struct facts *f, int64_t *n) { *n = f->header.rqueue; return full(f); }
static inline bool get_backlog(const struct facts *f, int64_t *n) { *n = f->header.rqueue; return listens(f); }
static inline bool get_uid(const struct facts *f, int64_t *n) { *n = f->header.uid; return f->header.inode || (full(f) && f->header.uid); }
static inline bool get_peer_port(const struct facts *f, int64_t *n)
{
	*n = be16toh(f->header.dport);
	return f->header.state != SF_LISTEN && f->header.state != SF_CLOSE;
}
static inline bool get_local_port(const struct facts *f, int64_t *n) { *n = be16toh(f->header.sport); return true; }
static inline bool get_drops(const struct facts *f, int64_t *n)
{
	*n = f->skmem[8];
	return f->has_skmem && (full(f) || listens(f) || f->header.state == SF_CLOSE);
}
static inline bool get_fwd(const struct facts *f, int64_t *n)
{
	*n = (int32_t)f->skmem[4];
	return f->has_skmem && (full(f) || listens(f) || f->header.state == SF_CLOSE);
}
static inline bool get_cookie(const struct facts *f, int64_t *n) { *n = (int64_t)(f->header.cookie[0] | (uint64_t)f->header.cookie[1] << 32); return true; }
static inline bool get_family(const struct facts *f, int64_t *n) { *n = f->header.family; return true; }
static inline bool get_ca_state(const struct facts *f, int64_t *n) { *n = f->info.ca_state; return INFO(ca_state); }
static inline bool get_app_limited(const struct facts *f, int64_t *n) { *n = f->info.rate_flags & 1; return INFO(rate_flags); }

/* Values as text, those that matter at the boundaries; ordered: may be compared by < and its like. */
static const struct number {
	const char *name;
	bool (*get)(const struct facts *, int64_t *);
	bool ordered;
	char unit; /* those of one unit may be compared with each other; 0: with none */
	struct { const char *text; int64_t number; } value[5];
} numbers[] = {
	{"tcp.rtt_us", get_rtt, true, 'u', {{"100ms", 100000}, {"100000", 100000}, {"0", 0}, {"0.2ms", 200}, {"1s", 1000000}}},
	{"tcp.min_rtt_us", get_min_rtt, true, 'u', {{"90ms", 90000}, {"0", 0}, {"4294967295", 4294967295}, {"1us", 1}, {"1m", 60000000}}},
	{"tcp.probes", get_probes, true, 'n', {{"0", 0}, {"1", 1}, {"255", 255}, {"3", 3}, {"254", 254}}},
	{"tcp.lost", get_lost, true, 'n', {{"0", 0}, {"1", 1}, {"2", 2}, {"0x3", 3}, {"4294967295", 4294967295}}},
	{"tcp.snd_wscale", get_wscale, true, 'n', {{"7", 7}, {"0", 0}, {"14", 14}, {"8", 8}, {"1", 1}}},
	{"tcp.snd_cwnd", get_cwnd, true, 'n', {{"10", 10}, {"0", 0}, {"1", 1}, {"100", 100}, {"11", 11}}},
	{"recv_q_bytes", get_recv_q, true, 'b', {{"0", 0}, {"1KiB", 1024}, {"96", 96}, {"1KB", 1000}, {"95B", 95}}},
	{"listen.backlog", get_backlog, true, 'n', {{"0", 0}, {"96", 96}, {"97", 97}, {"1024", 1024}, {"1", 1}}},
	{"uid", get_uid, true, 'n', {{"0", 0}, {"33", 33}, {"1000", 1000}, {"34", 34}, {"1", 1}}},
	{"peer.port", get_peer_port, true, 'p', {{"0", 0}, {":443", 443}, {"443", 443}, {"65535", 65535}, {"80", 80}}},
	{"local.port", get_local_port, true, 'p', {{"0", 0}, {":22", 22}, {"443", 443}, {"65535", 65535}, {"80", 80}}},
	{"skmem.drops", get_drops, true, 'n', {{"0", 0}, {"3", 3}, {"2", 2}, {"1", 1}, {"4", 4}}},
	{"skmem.fwd_alloc_bytes", get_fwd, true, 'b', {{"0", 0}, {"-1", -1}, {"-4KiB", -4096}, {"-2147483648", -2147483648ll}, {"4KiB", 4096}}},
	{"cookie", get_cookie, false, 0, {{"1", 1}, {"0x2", 2}, {"4294967297", 4294967297}, {"3", 3}, {"0x100000002", 4294967298}}},
	{"family", get_family, false, 0, {{"inet", 2}, {"inet6", 10}, {"unix", 1}, {"unknown-7", 7}, {"inet", 2}}},
	{"tcp.ca_state", get_ca_state, false, 0, {{"open", 0}, {"loss", 4}, {"unknown-9", 9}, {"cwr", 2}, {"recovery", 3}}},
	{"tcp.delivery_rate_app_limited", get_app_limited, false, 0, {{"true", 1}, {"false", 0}, {"true", 1}, {"false", 0}, {"true", 1}}},
};

static inline bool compare(enum op op, bool less, bool equal)
{
	return op == EQ ? equal : op == NE ? !equal : op == LT ? less : op == LE ? less || equal : op == GT ? !less && !equal : !less;
}

/* Patterns, and for which of the names of congestion controls they hold. */
static const struct {
	const char *text;
	bool bbr, cubic;
} patterns[] = {{"^b", true, false}, {"bic$", false, true}, {"b", true, true}, {"^(bbr|reno)$", true, false}, {".", true, true},
		{"x", false, false}, {"^$", false, false}, {"c.b", false, true}, {"^[^c]", true, false}, {"(?i)^BBR", true, false},
		{"\\\\w{4}", false, true}, {"(b)\\\\1", true, false}, {"", true, true}, {"b{2}|^c", true, true}};

static inline bool bits_equal(const uint8_t *a, const uint8_t *b, int bits)
{
	for (int i = 0; i < bits; i++) {
		if ((a[i / 8] ^ b[i / 8]) >> (7 - i % 8) & 1)
			return false;
	}
	return true;
}

static inline bool address_in(const struct expr *e, int family, const void *address)
{
	static const uint8_t mapped[12] = {[10] = 255, [11] = 255};

	if (!e->family || e->family == family)
		return bits_equal(e->bytes, address, e->bits);
	return e->family == AF_INET && bits_equal(mapped, address, 96) && bits_equal(e->bytes, (const uint8_t *)address + 12, e->bits);
}

static inline bool evaluate(const struct expr *e, const struct facts *f)
{
	const struct sf_inet_msg *h = &f->header;
	int64_t number, other;
	bool holds;

	switch (e->kind) {
	case AND:
	case OR:
		for (unsigned i = 0; i < e->parts; i++) {
			if (evaluate(e->part[i], f) != (e->kind == AND))
				return e->kind == OR;
		}
		return e->kind == AND;
	case NOT:
		return !evaluate(e->part[0], f);
	case STATE:
		holds = e->states & BIT(h->state == SF_CLOSE ? SF_BOUND_INACTIVE : h->state);
		return holds == (e->op == EQ);
	case PORT:
		number = be16toh(e->peer ? h->dport : h->sport);
		return compare(e->op, (uint64_t)number < e->number, (uint64_t)number == e->number);
	case HOST:
		holds = address_in(e, h->family, e->peer ? h->dst : h->src) &&
			(e->port < 0 || e->port == be16toh(e->peer ? h->dport : h->sport));
		return holds == (e->op == EQ);
	case DEV:
		return (h->interface == e->number) == (e->op == EQ);
	case MARK:
		return f->has_mark && ((f->mark & e->mask) == e->number) == (e->op == EQ);
	case NUMBER:
		return numbers[e->field].get(f, &number) && compare(e->op, number < (int64_t)e->number, number == (int64_t)e->number);
	case SHARE:
		if (!INFO(bytes_retrans) || !f->info.bytes_sent || f->info_length < offsetof(struct sf_tcp_info, bytes_retrans) + 8)
			return false;
		return compare(e->op, (double)f->info.bytes_retrans / (double)f->info.bytes_sent < e->share,
			       (double)f->info.bytes_retrans / (double)f->info.bytes_sent == e->share);
	case TEXT:
		return (full(f) || listens(f)) && f->has_cong && !strcmp(f->cong, e->word) == (e->op == EQ);
	case MATCH:
		return (full(f) || listens(f)) && f->has_cong &&
		       (strcmp(f->cong, "bbr") ? patterns[e->field].cubic : patterns[e->field].bbr) == (e->op == EQ);
	case HAS:
		return numbers[e->field].get(f, &number);
	case FIELDS:
		return numbers[e->field].get(f, &number) && numbers[e->other].get(f, &other) &&
		       compare(e->op, number < other, number == other);
	case ENDS:
		if (h->state == SF_LISTEN || h->state == SF_CLOSE)
			return false;
		return !memcmp(h->src, h->dst, h->family == AF_INET ? 4 : 16) == (e->op == EQ);
	case LIST:
		return INFO(options) && (f->info.options >> e->number & 1) == (e->op == EQ);
	case ADDRESS:
		if (e->peer && (h->state == SF_LISTEN || h->state == SF_CLOSE))
			return false;
		return address_in(e, h->family, e->peer ? h->dst : h->src) == (e->op == EQ);
	}
	abort();
}
