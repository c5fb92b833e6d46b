/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The loop over a program: a view comes in, one line of JSON goes out. No allocation, no system
 * call, no formatted printing.
 *
 * A run's kind and fetch are constants inside its loop: run_steps() is one text, made once for each
 * pair that occurs. Keys, words and digits are stored in whole blocks, and only the position
 * advances by what counts.
 */
#include "record/runs.h"

/* The bytes of the step's own part that must not all be 0, the others masked out. */
ALWAYS uint64_t set_bytes(const struct step *step, const struct sf_view *view)
{
	return bytes_at(view->part[step->part] + step->set_offset, 8) & step->set;
}

/* A step's key and value: of plain bytes, or of what the field's own function gives. */
ALWAYS char *put_step(enum kind kind, char *out, const struct step *step, const uint8_t *bytes,
		      const struct sf_view *view)
{
	uint64_t number = kind == KIND_SHARE ? set_bytes(step, view) >> step->set_shift : 0;
	char *behind = put_key(out, step);
	struct sf_value value = {0};

	if (kind >= KIND_NUMBER && kind <= KIND_NAMED && step->read(view, &value) == SF_ABSENT)
		return out;
	switch (kind) {
	case KIND_WORD:
		return put_word(behind, step, bytes[0]);
	case KIND_WORDS:
		number = bytes[0] | (step->size > 1 ? (uint32_t)bytes[1] << 8 : 0);
		return put_words(behind, step, (uint32_t)number);
	case KIND_U8:
		return put_u8(behind, bytes[0]);
	case KIND_BITS:
		return put_u8(behind, bytes[0] >> step->shift & step->low);
	case KIND_BIT:
		return put_bool(behind, bytes[0] >> step->shift & step->low);
	case KIND_BITS_WORD:
		return put_word(behind, step, bytes[0] >> step->shift & step->low);
	case KIND_SHARE:
		return put_share(behind, bytes_at(bytes, 8), number);
	case KIND_SCALED:
		return put_scaled(behind, (uint32_t)bytes_at(bytes, 4), step->shift);
	case KIND_U16:
		return put_mostly_0(behind, (uint32_t)bytes_at(bytes, 2));
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
		return sf_step_text(out, step, bytes, view->length[step->part] - step->offset);
	case KIND_NUMBER:
		return put_u64(behind, value.number);
	case KIND_SHORT:
		return put_mostly_0(behind, (uint32_t)value.number);
	case KIND_BOOL:
		return put_bool(behind, value.number != 0);
	case KIND_NAMED:
		return put_word(behind, step, value.number);
	case KIND_ANY:
		return sf_step_any(out, step, view);
	case KIND_FIXED:
	case KIND_ZEROS:
	case KIND_OPEN:
	case KIND_CLOSE:
	case KIND_END:
		break;
	}
	__builtin_unreachable();
}

/* Where values can be null, `nulls` lies where the condition would. */
ALWAYS bool holds(enum kind kind, enum fetch fetch, const struct step *step,
		  const struct sf_view *view)
{
	if (view->length[step->part] < step->end)
		return false;
	if (fetch == FETCH_SET)
		return set_bytes(step, view) != 0;
	return kind == KIND_U32_NULL || kind == KIND_U64_NULL || !step->when || step->when(view);
}

ALWAYS char *run_conditions(enum kind kind, enum fetch fetch, char *out, const struct run *run,
			    const struct sf_view *view)
{
	const struct step *step = run->first, *behind = run->behind;

	do {
		if (holds(kind, fetch, step, view))
			out = put_step(kind, out, step, view->part[step->part] + step->offset,
				       view);
	} while (++step < behind);
	return out;
}

ALWAYS char *run_part(enum kind kind, char *out, struct run *run, const struct sf_view *view)
{
	const uint16_t length = view->length[run->part];
	const uint8_t *part = view->part[run->part];
	const struct step *step = run->first;

	if (__builtin_expect(length != run->fits, 0) && !sf_run_fit(run, length))
		return out;
	if (kind == KIND_U32 && run->offsets)
		return run_u32(out, run, part);
	do {
		out = put_step(kind, out, step, part + step->offset, view);
	} while (++step < run->behind);
	return out;
}

ALWAYS char *run_steps(enum kind kind, enum fetch fetch, char *out, struct run *run,
		       const struct sf_view *view)
{
	return fetch == FETCH_PART ? run_part(kind, out, run, view)
				   : run_conditions(kind, fetch, out, run, view);
}

#define RUN(kind, fetch)                                      \
	case RUN_OF(kind, fetch):                             \
		out = run_steps(kind, fetch, out, run, view); \
		continue
#define PLAIN(kind)            \
	RUN(kind, FETCH_PART); \
	RUN(kind, FETCH_SET);  \
	RUN(kind, FETCH_WHEN)
#define READ(kind) RUN(kind, FETCH_READ)

char *sf_encode_socket(struct sf_encoder *encoder, const struct sf_view *view, uint64_t seq,
		       char *out)
{
	return sf_encode_fields(encoder, view, sf_encode_envelope(encoder, seq, out));
}

/* restrict: what is stored to `out` changes nothing that is read here. */
char *sf_encode_fields(struct sf_encoder *restrict encoder, const struct sf_view *restrict view,
		       char *restrict out)
{
	char *before = NULL, *group = NULL;

	for (struct run *run = encoder->program[view->table][view->class].runs;; run++) {
		switch (run->does) {
			PLAIN(KIND_WORD);
			PLAIN(KIND_WORDS);
			PLAIN(KIND_U8);
			PLAIN(KIND_BITS);
			PLAIN(KIND_BIT);
			PLAIN(KIND_BITS_WORD);
			PLAIN(KIND_SHARE);
			PLAIN(KIND_SCALED);
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
			READ(KIND_SHORT);
			READ(KIND_BOOL);
			READ(KIND_NAMED);
			READ(KIND_ANY);
		case RUN_OF(KIND_FIXED, FETCH_PART):
			out = put_key(out, run->first);
			continue;
		case RUN_OF(KIND_ZEROS, FETCH_PART):
			if (view->length[run->part] != run->fits &&
			    !sf_zeros_fit(run, view->length[run->part]))
				continue;
			if (!are_zero(run->zeros, view->part[run->part]))
				continue;
			out = put_zeros(out, run->zeros);
			run = run->zeros->last;
			continue;
		case RUN_OF(KIND_OPEN, FETCH_PART):
			if (!view->length[run->part]) {
				run = run->close;
				continue;
			}
			before = out;
			out = group = put_key(out, run->first);
			continue;
		case RUN_OF(KIND_CLOSE, FETCH_PART):
			if (out == group) {
				out = before;
				continue;
			}
			*group = '{'; /* over the first comma */
			*out++ = '}';
			continue;
		case RUN_OF(KIND_END, FETCH_PART):
			*out++ = '}';
			*out++ = '\n';
			return out;
		}
		__builtin_unreachable(); /* spares a comparison at every jump */
	}
}
