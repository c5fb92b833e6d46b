/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The steps that are longer than a loop: text from outside, and what no kind of its own is worth.
 */
#include "record/put.h"

char *sf_step_text(char *out, const struct step *step, const uint8_t *bytes, size_t length)
{
	const char *name;
	bool exact;
	char *end;

	length = strnlen((const char *)bytes, length);
	if (length > TEXT_MOST)
		return out;
	end = sf_write_string(put_key(out, step), bytes, length, &exact);
	if (__builtin_expect(exact, 1))
		return end;
	name = leaf(step->field->name);
	return sf_text_write(out, name, strlen(name), bytes, length);
}

char *sf_step_any(char *out, const struct step *step, const struct sf_view *view)
{
	const struct sf_field *field = step->field;
	const char *name = leaf(field->name);
	struct sf_value value;
	enum sf_presence presence = sf_field_read(field, view, &value);

	if (presence == SF_ABSENT)
		return out;
	if (presence == SF_PRESENT && field->type == SF_TYPE_TEXT)
		return value.length > TEXT_MOST
			       ? out
			       : sf_text_write(out, name, strlen(name), value.bytes, value.length);
	out = put_text(put_text(put_text(out, ",\"", 2), name, strlen(name)), "\":", 2);
	if (presence == SF_NULL)
		return put_text(out, "null", 4);
	return sf_value_write(out, field, &value, true);
}
