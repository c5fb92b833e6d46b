/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bytecode as text, a line an operation: where it stands, what it compares in the words of the
 * language, and where it goes when that does not hold; when it holds it goes on to the next line.
 * Offsets are bytes; `accept` is the end of the code, `reject` four bytes behind it.
 */
#include <arpa/inet.h>

#include "filter/stages.h"

static void print_port(struct sf_buf *buf, const char *words, const uint8_t *argument)
{
	struct sf_bc_op port;

	memcpy(&port, argument, sizeof(port));
	sf_buf_format(buf, "%s %u", words, port.no);
}

static void print_host(struct sf_buf *buf, const char *words, const uint8_t *argument, size_t size)
{
	struct sf_bc_host host;
	struct prefix prefix = {0};

	memcpy(&host, argument, sizeof(host));
	prefix.family = host.family;
	prefix.bits = host.prefix_bits;
	size -= sizeof(host);
	memcpy(prefix.bytes, argument + sizeof(host),
	       size < sizeof(prefix.bytes) ? size : sizeof(prefix.bytes));
	sf_buf_format(buf, "%s ", words);
	if (host.family)
		sf_prefix_print(&prefix, buf, true);
	else
		sf_buf_text(buf, "*");
	if (host.port >= 0)
		sf_buf_format(buf, ":%d", host.port);
}

static void print_values(struct sf_buf *buf, enum sf_bc_code code, const char *words,
			 const uint8_t *argument)
{
	uint32_t value[2] = {0};
	uint64_t id;

	memcpy(value, argument, code == SF_BC_DEV_COND ? sizeof(value[0]) : sizeof(value));
	memcpy(&id, value, sizeof(id));
	if (code == SF_BC_CGROUP_COND)
		sf_buf_format(buf, "%s %llu", words, (unsigned long long)id);
	else if (code == SF_BC_DEV_COND)
		sf_buf_format(buf, "%s %u", words, value[0]);
	else if (value[1] == UINT32_MAX)
		sf_buf_format(buf, "%s 0x%x", words, value[0]);
	else
		sf_buf_format(buf, "%s 0x%x/0x%x", words, value[0], value[1]);
}

/* By code: in words, and the least size of the argument. */
static const struct {
	const char *words;
	size_t least;
} codes[SF_BC_COUNT] = {
	[SF_BC_NOP] = {"nop", 0},
	[SF_BC_JMP] = {"go", 0},
	[SF_BC_S_GE] = {"sport >=", 4},
	[SF_BC_S_LE] = {"sport <=", 4},
	[SF_BC_D_GE] = {"dport >=", 4},
	[SF_BC_D_LE] = {"dport <=", 4},
	[SF_BC_AUTO] = {"autobound", 0},
	[SF_BC_S_COND] = {"src =", 8},
	[SF_BC_D_COND] = {"dst =", 8},
	[SF_BC_DEV_COND] = {"dev =", 4},
	[SF_BC_MARK_COND] = {"fwmark =", 8},
	[SF_BC_S_EQ] = {"sport =", 4},
	[SF_BC_D_EQ] = {"dport =", 4},
	[SF_BC_CGROUP_COND] = {"cgroup.id =", 8},
};

static void print_op(struct sf_buf *buf, enum sf_bc_code code, const uint8_t *argument, size_t size)
{
	switch (code) {
	case SF_BC_NOP:
	case SF_BC_JMP:
	case SF_BC_AUTO:
		sf_buf_text(buf, codes[code].words);
		return;
	case SF_BC_S_GE:
	case SF_BC_S_LE:
	case SF_BC_D_GE:
	case SF_BC_D_LE:
	case SF_BC_S_EQ:
	case SF_BC_D_EQ:
		print_port(buf, codes[code].words, argument);
		return;
	case SF_BC_S_COND:
	case SF_BC_D_COND:
		print_host(buf, codes[code].words, argument, size);
		return;
	case SF_BC_DEV_COND:
	case SF_BC_MARK_COND:
	case SF_BC_CGROUP_COND:
		print_values(buf, code, codes[code].words, argument);
		return;
	case SF_BC_COUNT:
		break;
	}
}

static void print_target(struct sf_buf *buf, const char *word, size_t target, size_t length)
{
	if (target == length)
		sf_buf_format(buf, " %s accept", word);
	else if (target == length + 4)
		sf_buf_format(buf, " %s reject", word);
	else
		sf_buf_format(buf, " %s %zu", word, target);
}

void sf_bytecode_print(const uint8_t *bytecode, size_t length, const char *indent,
		       struct sf_buf *buf)
{
	struct sf_bc_op op;

	for (size_t at = 0; at + sizeof(op) <= length; at += op.yes) {
		memcpy(&op, bytecode + at, sizeof(op));
		sf_buf_format(buf, "%s%5zu ", indent, at);
		if (op.code >= SF_BC_COUNT || op.yes < sizeof(op) + codes[op.code].least ||
		    op.yes > length - at) {
			sf_buf_format(buf, "no operation: code %u, yes %u\n", op.code, op.yes);
			return;
		}
		print_op(buf, op.code, bytecode + at + sizeof(op), op.yes - sizeof(op));
		if (op.code != SF_BC_NOP)
			print_target(buf, op.code == SF_BC_JMP ? "to" : "else", at + op.no, length);
		sf_buf_text(buf, "\n");
	}
}
