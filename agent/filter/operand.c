/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the kernel can compare of one test, as a part of the sieve: its number, prefix or mark as
 * operations, or PART_ALL where this kernel has none. `negative` is the test turned round; whether
 * it may be is the caller's question.
 */
#include <arpa/inet.h>

#include "filter/sieve.h"

static bool has(const struct sieving *s, enum sf_bc_code code)
{
	return s->operations >> code & 1;
}

static struct part *op_new(struct sieving *s, enum sf_bc_code code, const void *argument,
			   size_t size, bool negate)
{
	struct part *part = sf_part_new(s, has(s, code) ? PART_OP : PART_ALL);

	part->code = (uint8_t)code;
	part->size = (uint8_t)size;
	part->negate = negate;
	memcpy(part->argument, argument, size);
	return part;
}

/* The numbers up to `most` for which a test holds; `negative`: for which it does not. */
static struct ranges numbers_of(struct sieving *s, const struct test *test, bool negative,
				uint64_t most)
{
	const struct range *from = test->shape == SHAPE_RANGES ? test->set.range : &test->range;
	unsigned count = test->shape == SHAPE_RANGES ? test->set.count : 1, kept = 0;
	struct range *range = sf_arena_alloc(s->arena, count * sizeof(*range));
	struct ranges set;

	for (unsigned i = 0; i < count; i++) {
		if (from[i].low <= most)
			range[kept++] = (struct range){from[i].low,
						       from[i].high < most ? from[i].high : most};
	}
	set = sf_ranges_join(range, kept);
	return negative ? sf_ranges_rest(s->arena, set, most) : set;
}

/* Compared for equality alone: the numbers one by one, or those that are not meant. */
static struct part *values_new(struct sieving *s, enum sf_bc_code code, size_t size,
			       struct ranges set)
{
	uint64_t most = size == sizeof(uint32_t) ? UINT32_MAX : UINT64_MAX;
	bool negate = sf_ranges_numbers(set, SF_SIEVE_TERMS + 1) > SF_SIEVE_TERMS;
	struct part *first = NULL;

	if (negate)
		set = sf_ranges_rest(s->arena, set, most);
	if (!has(s, code) || sf_ranges_numbers(set, SF_SIEVE_TERMS + 1) > SF_SIEVE_TERMS)
		return sf_part_new(s, PART_ALL);
	for (unsigned i = set.count; i-- > 0;) {
		for (uint64_t number = set.range[i].high;; number--) {
			struct part *op = op_new(s, code, &number, size, negate);

			op->next = first;
			first = op;
			if (number == set.range[i].low)
				break;
		}
	}
	return sf_part_chain(s, negate, first);
}

/* Families are AF_INET and AF_INET6, nothing else comes. */
static struct part *family_new(struct sieving *s, struct ranges set)
{
	struct {
		struct sf_bc_host host;
		uint8_t address[16];
	} any_v6 = {.host = {.family = AF_INET6, .port = -1}};
	bool v4 = false, v6 = false;

	for (unsigned i = 0; i < set.count; i++) {
		v4 = v4 || (set.range[i].low <= AF_INET && AF_INET <= set.range[i].high);
		v6 = v6 || (set.range[i].low <= AF_INET6 && AF_INET6 <= set.range[i].high);
	}
	if (v4 == v6)
		return sf_part_new(s, v4 ? PART_ALL : PART_NONE);
	return op_new(s, SF_BC_S_COND, &any_v6, sizeof(any_v6), v4);
}

static struct part *host_new(struct sieving *s, const struct test *test, bool peer, bool negative)
{
	const struct prefix *prefix = &test->host.prefix;
	size_t length = prefix->family == AF_INET ? 4 : 16;
	struct {
		struct sf_bc_host host;
		uint8_t address[16];
	} argument = {{prefix->family, prefix->bits, test->host.port}};
	struct range *port;
	struct ranges set;

	if (!prefix->family && test->host.port < 0)
		return sf_part_new(s, negative ? PART_NONE : PART_ALL);
	if (!prefix->family) {
		port = sf_arena_alloc(s->arena, sizeof(*port));
		port->low = port->high = (uint64_t)test->host.port;
		set = (struct ranges){port, 1};
		return sf_part_ports(s, negative ? sf_ranges_rest(s->arena, set, UINT16_MAX) : set,
				     peer);
	}
	memcpy(argument.address, prefix->bytes, length);
	return op_new(s, peer ? SF_BC_D_COND : SF_BC_S_COND, &argument,
		      sizeof(argument.host) + length, negative);
}

static struct part *mark_new(struct sieving *s, const struct test *test, bool negative)
{
	const uint32_t argument[2] = {test->mark.value, test->mark.mask};

	return op_new(s, SF_BC_MARK_COND, argument, sizeof(argument), negative);
}

/* `autobound` is ports here as it is for the judge: the kernel's AUTO means something narrower. */
struct part *sf_sieve_test(struct sieving *s, enum operand operand, const struct test *test,
			   bool negative)
{
	struct part *first = NULL;

	if (operand != OPERAND_NONE && test->shape == SHAPE_TESTS) {
		for (unsigned i = test->any.count; i-- > 0;) {
			struct part *part = sf_sieve_test(s, operand, &test->any.test[i], negative);

			part->next = first;
			first = part;
		}
		return sf_part_chain(s, negative, first);
	}
	switch (operand) {
	case OPERAND_NONE:
		break;
	case OPERAND_SPORT:
	case OPERAND_DPORT:
		return sf_part_ports(s, numbers_of(s, test, negative, UINT16_MAX),
				     operand == OPERAND_DPORT);
	case OPERAND_SRC:
	case OPERAND_DST:
		return host_new(s, test, operand == OPERAND_DST, negative);
	case OPERAND_DEV:
		return values_new(s, SF_BC_DEV_COND, sizeof(uint32_t),
				  numbers_of(s, test, negative, UINT32_MAX));
	case OPERAND_MARK:
		return mark_new(s, test, negative);
	case OPERAND_CGROUP:
		return values_new(s, SF_BC_CGROUP_COND, sizeof(uint64_t),
				  numbers_of(s, test, negative, UINT64_MAX));
	case OPERAND_FAMILY:
		return family_new(s, numbers_of(s, test, negative, UINT8_MAX));
	}
	return sf_part_new(s, PART_ALL);
}
