/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What is asked of one table: its states, and its attributes with the fields that need each. What
 * nothing needs is said too.
 */
#include <string.h>

#include "explain.h"

void sf_explain_attributes(enum sf_table table, uint32_t ext, struct sf_buf *out)
{
	const char *name;

	if (!ext)
		sf_buf_text(out, " none");
	for (unsigned i = 0; (name = sf_ext_name(table, i)); i++) {
		if (ext >> i & 1)
			sf_buf_format(out, " %s", name);
	}
}

void sf_explain_states(uint32_t states, struct sf_buf *out)
{
	const struct sf_words *words = sf_fields[SF_FIELD_STATE].words;

	for (unsigned state = 0; state < SF_IDLE; state++) {
		if (states >> state & 1)
			sf_buf_format(out, " %s", sf_word(words, state) ?: "unknown");
	}
	if (states >> SF_IDLE & 1 && !(states >> SF_CLOSE & 1)) /* else: unconnected says both */
		sf_buf_text(out, " idle");
}

/* ---- states ---- */

/* `of`: " of udp" where several tables are asked. */
static void print_states(const struct sf_plan *plan, enum sf_table table, const char *of,
			 struct sf_buf *out)
{
	uint32_t states = plan->needs[table].states, hidden = sf_tables[table].known & ~states;

	sf_buf_format(out, "states%s:", of);
	sf_explain_states(states, out);
	sf_buf_text(out, "\n");
	if (!sf_filter_is_usual(plan->filter))
		return;
	sf_buf_text(out, "  the usual ones, as the filter names none; hidden:");
	sf_explain_states(hidden, out);
	sf_buf_text(out, hidden ? "; `state all` shows all\n" : " none\n");
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

struct bit { /* of a request */
	enum sf_table table;
	uint32_t bit;
};

static bool brings(struct bit bit, unsigned id)
{
	return sf_field_ext(&sf_fields[id], bit.table) & bit.bit;
}

/* Of the group of fields that begins at `id`: what an attribute brings, all and wanted. */
static unsigned count_group(unsigned id, struct bit bit, const struct sf_fieldset *set,
			    unsigned *all, unsigned *wanted)
{
	const struct sf_field *first = &sf_fields[id];

	for (*all = *wanted = 0; id < SF_FIELD_COUNT && same_group(first, &sf_fields[id]); id++) {
		if (!brings(bit, id))
			continue;
		++*all;
		*wanted += sf_fieldset_has(set, id);
	}
	return id;
}

enum { NAMED_MOST = 3 }; /* so many fields of a group are named one by one */

static void print_names(unsigned id, unsigned end, struct bit bit, const struct sf_fieldset *set,
			const char **before, struct sf_buf *out)
{
	for (; id < end; id++) {
		if (!sf_fieldset_has(set, id) || !brings(bit, id))
			continue;
		sf_buf_format(out, "%s%s", *before, sf_fields[id].name);
		*before = ", ";
	}
}

static void print_readers(const char *who, struct bit bit, const struct sf_fieldset *set,
			  bool grouped, struct sf_buf *out)
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

static void print_attribute(const struct sf_plan *plan, struct bit bit, const char *name,
			    struct sf_buf *out)
{
	struct sf_fieldset read = {0};
	size_t before;

	sf_filter_fields(plan->filter, &read);
	sf_buf_format(out, "  %s:", name);
	before = out->length;
	print_readers(" filter ", bit, &read, false, out);
	print_readers(out->length > before ? "; record " : " record ", bit, &plan->fields, true,
		      out);
	sf_buf_text(out, "\n");
}

static void print_attributes(const struct sf_plan *plan, enum sf_table table, const char *of,
			     struct sf_buf *out)
{
	uint32_t ext = plan->needs[table].ext, known = 0;
	const char *name;

	for (unsigned id = 0; id < SF_FIELD_COUNT; id++)
		known |= sf_field_ext(&sf_fields[id], table);
	sf_buf_format(out, "attributes%s:", of);
	sf_explain_attributes(table, ext, out);
	sf_buf_text(out, "\n");
	for (unsigned i = 0; (name = sf_ext_name(table, i)); i++) {
		if (ext >> i & 1)
			print_attribute(plan, (struct bit){table, 1u << i}, name, out);
	}
	if (!(known & ~ext))
		return;
	sf_buf_text(out, "  not asked, as nothing reads them:");
	sf_explain_attributes(table, known & ~ext, out);
	sf_buf_text(out, "\n");
}

void sf_explain_asked(const struct sf_plan *plan, enum sf_table table, const char *of,
		      struct sf_buf *out)
{
	print_states(plan, table, of, out);
	print_attributes(plan, table, of, out);
}
