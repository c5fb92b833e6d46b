/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One field becomes one step: which kind prints it and how it is fetched, its key and its words as
 * JSON text ready to copy, and how long it can become.
 */
#include "record/step.h"

/*
 * How a type is printed, by how it is fetched. `size`: the width of plain bytes for which that
 * holds.
 */
static const struct {
	uint8_t plain, size, null, read, bits;
} types[SF_TYPE_COUNT] = {
	[SF_TYPE_U8] = {KIND_U8, 1, KIND_ANY, KIND_SHORT, KIND_BITS},
	[SF_TYPE_U16] = {KIND_U16, 2, KIND_ANY, KIND_SHORT, KIND_ANY},
	[SF_TYPE_U32] = {KIND_U32, 4, KIND_U32_NULL, KIND_NUMBER, KIND_ANY},
	[SF_TYPE_U64] = {KIND_U64, 8, KIND_U64_NULL, KIND_NUMBER, KIND_ANY},
	[SF_TYPE_I32] = {KIND_I32, 4, KIND_ANY, KIND_ANY, KIND_ANY},
	[SF_TYPE_PORT] = {KIND_PORT, 2, KIND_ANY, KIND_ANY, KIND_ANY},
	[SF_TYPE_BOOL] = {KIND_ANY, 1, KIND_ANY, KIND_BOOL, KIND_BIT},
	[SF_TYPE_RATIO] = {KIND_ANY, 0, KIND_ANY, KIND_ANY,
			   KIND_ANY}, /* 0: by what it is divided */
	[SF_TYPE_ID64] = {KIND_ID64, 8, KIND_ANY, KIND_ANY, KIND_ANY},
	[SF_TYPE_WORD] = {KIND_WORD, 1, KIND_ANY, KIND_NAMED, KIND_BITS_WORD},
	[SF_TYPE_WORDS] = {KIND_WORDS, 2, KIND_ANY, KIND_ANY, KIND_ANY},
	[SF_TYPE_IP] = {KIND_IP, 0, KIND_ANY, KIND_ANY, KIND_ANY},
	[SF_TYPE_TEXT] = {KIND_TEXT, 0, KIND_ANY, KIND_ANY, KIND_ANY},
	[SF_TYPE_BYTES] = {KIND_TEXT, 0, KIND_ANY, KIND_ANY, KIND_ANY},
	[SF_TYPE_HEX] = {KIND_ANY, 0, KIND_ANY, KIND_ANY, KIND_ANY}, /* 0: size counts */
};

static bool words_fit(const struct sf_field *field)
{
	const struct sf_words *words = field->words;
	char scratch[1];

	if (field->type == SF_TYPE_WORDS) {
		for (unsigned four = 0; four < 2u * field->size; four++) {
			size_t length = 0;

			for (unsigned bit = 4 * four; bit < 4 * four + 4; bit++)
				length += sf_bit_text(words, bit, scratch, 0);
			if (length > BITS_ROOM)
				return false;
		}
		return field->size <= 2;
	}
	for (; words; words = words->more) {
		for (unsigned i = 0; i < words->count; i++) {
			if (words->names[i] && strlen(words->names[i]) + 2 > WORD_ROOM)
				return false;
		}
	}
	return true;
}

/* The least length of its part with which a field can be there. */
static size_t least(const struct sf_field *field)
{
	size_t end = (size_t)field->offset + field->size;
	size_t set = (size_t)field->set.offset + field->set.size;

	if (field->list)
		return 1;
	if (set > end)
		end = set;
	return end ? end : 1;
}

enum kind sf_step_kind(const struct sf_field *field)
{
	if (field->list || sf_key_length(field) > KEY_ROOM || (field->words && !words_fit(field)))
		return KIND_ANY;
	if (field->set.mask && (field->when || field->read))
		return KIND_ANY;
	if (field->read)
		return field->nullable ? KIND_ANY : types[field->type].read;
	if (field->type == SF_TYPE_RATIO && field->scale)
		return field->size == 4 ? KIND_SCALED : KIND_ANY;
	if (field->type == SF_TYPE_RATIO)
		return field->set.mask && field->size == 8 ? KIND_SHARE : KIND_ANY;
	if (field->bits)
		return field->nullable || field->size != 1 ? KIND_ANY : types[field->type].bits;
	if (field->type != SF_TYPE_IP && !is_text(field) && field->type != SF_TYPE_WORDS &&
	    field->size != types[field->type].size)
		return KIND_ANY;
	if (field->nullable)
		return field->when || field->set.mask ? KIND_ANY : types[field->type].null;
	return types[field->type].plain;
}

enum fetch sf_step_fetch(const struct sf_field *field)
{
	if (field->read || sf_step_kind(field) == KIND_ANY)
		return FETCH_READ;
	if (field->set.mask)
		return FETCH_SET;
	return field->when ? FETCH_WHEN : FETCH_PART;
}

unsigned sf_step_rank(const struct sf_field *field)
{
	enum fetch fetch = sf_step_fetch(field);
	enum kind kind = sf_step_kind(field);
	unsigned part = fetch == FETCH_PART ? field->part : 0, rare = 0;

	if (field->rare && fetch == FETCH_PART &&
	    (kind == KIND_U8 || kind == KIND_U16 || kind == KIND_U32 || kind == KIND_U64))
		rare = RARE_RANK;
	return RANK(fetch, part, rare | kind);
}

static const struct words *make_words(struct sf_arena *arena, const struct sf_words *words)
{
	struct words *made =
		sf_arena_alloc(arena, sizeof(*made) + words->count * sizeof(made->word[0]));

	made->first = words->first;
	made->count = words->count;
	made->all = words;
	for (unsigned i = 0; i < words->count; i++) {
		struct word *word = &made->word[i];
		char text[WORD_ROOM + 1];
		const char *end;

		if (!words->names[i])
			continue;
		end = stpcpy(stpcpy(stpcpy(text, "\""), words->names[i]), "\""); /* words_fit */
		word->length = (uint8_t)(end - text);
		memcpy(word->text, text, WORD_ROOM);
	}
	return made;
}

static const struct bits *make_bits(struct sf_arena *arena, const struct sf_field *field)
{
	struct bits *made = sf_arena_alloc(arena, 32 * field->size * sizeof(*made));

	for (unsigned i = 0; i < 32u * field->size; i++) {
		char text[BITS_ROOM + 1];
		size_t length = 0;

		for (unsigned bit = 0; bit < 4; bit++) {
			if (i >> bit & 1)
				length += sf_bit_text(field->words, i / 16 * 4 + bit, text + length,
						      sizeof(text) - length);
		}
		memcpy(made[i].text, text, length);
		made[i].length = (uint8_t)length;
	}
	return made;
}

/*
 * The condition's bytes are read as eight, those before them too where fewer follow: before an
 * attribute lies its head, and the header is long enough.
 */
static void make_set(struct step *step, const struct sf_field *field)
{
	int from = field->set.offset, last = step->end - 8, at = from < last ? from : last;

	step->set_offset = (int16_t)at;
	step->set_shift = (uint8_t)(8 * (from - at));
	step->set = (field->set.mask & UINT64_MAX >> (64 - 8 * field->set.size)) << step->set_shift;
}

void sf_step_make(struct step *step, struct sf_arena *arena, const struct sf_field *field)
{
	*step = (struct step){.part = field->part,
			      .size = field->size,
			      .offset = field->offset,
			      .shift = field->shift,
			      .end = (uint16_t)least(field),
			      .when = field->when};
	step->low = (uint8_t)((1u << field->bits) - 1);
	if (sf_step_fetch(field) == FETCH_SET)
		make_set(step, field);
	if (sf_key_length(field) <= KEY_ROOM) {
		char key[KEY_ROOM + 1];
		const char *end = stpcpy(stpcpy(stpcpy(key, ",\""), leaf(field->name)), "\":");

		step->key_length = (uint8_t)(end - key);
		memcpy(step->key, key, KEY_ROOM);
	}
	switch (sf_step_kind(field)) {
	case KIND_U32_NULL:
	case KIND_U64_NULL:
		memcpy(step->nulls, field->nulls, sizeof(step->nulls));
		break;
	case KIND_BITS_WORD:
	case KIND_WORD:
		step->words = make_words(arena, field->words);
		break;
	case KIND_WORDS:
		step->bits = make_bits(arena, field);
		break;
	case KIND_NAMED:
		step->words = make_words(arena, field->words);
		step->read = field->read;
		break;
	case KIND_SCALED:
		step->shift = field->scale;
		break;
	case KIND_NUMBER:
	case KIND_SHORT:
	case KIND_BOOL:
		step->read = field->read;
		break;
	case KIND_TEXT:
		step->field = field;
		break;
	case KIND_ANY: /* sf_field_read asks everything again */
		step->when = NULL;
		step->field = field;
		break;
	case KIND_U8:
	case KIND_BITS:
	case KIND_BIT:
	case KIND_SHARE:
	case KIND_U16:
	case KIND_U32:
	case KIND_U64:
	case KIND_I32:
	case KIND_PORT:
	case KIND_ID64:
	case KIND_IP:
	case KIND_FIXED:
	case KIND_ZEROS:
	case KIND_OPEN:
	case KIND_CLOSE:
	case KIND_END:
		break;
	}
}
