/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Random expressions, as trees for the naive evaluator and as text, in random spellings.
 */
#pragma once

#include <arpa/inet.h>

#include "facts.h"
#include "naive.h"

struct draft {
	uint64_t random;
	struct sf_buf text;
	struct sf_arena *arena;
	bool has_state;
};

static inline const char *space(struct draft *d)
{
	return pick(&d->random, 3) ? " " : pick(&d->random, 2) ? "" : " \n\t";
}

static inline struct expr *expr_new(struct draft *d, enum kind kind)
{
	struct expr *e = sf_arena_alloc(d->arena, sizeof(*e));

	e->kind = kind;
	return e;
}

static inline void write_op(struct draft *d, enum op op)
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

static inline void draw_host(struct draft *d, struct expr *e, bool brackets, bool ports)
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
static inline void draw_name(struct draft *d, struct expr *e)
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

static inline void draw_value(struct draft *d, struct expr *e)
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

static inline struct expr *expr_copy(struct draft *d, const struct expr *e, enum op op)
{
	struct expr *copy = expr_new(d, e->kind);

	*copy = *e;
	copy->op = op;
	return copy;
}

static inline bool has_unit(const char *text)
{
	char last = text[strlen(text) - 1];

	return last < '0' || last > '9';
}

/* From the lower to the higher of two values; one value where their texts make no range. */
static inline struct expr *draw_range(struct draft *d, const struct expr *base)
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
static inline struct expr *draw_list(struct draft *d, const struct expr *base)
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

static inline struct expr *draw_fields(struct draft *d, struct expr *e)
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

static inline struct expr *draw_leaf(struct draft *d)
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

static inline struct expr *draw_expr(struct draft *d, unsigned depth);

static inline struct expr *draw_unary(struct draft *d, unsigned depth)
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

static inline void draw_more(struct draft *d, struct expr *e, unsigned depth)
{
	static const char *const ands[] = {" and ", " & ", " && ", " "}, *const ors[] = {" or ", " | ", "||", " || "};

	/* two states side by side at the beginning are clauses, which unite */
	sf_buf_text(&d->text, e->kind == AND ? ands[pick(&d->random, strncmp(d->text.data, "state ", 6) ? 4 : 3)] : ors[pick(&d->random, 4)]);
	e->part[e->parts++] = draw_unary(d, depth);
}

static inline struct expr *draw_expr(struct draft *d, unsigned depth)
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
static inline struct expr *draw_filter(struct draft *d)
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
