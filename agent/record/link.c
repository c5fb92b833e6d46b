/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The fields of one class of a table, in the order in which they are written, become steps, cut
 * into runs; groups get their ends, and what is the same in every record becomes text in front of
 * the next key.
 */
#include <limits.h>

#include "record/program.h"

static struct step *alloc_steps(struct sf_arena *arena, size_t count)
{
	const uintptr_t line = sizeof(struct step);
	uintptr_t at = (uintptr_t)sf_arena_alloc(arena, (count + 1) * sizeof(struct step));

	return (struct step *)((at + line - 1) / line * line);
}

#define NOTHING UINT_MAX

/* A program in the making. */
struct maker {
	struct program *program;
	struct sf_arena *arena;
	const struct list *list;
	struct step *step; /* the next one */
	struct run *run;
	struct run *open;    /* of the group; NULL: text opened it */
	unsigned last;	     /* the rank of the run before, or NOTHING joins it */
	size_t zeros_end;    /* of the list: to there one question is asked for all */
	char text[KEY_ROOM]; /* what stands in front of the next key */
	size_t length;
};

static void flush(struct maker *m)
{
	if (!m->length)
		return;
	memcpy(m->step->key, m->text, KEY_ROOM);
	m->step->key_length = (uint8_t)m->length;
	*m->run++ = (struct run){.does = RUN_OF(KIND_FIXED, FETCH_PART), .first = m->step++};
	m->last = NOTHING;
	m->length = 0;
}

static void say(struct maker *m, const char *text, size_t length)
{
	if (m->length + length > KEY_ROOM)
		flush(m);
	memcpy(m->text + m->length, text, length);
	m->length += length;
}

/* The header always comes, and of inet what lies in it. */
static bool is_sure(const struct maker *m, size_t at)
{
	const struct sf_field *field = m->list->field[at];

	return FETCH_OF(m->list->rank[at]) == FETCH_PART &&
	       (field->part == SF_PART_HEADER ||
		(m->list->is_inet &&
		 (field->part == SF_PART_QUEUES || field->part == SF_PART_UID)));
}

/* Key and value of a field that all sockets of the table have the same; 0: there is none. */
static size_t fixed_text(const struct sf_field *field, unsigned table, char *text, size_t room)
{
	static const uint8_t header[sizeof(struct sf_inet_msg)];
	struct sf_view view = {.part[SF_PART_HEADER] = header,
			       .length[SF_PART_HEADER] = sizeof(header),
			       .table = (uint8_t)table};
	struct sf_value value;

	if (!(field->same >> table & 1) || sf_step_most(field) > room - SCRIBBLE ||
	    sf_field_read(field, &view, &value) != SF_PRESENT)
		return 0;
	text += snprintf(text, room, ",\"%s\":", field->name);
	return sf_key_length(field) + (size_t)(sf_value_write(text, field, &value, true) - text);
}

static void close_group(struct maker *m)
{
	if (m->open) {
		*m->run = (struct run){.does = RUN_OF(KIND_CLOSE, FETCH_PART)};
		m->open->close = m->run++;
	} else {
		say(m, "}", 1);
	}
	m->open = NULL;
	m->last = NOTHING;
}

static void open_group(struct maker *m, size_t first)
{
	const struct sf_field *field = m->list->field[first];
	char key[KEY_ROOM + 1];
	size_t length = (size_t)snprintf(key, sizeof(key), ",\"%.*s\":{",
					 (int)group_length(field) - 1, field->name);

	m->program->most += length + 1;
	m->last = NOTHING;
	if (is_sure(m, first)) {
		say(m, key, length);
		return;
	}
	flush(m);
	memcpy(m->step->key, key, KEY_ROOM);
	m->step->key_length = (uint8_t)(length - 1);
	m->open = m->run++;
	*m->open = (struct run){.does = RUN_OF(KIND_OPEN, FETCH_PART),
				.part = (uint8_t)sf_group_gate(m->list, first),
				.first = m->step++};
}

static void open_zeros(struct maker *m, size_t first)
{
	size_t count = sf_rares_end(m->list, first) - first;

	if (first < m->zeros_end || count < RARES_LEAST)
		return;
	flush(m);
	*m->run++ = (struct run){.does = RUN_OF(KIND_ZEROS, FETCH_PART),
				 .part = m->list->field[first]->part,
				 .first = m->step,
				 .behind = m->step + count};
	m->last = NOTHING;
	m->zeros_end = first + count;
}

static void add_field(struct maker *m, size_t at)
{
	const struct sf_field *field = m->list->field[at];
	const unsigned rank = m->list->rank[at];
	bool bare = m->length && m->text[m->length - 1] == '{'; /* no comma follows */
	size_t key = sf_key_length(field) - bare;
	struct step *step;

	if (!is_sure(m, at) || m->length + key > KEY_ROOM)
		flush(m);
	open_zeros(m, at);
	step = m->step++;
	sf_step_make(step, m->arena, field);
	if (m->last != rank || m->run[-1].count == RUN_MOST || step->end < step[-1].end)
		*m->run++ = (struct run){.does = (uint8_t)RUN_OF(KIND_OF(rank), FETCH_OF(rank)),
					 .part = field->part,
					 .first = step};
	m->last = rank;
	if (m->length + bare) {
		memmove(step->key + m->length, step->key + bare, key);
		memcpy(step->key, m->text, m->length);
		step->key_length = (uint8_t)(m->length + key);
		m->length = 0;
	}
	m->run[-1].count++;
	m->run[-1].behind = step + 1;
}

static void link_fields(struct maker *m, enum sf_table table)
{
	const struct sf_field *before = NULL;

	for (size_t i = 0; i < m->list->count; i++, before = m->list->field[i - 1]) {
		const struct sf_field *field = m->list->field[i];
		bool begins = !before || !same_group(before, field);
		char text[KEY_ROOM + WORD_ROOM + SCRIBBLE];
		size_t length;

		if (begins && before && group_length(before))
			close_group(m);
		if (begins && group_length(field))
			open_group(m, i);
		length = fixed_text(field, table, text, sizeof(text));
		if (length && length <= KEY_ROOM)
			say(m, text, length);
		else
			add_field(m, i);
		m->program->most += sf_step_most(field);
	}
	if (before && group_length(before))
		close_group(m);
	flush(m);
	*m->run = (struct run){.does = RUN_OF(KIND_END, FETCH_PART)};
}

void sf_program_link(struct program *program, struct sf_arena *arena, const struct list *list,
		     enum sf_table table)
{
	struct maker maker = {.program = program, .arena = arena, .list = list, .last = NOTHING};
	size_t groups, runs;

	/*
	 * Each field is a step, or text; each group begins with a step, or with text, and ends with
	 * a run, or with text; and each text may come to be a step of its own. Each step may be a
	 * run, and in front of rare fields stands one more.
	 */
	groups = sf_groups_count(list);
	runs = list->count + 4 * groups + sf_rares_count(list) + 1;
	program->runs = sf_arena_alloc(arena, runs * sizeof(*program->runs));
	program->most = 0;
	maker.run = program->runs;
	maker.step = alloc_steps(arena, list->count + 3 * groups);
	link_fields(&maker, table);
	for (struct run *run = program->runs; run->does != RUN_OF(KIND_END, FETCH_PART); run++) {
		run->fits = FITS_NONE;
		if (run->does == RUN_OF(KIND_U32, FETCH_PART) && run->count > 2)
			run->offsets = sf_arena_alloc(arena, (run->count + 3u) / 4 * 4 *
								     sizeof(*run->offsets));
		if (run->does == RUN_OF(KIND_ZEROS, FETCH_PART))
			run->zeros = sf_zeros_new(run, arena);
	}
}
