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

	if (step->field->type == SF_TYPE_TEXT)
		length = strnlen((const char *)bytes, length);
	if (length > TEXT_MOST)
		return out;
	end = sf_write_string(put_key(out, step), bytes, length, &exact);
	if (__builtin_expect(exact, 1))
		return end;
	name = leaf(step->field->name);
	return sf_text_write(out, name, strlen(name), bytes, length);
}

static char *put_list(char *out, const struct sf_field *field, const struct sf_value *list)
{
	struct sf_value element;
	uint32_t at = 0;
	char *start = out;

	while (sf_list_next(field, list, &at, &element)) {
		*out = ',';
		out = sf_value_write(out + 1, field, &element, true);
	}
	out += out == start;
	*start = '['; /* over the first comma */
	*out++ = ']';
	return out;
}

char *sf_step_any(char *out, const struct step *step, const struct sf_view *view)
{
	const struct sf_field *field = step->field;
	const char *name = leaf(field->name);
	struct sf_value value;
	enum sf_presence presence = sf_field_read(field, view, &value);

	if (presence == SF_ABSENT)
		return out;
	if (field->list == SF_LIST_BITS && value.length > BITS_MOST)
		return out;
	if (presence == SF_PRESENT && is_text(field))
		return value.length > TEXT_MOST
			       ? out
			       : sf_text_write(out, name, strlen(name), value.bytes, value.length);
	out = put_text(put_text(put_text(out, ",\"", 2), name, strlen(name)), "\":", 2);
	if (presence == SF_NULL)
		return put_text(out, "null", 4);
	return field->list ? put_list(out, field, &value)
			   : sf_value_write(out, field, &value, true);
}
