/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The list of a query's fields becomes the program of one class of a table: the fields that it can
 * have, a group's fields sorted so that one kind stands side by side, and of a kind those first
 * that older kernels have, too. Once a query; here may be allocated and sorted.
 */
#include "record/program.h"

static bool precedes(const struct sf_field *a, unsigned rank_a, const struct sf_field *b,
		     unsigned rank_b)
{
	return rank_a != rank_b ? rank_a < rank_b : a->offset + a->size < b->offset + b->size;
}

/* Insertion keeps the order of equals. */
static void insert(struct list *list, const struct sf_field *field)
{
	size_t at = list->count++, group = group_length(field);
	unsigned rank = sf_step_rank(field);

	for (; group && at && in_group(list->field[at - 1], field, group) &&
	       precedes(field, rank, list->field[at - 1], list->rank[at - 1]);
	     at--) {
		list->field[at] = list->field[at - 1];
		list->rank[at] = list->rank[at - 1];
	}
	list->field[at] = field;
	list->rank[at] = rank;
}

/* As it is in a class: without a condition that holds in all of its sockets. */
static const struct sf_field *of_class(const struct sf_field *field, enum sf_class class,
				       struct sf_arena *arena)
{
	struct sf_field *own;

	if (!(field->holds >> class & 1))
		return field;
	own = sf_arena_alloc(arena, sizeof(*own));
	*own = *field;
	own->when = NULL;
	return own;
}

static void find_lists(struct program *program, const struct list *list, struct sf_arena *arena)
{
	program->lists = NULL;
	program->list_count = 0;
	for (size_t i = 0; i < list->count; i++) {
		if (!list->field[i]->list)
			continue;
		if (!program->lists)
			program->lists =
				sf_arena_alloc(arena, list->count * sizeof(*program->lists));
		program->lists[program->list_count++] = list->field[i];
	}
}

void sf_program_compile(struct program *program, struct sf_arena *arena,
			const struct sf_fieldset *fields, enum sf_table table, enum sf_class class)
{
	struct list list = {.is_inet = sf_tables[table].shape == SF_SHAPE_INET};

	for (unsigned id = 0; id < SF_FIELD_COUNT; id++) {
		if (sf_fieldset_has(fields, id) && sf_field_in(&sf_fields[id], table, class))
			insert(&list, of_class(&sf_fields[id], class, arena));
	}
	find_lists(program, &list, arena);
	sf_program_link(program, arena, &list, table);
}
