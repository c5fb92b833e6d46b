/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The kernel's part in the tests of the sieve: its check of bytecode and its reading of it, written again from
 * net/ipv4/inet_diag.c (inet_diag_bc_audit, inet_diag_bc_run) of Linux 6.18.
 */
#pragma once

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>

#include <sockfeed/filter.h>

#define OPERATIONS_FIRST ((1u << SF_BC_DEV_COND) - 1) /* those of 2.6.14 */
#define OPERATIONS_ALL ((1u << SF_BC_COUNT) - 1)

static inline struct sf_bc_op bytecode_at(const uint8_t *at)
{
	struct sf_bc_op op;

	memcpy(&op, at, sizeof(op));
	return op;
}

/* The least length of an operation with its argument, within the `left` bytes; 0: wrong. */
static inline size_t bytecode_least(const uint8_t *at, size_t left)
{
	struct sf_bc_host host;
	size_t least = sizeof(struct sf_bc_op), address;

	switch ((enum sf_bc_code)bytecode_at(at).code) {
	case SF_BC_NOP:
	case SF_BC_JMP:
	case SF_BC_AUTO:
		return least;
	case SF_BC_S_GE:
	case SF_BC_S_LE:
	case SF_BC_D_GE:
	case SF_BC_D_LE:
	case SF_BC_S_EQ:
	case SF_BC_D_EQ:
	case SF_BC_DEV_COND:
		least += 4;
		break;
	case SF_BC_MARK_COND:
	case SF_BC_CGROUP_COND:
		least += 8;
		break;
	case SF_BC_S_COND:
	case SF_BC_D_COND:
		least += sizeof(host);
		if (left < least)
			return 0;
		memcpy(&host, at + sizeof(struct sf_bc_op), sizeof(host));
		if (host.family != AF_INET && host.family != AF_INET6 && host.family != AF_UNSPEC)
			return 0;
		address = host.family == AF_INET ? 4 : host.family == AF_INET6 ? 16 : 0;
		if (host.prefix_bits > 8 * address)
			return 0;
		least += address;
		break;
	case SF_BC_COUNT:
		return 0;
	}
	return left < least ? 0 : least;
}

/* Does an operation begin at `target`? Found by walking by `yes`, as the kernel does. */
static inline bool bytecode_begins(const uint8_t *code, size_t length, size_t target)
{
	size_t at = 0;

	while (at < target && at < length)
		at += bytecode_at(code + at).yes;
	return at == target;
}

/* NULL, or what the kernel would refuse. */
static inline const char *bytecode_audit(const uint8_t *code, size_t length, uint32_t operations)
{
	if (length < sizeof(struct sf_bc_op) || length > SF_BC_MOST || length % 4)
		return "its length";
	for (size_t at = 0; at < length;) {
		struct sf_bc_op op = bytecode_at(code + at);
		size_t left = length - at, least = op.code < SF_BC_COUNT ? bytecode_least(code + at, left) : 0;

		if (!least || !(operations >> op.code & 1))
			return "an operation";
		if (op.yes < least || op.yes > left || op.yes % 4)
			return "a length (yes)";
		if (op.code != SF_BC_NOP) {
			if (op.no < least || op.no > left + 4 || op.no % 4)
				return "a jump (no)";
			if (op.no < left && !bytecode_begins(code, length, at + op.no))
				return "a jump between operations";
		}
		at += op.yes;
	}
	return NULL;
}

struct entry { /* what the kernel compares of a socket: also what an answer may lack */
	uint8_t family;
	uint8_t address[2][16]; /* own, peer's */
	uint16_t port[2];
	uint32_t interface, mark;
	uint64_t cgroup;
};

static inline struct entry bytecode_entry(const struct sf_view *view)
{
	struct sf_inet_msg header;
	struct entry entry = {0};

	memcpy(&header, view->part[SF_PART_HEADER], sizeof(header));
	entry.family = header.family;
	memcpy(entry.address[0], header.src, 16);
	memcpy(entry.address[1], header.dst, 16);
	entry.port[0] = ntohs(header.sport);
	entry.port[1] = ntohs(header.dport);
	entry.interface = header.interface;
	if (view->length[SF_PART_MARK] >= 4)
		memcpy(&entry.mark, view->part[SF_PART_MARK], 4);
	if (view->length[SF_PART_CGROUP] >= 8)
		memcpy(&entry.cgroup, view->part[SF_PART_CGROUP], 8);
	return entry;
}

static inline bool bytecode_bits(const uint8_t *a, const uint8_t *b, unsigned bits)
{
	for (unsigned i = 0; i < bits; i++) {
		if ((a[i / 8] ^ b[i / 8]) >> (7 - i % 8) & 1)
			return false;
	}
	return true;
}

static inline bool bytecode_host(const uint8_t *argument, const struct entry *entry, unsigned end)
{
	static const uint8_t mapped[12] = {[10] = 255, [11] = 255};
	const uint8_t *address = entry->address[end];
	struct sf_bc_host host;

	memcpy(&host, argument, sizeof(host));
	argument += sizeof(host);
	if (host.port != -1 && host.port != entry->port[end])
		return false;
	if (host.family && host.family != entry->family)
		return entry->family == AF_INET6 && host.family == AF_INET && !memcmp(address, mapped, 12) &&
		       bytecode_bits(address + 12, argument, host.prefix_bits);
	return bytecode_bits(address, argument, host.prefix_bits);
}

/* Would the kernel show it? */
static inline bool bytecode_run(const uint8_t *code, size_t length, const struct entry *entry)
{
	size_t at = 0;

	while (at < length) {
		struct sf_bc_op op = bytecode_at(code + at);
		const uint8_t *argument = code + at + sizeof(op);
		uint32_t value[2] = {0};
		uint64_t id = 0;
		bool yes = true;

		if (op.yes >= sizeof(op) + 4)
			memcpy(value, argument, 4);
		if (op.yes >= sizeof(op) + 8) {
			memcpy(value, argument, 8);
			memcpy(&id, argument, 8);
		}
		switch ((enum sf_bc_code)op.code) {
		case SF_BC_NOP:
			break;
		case SF_BC_JMP:
			yes = false;
			break;
		case SF_BC_S_GE: yes = entry->port[0] >= bytecode_at(argument).no; break;
		case SF_BC_S_LE: yes = entry->port[0] <= bytecode_at(argument).no; break;
		case SF_BC_S_EQ: yes = entry->port[0] == bytecode_at(argument).no; break;
		case SF_BC_D_GE: yes = entry->port[1] >= bytecode_at(argument).no; break;
		case SF_BC_D_LE: yes = entry->port[1] <= bytecode_at(argument).no; break;
		case SF_BC_D_EQ: yes = entry->port[1] == bytecode_at(argument).no; break;
		case SF_BC_S_COND: yes = bytecode_host(argument, entry, 0); break;
		case SF_BC_D_COND: yes = bytecode_host(argument, entry, 1); break;
		case SF_BC_DEV_COND: yes = value[0] == entry->interface; break;
		case SF_BC_MARK_COND: yes = (entry->mark & value[1]) == value[0]; break;
		case SF_BC_CGROUP_COND: yes = id == entry->cgroup; break;
		case SF_BC_AUTO: /* never asked for */
		case SF_BC_COUNT:
			return false;
		}
		at += yes ? op.yes : op.no;
	}
	return at == length;
}

static inline const uint8_t *sieve_code(const struct sf_sieve *sieve)
{
	return (const uint8_t *)sieve->bytecode.data;
}

/* The header's ports and the bytecode. */
static inline bool sieve_holds(const struct sf_sieve *sieve, const struct entry *entry)
{
	return (!sieve->sport || sieve->sport == entry->port[0]) && (!sieve->dport || sieve->dport == entry->port[1]) &&
	       bytecode_run(sieve_code(sieve), sieve->bytecode.length, entry);
}

/* NULL, or what the kernel would refuse of it. */
static inline const char *sieve_audit(const struct sf_sieve *sieve, uint32_t operations)
{
	return sieve->bytecode.length ? bytecode_audit(sieve_code(sieve), sieve->bytecode.length, operations) : NULL;
}
