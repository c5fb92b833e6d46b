/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The plan of one filter as text: what the kernel is asked to leave out, in the request's header
 * and as bytecode, what is left to the judge (left.c), and the judge's steps. Every line is stable
 * and can be searched for; lines that belong to the one above are indented.
 */
#include "filter/sieve.h"

/* ---- what the kernel leaves out ---- */

static void print_header(const struct sf_sieve *sieve, struct sf_buf *out)
{
	sf_buf_text(out, "header:");
	if (sieve->sport)
		sf_buf_format(out, " sport %u", sieve->sport);
	if (sieve->dport)
		sf_buf_format(out, " dport %u", sieve->dport);
	sf_buf_text(out, sieve->sport || sieve->dport ? "\n" : " any port\n");
}

static const char *why_none(const struct sf_filter *filter, const struct sf_sieve *sieve)
{
	if (!filter->checked.tree)
		return "the states are all of the filter";
	if (sieve->sport || sieve->dport)
		return "the header says what the kernel can know";
	return "there is nothing in the filter that the kernel could leave out";
}

static unsigned operations_in(const struct sf_buf *bytecode)
{
	unsigned count = 0;
	struct sf_bc_op op;

	for (size_t at = 0; at < bytecode->length; at += op.yes, count++)
		memcpy(&op, bytecode->data + at, sizeof(op));
	return count;
}

static void print_bytecode(const struct sf_filter *filter, const struct sf_sieve *sieve,
			   struct sf_buf *out)
{
	const struct sf_buf *bytecode = &sieve->bytecode;
	unsigned count = operations_in(bytecode);

	if (!count) {
		sf_buf_format(out, "bytecode: none, %s\n", why_none(filter, sieve));
		return;
	}
	sf_buf_format(out, "bytecode: %u operation%s, %zu bytes\n", count, count == 1 ? "" : "s",
		      bytecode->length);
	sf_bytecode_print((const uint8_t *)bytecode->data, bytecode->length, "  ", out);
}

/* ---- what is judged here ---- */

static void print_target(struct sf_buf *out, const char *word, unsigned target)
{
	if (target == STEP_HOLDS)
		sf_buf_format(out, " %s keep", word);
	else if (target == STEP_FAILS)
		sf_buf_format(out, " %s drop", word);
	else
		sf_buf_format(out, " %s %u", word, target);
}

static void print_steps(const struct sf_filter *filter, struct sf_buf *out)
{
	if (!filter->count) {
		sf_buf_format(out, "judge: %s\n",
			      filter->checked.ended ? "every socket that ends"
						    : "the states alone");
		return;
	}
	sf_buf_format(out, "judge: %s%u step%s, cheap ones first\n",
		      filter->checked.ended ? "" : "the states, then ", filter->count,
		      filter->count == 1 ? "" : "s");
	for (unsigned i = 0; i < filter->count; i++) {
		const struct step *step = &filter->steps[i];

		sf_buf_format(out, "  %5u ", i);
		sf_print_leaf(out, step->leaf);
		print_target(out, "then", step->yes);
		print_target(out, "else", step->no);
		sf_buf_format(out, ", cost %u\n", step->test.cost);
	}
}

static void print_sieve(const struct sf_filter *filter, uint32_t operations, struct sf_buf *out)
{
	sf_cleanup(sf_sieve_finish) struct sf_sieve sieve = {0};

	if (filter->checked.ended) { /* the kernel sends what it wants to */
		print_steps(filter, out);
		return;
	}
	sf_sieve_make(&sieve, &filter, 1, operations);
	print_header(&sieve, out);
	print_bytecode(filter, &sieve, out);
	sf_filter_left(filter, operations, out);
}

void sf_filter_explain(const struct sf_filter *filter, uint32_t operations, bool filtered,
		       struct sf_buf *out)
{
	if (filtered)
		print_sieve(filter, operations, out);
	else
		sf_buf_text(out, "bytecode: none, the kernel runs none over such a table\n"
				 "left to the judge: all\n");
	print_steps(filter, out);
}

/* ---- what it reads ---- */

static void add_fields(const struct node *node, struct sf_fieldset *fields)
{
	if (node->kind == NODE_LEAF && node->test.field)
		sf_fieldset_add(fields, (unsigned)(node->test.field - sf_fields));
	if (node->other)
		sf_fieldset_add(fields, (unsigned)(node->other - sf_fields));
	for (const struct node *child = node->child; child; child = child->next)
		add_fields(child, fields);
}

void sf_filter_fields(const struct sf_filter *filter, struct sf_fieldset *fields)
{
	if (filter->checked.tree)
		add_fields(filter->checked.tree, fields);
}
