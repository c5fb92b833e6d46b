/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Text becomes tokens. A word is whatever stands between blanks and symbols, so addresses, ports,
 * durations and paths need no quotes: [fe80::/10]:22, *:443, 10Mbit/s, /system.slice. What a word
 * means is for the parser, by where it stands; where one would begin with #, the rest of the line
 * is a comment. Every error of the lexer is reported, then the reading goes on behind it.
 */
#include "filter/stages.h"

static bool blank(char c)
{
	return c == ' ' || (c >= '\t' && c <= '\r');
}

/* Commas, tildes and apostrophes end words too: they have, or seem to have, a meaning. */
static bool in_word(char c)
{
	static const bool ends[256] = {
		['('] = true,  [')'] = true, ['='] = true, ['!'] = true, ['<'] = true,
		['>'] = true,  ['&'] = true, ['|'] = true, ['"'] = true, ['~'] = true,
		['\''] = true, [','] = true, [';'] = true, [0x7f] = true};

	return (unsigned char)c > ' ' && !ends[(unsigned char)c];
}

size_t sf_filter_comment(const char *begin, const char *at, const char *end)
{
	const char *stop;

	if (*at != '#' || (at > begin && in_word(at[-1])))
		return 0;
	stop = memchr(at, '\n', (size_t)(end - at));
	return (size_t)((stop ?: end) - at);
}

bool sf_filter_is_bare(const char *text, size_t length)
{
	static const char *const reserved[] = {"and", "or", "not"};

	for (size_t i = 0; i < length; i++) {
		if (!in_word(text[i]))
			return false;
	}
	if (length && *text == '#')
		return false;
	for (size_t i = 0; i < SF_COUNT(reserved); i++) {
		if (length == strlen(reserved[i]) && !memcmp(text, reserved[i], length))
			return false;
	}
	return length > 0;
}

static bool is(const struct token *token, const char *word)
{
	return token->length == strlen(word) && !memcmp(token->text, word, token->length);
}

static void word(struct reading *r, struct token *token, const char *at, const char *end)
{
	const char *stop = at;

	while (stop < end && in_word(*stop))
		stop++;
	token->place.length = token->length = (uint32_t)(stop - at);
	token->text = sf_arena_copy(r->arena, at, token->length);
	token->op = sf_op_word(token->text, token->length);
	token->kind = is(token, "and")	 ? TOKEN_AND
		      : is(token, "or")	 ? TOKEN_OR
		      : is(token, "not") ? TOKEN_NOT
					 : TOKEN_WORD;
}

static void string(struct reading *r, struct token *token, const char *at, const char *end)
{
	const char *stop = at + 1;
	char *out;

	while (stop < end && *stop != '"')
		stop += *stop == '\\' && stop + 1 < end ? 2 : 1;
	token->kind = TOKEN_STRING;
	token->place.length = (uint32_t)(stop - at) + (stop < end);
	if (stop == end)
		sf_filter_wrong(r, (struct place){token->place.offset, 1}, "end the text with \"",
				"a quote that is never closed");
	token->text = out = sf_arena_alloc(r->arena, (size_t)(stop - at));
	while (++at < stop) {
		struct place here = {(uint32_t)(at - r->text->text), 1};
		char byte = *at;
		size_t escape = sf_filter_escape(at, (size_t)(stop - at), &byte);

		if (escape)
			at += escape - 1;
		else if (*at == '\\')
			sf_filter_wrong(r, here,
					"write \\\\ for a backslash, \\\" for a quote, "
					"\\n for the end of a line",
					"a backslash that escapes nothing");
		else if (!*at)
			sf_filter_wrong(r, here, NULL, "a NUL byte");
		*out++ = byte;
	}
	token->length = (uint32_t)(out - token->text);
}

static void symbol(struct token *token, const char *at, size_t left)
{
	size_t length = 1;

	token->op = sf_op_symbol(at, left, &length);
	if (token->op != OP_NONE) {
		token->kind = TOKEN_OP;
	} else if (*at == '(' || *at == ')') {
		token->kind = *at == '(' ? TOKEN_OPEN : TOKEN_CLOSE;
	} else if (*at == '&' || *at == '|') {
		token->kind = *at == '&' ? TOKEN_AND : TOKEN_OR;
		length = left > 1 && at[1] == *at ? 2 : 1;
	} else {
		token->kind = *at == '!' ? TOKEN_NOT : *at == ',' ? TOKEN_COMMA : TOKEN_OTHER;
	}
	token->place.length = token->length = (uint32_t)length;
}

/* In a text of one line it takes all that follows: lines that were joined are meant otherwise. */
static void warn_comment(struct reading *r, const char *at, size_t length)
{
	const struct sf_text *text = r->text;
	const char *newline = memchr(text->text, '\n', text->length);

	if (newline && newline + 1 < text->text + text->length)
		return;
	sf_warn(r->complaints, text, (size_t)(at - text->text), length,
		"end a comment with its line; in YAML | keeps lines, > joins them",
		"the rest of the filter is a comment");
}

/* Behind blanks, comments, and NUL bytes, which are errors. */
static const char *pass_blanks(struct reading *r, const char *at, const char *end)
{
	const char *begin = r->text->text;

	while (at < end && (blank(*at) || *at == '#' || !*at)) {
		size_t length = sf_filter_comment(begin, at, end);

		if (length)
			warn_comment(r, at, length);
		if (!*at)
			sf_filter_wrong(r, (struct place){(uint32_t)(at - begin), 1}, NULL,
					"a NUL byte");
		at += length ?: 1;
	}
	return at;
}

struct token *sf_filter_lex(struct reading *r)
{
	const char *begin = r->text->text, *end = begin + r->text->length, *at = begin;
	sf_cleanup(sf_buf_finish) struct sf_buf list = {0};
	struct token *tokens;
	struct token token;

	if (r->text->length > SF_FILTER_LENGTH) {
		sf_filter_wrong(r, (struct place){SF_FILTER_LENGTH, 1}, NULL,
				"a filter is at most 64 KiB long, this has %zu bytes",
				r->text->length);
		end = begin;
	}
	do {
		at = pass_blanks(r, at, end);
		token = (struct token){.kind = TOKEN_END,
				       .op = OP_NONE,
				       .text = at,
				       .place.offset = (uint32_t)(at - begin)};
		if (at < end && *at == '"')
			string(r, &token, at, end);
		else if (at < end && in_word(*at))
			word(r, &token, at, end);
		else if (at < end)
			symbol(&token, at, (size_t)(end - at));
		at += token.place.length;
		sf_buf_add(&list, &token, sizeof(token));
	} while (token.kind != TOKEN_END);

	tokens = sf_arena_alloc(r->arena, list.length);
	memcpy(tokens, list.data, list.length);
	return tokens;
}
