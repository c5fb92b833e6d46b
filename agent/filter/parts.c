/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Parts of the sieve joined by `and` and `or`: chains inside chains become one, the ports of a
 * chain become one set, what says nothing falls out. And made smaller, so that the kernel's check
 * of the bytecode, whose time is quadratic in its length, stays short: sets of ports lose their
 * smallest gaps first, what cannot be made smaller becomes true.
 */
#include "filter/sieve.h"

struct part *sf_part_new(struct sieving *s, enum part_kind kind)
{
	struct part *part = sf_arena_alloc(s->arena, sizeof(*part));

	part->kind = kind;
	return part;
}

static const uint32_t port_operations =
	1u << SF_BC_S_GE | 1u << SF_BC_S_LE | 1u << SF_BC_D_GE | 1u << SF_BC_D_LE;

struct part *sf_part_ports(struct sieving *s, struct ranges set, bool peer)
{
	bool all = set.count == 1 && set.range->low == 0 && set.range->high == UINT16_MAX;
	struct part *part;

	all = all || (s->operations & port_operations) != port_operations;
	part = sf_part_new(s, all ? PART_ALL : set.count ? PART_PORTS : PART_NONE);
	part->ports = set;
	part->peer = peer;
	return part;
}

static void become(struct part *part, const struct part *other)
{
	struct part *next = part->next;

	*part = *other;
	part->next = next;
}

/* ---- chains ---- */

static void flatten(struct part *chain)
{
	for (struct part **at = &chain->child; *at;) {
		struct part *child = *at, *last = child->child;

		if (child->kind != chain->kind) {
			at = &child->next;
			continue;
		}
		*at = last;
		while (last->next)
			last = last->next;
		last->next = child->next;
		at = &last->next;
	}
}

static bool is_ports(const struct part *part, bool peer)
{
	return part->kind == PART_PORTS && part->peer == peer;
}

/* All sets of the own port, or of the peer's, become one; the others say nothing then. */
static void merge_ports(struct sieving *s, struct part *chain, bool peer)
{
	bool is_and = chain->kind == PART_AND;
	struct part *first = NULL;
	unsigned sets = 0, count = 0;
	struct ranges all, set;

	for (struct part *child = chain->child; child; child = child->next) {
		sets += is_ports(child, peer);
		count += is_ports(child, peer) ? child->ports.count + 1 : 0;
	}
	if (sets < 2)
		return;
	all = (struct ranges){.range = sf_arena_alloc(s->arena, count * sizeof(struct range))};
	for (struct part *child = chain->child; child; child = child->next) {
		if (!is_ports(child, peer))
			continue;
		set = is_and ? sf_ranges_rest(s->arena, child->ports, UINT16_MAX) : child->ports;
		memcpy(all.range + all.count, set.range, set.count * sizeof(struct range));
		all.count += set.count;
		if (first)
			child->kind = is_and ? PART_ALL : PART_NONE;
		else
			first = child;
	}
	all = sf_ranges_join(all.range, all.count);
	if (is_and)
		all = sf_ranges_rest(s->arena, all, UINT16_MAX);
	become(first, sf_part_ports(s, all, peer));
}

struct part *sf_part_chain(struct sieving *s, bool is_and, struct part *child)
{
	enum part_kind neutral = is_and ? PART_ALL : PART_NONE,
		       decides = is_and ? PART_NONE : PART_ALL;
	struct part *chain = sf_part_new(s, is_and ? PART_AND : PART_OR);

	chain->child = child;
	flatten(chain);
	merge_ports(s, chain, false);
	merge_ports(s, chain, true);
	for (struct part **at = &chain->child; *at;) {
		if ((*at)->kind == decides)
			return sf_part_new(s, decides);
		if ((*at)->kind == neutral)
			*at = (*at)->next;
		else
			at = &(*at)->next;
	}
	if (!chain->child)
		return sf_part_new(s, neutral);
	return chain->child->next ? chain : chain->child;
}

/* ---- made smaller ---- */

static unsigned terms_of(const struct sieving *s, const struct part *part)
{
	unsigned terms = part->kind == PART_OP;

	if (part->kind == PART_PORTS)
		return sf_sieve_cost(part, s->operations);
	for (const struct part *child = part->child; child; child = child->next)
		terms += terms_of(s, child);
	return terms;
}

/* By eighths: a range is two comparisons where the numbers that it joins were one each. */
static void trim_ports(struct sieving *s, struct part *part, unsigned most)
{
	for (unsigned ranges = most; ranges; ranges -= ranges / 8 + 1) {
		struct ranges coarse = sf_ranges_coarsen(s->arena, part->ports, ranges);
		struct part *smaller = sf_part_ports(s, coarse, part->peer);

		if (terms_of(s, smaller) <= most) {
			become(part, smaller);
			return;
		}
	}
	part->kind = PART_ALL;
}

/* Of single operations as many as fit are kept; the others share what is left, by their size. */
static void trim_chain(struct sieving *s, struct part *chain, unsigned most)
{
	uint64_t total = 0, before = 0, used = 0;
	unsigned left = most;

	for (struct part *child = chain->child; child; child = child->next) {
		if (child->kind != PART_OP)
			total += terms_of(s, child);
		else if (left)
			left--;
		else
			child->kind = PART_ALL;
	}
	for (struct part *child = chain->child; child; child = child->next) {
		unsigned share;

		if (child->kind == PART_OP || child->kind == PART_ALL)
			continue;
		before += terms_of(s, child);
		share = (unsigned)(before * left / total - used);
		sf_part_trim(s, child, share);
		used += share;
	}
	become(chain, sf_part_chain(s, chain->kind == PART_AND, chain->child));
}

void sf_part_trim(struct sieving *s, struct part *part, unsigned most)
{
	if (terms_of(s, part) <= most)
		return;
	switch (part->kind) {
	case PART_AND:
	case PART_OR:
		trim_chain(s, part, most);
		break;
	case PART_PORTS:
		trim_ports(s, part, most);
		break;
	case PART_OP:
		part->kind = PART_ALL;
		break;
	case PART_ALL:
	case PART_NONE:
		break;
	}
}
