/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One plan in words: the filter's normal form, what is asked of the kernel and which field needs
 * it, then the filter's own part (filter/explain.c). What nothing needs is said too: it is not
 * asked and costs nothing.
 */
#include "explain.h"

/* ---- namespaces ---- */

/* What nobody would guess: an empty namespace may cost as much as all others together. */
static void print_namespaces(const struct sf_plan *plan, struct sf_buf *out)
{
	if (sf_netns_choice_self(plan->netns))
		return;
	sf_buf_text(out, "namespaces: ");
	sf_netns_choice_print(plan->netns, out);
	sf_buf_text(out, "\n");
	if (plan->mode == SF_CLOSED)
		sf_buf_text(out, "  those that have an nsid here; `ip netns set NAME auto` gives "
				 "one\n");
	if (plan->mode == SF_CLOSED || !(plan->needs[SF_TABLE_TCP].states & ~(1u << SF_LISTEN)))
		return;
	sf_buf_text(out,
		    "  each is walked, and for each the kernel goes through the connections of "
		    "all that share\n  its table; net.ipv4.tcp_child_ehash_entries, set before "
		    "they are made, gives them their own\n");
}

/* ---- closed ---- */

static void print_told(const struct sf_plan *plan, struct sf_buf *out)
{
	const char *before = "never told of a socket that has ended, so not compared with: ";
	struct sf_fieldset read = {0};

	sf_buf_format(out, "mode: closed, each socket when it ends%s\n",
		      plan->include_unconnected ? ", those without a connection too" : "");
	sf_buf_text(out, "receive buffer: ");
	sf_unit_print(out, SF_UNIT_BYTES, plan->receive_buffer, 0);
	sf_buf_text(out, "\n");
	sf_filter_fields(plan->filter, &read);
	for (unsigned id = 0; id < SF_FIELD_COUNT; id++) {
		if (!sf_fieldset_has(&read, id) || sf_fields[id].ends)
			continue;
		sf_buf_format(out, "%s%s", before, sf_fields[id].name);
		before = ", ";
	}
	if (*before == ',')
		sf_buf_text(out, "\n");
}

/* ---- tables ---- */

static void print_names_of(uint32_t tables, struct sf_buf *out)
{
	for (unsigned i = 0; i < SF_TABLE_COUNT; i++) {
		if (tables >> i & 1)
			sf_buf_format(out, " %s", sf_tables[i].name);
	}
}

static void print_tables(const struct sf_plan *plan, struct sf_buf *out)
{
	bool several = plan->tables & (plan->tables - 1);

	sf_buf_text(out, "\ntables:");
	print_names_of(plan->tables, out);
	sf_buf_text(out, "\n");
	print_namespaces(plan, out);
	if (plan->mode == SF_CLOSED)
		print_told(plan, out);
	for (unsigned i = 0; plan->mode != SF_CLOSED && i < SF_TABLE_COUNT; i++) {
		char of[32] = "";

		if (!(plan->tables >> i & 1))
			continue;
		if (several)
			snprintf(of, sizeof(of), " of %s", sf_tables[i].name);
		sf_explain_asked(plan, i, of, out);
	}
}

/* Over some tables the kernel runs no filter. */
static void print_filter(const struct sf_plan *plan, uint32_t operations, struct sf_buf *out)
{
	uint32_t unfiltered = 0;

	for (unsigned i = 0; i < SF_TABLE_COUNT; i++)
		unfiltered |= plan->tables & (uint32_t)!sf_tables[i].filtered << i;
	sf_filter_explain(plan->filter, operations, plan->tables != unfiltered, out);
	if (!unfiltered || plan->tables == unfiltered || plan->mode == SF_CLOSED)
		return;
	sf_buf_text(out, "judged here alone, as the kernel leaves out nothing there:");
	print_names_of(unfiltered, out);
	sf_buf_text(out, "\n");
}

void sf_explain_plan(const struct sf_plan *plan, uint32_t operations, struct sf_buf *out)
{
	sf_buf_text(out, "filter: ");
	sf_filter_print(plan->filter, out);
	print_tables(plan, out);
	print_filter(plan, operations, out);
	if (plan->limit)
		sf_buf_format(out, "limit: %llu record%s a run, the first as walked\n",
			      (unsigned long long)plan->limit, plan->limit == 1 ? "" : "s");
	else
		sf_buf_text(out, "limit: none\n");
	if (!plan->interval)
		return;
	sf_buf_text(out, "interval: ");
	sf_unit_print(out, SF_UNIT_US, plan->interval, 0);
	sf_buf_text(out, "\n");
}
