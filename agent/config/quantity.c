/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Numbers, durations, sizes and shares: with units where there are any, within the bounds of their
 * key.
 */
#include "reader.h"

static enum sf_unit unit_of(enum sf_kind kind)
{
	return kind == SF_KIND_DURATION ? SF_UNIT_US
	       : kind == SF_KIND_SIZE	? SF_UNIT_BYTES
	       : kind == SF_KIND_SHARE	? SF_UNIT_RATIO
					: SF_UNIT_NONE;
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

/* NUMBER, DURATION, SIZE, SHARE: units are needed where there are any. */
void sf_quantity_read(struct sf_reader *reader, const struct sf_pair *pair)
{
	const struct sf_key *key = pair->key;
	enum sf_unit unit = unit_of(key->kind);
	bool telling = key->standard && *key->standard && *key->standard != '0';
	const char *example = telling ? key->standard : sf_unit_example(unit);
	const char *hint = sf_arena_format(reader->arena, "write %s such as %s",
					   sf_unit_article(unit), example);
	const struct sf_text *text = sf_value_text(reader, pair->name, pair->value, hint);
	struct sf_err err;
	uint64_t number = 0;
	double share = 0;
	bool bare = false;

	if (!text)
		return;
	if (sf_unit_read(text->text, text->length, unit, &number, &share, &bare, &err) < 0) {
		sf_node_complain(reader->complaints, pair->value, hint, "%s", err.text);
		return;
	}
	if (bare && (unit == SF_UNIT_US || unit == SF_UNIT_BYTES)) {
		sf_node_complain(reader->complaints, pair->value,
				 sf_arena_format(reader->arena,
						 unit == SF_UNIT_US
							 ? "write %ss (or %sms, %sm, %sh)"
							 : "write %sMiB (or %sB, %sKiB, %sGiB)",
						 text->text, text->text, text->text, text->text),
				 "\"%s\" needs a unit", text->text);
		return;
	}
	if (unit == SF_UNIT_RATIO)
		*(double *)pair->at = share;
	else if (is_within(reader, key, pair->value, number))
		*(uint64_t *)pair->at = number;
}
