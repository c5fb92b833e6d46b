/* SPDX-License-Identifier: Apache-2.0 */
/*
 * libyaml's emitter, event by event. What could be taken for something else is put in quotes, and
 * `$` comes out as `$$`.
 */
#include <stdlib.h>
#include <string.h>

#include "emit.h"

/* libyaml fails for want of memory alone: what it is given here is UTF-8 and well-formed. */
static void emit(yaml_emitter_t *emitter, yaml_event_t *event, int made)
{
	if (!made || !yaml_emitter_emit(emitter, event))
		abort();
}

static void put(yaml_emitter_t *emitter, const char *text, size_t length, yaml_scalar_style_t style)
{
	sf_cleanup(sf_buf_finish) struct sf_buf out = {0};
	yaml_event_t event;

	sf_buf_text(&out, "");
	for (size_t i = 0; i < length; i++)
		sf_buf_add(&out, text[i] == '$' ? "$$" : text + i, text[i] == '$' ? 2 : 1);
	emit(emitter, &event,
	     yaml_scalar_event_initialize(&event, NULL, NULL, (const yaml_char_t *)out.data,
					  (int)out.length, 1, 1, style));
}

void sf_emit_plain(yaml_emitter_t *emitter, const char *text)
{
	put(emitter, text, strlen(text), YAML_PLAIN_SCALAR_STYLE);
}

/* A word or path that nobody takes for a number, a truth, a list or nothing. */
static bool is_word(const struct sf_text *text)
{
	static const char letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ/",
			  more[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ/"
				   "0123456789_.*-";
	static const char *const taken[] = {"null", "true", "false", "yes", "no",
					    "on",   "off",  "y",     "n"};

	for (size_t i = 0; i < SF_COUNT(taken); i++)
		if (!strcasecmp(text->text, taken[i]))
			return false;
	return text->length && strspn(text->text + (text->text[0] == '-'), letters) &&
	       strspn(text->text, more) == text->length;
}

void sf_emit_text(yaml_emitter_t *emitter, const struct sf_text *text)
{
	bool lines = memchr(text->text, '\n', text->length);

	put(emitter, text->text, text->length,
	    is_word(text) ? YAML_PLAIN_SCALAR_STYLE
	    : lines	  ? YAML_LITERAL_SCALAR_STYLE
			  : YAML_DOUBLE_QUOTED_SCALAR_STYLE);
}

void sf_emit_begin(yaml_emitter_t *emitter, bool map, bool flow)
{
	yaml_event_t event;

	if (map)
		emit(emitter, &event,
		     yaml_mapping_start_event_initialize(&event, NULL, NULL, 1,
							 flow ? YAML_FLOW_MAPPING_STYLE
							      : YAML_BLOCK_MAPPING_STYLE));
	else
		emit(emitter, &event,
		     yaml_sequence_start_event_initialize(&event, NULL, NULL, 1,
							  YAML_FLOW_SEQUENCE_STYLE));
}

void sf_emit_end(yaml_emitter_t *emitter, bool map)
{
	yaml_event_t event;

	emit(emitter, &event,
	     map ? yaml_mapping_end_event_initialize(&event)
		 : yaml_sequence_end_event_initialize(&event));
}

static int write_to_buf(void *buf, unsigned char *bytes, size_t size)
{
	sf_buf_add(buf, bytes, size);
	return 1;
}

void sf_emit_init(yaml_emitter_t *emitter, struct sf_buf *out)
{
	yaml_event_t event;

	if (!yaml_emitter_initialize(emitter))
		abort();
	yaml_emitter_set_output(emitter, write_to_buf, out);
	yaml_emitter_set_width(emitter, -1);
	yaml_emitter_set_unicode(emitter, 1);
	emit(emitter, &event, yaml_stream_start_event_initialize(&event, YAML_UTF8_ENCODING));
	emit(emitter, &event, yaml_document_start_event_initialize(&event, NULL, NULL, NULL, 1));
}

void sf_emit_finish(yaml_emitter_t *emitter)
{
	yaml_event_t event;

	emit(emitter, &event, yaml_document_end_event_initialize(&event, 1));
	emit(emitter, &event, yaml_stream_end_event_initialize(&event));
	yaml_emitter_delete(emitter);
}
