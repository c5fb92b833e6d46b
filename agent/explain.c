/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One plan in words: the filter's normal form, what is asked of the kernel and which field needs
 * it, then the filter's own part (filter/explain.c). What nothing needs is said too: it is not
 * asked and costs nothing.
 */
#include <string.h>

#include "explain.h"

/* The bit N - 1 of a request asks for attribute N, and for those that come with it. */
static const char *const attributes[] = {"MEMINFO", "INFO",   "VEGASINFO", "CONG",
					 "TOS",	    "TCLASS", "SKMEMINFO"};

void sf_explain_attributes(uint8_t ext, struct sf_buf *out)
{
	if (!ext)
		sf_buf_text(out, " none");
	for (unsigned i = 0; i < SF_COUNT(attributes); i++) {
		if (ext >> i & 1)
			sf_buf_format(out, " %s", attributes[i]);
	}
}

void sf_explain_states(uint32_t states, struct sf_buf *out)
{
	const struct sf_words *words = sf_fields[SF_FIELD_STATE].words;

	/* It is asked for as one state and comes back as another. */
	for (unsigned state = 0; state < SF_STATE_COUNT; state++) {
		unsigned number = state == SF_BOUND_INACTIVE ? SF_CLOSE : state;

		if (states >> state & 1)
			sf_buf_format(out, " %s", sf_word(words, number) ?: "unknown");
	}
}

/* ---- states ---- */

static uint32_t all_states(enum sf_table table)
{
	static const struct sf_text text = {.name = "", .text = "state all", .length = 9};
	sf_cleanup(sf_complaints_free_p) struct sf_complaints *none = sf_complaints_new();
	struct sf_filter *filter = NULL;
	struct sf_needs needs = {0};

	if (sf_filter_read(&text, 1u << table, &filter, none) == 0)
		sf_filter_needs(filter, &needs);
	sf_filter_free(filter);
	return needs.states;
}

static void print_states(const struct sf_plan *plan, struct sf_buf *out)
{
	uint32_t hidden = all_states(plan->ask.table) & ~plan->ask.states;

	sf_buf_text(out, "states:");
	sf_explain_states(plan->ask.states, out);
	sf_buf_text(out, "\n");
	if (!sf_filter_is_usual(plan->filter))
		return;
	sf_buf_text(out, "  the usual ones, as the filter names none; hidden:");
	sf_explain_states(hidden, out);
	sf_buf_text(out, "; `state all` shows all\n");
}

/* ---- attributes ---- */

/* `tcp.rtt_us` and `tcp.rttvar_us` are of one group, `uid` is one alone. */
static size_t group_of(const struct sf_field *field)
{
	const char *dot = strchr(field->name, '.');

	return dot ? (size_t)(dot - field->name) : strlen(field->name);
}

static bool same_group(const struct sf_field *a, const struct sf_field *b)
{
	size_t length = group_of(a);

	return group_of(b) == length && !strncmp(a->name, b->name, length);
}

/* Of a group of the table, which begins at `id`: what an attribute brings, all and wanted. */
static unsigned count_group(unsigned id, uint8_t bit, const struct sf_fieldset *set, unsigned *all,
			    unsigned *wanted)
{
	const struct sf_field *first = &sf_fields[id];

	for (*all = *wanted = 0; id < SF_FIELD_COUNT && same_group(first, &sf_fields[id]); id++) {
		if (!(sf_field_ext(&sf_fields[id]) & bit))
			continue;
		++*all;
		*wanted += sf_fieldset_has(set, id);
	}
	return id;
}

enum { NAMED_MOST = 3 }; /* so many fields of a group are named one by one */

static void print_names(unsigned id, unsigned end, uint8_t bit, const struct sf_fieldset *set,
			const char **before, struct sf_buf *out)
{
	for (; id < end; id++) {
		if (!sf_fieldset_has(set, id) || !(sf_field_ext(&sf_fields[id]) & bit))
			continue;
		sf_buf_format(out, "%s%s", *before, sf_fields[id].name);
		*before = ", ";
	}
}

static void print_readers(const char *who, uint8_t bit, const struct sf_fieldset *set, bool grouped,
			  struct sf_buf *out)
{
	const char *before = who;
	unsigned all, wanted, end;

	for (unsigned id = 0; id < SF_FIELD_COUNT; id = end) {
		end = count_group(id, bit, set, &all, &wanted);
		if (!grouped || wanted <= NAMED_MOST) {
			print_names(id, end, bit, set, &before, out);
			continue;
		}
		sf_buf_format(out, "%s%.*s (", before, (int)group_of(&sf_fields[id]),
			      sf_fields[id].name);
		if (wanted < all)
			sf_buf_format(out, "%u of ", wanted);
		sf_buf_format(out, "%u fields)", all);
		before = ", ";
	}
}

static void print_attributes(const struct sf_plan *plan, struct sf_buf *out)
{
	struct sf_fieldset read = {0};
	uint8_t known = 0;

	sf_filter_fields(plan->filter, &read);
	for (unsigned id = 0; id < SF_FIELD_COUNT; id++)
		known |= sf_field_ext(&sf_fields[id]);
	sf_buf_text(out, "attributes:");
	sf_explain_attributes(plan->ask.ext, out);
	sf_buf_text(out, "\n");
	for (unsigned i = 0; i < SF_COUNT(attributes); i++) {
		uint8_t bit = (uint8_t)(1u << i);
		size_t before;

		if (!(plan->ask.ext & bit))
			continue;
		sf_buf_format(out, "  %s:", attributes[i]);
		before = out->length;
		print_readers(" filter ", bit, &read, false, out);
		print_readers(out->length > before ? "; record " : " record ", bit, &plan->fields,
			      true, out);
		sf_buf_text(out, "\n");
	}
	if (!(known & ~plan->ask.ext))
		return;
	sf_buf_text(out, "  not asked, as nothing reads them:");
	sf_explain_attributes(known & (uint8_t)~plan->ask.ext, out);
	sf_buf_text(out, "\n");
}

/* What nobody would guess: an empty namespace may cost as much as all others together. */
static void print_namespaces(const struct sf_plan *plan, struct sf_buf *out)
{
	if (sf_netns_choice_self(plan->netns))
		return;
	sf_buf_text(out, "namespaces: ");
	sf_netns_choice_print(plan->netns, out);
	sf_buf_text(out, "\n");
	if (plan->mode == SF_CLOSED || !(plan->ask.states & ~(1u << SF_LISTEN)))
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

void sf_explain_plan(const struct sf_plan *plan, uint32_t operations, struct sf_buf *out)
{
	sf_buf_text(out, "filter: ");
	sf_filter_print(plan->filter, out);
	sf_buf_format(out, "\ntables: %s\n", sf_table_name(plan->ask.table));
	print_namespaces(plan, out);
	if (plan->mode == SF_CLOSED) {
		print_told(plan, out);
	} else {
		print_states(plan, out);
		print_attributes(plan, out);
	}
	sf_filter_explain(plan->filter, operations, out);
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
