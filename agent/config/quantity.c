/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers, durations, sizes, rates and shares: with units where there are any, within the bounds
 * of their key.
 */
#include <string.h>

#include "reader.h"

static enum sf_unit unit_of(enum sf_kind kind)
{
	return kind == SF_KIND_DURATION ? SF_UNIT_US
	       : kind == SF_KIND_SIZE	? SF_UNIT_BYTES
	       : kind == SF_KIND_RATE	? SF_UNIT_BPS
	       : kind == SF_KIND_SHARE	? SF_UNIT_RATIO
					: SF_UNIT_NONE;
}

/* One of the words that stand for numbers. */
static bool is_word(const struct sf_key *key, const struct sf_text *text, uint64_t *number)
{
	static const uint64_t numbers[] = {0, UINT64_MAX};

	for (size_t i = 0; key->choices && key->choices[i]; i++) {
		if (strcmp(key->choices[i], text->text))
			continue;
		*number = numbers[i];
		return true;
	}
	return false;
}

static const char *make_hint(struct sf_reader *reader, const struct sf_key *key)
{
	sf_cleanup(sf_buf_finish) struct sf_buf hint = {0};
	enum sf_unit unit = unit_of(key->kind);
	uint64_t ignored;
	bool telling = key->standard && *key->standard && *key->standard != '0' &&
		       !is_word(key, &(struct sf_text){.text = key->standard}, &ignored);

	sf_buf_format(&hint, "write %s such as %s", sf_unit_article(unit),
		      telling ? key->standard : sf_unit_example(unit));
	for (size_t i = 0; key->choices && key->choices[i]; i++)
		sf_buf_format(&hint, "%s %s", key->choices[i + 1] ? "," : " or", key->choices[i]);
	return sf_arena_copy(reader->arena, hint.data, hint.length);
}

/* Without a unit: with which one it may have been meant. */
static const char *unit_hint(struct sf_reader *reader, enum sf_unit unit, const char *number)
{
	static const char *const formats[SF_UNIT_COUNT] = {
		[SF_UNIT_US] = "write %ss (or %sms, %sm, %sh)",
		[SF_UNIT_BYTES] = "write %sMiB (or %sB, %sKiB, %sGiB)",
		[SF_UNIT_BPS] = "write %sMB/s (or %sMiB/s, %sMbit/s, %skB/s)",
	};

	if (!formats[unit])
		return NULL;
	return sf_arena_format(reader->arena, formats[unit], number, number, number, number);
}

/* `10 s`: what it is without the blank; NULL: it is nothing. */
static const char *joined(struct sf_reader *reader, const struct sf_text *text, enum sf_unit unit)
{
	size_t number = strcspn(text->text, " "), blanks = strspn(text->text + number, " ");
	const char *whole = sf_arena_format(reader->arena, "%.*s%s", (int)number, text->text,
					    text->text + number + blanks);
	uint64_t ignored;
	double share;
	bool bare = true;

	if (!blanks ||
	    sf_unit_read(whole, strlen(whole), unit, &ignored, &share, &bare, NULL) < 0 || bare)
		return NULL;
	return sf_arena_format(reader->arena, "write %s", whole);
}

static void complain_unread(struct sf_reader *reader, const struct sf_node *value,
			    const struct sf_text *text, enum sf_unit unit, const char *hint,
			    const struct sf_err *err)
{
	const char *without_blank = joined(reader, text, unit);

	if (without_blank)
		sf_node_complain(reader->complaints, value, without_blank,
				 "a unit stands behind its number without a blank");
	else
		sf_node_complain(reader->complaints, value, hint, "%s", err->text);
}

/* 15 was meant as 15%, as it is no share of anything. */
static bool is_share(struct sf_reader *reader, const struct sf_key *key,
		     const struct sf_node *value, double share, bool bare)
{
	if (share <= 1)
		return true;
	sf_node_complain(reader->complaints, value,
			 bare && share <= 100
				 ? sf_arena_format(reader->arena, "write %s%%", value->text.text)
				 : "write 0% to 100%",
			 "%s is too large for \"%s\"", value->text.text, key->name);
	return false;
}

static bool is_within(struct sf_reader *reader, const struct sf_key *key,
		      const struct sf_node *value, uint64_t number)
{
	sf_cleanup(sf_buf_finish) struct sf_buf hint = {0};
	enum sf_unit unit = unit_of(key->kind);

	if (number >= key->least && (!key->most || number <= key->most))
		return true;
	sf_buf_text(&hint, "write ");
	sf_unit_print(&hint, unit, key->least, 0);
	if (key->most > key->least) {
		sf_buf_text(&hint, " to ");
		sf_unit_print(&hint, unit, key->most, 0);
	} else if (!key->most) {
		sf_buf_text(&hint, " or more");
	}
	sf_node_complain(reader->complaints, value, hint.data, "%s is too %s for \"%s\"",
			 value->text.text, number < key->least ? "small" : "large", key->name);
	return false;
}

/* NUMBER, DURATION, SIZE, RATE, SHARE: units are needed where there are any. */
void sf_quantity_read(struct sf_reader *reader, const struct sf_pair *pair)
{
	const struct sf_key *key = pair->key;
	enum sf_unit unit = unit_of(key->kind);
	const char *hint = make_hint(reader, key), *with_unit;
	const struct sf_text *text = sf_value_text(reader, pair->name, pair->value, hint);
	struct sf_err err;
	uint64_t number = 0;
	double share = 0;
	bool bare = false;

	if (!text)
		return;
	if (is_word(key, text, pair->at))
		return;
	if (sf_unit_read(text->text, text->length, unit, &number, &share, &bare, &err) < 0) {
		complain_unread(reader, pair->value, text, unit, hint, &err);
		return;
	}
	with_unit = bare ? unit_hint(reader, unit, text->text) : NULL;
	if (with_unit)
		sf_node_complain(reader->complaints, pair->value, with_unit, "\"%s\" needs a unit",
				 text->text);
	else if (unit == SF_UNIT_RATIO && is_share(reader, key, pair->value, share, bare))
		*(double *)pair->at = share;
	else if (unit != SF_UNIT_RATIO && is_within(reader, key, pair->value, number))
		*(uint64_t *)pair->at = number;
}
