/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The loop over a program: a view comes in, one line of JSON goes out. No allocation, no system
 * call, no formatted printing.
 *
 * A run's kind and fetch are constants inside its loop: run_steps() is one text, made once for each
 * pair that occurs. Keys, words and digits are stored in whole blocks, and only the position
 * advances by what counts.
 */
#include "record/put.h"

static char *put_text_field(char *out, const struct step *step, const uint8_t *bytes, size_t length)
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

static char *put_any(char *out, const struct step *step, const struct sf_view *view)
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

/* A step's key and value: of plain bytes, or of what the field's own function gives. */
ALWAYS char *put_step(enum kind kind, char *out, const struct step *step, const uint8_t *bytes,
		      const struct sf_view *view)
{
	char *behind = put_key(out, step);
	struct sf_value value = {0};
	uint64_t number;

	if (kind >= KIND_NUMBER && kind <= KIND_RATIO && step->read(view, &value) == SF_ABSENT)
		return out;
	switch (kind) {
	case KIND_WORD:
		return put_word(behind, step, bytes[0]);
	case KIND_WORDS:
		number = bytes[0] | (step->size > 1 ? (uint32_t)bytes[1] << 8 : 0);
		return put_words(behind, step, (uint32_t)number);
	case KIND_U8:
		return put_u8(behind, bytes[0]);
	case KIND_U16:
		return put_below_e8(behind, (uint32_t)bytes_at(bytes, 2));
	case KIND_U32:
		return put_u32(behind, (uint32_t)bytes_at(bytes, 4));
	case KIND_U64:
		return put_u64(behind, bytes_at(bytes, 8));
	case KIND_U32_NULL:
		number = bytes_at(bytes, 4);
		if (number == step->nulls[0] || number == step->nulls[1])
			return put_text(behind, "null", 4);
		return put_u32(behind, (uint32_t)number);
	case KIND_U64_NULL:
		number = bytes_at(bytes, 8);
		if (number == step->nulls[0] || number == step->nulls[1])
			return put_text(behind, "null", 4);
		return put_u64(behind, number);
	case KIND_I32:
		return put_i32(behind, (int32_t)bytes_at(bytes, 4));
	case KIND_PORT:
		return put_below_e8(behind, (uint32_t)(bytes[0] << 8 | bytes[1]));
	case KIND_ID64:
		*behind = '"';
		behind = put_u64(behind + 1, bytes_at(bytes, 8));
		*behind = '"';
		return behind + 1;
	case KIND_IP: /* AF_INET 2 has 4 bytes, every other family of inet_diag 16 */
		*behind = '"';
		number = view->part[SF_PART_HEADER][0] == 2 ? 4 : 16;
		behind = sf_write_ip(behind + 1, bytes, number);
		*behind = '"';
		return behind + 1;
	case KIND_TEXT:
		return put_text_field(out, step, bytes, view->length[step->part] - step->offset);
	case KIND_NUMBER:
		return value.number < E8 ? put_below_e8(behind, (uint32_t)value.number)
					 : put_u64(behind, value.number);
	case KIND_BOOL:
		return put_bool(behind, value.number != 0);
	case KIND_NAMED:
		return put_word(behind, step, value.number);
	case KIND_RATIO:
		return sf_write_ratio(behind, value.real);
	case KIND_ANY:
		return put_any(out, step, view);
	case KIND_OPEN:
	case KIND_CLOSE:
	case KIND_END:
		break;
	}
	__builtin_unreachable();
}

/* Where values can be null, `nulls` lies where the condition would. */
ALWAYS bool holds(enum kind kind, const struct step *step, const struct sf_view *view)
{
	if (view->length[step->part] < step->end)
		return false;
	return kind == KIND_U32_NULL || kind == KIND_U64_NULL || !step->when || step->when(view);
}

/*
 * Whole runs of numbers in two passes: the digits of all, then the text. They take some 45 cycles
 * from load to store, and a processor that looks ahead sees only the next few: apart, they overlap
 * (measured: 20 % of a record).
 */
#define BATCH 32

ALWAYS char *run_u32(char *out, const struct step *step, size_t count, const uint8_t *part)
{
	uint64_t digits[BATCH + 1];
	uint32_t number[BATCH + 1];

	for (size_t i = 0; i < count; i++)
		number[i] = (uint32_t)bytes_at(part + step[i].offset, 4);
	number[count] = 0;
	for (size_t i = 0; i < count; i += 2) /* nonsense from 10^8 on */
		digits_of_two(number[i], number[i + 1], &digits[i], &digits[i + 1]);
	for (size_t i = 0; i < count; i++) {
		out = put_key(out, &step[i]);
		if (__builtin_expect(number[i] < E8, 1))
			out = put_digits(out, digits[i], leading(digits[i]));
		else
			out = put_u32(out, number[i]);
	}
	return out;
}

ALWAYS char *run_steps(enum kind kind, bool whole, char *out, const struct run *run,
		       const struct sf_view *view)
{
	const uint8_t *part = view->part[run->part];
	const struct step *step = run->first, *behind = run->behind;

	if (whole && kind == KIND_U32) {
		for (; behind - step > BATCH; step += BATCH)
			out = run_u32(out, step, BATCH, part);
		return run_u32(out, step, (size_t)(behind - step), part);
	}
	for (; step < behind; step++) {
		if (whole)
			out = put_step(kind, out, step, part + step->offset, view);
		else if (holds(kind, step, view))
			out = put_step(kind, out, step, view->part[step->part] + step->offset,
				       view);
	}
	return out;
}

#define PLAIN(kind_)                                                                  \
	case kind_:                                                                   \
		if (run->fetch == FETCH_PART && view->length[run->part] >= run->need) \
			out = run_steps(kind_, true, out, run, view);                 \
		else                                                                  \
			out = run_steps(kind_, false, out, run, view);                \
		break
#define READ(kind_)                                            \
	case kind_:                                            \
		out = run_steps(kind_, false, out, run, view); \
		break

/* Copies whole blocks of 32 bytes. */
ALWAYS char *put_block(char *out, const char *bytes, size_t length)
{
	for (size_t i = 0; i < length; i += 32)
		memcpy(out + i, bytes + i, 32);
	return out + length;
}

/* restrict: what is stored to `out` changes nothing that is read here. */
char *sf_encode_socket(const struct sf_encoder *restrict encoder,
		       const struct sf_view *restrict view, uint64_t seq, char *restrict out)
{
	char *before = NULL, *group = NULL;

	out = put_block(out, encoder->head, encoder->head_length);
	out = put_u64(out, seq);
	out = put_block(out, encoder->tail, encoder->tail_length);
	for (const struct run *run = encoder->program[view->class].runs;; run++) {
		switch ((enum kind)run->kind) {
			PLAIN(KIND_WORD);
			PLAIN(KIND_WORDS);
			PLAIN(KIND_U8);
			PLAIN(KIND_U16);
			PLAIN(KIND_U32);
			PLAIN(KIND_U64);
			PLAIN(KIND_U32_NULL);
			PLAIN(KIND_U64_NULL);
			PLAIN(KIND_I32);
			PLAIN(KIND_PORT);
			PLAIN(KIND_ID64);
			PLAIN(KIND_IP);
			PLAIN(KIND_TEXT);
			READ(KIND_NUMBER);
			READ(KIND_BOOL);
			READ(KIND_NAMED);
			READ(KIND_RATIO);
			READ(KIND_ANY);
		case KIND_OPEN:
			if (!view->length[run->part]) {
				run = run->close;
				break;
			}
			before = out;
			out = group = put_key(out, run->first);
			break;
		case KIND_CLOSE:
			if (out == group) {
				out = before;
				break;
			}
			*group = '{'; /* over the first comma */
			*out++ = '}';
			break;
		case KIND_END:
			*out++ = '}';
			*out++ = '\n';
			return out;
		}
	}
}
