/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The encoder's life and the constant part of its records: everything before the number `seq` is
 * one block, built once a run, with the stamp patched in once a receive call.
 */
#include <stdlib.h>

#include "record/program.h"
#include "record/put.h"

#define BEFORE_STAMP "{\"time\":\""
#define BEHIND_STAMP "\",\"type\":\""
#define BEHIND_TYPE  "\",\"schema\":1"

/* Members came with commas: the first becomes the brace. */
static void close_object(struct sf_buf *buf, size_t start)
{
	buf->data[start] = '{';
	sf_buf_text(buf, "}");
}

void sf_identity_add(struct sf_buf *buf, const struct sf_envelope *envelope)
{
	size_t start;

	sf_buf_text(buf, ",\"host\":");
	start = buf->length;
	sf_text_add(buf, "name", envelope->host_name);
	sf_text_add(buf, "id", envelope->host_id);
	sf_text_add(buf, "boot_id", envelope->boot_id);
	close_object(buf, start);
	if (envelope->labels) {
		sf_buf_text(buf, ",\"labels\":");
		start = buf->length;
		for (size_t i = 0; i < envelope->labels; i++)
			sf_text_add(buf, envelope->label_names[i], envelope->label_values[i]);
		close_object(buf, start);
	}
	if (envelope->query)
		sf_text_add(buf, "query", envelope->query);
}

#define HEAD_FRAME 160 /* {"time":"...","type":"socket","schema":1 and ,"run":N,"seq": */
#define TAIL_ROOM  64  /* ,"netns":{"inode":N} */

/* The most that a line of the table has behind its envelope. */
static size_t compile_table(struct sf_encoder *encoder, const struct sf_fieldset *fields,
			    enum sf_table table, bool ended)
{
	uint32_t classes = ended ? 1u << SF_CLASS_ENDED : sf_table_classes(table);
	size_t most = 0;

	for (unsigned class = 0; class < SF_CLASS_COUNT; class ++) {
		struct program *program = &encoder->program[table][class];

		if (!(classes >> class & 1))
			continue;
		sf_program_compile(program, encoder->arena, fields, table, class);
		most = program->most > most ? program->most : most;
	}
	for (unsigned id = 0; id < SF_FIELD_COUNT; id++) {
		if (sf_fieldset_has(fields, id))
			encoder->ext[table] |= sf_field_ext(&sf_fields[id], table);
	}
	return most;
}

struct sf_encoder *sf_encoder_new(const struct sf_envelope *envelope,
				  const struct sf_fieldset *fields, uint32_t tables)
{
	sf_cleanup(sf_buf_finish) struct sf_buf identity = {0};
	struct sf_encoder *encoder = sf_new(struct sf_encoder);
	size_t most = 0;

	encoder->arena = sf_arena_new();
	encoder->type = envelope->ended ? "closed" : "socket";
	for (unsigned i = 0; i < SF_TABLE_COUNT; i++) {
		size_t longest = 0;

		if (tables >> i & 1)
			longest = compile_table(encoder, fields, i, envelope->ended);
		most = longest > most ? longest : most;
	}
	sf_identity_add(&identity, envelope);
	encoder->identity = sf_arena_copy(encoder->arena, identity.data, identity.length);
	encoder->identity_length = identity.length;
	encoder->head = sf_arena_alloc(encoder->arena, identity.length + HEAD_FRAME);
	encoder->stamp = mempcpy(encoder->head, BEFORE_STAMP, strlen(BEFORE_STAMP));
	encoder->tail = sf_arena_alloc(encoder->arena, TAIL_ROOM);
	encoder->most = identity.length + HEAD_FRAME + TAIL_ROOM + most + SCRIBBLE;
	sf_encoder_run(encoder, 0, 0);
	sf_encoder_time(encoder, 0);
	return encoder;
}

void sf_encoder_free(struct sf_encoder *encoder)
{
	if (!encoder)
		return;
	sf_arena_free(encoder->arena);
	free(encoder);
}

void sf_encoder_free_p(struct sf_encoder **encoder)
{
	sf_encoder_free(*encoder);
}

uint32_t sf_encoder_ext(const struct sf_encoder *encoder, enum sf_table table)
{
	return encoder->ext[table];
}

size_t sf_encoder_most(const struct sf_encoder *encoder)
{
	return encoder->most;
}

size_t sf_encoder_room(const struct sf_encoder *encoder, const struct sf_view *view)
{
	const struct program *program = &encoder->program[view->table][view->class];
	size_t most = encoder->most;

	for (size_t i = 0; i < program->list_count; i++)
		most += sf_list_most(program->lists[i], view->length[program->lists[i]->part]);
	return most;
}

void sf_encoder_run(struct sf_encoder *encoder, uint64_t run, uint32_t netns)
{
	char *at = stpcpy(encoder->stamp + SF_STAMP_SIZE, BEHIND_STAMP);

	at = stpcpy(stpcpy(at, encoder->type), BEHIND_TYPE);
	at = mempcpy(at, encoder->identity, encoder->identity_length);
	at = sf_write_u64(stpcpy(at, ",\"run\":"), run);
	at = stpcpy(at, ",\"seq\":");
	encoder->head_length = (size_t)(at - encoder->head);
	at = encoder->tail;
	if (netns) {
		at = sf_write_u64(stpcpy(at, ",\"netns\":{\"inode\":"), netns);
		at = stpcpy(at, "}");
	}
	encoder->tail_length = (size_t)(at - encoder->tail);
}

void sf_encoder_time(struct sf_encoder *encoder, uint64_t wall_us)
{
	sf_clock_stamp(encoder->stamp, wall_us);
}

char *sf_encode_envelope(const struct sf_encoder *encoder, uint64_t seq, char *out)
{
	out = mempcpy(out, encoder->head, encoder->head_length);
	out = put_u64(out, seq);
	return mempcpy(out, encoder->tail, encoder->tail_length);
}
