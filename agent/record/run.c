/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The record that closes a run: what it asked, saw, told and failed to do. Once a run, so it may
 * allocate. `cut` is what was matched and not told.
 */
#include "record/step.h"

static void add_number(struct sf_buf *out, const char *key, uint64_t number)
{
	char digits[32];
	const char *end = sf_write_u64(digits, number);

	sf_buf_text(out, key);
	sf_buf_add(out, digits, (size_t)(end - digits));
}

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
		add_number(out, ",{\"id\":", facts->walk[i].id);
		add_text(out, "table", facts->walk[i].table);
		add_number(out, ",\"dumps\":", facts->walk[i].dumps);
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
	char stamp[SF_STAMP_SIZE];

	sf_clock_stamp(stamp, facts->wall_us);
	sf_buf_text(out, "{\"time\":\"");
	sf_buf_add(out, stamp, sizeof(stamp));
	sf_buf_text(out, "\",\"type\":\"run\",\"schema\":1");
	sf_buf_add(out, encoder->identity, encoder->identity_length);
	add_number(out, ",\"run\":", facts->run);
	add_number(out, ",\"seq\":", facts->seq);
	sf_buf_add(out, encoder->tail, encoder->tail_length);
	if (facts->first)
		sf_buf_text(out, ",\"previous_run\":null");
	else
		add_number(out, ",\"previous_run\":", facts->previous_run);
	if (facts->interval_ms)
		add_number(out, ",\"interval_ms\":", facts->interval_ms);
	else
		sf_buf_text(out, ",\"interval_ms\":null");
	add_number(out, ",\"skipped\":", facts->skipped);
	add_number(out, ",\"records\":", records);
	add_number(out, ",\"sockets_seen\":", facts->seen);
	add_number(out, ",\"sockets_matched\":", matched);
	add_number(out, ",\"cut\":", matched > records ? matched - records : 0);
	add_number(out, ",\"duplicates\":", facts->duplicates);
	add_walks(out, facts);
	add_number(out, ",\"duration_us\":", facts->duration_us);
	sf_buf_text(out, facts->partial ? ",\"partial\":true" : ",\"partial\":false");
	add_absent(out, facts);
	add_errors(out, facts);
	sf_buf_text(out, "}\n");
}
