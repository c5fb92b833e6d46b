/* SPDX-License-Identifier: Apache-2.0 */
/* One field, compiled: how it is fetched, how it is printed, and what of that is ready to copy. */
#pragma once

#include <sockfeed/record.h>

/* Of a run: how its values are printed. */
enum kind {
	KIND_WORD,  /* one byte with names */
	KIND_WORDS, /* one or two bytes of bits with names */
	KIND_U8,
	KIND_BITS,	/* of one byte: a number, ... */
	KIND_BIT,	/* yes or no, ... */
	KIND_BITS_WORD, /* a number with a name */
	KIND_U16,
	KIND_U32,
	KIND_U64,
	KIND_U32_NULL,
	KIND_U64_NULL, /* with values that are null */
	KIND_I32,
	KIND_IP,
	KIND_PORT,
	KIND_ID64,
	KIND_TEXT,
	KIND_SHARE,  /* the bytes divided by those of the condition, ... */
	KIND_SCALED, /* by a power of two */
	KIND_NUMBER, /* a number that the field's function gives, ... */
	KIND_SHORT,  /* below 10^8, ... */
	KIND_BOOL,
	KIND_NAMED, /* a number with a name */
	KIND_ANY,   /* everything else: read and printed the general way */
	KIND_FIXED, /* the key is all */
	KIND_ZEROS, /* in front of runs that are nearly always 0, all of them */
	KIND_OPEN,
	KIND_CLOSE, /* of a group */
	KIND_END    /* of the record */
};

/* Of a run: how its values are found. */
enum fetch {
	FETCH_PART, /* plain bytes of one part: there when the part is long enough */
	FETCH_SET,  /* plain bytes, each where others of its part are not all 0 */
	FETCH_WHEN, /* plain bytes, a condition for each */
	FETCH_READ, /* the field's own function */
	FETCH_COUNT
};

/* Both as one number, for one jump. */
#define RUN_OF(kind, fetch) ((kind)*FETCH_COUNT + (fetch))

/* Keys and words are copied in whole blocks: what is longer than its room goes by KIND_ANY. */
#define KEY_ROOM  32
#define WORD_ROOM 31
#define BITS_ROOM 95

struct word { /* `"established"`; length 0: this number has no name */
	char text[WORD_ROOM];
	uint8_t length;
};

struct words { /* of the numbers first, first + 1 ... */
	uint32_t first, count;
	const struct sf_words *all; /* with those that have more runs of numbers */
	struct word word[];
};

struct bits { /* the words of four bits: `,"sack","ecn"` */
	char text[BITS_ROOM];
	uint8_t length;
};

/* One cache line: nothing else is read for a field. */
struct step {
	char key[KEY_ROOM]; /* `,"rtt_us":` */
	uint8_t key_length, part, size;
	uint8_t shift; /* KIND_BITS, KIND_BIT, KIND_BITS_WORD, KIND_SCALED */
	uint16_t offset;
	uint16_t end; /* present when the part is at least so long ... */
	union {
		struct {
			union {
				/* FETCH_WHEN: ... and this holds */
				bool (*when)(const struct sf_view *);
				/* FETCH_SET: ... and eight bytes at set_offset have one of these */
				uint64_t set;
			};
			union {
				struct {
					int16_t set_offset;	/* of the part; may lie before it */
					uint8_t set_shift, low; /* low: the mask of KIND_BITS ... */
				};
				enum sf_presence (*read)(const struct sf_view *, struct sf_value *);
				const struct sf_field *field; /* KIND_TEXT, KIND_ANY */
			};
			union {
				const struct words *words;
				const struct bits *bits; /* 16 for each four bits */
			};
		};
		uint64_t nulls[2]; /* KIND_U32_NULL, KIND_U64_NULL: never with a condition */
	};
} __attribute__((aligned(64)));

/*
 * A name that an outside byte string bears is at most so long; the kernel's are 16
 * (TCP_CA_NAME_MAX, TCP_ULP_NAME_MAX).
 */
#define TEXT_MOST 256
/* Of a list of bits, in bytes: no more groups were ever seen than fit in a tenth of it. */
#define BITS_MOST 1024
/*
 * No block that is copied whole, and no number, is stored more than this behind the bytes that
 * count.
 */
#define SCRIBBLE 128

/* step.c: one field. */
enum kind sf_step_kind(const struct sf_field *);
enum fetch sf_step_fetch(const struct sf_field *);
/* Fetch, part, rare and kind as one number. Equal: the two can be of one run. */
unsigned sf_step_rank(const struct sf_field *);
#define RANK(fetch, part, kind) ((unsigned)(fetch) << 16 | (part) << 8 | (unsigned)(kind))
#define RARE_RANK		0x80u /* a plain number that is nearly always 0 */
#define FETCH_OF(rank)		((rank) >> 16)
#define KIND_OF(rank)		((rank)&0x7f)
void sf_step_make(struct step *, struct sf_arena *, const struct sf_field *);

/* most.c: no value takes more, with its key; but for lists, whose elements take so much more. */
size_t sf_step_most(const struct sf_field *);
size_t sf_list_most(const struct sf_field *, size_t length); /* of their part */
size_t sf_key_length(const struct sf_field *);		     /* `,"rtt_us":` */
/* The text of a bit, `,"sack"`; returns its length. */
size_t sf_bit_text(const struct sf_words *, unsigned bit, char *out, size_t room);

/* any.c: KIND_TEXT with its key, `length` bytes at most; KIND_ANY with its key, if it is there. */
char *sf_step_text(char *out, const struct step *, const uint8_t *bytes, size_t length);
char *sf_step_any(char *out, const struct step *, const struct sf_view *);

/* value.c: a value (of a list: one of its elements) as JSON, or for people without the quotes. */
char *sf_value_write(char *out, const struct sf_field *, const struct sf_value *, bool quoted);

/* text.c: `,"name":"bytes"` and, when that is not exact, `,"name_base64":"..."`. */
size_t sf_text_most(size_t name_length, size_t length);
char *sf_text_write(char *out, const char *name, size_t name_length, const uint8_t *bytes,
		    size_t length);
void sf_text_add(struct sf_buf *, const char *name, const char *bytes);
/* `key` with all that stands before the digits: `,"run":`. */
void sf_number_add(struct sf_buf *, const char *key, uint64_t number);
/* `{"time":"...","type":"...","schema":1` */
void sf_opening_add(struct sf_buf *, uint64_t wall_us, const char *type);

/* envelope.c: `,"host":{...},"labels":{...},"query":"..."` */
void sf_identity_add(struct sf_buf *, const struct sf_envelope *);

/* Bytes that others chose: with a twin where they are no UTF-8. */
static inline bool is_text(const struct sf_field *field)
{
	return field->type == SF_TYPE_TEXT || field->type == SF_TYPE_BYTES;
}

/* The part of a name behind its dot. */
static inline const char *leaf(const char *name)
{
	const char *dot = strchr(name, '.');

	return dot ? dot + 1 : name;
}

/* "tcp." of tcp.rtt_us: 4 */
static inline size_t group_length(const struct sf_field *field)
{
	return (size_t)(leaf(field->name) - field->name);
}

/* Is it in the group of the other one? `length`, its group_length, is not 0; a name has one dot. */
static inline bool in_group(const struct sf_field *field, const struct sf_field *other,
			    size_t length)
{
	return !strncmp(field->name, other->name, length);
}

static inline bool same_group(const struct sf_field *a, const struct sf_field *b)
{
	size_t length = group_length(a);

	return length ? in_group(b, a, length) : !group_length(b);
}
