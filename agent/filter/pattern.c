/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Regular expressions, PCRE2 over bytes. All memory is made while the filter is read: the compiled
 * patterns in its arena, and one room for all of them from which matching takes its frames. A
 * pattern that would take more steps, more depth or more room than the limits has no answer then.
 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdlib.h>

#include "filter/stages.h"

enum {
	PATTERN_LENGTH = 1024,
	PATTERNS_SIZE = 1 << 20, /* compiled, all of a filter */
	STEPS = 10000,
	DEPTH = 1000,
	HEAP_KIB = 128,
};
/* The vector of frames doubles: the old one and the new one lie there at once. */
#define ROOM (2 * HEAP_KIB * 1024)

struct matcher {
	struct sf_arena *arena; /* NULL: all is made, now memory comes from the room alone */
	pcre2_general_context *memory;
	pcre2_compile_context *compile;
	pcre2_match_context *match;
	pcre2_match_data *data;
	size_t patterns;   /* bytes of the compiled ones */
	size_t begin, end; /* of the room: taken from its begin, from its end */
	uint8_t *room;
};

struct pattern {
	struct matcher *matcher;
	pcre2_code *code;
};

/* Two pieces at most, one from each end. */
static void *take(size_t size, void *arg)
{
	struct matcher *m = arg;

	if (m->arena)
		return sf_arena_alloc(m->arena, size);
	size = (size + _Alignof(max_align_t) - 1) & ~(_Alignof(max_align_t) - 1);
	if (size > ROOM - m->begin - m->end)
		return NULL;
	if (!m->begin) {
		m->begin = size;
		return m->room;
	}
	if (m->end)
		return NULL;
	m->end = size;
	return m->room + ROOM - size;
}

static void give(void *memory, void *arg)
{
	struct matcher *m = arg;

	if (memory == m->room)
		m->begin = 0;
	else if (memory == m->room + ROOM - m->end)
		m->end = 0;
}

static struct matcher *matcher_new(struct sf_arena *arena)
{
	struct matcher *m = sf_arena_alloc(arena, sizeof(*m));

	m->arena = arena;
	m->room = sf_realloc(NULL, ROOM);
	m->memory = pcre2_general_context_create(take, give, m);
	m->compile = pcre2_compile_context_create(m->memory);
	m->match = pcre2_match_context_create(m->memory);
	m->data = pcre2_match_data_create(1, m->memory);
	pcre2_set_match_limit(m->match, STEPS);
	pcre2_set_depth_limit(m->match, DEPTH);
	pcre2_set_heap_limit(m->match, HEAP_KIB);
	return m;
}

void sf_matcher_free(struct matcher *m)
{
	free(m ? m->room : NULL);
}

/* The place of the byte `at` of a value; quotes and escapes take bytes of the text too. */
static struct place place_of(const struct reading *r, const struct node *node, size_t at)
{
	const char *text = r->text->text + node->value.offset;
	size_t last = node->value.length - 1, offset = node->quoted ? 1 : at;
	size_t escape = 0;
	char byte;

	for (size_t i = 0; node->quoted && i <= at && offset < last; i++) {
		escape = sf_filter_escape(text + offset, last - offset, &byte);
		if (i < at)
			offset += escape ?: 1;
	}
	return (struct place){node->value.offset + (uint32_t)(offset < last ? offset : last),
			      escape && offset < last ? (uint32_t)escape : 1};
}

static void wrong_pattern(struct reading *r, const struct node *node, int code, size_t at)
{
	char message[256];

	pcre2_get_error_message(code, (PCRE2_UCHAR *)message, sizeof(message));
	sf_filter_wrong(r, place_of(r, node, at), NULL, "in the regular expression: %s", message);
}

const struct pattern *sf_pattern_compile(struct reading *r, const struct node *node)
{
	struct matcher *m = r->matcher = r->matcher ?: matcher_new(r->arena);
	struct pattern *pattern = sf_arena_alloc(r->arena, sizeof(*pattern));
	size_t at, size = 0;
	int code;

	if (node->length > PATTERN_LENGTH) {
		sf_filter_wrong(r, node->value, NULL,
				"a regular expression is at most %d bytes long, this has %u",
				PATTERN_LENGTH, node->length);
		return NULL;
	}
	if (m->patterns > PATTERNS_SIZE)
		return NULL; /* which was said */
	m->arena = r->arena;
	pattern->matcher = m;
	pattern->code = pcre2_compile((PCRE2_SPTR)node->word, node->length,
				      PCRE2_NEVER_UTF | PCRE2_NEVER_UCP | PCRE2_NEVER_BACKSLASH_C |
					      PCRE2_DOLLAR_ENDONLY,
				      &code, &at, m->compile);
	m->arena = NULL;
	if (!pattern->code) {
		wrong_pattern(r, node, code, at);
		return NULL;
	}
	pcre2_pattern_info(pattern->code, PCRE2_INFO_SIZE, &size);
	m->patterns += size;
	if (m->patterns > PATTERNS_SIZE) {
		sf_filter_wrong(r, node->value, "write shorter repetitions, such as {0,20}",
				"the regular expressions of a filter take more than 1 MiB");
		return NULL;
	}
	return pattern;
}

enum match sf_pattern_match(const struct pattern *pattern, const uint8_t *bytes, size_t length)
{
	int code = pcre2_match(pattern->code, bytes, length, 0, 0, pattern->matcher->data,
			       pattern->matcher->match);

	return code >= 0 ? MATCH_YES : code == PCRE2_ERROR_NOMATCH ? MATCH_NO : MATCH_GAVE_UP;
}
