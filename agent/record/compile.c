/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The list of a query's fields becomes the program of one class of a table: the fields that it can
 * have, a group's fields sorted so that one kind stands side by side, then cut into runs. Once a
 * query; here may be allocated and sorted.
 */
#include "record/step.h"

struct list { /* the fields of one class of a table, in the order in which they are written */
	const struct sf_field *field[SF_FIELD_COUNT];
	size_t count;
	bool is_inet;
};

/* "tcp." of tcp.rtt_us: 4 */
static size_t group_length(const struct sf_field *field)
{
	return (size_t)(leaf(field->name) - field->name);
}

static bool same_group(const struct sf_field *a, const struct sf_field *b)
{
	size_t length = group_length(a);

	return length == group_length(b) && !memcmp(a->name, b->name, length);
}

static unsigned rank(const struct sf_field *field)
{
	enum fetch fetch = sf_step_fetch(field);
	unsigned part = fetch == FETCH_PART ? field->part : 0;

	return (unsigned)fetch << 16 | part << 8 | (unsigned)sf_step_kind(field);
}

static bool same_run(const struct sf_field *a, const struct sf_field *b)
{
	return rank(a) == rank(b) && same_group(a, b);
}

/* Insertion keeps the order of equals. */
static void insert(struct list *list, const struct sf_field *field)
{
	size_t at = list->count++;

	for (; group_length(field) && at && same_group(list->field[at - 1], field) &&
	       rank(list->field[at - 1]) > rank(field);
	     at--)
		list->field[at] = list->field[at - 1];
	list->field[at] = field;
}

static struct step *alloc_steps(struct sf_arena *arena, size_t count)
{
	const uintptr_t line = sizeof(struct step);
	uintptr_t at = (uintptr_t)sf_arena_alloc(arena, (count + 1) * sizeof(struct step));

	return (struct step *)((at + line - 1) / line * line);
}

static void open_group(struct step *step, const struct sf_field *field)
{
	char key[KEY_ROOM + 1];

	step->key_length = (uint8_t)snprintf(
		key, sizeof(key), ",\"%.*s\":", (int)group_length(field) - 1, field->name);
	memcpy(step->key, key, KEY_ROOM);
}

/*
 * The part without which nothing of the group that begins at `first` is there: its only one, the
 * nest, or the header, which always comes.
 */
static unsigned gate(const struct list *list, size_t first)
{
	unsigned part = SF_PART_COUNT;

	for (size_t i = first; i < list->count; i++) {
		unsigned own = list->field[i]->part;

		if (!same_group(list->field[first], list->field[i]))
			break;
		if (list->is_inet && own >= SF_PART_ATTRIBUTES && own < SF_PART_QUEUES)
			own = SF_PART_ULP;
		part = part == SF_PART_COUNT || part == own ? own : SF_PART_HEADER;
	}
	return part;
}

static const uint16_t *make_offsets(const struct run *run, struct sf_arena *arena)
{
	size_t count = (size_t)(run->behind - run->first), whole = (count + 3) / 4 * 4;
	uint16_t *offsets = sf_arena_alloc(arena, whole * sizeof(*offsets));

	for (size_t i = 0; i < whole; i++)
		offsets[i] = run->first[i < count ? i : count - 1].offset;
	return offsets;
}

static struct run *close_group(struct run *run, struct run *open)
{
	*run = (struct run){.does = RUN_OF(KIND_CLOSE, FETCH_PART)};
	open->close = run;
	return run + 1;
}

static void link_runs(struct program *program, const struct list *list, struct step *step,
		      struct sf_arena *arena)
{
	const struct sf_field *before = NULL;
	struct run *run = program->runs, *open = NULL;

	for (size_t i = 0; i < list->count; i++, before = list->field[i - 1]) {
		const struct sf_field *field = list->field[i];
		bool begins = !before || !same_group(before, field);

		if (begins && before && group_length(before))
			run = close_group(run, open);
		if (begins && group_length(field)) {
			open_group(step, field);
			open = run++;
			*open = (struct run){.does = RUN_OF(KIND_OPEN, FETCH_PART),
					     .part = (uint8_t)gate(list, i),
					     .first = step++};
			program->most += group_length(field) + strlen(",\"\":}");
		}
		if (begins || !same_run(before, field) || step - run[-1].first == RUN_MOST)
			*run++ = (struct run){
				.does = (uint8_t)RUN_OF(sf_step_kind(field), sf_step_fetch(field)),
				.part = field->part,
				.first = step};
		sf_step_make(step, arena, field);
		if (step->end > run[-1].need)
			run[-1].need = step->end;
		run[-1].behind = ++step;
		program->most += sf_step_most(field);
	}
	if (before && group_length(before))
		run = close_group(run, open);
	*run = (struct run){.does = RUN_OF(KIND_END, FETCH_PART)};
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
			insert(&list, &sf_fields[id]);
	}
	/* A field may bring a run, a group and the end of another. */
	program->runs = sf_arena_alloc(arena, (3 * list.count + 2) * sizeof(*program->runs));
	program->most = 0;
	find_lists(program, &list, arena);
	link_runs(program, &list, alloc_steps(arena, 2 * list.count), arena);
	for (struct run *run = program->runs; run->does != RUN_OF(KIND_END, FETCH_PART); run++) {
		if (run->does == RUN_OF(KIND_U32, FETCH_PART))
			run->offsets = make_offsets(run, arena);
	}
}
