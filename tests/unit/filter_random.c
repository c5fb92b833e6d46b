/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The room `filter` against an evaluator that knows nothing of it: random expressions, written in random spellings, over random
 * sockets. Both agree; a normal form parses to itself and means the same; what is asked for suffices.
 */
#include <arpa/inet.h>

#include "filters.h"

#define FILTERS 10000
#define SOCKETS 40

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

/* ---- what the naive evaluator knows, written out here once more ---- */

#define BIT(n) (1u << (n))
#define ALL (BIT(1) | BIT(2) | BIT(3) | BIT(4) | BIT(5) | BIT(6) | BIT(8) | BIT(9) | BIT(10) | BIT(11) | BIT(13))
#define USUAL (BIT(1) | BIT(2) | BIT(4) | BIT(5) | BIT(8) | BIT(9) | BIT(11))

static const struct {
	const char *name;
	uint32_t set;
} states[] = {{"established", BIT(1)}, {"listening", BIT(10)}, {"time-wait", BIT(6)}, {"bound-inactive", BIT(13)},
	      {"syn-recv", BIT(3)}, {"close-wait", BIT(8)}, {"bucket", BIT(3) | BIT(6)}, {"big", ALL & ~(BIT(3) | BIT(6))},
	      {"connected", ALL & ~(BIT(10) | BIT(13))}, {"all", ALL}};

static bool full(const struct facts *f)
{
	return f->has_shutdown && f->header.state != SF_LISTEN && f->header.state != SF_CLOSE;
}

static bool listens(const struct facts *f)
{
	return f->header.state == SF_LISTEN;
}

static bool has_info(const struct facts *f, size_t offset, size_t size)
{
	return full(f) && f->info_length >= offset + size;
}
#define INFO(m) has_info(f, offsetof(struct sf_tcp_info, m), sizeof(f->info.m))

static bool get_rtt(const struct facts *f, int64_t *n) { *n = f->info.rtt; return INFO(rtt); }
static bool get_min_rtt(const struct facts *f, int64_t *n) { *n = f->info.min_rtt; return INFO(min_rtt) && f->info.min_rtt != UINT32_MAX; }
static bool get_probes(const struct facts *f, int64_t *n) { *n = f->info.probes; return INFO(probes); }
static bool get_lost(const struct facts *f, int64_t *n) { *n = f->info.lost; return INFO(lost); }
static bool get_wscale(const struct facts *f, int64_t *n) { *n = f->info.wscale & 15; return INFO(wscale) && f->info.options & 4; }
static bool get_cwnd(const struct facts *f, int64_t *n)
{
	*n = f->info.snd_cwnd;
	return (full(f) || listens(f)) && f->info_length >= offsetof(struct sf_tcp_info, snd_cwnd) + 4;
}
static bool get_recv_q(const struct facts *f, int64_t *n) { *n = f->header.rqueue; return full(f); }
static bool get_backlog(const struct facts *f, int64_t *n) { *n = f->header.rqueue; return listens(f); }
static bool get_uid(const struct facts *f, int64_t *n) { *n = f->header.uid; return f->header.inode || (full(f) && f->header.uid); }
static bool get_peer_port(const struct facts *f, int64_t *n)
{
	*n = be16toh(f->header.dport);
	return f->header.state != SF_LISTEN && f->header.state != SF_CLOSE;
}
static bool get_local_port(const struct facts *f, int64_t *n) { *n = be16toh(f->header.sport); return true; }
static bool get_drops(const struct facts *f, int64_t *n)
{
	*n = f->skmem[8];
	return f->has_skmem && (full(f) || listens(f) || f->header.state == SF_CLOSE);
}
static bool get_fwd(const struct facts *f, int64_t *n)
{
	*n = (int32_t)f->skmem[4];
	return f->has_skmem && (full(f) || listens(f) || f->header.state == SF_CLOSE);
}
static bool get_cookie(const struct facts *f, int64_t *n) { *n = (int64_t)(f->header.cookie[0] | (uint64_t)f->header.cookie[1] << 32); return true; }
static bool get_family(const struct facts *f, int64_t *n) { *n = f->header.family; return true; }
static bool get_ca_state(const struct facts *f, int64_t *n) { *n = f->info.ca_state; return INFO(ca_state); }
static bool get_app_limited(const struct facts *f, int64_t *n) { *n = f->info.rate_flags & 1; return INFO(rate_flags); }

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

static bool compare(enum op op, bool less, bool equal)
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

static bool bits_equal(const uint8_t *a, const uint8_t *b, int bits)
{
	for (int i = 0; i < bits; i++) {
		if ((a[i / 8] ^ b[i / 8]) >> (7 - i % 8) & 1)
			return false;
	}
	return true;
}

static bool address_in(const struct expr *e, int family, const void *address)
{
	static const uint8_t mapped[12] = {[10] = 255, [11] = 255};

	if (!e->family || e->family == family)
		return bits_equal(e->bytes, address, e->bits);
	return e->family == AF_INET && bits_equal(mapped, address, 96) && bits_equal(e->bytes, (const uint8_t *)address + 12, e->bits);
}

static bool evaluate(const struct expr *e, const struct facts *f)
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

/* ---- sockets ---- */

static uint32_t one_of(uint64_t *random, const uint32_t *pool, unsigned count)
{
	return pool[pick(random, count)];
}
#define ONE_OF(random, ...) \
	one_of(random, (const uint32_t[]){__VA_ARGS__}, SF_COUNT(((const uint32_t[]){__VA_ARGS__})))

static const char *const addresses[] = {"10.0.0.1", "10.0.0.2", "10.1.0.1", "127.0.0.1", "0.0.0.0", "192.0.2.255"};
static const char *const addresses6[] = {"::", "::1", "2001:db8::1", "2001:db8:8000::1", "fe80::1", "::ffff:10.0.0.1", "::ffff:10.1.0.1"};

static void draw_address(uint64_t *random, int family, void *out)
{
	if (family == AF_INET)
		inet_pton(AF_INET, addresses[pick(random, SF_COUNT(addresses))], out);
	else
		inet_pton(AF_INET6, addresses6[pick(random, SF_COUNT(addresses6))], out);
}

static struct facts draw_facts(uint64_t *random)
{
	static const uint16_t ports[] = {0, 22, 80, 443, 1024, 65535};
	struct facts f = {.header = {.family = pick(random, 2) ? AF_INET : AF_INET6}};

	f.header.state = (uint8_t)(1 + pick(random, 11));
	f.header.sport = htobe16(ports[pick(random, SF_COUNT(ports))]);
	f.header.dport = htobe16(ports[pick(random, SF_COUNT(ports))]);
	draw_address(random, f.header.family, f.header.src);
	draw_address(random, f.header.family, f.header.dst);
	f.header.interface = ONE_OF(random, 0, 0, 1, 77777);
	f.header.rqueue = ONE_OF(random, 0, 95, 96, 97, 1000, 1024);
	f.header.uid = ONE_OF(random, 0, 33, 34, 1000);
	f.header.inode = ONE_OF(random, 0, 636);
	f.header.cookie[0] = ONE_OF(random, 1, 2, 3);
	f.header.cookie[1] = ONE_OF(random, 0, 1);
	f.has_shutdown = f.header.state != SF_TIME_WAIT && pick(random, f.header.state == SF_SYN_RECV ? 2 : 8); /* a Fast Open is full */
	f.has_mark = pick(random, 2);
	f.mark = ONE_OF(random, 0, 1, 0x34, 0x1234);
	f.has_cong = f.has_shutdown && f.header.state != SF_CLOSE && pick(random, 4);
	strcpy(f.cong, pick(random, 2) ? "bbr" : "cubic");
	f.has_skmem = f.has_shutdown && pick(random, 4);
	f.skmem[8] = ONE_OF(random, 0, 1, 2, 3, 4);
	f.skmem[4] = ONE_OF(random, 0, 4096, (uint32_t)-4096, UINT32_MAX, 1u << 31);
	if (f.has_shutdown && f.header.state != SF_CLOSE)
		f.info_length = (uint16_t)ONE_OF(random, 0, 104, 192, 224, 280, 280, 280, 280);
	f.info.rtt = ONE_OF(random, 0, 200, 99999, 100000, 100001);
	f.info.min_rtt = ONE_OF(random, 0, 1, 90000, UINT32_MAX);
	f.info.probes = (uint8_t)ONE_OF(random, 0, 1, 3, 255);
	f.info.lost = ONE_OF(random, 0, 1, 2, 3);
	f.info.wscale = (uint8_t)ONE_OF(random, 0x77, 0x87, 0xe8);
	f.info.options = (uint8_t)pick(random, 128);
	f.info.snd_cwnd = ONE_OF(random, 0, 1, 10, 11);
	f.info.ca_state = (uint8_t)ONE_OF(random, 0, 2, 3, 4, 9);
	f.info.rate_flags = (uint8_t)pick(random, 2);
	f.info.bytes_sent = ONE_OF(random, 0, 1000);
	f.info.bytes_retrans = ONE_OF(random, 0, 149, 150, 151, 1000);
	return f;
}

/* ---- expressions, written down as they are drawn ---- */

struct draft {
	uint64_t random;
	struct sf_buf text;
	struct sf_arena *arena;
	bool has_state;
};

static const char *space(struct draft *d)
{
	return pick(&d->random, 3) ? " " : pick(&d->random, 2) ? "" : " \n\t";
}

static struct expr *expr_new(struct draft *d, enum kind kind)
{
	struct expr *e = sf_arena_alloc(d->arena, sizeof(*e));

	e->kind = kind;
	return e;
}

static void write_op(struct draft *d, enum op op)
{
	static const char *const signs[][2] = {{"=", "=="}, {"!=", "!="}, {"<", "<"}, {"<=", "<="}, {">", ">"}, {">=", ">="}};
	static const char *const words[][2] = {{"eq", "eq"}, {"ne", "neq"}, {"lt", "lt"}, {"le", "leq"}, {"gt", "gt"}, {"ge", "geq"}};
	unsigned which = pick(&d->random, 2);

	if (pick(&d->random, 3)) {
		const char *before = space(d), *after = space(d);

		sf_buf_format(&d->text, "%s%s%s", before, signs[op][which], after);
	} else {
		sf_buf_format(&d->text, " %s ", words[op][which]);
	}
}

static void draw_host(struct draft *d, struct expr *e, bool brackets, bool ports)
{
	char address[INET6_ADDRSTRLEN];
	unsigned most;

	e->family = pick(&d->random, 2) ? AF_INET : AF_INET6;
	most = e->family == AF_INET ? 32 : 128;
	draw_address(&d->random, e->family, e->bytes);
	inet_ntop(e->family, e->bytes, address, sizeof(address));
	e->bits = (int)(pick(&d->random, 2) ? most : pick(&d->random, most + 1));
	e->port = ports && pick(&d->random, 2) ? (int)ONE_OF(&d->random, 0, 22, 443) : -1;
	if (ports && !pick(&d->random, 4)) {
		e->family = e->bits = 0;
		sf_buf_text(&d->text, pick(&d->random, 2) || e->port < 0 ? "*" : "");
	} else {
		bool b = e->family == AF_INET6 && (brackets || e->port >= 0);

		sf_buf_format(&d->text, "%s%s", b ? "[" : "", address);
		if (e->bits != (int)most || pick(&d->random, 2))
			sf_buf_format(&d->text, "/%d", e->bits);
		sf_buf_text(&d->text, b ? "]" : "");
	}
	if (e->port >= 0)
		sf_buf_format(&d->text, ":%d", e->port);
	else if (ports && !pick(&d->random, 5) && (e->family != AF_INET6 || d->text.data[d->text.length - 1] == ']'))
		sf_buf_text(&d->text, ":*");
}

/* The name of what is compared, once and for all values of a list. */
static void draw_name(struct draft *d, struct expr *e)
{
	const char *name = NULL;

	e->peer = pick(&d->random, 2);
	switch (e->kind) {
	case STATE:
		name = "state";
		d->has_state = true;
		break;
	case PORT:
		name = e->peer ? "dport" : "sport";
		break;
	case HOST:
		name = e->peer ? "dst" : "src";
		break;
	case DEV:
		name = "dev";
		break;
	case MARK:
		name = "fwmark";
		break;
	case NUMBER:
		e->field = pick(&d->random, SF_COUNT(numbers));
		name = numbers[e->field].name;
		break;
	case SHARE:
		name = "tcp.retrans_ratio";
		break;
	case TEXT:
	case MATCH:
		name = "tcp.congestion_control";
		break;
	case LIST:
		name = "tcp.options";
		break;
	case ADDRESS:
		name = e->peer ? "peer.address" : "local.address";
		break;
	case HAS:
	case FIELDS:
	case ENDS:
	case AND:
	case OR:
	case NOT:
		abort();
	}
	sf_buf_text(&d->text, name);
}

static void draw_value(struct draft *d, struct expr *e)
{
	static const char *const options[] = {"timestamps", "sack", "wscale", "ecn"};
	static const uint32_t ports[] = {0, 22, 80, 443, 65535};
	unsigned value;

	switch (e->kind) {
	case STATE:
		value = pick(&d->random, SF_COUNT(states));
		e->states = states[value].set;
		sf_buf_text(&d->text, states[value].name);
		break;
	case PORT:
		e->number = ports[pick(&d->random, SF_COUNT(ports))];
		sf_buf_format(&d->text, "%s%llu", pick(&d->random, 2) ? ":" : "", (unsigned long long)e->number);
		break;
	case HOST:
		draw_host(d, e, true, true);
		break;
	case DEV:
		e->number = ONE_OF(&d->random, 0, 77777, 88888);
		sf_buf_format(&d->text, "%llu", (unsigned long long)e->number);
		break;
	case MARK:
		e->mask = ONE_OF(&d->random, UINT32_MAX, 0xff, 0x1000);
		e->number = ONE_OF(&d->random, 0, 1, 0x34, 0x1234, 0x1000) & e->mask;
		sf_buf_format(&d->text, pick(&d->random, 2) ? "0x%llx" : "%llu", (unsigned long long)e->number);
		if (e->mask != UINT32_MAX)
			sf_buf_format(&d->text, "/0x%x", e->mask);
		break;
	case NUMBER:
		value = pick(&d->random, SF_COUNT(numbers->value));
		e->number = (uint64_t)numbers[e->field].value[value].number;
		e->word = numbers[e->field].value[value].text;
		sf_buf_text(&d->text, e->word);
		break;
	case SHARE:
		e->share = pick(&d->random, 2) ? 0.15 : 1;
		sf_buf_text(&d->text, e->share == 1 ? (pick(&d->random, 2) ? "1" : "100%") : pick(&d->random, 2) ? "15%" : "0.15");
		break;
	case TEXT:
		e->word = pick(&d->random, 2) ? "bbr" : "reno";
		sf_buf_format(&d->text, pick(&d->random, 2) ? "\"%s\"" : "%s", e->word);
		break;
	case MATCH:
		e->field = pick(&d->random, SF_COUNT(patterns));
		sf_buf_format(&d->text, "\"%s\"", patterns[e->field].text);
		break;
	case LIST:
		e->number = pick(&d->random, SF_COUNT(options));
		sf_buf_text(&d->text, options[e->number]);
		break;
	case ADDRESS:
		draw_host(d, e, pick(&d->random, 2), false);
		break;
	case HAS:
	case FIELDS:
	case ENDS:
	case AND:
	case OR:
	case NOT:
		abort();
	}
}

static struct expr *expr_copy(struct draft *d, const struct expr *e, enum op op)
{
	struct expr *copy = expr_new(d, e->kind);

	*copy = *e;
	copy->op = op;
	return copy;
}

static bool has_unit(const char *text)
{
	char last = text[strlen(text) - 1];

	return last < '0' || last > '9';
}

/* From the lower to the higher of two values; one value where their texts make no range. */
static struct expr *draw_range(struct draft *d, const struct expr *base)
{
	struct expr *bound[] = {expr_copy(d, base, GE), expr_copy(d, base, LE)}, *both = expr_new(d, AND);
	size_t at = d->text.length;
	char *text[2];
	bool swap;

	for (unsigned i = 0; i < 2; i++) {
		draw_value(d, bound[i]);
		text[i] = sf_arena_copy(d->arena, d->text.data + at, d->text.length - at);
		d->text.length = at;
	}
	swap = base->kind == SHARE ? bound[0]->share > bound[1]->share : (int64_t)bound[0]->number > (int64_t)bound[1]->number;
	both->part[0] = bound[swap];
	both->part[1] = bound[!swap];
	both->part[0]->op = GE;
	both->part[1]->op = LE;
	both->parts = 2;
	if (base->kind == PORT || has_unit(text[0]) == has_unit(text[1]) || !strcmp(text[swap], "0")) {
		sf_buf_format(&d->text, "%s-%s", text[swap], text[!swap]);
		return both;
	}
	sf_buf_text(&d->text, text[swap]);
	both->part[0]->op = EQ;
	return both->part[0];
}

/* Behind a name: `in (...)`, which holds for any of its values. */
static struct expr *draw_list(struct draft *d, const struct expr *base)
{
	bool ordered = base->kind == PORT || base->kind == SHARE || (base->kind == NUMBER && numbers[base->field].ordered);
	struct expr *any = expr_new(d, OR);
	unsigned count = 1 + pick(&d->random, SF_COUNT(any->part));

	sf_buf_format(&d->text, " in%s(%s", space(d), space(d));
	while (any->parts < count) {
		struct expr *value;

		if (any->parts)
			sf_buf_format(&d->text, "%s,%s", space(d), space(d));
		if (ordered && pick(&d->random, 2)) {
			value = draw_range(d, base);
		} else {
			value = expr_copy(d, base, EQ);
			draw_value(d, value);
		}
		any->part[any->parts++] = value;
	}
	sf_buf_format(&d->text, "%s)", space(d));
	return any;
}

static struct expr *draw_fields(struct draft *d, struct expr *e)
{
	const struct number *a, *b;

	do {
		e->field = pick(&d->random, SF_COUNT(numbers));
		e->other = pick(&d->random, SF_COUNT(numbers));
		a = &numbers[e->field];
		b = &numbers[e->other];
	} while (a == b || !a->unit || a->unit != b->unit);
	sf_buf_text(&d->text, a->name);
	write_op(d, e->op = (enum op)pick(&d->random, 6));
	sf_buf_text(&d->text, b->name);
	return e;
}

static struct expr *draw_leaf(struct draft *d)
{
	struct expr *e = expr_new(d, (enum kind)(STATE + pick(&d->random, MATCH - STATE + 1)));
	enum op any = (enum op)pick(&d->random, 6), equality = any % 2 ? NE : EQ;
	bool plain = e->kind == STATE || e->kind == PORT || e->kind == HOST || e->kind == DEV || e->kind == MARK;

	e->op = equality;
	if (e->kind == HAS) {
		e->field = pick(&d->random, SF_COUNT(numbers));
		sf_buf_format(&d->text, "has %s", numbers[e->field].name);
		return e;
	}
	if (e->kind == FIELDS)
		return draw_fields(d, e);
	if (e->kind == ENDS) {
		sf_buf_text(&d->text, "local.address");
		write_op(d, equality);
		sf_buf_text(&d->text, "peer.address");
		return e;
	}
	draw_name(d, e);
	if (e->kind == MATCH) {
		sf_buf_format(&d->text, "%s%s%s", space(d), equality == EQ ? "~" : "!~", space(d));
	} else if (!pick(&d->random, 3)) {
		return draw_list(d, e);
	} else {
		if (e->kind == PORT || e->kind == SHARE || (e->kind == NUMBER && numbers[e->field].ordered))
			e->op = any;
		if (plain && e->op == EQ && pick(&d->random, 2)) /* predicates that ss knows do without */
			sf_buf_text(&d->text, " ");
		else
			write_op(d, e->op);
	}
	draw_value(d, e);
	return e;
}

static struct expr *draw_expr(struct draft *d, unsigned depth);

static struct expr *draw_unary(struct draft *d, unsigned depth)
{
	struct expr *e;

	if (!depth || !pick(&d->random, 3))
		return draw_leaf(d);
	if (!pick(&d->random, 4)) {
		e = expr_new(d, NOT);
		sf_buf_text(&d->text, pick(&d->random, 2) ? "not " : "!");
		e->part[0] = draw_unary(d, depth - 1);
		return e;
	}
	sf_buf_format(&d->text, "(%s", space(d));
	e = draw_expr(d, depth - 1);
	sf_buf_format(&d->text, "%s)", space(d));
	return e;
}

static void draw_more(struct draft *d, struct expr *e, unsigned depth)
{
	static const char *const ands[] = {" and ", " & ", " && ", " "}, *const ors[] = {" or ", " | ", "||", " || "};

	/* two states side by side at the beginning are clauses, which unite */
	sf_buf_text(&d->text, e->kind == AND ? ands[pick(&d->random, strncmp(d->text.data, "state ", 6) ? 4 : 3)] : ors[pick(&d->random, 4)]);
	e->part[e->parts++] = draw_unary(d, depth);
}

static struct expr *draw_expr(struct draft *d, unsigned depth)
{
	struct expr *first = draw_unary(d, depth), *e;
	unsigned parts = pick(&d->random, 3);

	if (!parts)
		return first;
	e = expr_new(d, pick(&d->random, 2) ? AND : OR);
	e->part[e->parts++] = first;
	while (parts--)
		draw_more(d, e, depth);
	return e;
}

/* A whole text: leading clauses in all their ways, the usual states where no state is named. */
static struct expr *draw_filter(struct draft *d)
{
	struct expr *clauses = expr_new(d, STATE), *e;
	unsigned count = pick(&d->random, 3), way = pick(&d->random, 4);
	size_t name;

	d->text.length = 0;
	d->has_state = count;
	if (!count) {
		e = expr_new(d, AND);
		e->part[e->parts++] = draw_expr(d, 3);
		clauses->states = d->has_state ? ALL : USUAL;
		e->part[e->parts++] = clauses;
		return e;
	}
	for (unsigned i = 0; i < count; i++) {
		bool exclude = !pick(&d->random, 3);

		name = pick(&d->random, SF_COUNT(states));
		if (!i && exclude)
			clauses->states = ALL;
		clauses->states = exclude ? clauses->states & ~states[name].set : clauses->states | states[name].set;
		sf_buf_format(&d->text, "%s%s %s", i ? " " : "", exclude ? "exclude" : "state", states[name].name);
	}
	if (!way)
		return clauses;
	e = expr_new(d, way == 1 ? OR : AND);
	e->part[e->parts++] = clauses;
	if (way == 1) {
		draw_more(d, e, 3);
	} else if (way == 2) { /* bound to the whole rest; which must not look like another clause */
		sf_buf_text(&d->text, " sport >= 0 ");
		e->part[1] = expr_new(d, pick(&d->random, 2) ? AND : OR);
		e->part[1]->part[0] = expr_new(d, PORT);
		e->part[1]->part[0]->op = GE;
		e->part[1]->parts = 1;
		e->parts = 2;
		draw_more(d, e->part[1], 3);
	} else {
		sf_buf_text(&d->text, " and (");
		e->part[e->parts++] = draw_expr(d, 3);
		sf_buf_text(&d->text, ")");
	}
	return e;
}

/* ---- the properties ---- */

static void judge_agrees(const struct sf_filter *filter, const char *text, const struct expr *e, const struct facts *facts,
			 unsigned *held)
{
	struct sf_needs needs;
	struct answer answer;

	sf_filter_needs(filter, SF_TABLE_TCP, &needs);
	for (unsigned i = 0; i < SOCKETS; i++) {
		bool expected = evaluate(e, &facts[i]);

		answer_make(&answer, &facts[i]);
		if (sf_filter_judge(filter, &answer.view) != expected)
			fail_msg("socket %u in state %u should be %d for\n%s", i, facts[i].header.state, expected, text);
		if (expected && !(needs.states & BIT(facts[i].header.state == SF_CLOSE ? SF_BOUND_INACTIVE : facts[i].header.state)))
			fail_msg("state %u is not asked for by\n%s", facts[i].header.state, text);
		*held += expected;
	}
}

static void the_judge_agrees_and_the_normal_form_is_one(void **state)
{
	struct draft d = {.random = seed()};
	unsigned never = 0, held = 0;
	(void)state;

	for (unsigned i = 0; i < FILTERS; i++) {
		struct facts facts[SOCKETS];
		struct sf_filter *filter, *again;
		char *said, *form, *form_again;
		struct expr *e;

		d.arena = sf_arena_new();
		e = draw_filter(&d);
		for (unsigned j = 0; j < SOCKETS; j++)
			facts[j] = draw_facts(&d.random);
		filter = filter_try(d.text.data, d.text.length, &said);
		if (!filter) { /* the one error that a well-formed text may have: then it must be true */
			if (!strstr(said, "can never hold"))
				fail_msg("\n%s", said);
			for (unsigned j = 0; j < SOCKETS; j++)
				assert_false(evaluate(e, &facts[j]));
			never++;
		} else {
			judge_agrees(filter, d.text.data, e, facts, &held);
			form = normal(filter);
			again = filter_make(form);
			form_again = normal(again);
			assert_string_equal(form, form_again);
			judge_agrees(again, form, e, facts, &held);
			sf_filter_free(again);
			free(form);
			free(form_again);
		}
		free(said);
		sf_filter_free(filter);
		sf_arena_free(d.arena);
	}
	sf_buf_finish(&d.text);
	/* neither nearly all nor nearly none: the property was put to the test */
	assert_in_range(held, FILTERS * SOCKETS / 10, FILTERS * SOCKETS);
	assert_in_range(never, 1, FILTERS / 5);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_judge_agrees_and_the_normal_form_is_one),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
