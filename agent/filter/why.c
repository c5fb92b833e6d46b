/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Why a filter can never hold, in words: what never.c found to exclude one another.
 */
#include "filter/stages.h"

/* Of a leaf, or of the `not` of one. */
static const char *text_of(struct reading *r, const struct node *node)
{
	bool denied = node->kind == NODE_NOT;
	sf_cleanup(sf_buf_finish) struct sf_buf text = {0};

	sf_print_leaf(&text, denied ? node->child : node);
	if (text.length > 60)
		text.data[60] = '\0';
	return sf_arena_format(r->arena, denied ? "not (%s)" : "%s", text.data);
}

static const char *states_text(struct reading *r, uint32_t states)
{
	sf_cleanup(sf_buf_finish) struct sf_buf text = {0};

	sf_states_list(&text, states, sf_states_known(r->tables));
	return sf_states_name(states, sf_states_known(r->tables))
		       ?: sf_arena_copy(r->arena, text.data, text.length);
}

static bool is_narrowed(const struct node *node)
{
	return node->kind == NODE_LEAF && !node->exact && node->test.field;
}

/* A field that no table has that is asked. */
static const char *why_lacking(struct reading *r, const struct node *leaf)
{
	const struct sf_field *field = is_narrowed(leaf) ? leaf->test.field : NULL;
	sf_cleanup(sf_buf_finish) struct sf_buf tables = {0};

	if (!field || field->tables & r->tables)
		return NULL;
	sf_tables_text(field->tables, &tables);
	return sf_arena_format(r->arena, "no table that is asked has %s; these have: %s",
			       field->name, tables.data);
}

/* A peer's port, which of a listener is 0, beside what listeners alone are. */
static bool is_beside_listener(const struct node *leaf, const struct node *other)
{
	return leaf->kind == NODE_LEAF && leaf->predicate->peer && !leaf->exact &&
	       other->states == 1u << SF_LISTEN;
}

static const char *why_clash(struct reading *r, const struct node *a, const struct node *b)
{
	const struct node *field = is_narrowed(a) ? a : b, *other = field == a ? b : a;
	const char *lacking = why_lacking(r, a) ?: why_lacking(r, b);

	if (lacking)
		return lacking;
	if (a->exact && b->exact)
		return "a socket has one state: join two by `or`";
	if (is_beside_listener(a, b) || is_beside_listener(b, a))
		return "a listener has no peer: the port is 0";
	if (a->states & b->states)
		return sf_arena_format(r->arena, "%s and %s exclude each other", text_of(r, b),
				       text_of(r, a));
	if (!is_narrowed(field))
		return NULL;
	if (is_narrowed(other))
		return sf_arena_format(r->arena, "no socket has both %s and %s",
				       field->test.field->name, other->test.field->name);
	return sf_arena_format(r->arena, "%s is absent in the state %s", field->test.field->name,
			       states_text(r, other->states));
}

/* A field that no event of an end has. */
static const struct sf_field *without_end(const struct node *node)
{
	const struct sf_field *field = NULL;

	if (node->kind == NODE_LEAF && node->test.field && !node->test.field->ends)
		return node->test.field;
	if (node->other && !node->other->ends)
		return node->other;
	for (const struct node *child = node->child; child && !field; child = child->next)
		field = without_end(child);
	return field;
}

const char *sf_never_why(struct reading *r, const struct node *tree)
{
	const struct node *a = tree->clash[0], *b = tree->clash[1];
	const struct sf_field *lacks = r->tables & SF_TABLES_ENDED ? without_end(tree) : NULL;

	if (lacks)
		return sf_arena_format(r->arena,
				       "the kernel does not tell %s of a socket that has ended",
				       lacks->name);
	if (a && b)
		return why_clash(r, a, b);
	if (!a && tree->has_state)
		return "no state is left";
	/* a leaf alone, or what is left of one state in a chain of many */
	if (!a || a->kind != NODE_LEAF || a->has_state)
		return NULL;
	if (why_lacking(r, a))
		return why_lacking(r, a);
	if (sf_never_zero(a))
		return sf_arena_format(r->arena, "%s is absent rather than 0: write not has %s",
				       a->field->name, a->field->name);
	if (a->other)
		return sf_arena_format(r->arena, "no socket has both %s and %s", a->field->name,
				       a->other->name);
	return sf_arena_format(r->arena, "%s never holds", text_of(r, a));
}

const char *sf_never_why_table(struct reading *r, const struct node *tree)
{
	const struct node *part = tree && tree->kind == NODE_AND ? tree->child : tree;

	while (part &&
	       (part->kind != NODE_LEAF || sf_never_tables(part) & r->tables & ~SF_TABLES_ENDED))
		part = part->next;
	if (!part)
		return "no table has sockets for which all of it holds";
	return sf_arena_format(r->arena, "%s: no table that is asked has it", text_of(r, part));
}

void sf_never_usual(struct reading *r, const struct node *tree)
{
	uint32_t usual = sf_states_usual(r->tables);
	const struct node *part = tree;

	while (part && !is_narrowed(part)) {
		part = part->child;
		while (part && part->states & usual)
			part = part->next;
	}
	sf_warn(r->complaints, r->text, tree->place.offset, tree->place.length,
		sf_arena_format(r->arena, "write `state %s` before it",
				sf_states_name(tree->states, tree->known) ?: "all"),
		"no socket in the usual states has %s: nothing will be found",
		part ? part->test.field->name : "all of it");
}
