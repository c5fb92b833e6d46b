/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The record that closes a run: what it asked, saw, told and failed to do. Once a run, so it may
 * allocate. `cut` is what was matched and not told.
 */
#include "record/program.h"

/* NULL is null. */
static void add_text(struct sf_buf *out, const char *name, const char *text)
{
	if (text)
		sf_text_add(out, name, text);
	else
		sf_buf_format(out, ",\"%s\":null", name);
}

/*
 * A list of objects or texts, each of which began with a comma: the first becomes the bracket, or
 * the brace.
 */
static void close_list(struct sf_buf *out, size_t start, char open, const char *close)
{
	if (out->length == start)
		sf_buf_add(out, &open, 1);
	else
		out->data[start] = open;
	sf_buf_text(out, close);
}

static void add_walks(struct sf_buf *out, const struct sf_run_facts *facts)
{
	size_t start;

	sf_buf_text(out, ",\"walks\":");
	start = out->length;
	for (size_t i = 0; i < facts->walks; i++) {
		sf_number_add(out, ",{\"id\":", facts->walk[i].id);
		add_text(out, "table", facts->walk[i].table);
		sf_number_add(out, ",\"dumps\":", facts->walk[i].dumps);
		sf_buf_text(out, "}");
	}
	close_list(out, start, '[', "]");
}

static void add_absent(struct sf_buf *out, const struct sf_run_facts *facts)
{
	size_t start;

	sf_buf_text(out, ",\"absent\":");
	start = out->length;
	for (size_t i = 0; i < facts->absents; i++) {
		sf_buf_text(out, ",");
		sf_json_string(out, facts->absent[i], strlen(facts->absent[i]));
	}
	close_list(out, start, '[', "]");
}

static void add_errors(struct sf_buf *out, const struct sf_run_facts *facts)
{
	size_t start;

	sf_buf_text(out, ",\"errors\":");
	start = out->length;
	for (size_t i = 0; i < facts->errors; i++) {
		size_t object;

		sf_buf_text(out, ",");
		object = out->length;
		add_text(out, "table", facts->error[i].table);
		add_text(out, "code", facts->error[i].code);
		add_text(out, "message", facts->error[i].message);
		close_list(out, object, '{', "}");
	}
	close_list(out, start, '[', "]");
}

void sf_encode_run(const struct sf_encoder *encoder, const struct sf_run_facts *facts,
		   struct sf_buf *out)
{
	uint64_t matched = facts->matched, records = facts->records;

	sf_opening_add(out, facts->wall_us, "run");
	sf_buf_add(out, encoder->identity, encoder->identity_length);
	sf_number_add(out, ",\"run\":", facts->run);
	sf_number_add(out, ",\"seq\":", facts->seq);
	sf_buf_add(out, encoder->tail, encoder->tail_length);
	if (facts->first)
		sf_buf_text(out, ",\"previous_run\":null");
	else
		sf_number_add(out, ",\"previous_run\":", facts->previous_run);
	if (facts->interval_ms)
		sf_number_add(out, ",\"interval_ms\":", facts->interval_ms);
	else
		sf_buf_text(out, ",\"interval_ms\":null");
	sf_number_add(out, ",\"skipped\":", facts->skipped);
	sf_number_add(out, ",\"records\":", records);
	sf_number_add(out, ",\"sockets_seen\":", facts->seen);
	sf_number_add(out, ",\"sockets_matched\":", matched);
	sf_number_add(out, ",\"cut\":", matched > records ? matched - records : 0);
	sf_number_add(out, ",\"duplicates\":", facts->duplicates);
	add_walks(out, facts);
	if (facts->ended)
		sf_number_add(out, ",\"lost\":", facts->lost);
	sf_number_add(out, ",\"duration_us\":", facts->duration_us);
	sf_buf_text(out, facts->partial ? ",\"partial\":true" : ",\"partial\":false");
	add_absent(out, facts);
	add_errors(out, facts);
	sf_buf_text(out, "}\n");
}
