/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A list of fields, compiled: for each class of a table's sockets a flat array of runs. A run is
 * steps of one kind, fetched one way, so that the encoder decides once a run and not once a field.
 * Within a group the fields are sorted into runs (JSON objects have no order); at the top level
 * they stay as in the table.
 *
 * Every key comes with a comma before it. The first comma of a group is overwritten by its brace,
 * and a group whose end finds nothing written is rolled back: so no step asks whether it is the
 * first. Text that is the same in every record (`,"table":"tcp"`, the braces of a group that always
 * has something) stands in front of the next key, where that always comes, too.
 */
#pragma once

#include "record/step.h"

#define RUN_MOST 64		 /* steps; a multiple of four */
enum { FITS_NONE = UINT16_MAX }; /* longer than any attribute */

struct run {
	uint8_t does;  /* RUN_OF; a group's ends, the record's and zeros have FETCH_PART */
	uint8_t part;  /* FETCH_PART; KIND_OPEN: without it nothing of the group is there */
	uint8_t count; /* FETCH_PART: of all steps, in the order of their ends */
	uint16_t fits; /* FETCH_PART: the length of the part that the rest is for, or FITS_NONE */
	const struct step *first;
	union {
		const struct step *behind; /* the last step that is there */
		struct run *close;	   /* KIND_OPEN: where nothing of the group came */
	};
	union {
		uint16_t *offsets; /* KIND_U32: the steps', by fours, the last one again; or NULL */
		struct zeros *zeros; /* KIND_ZEROS */
	};
};

/* The text of some runs when all are 0, and how that is seen. */
struct zeros {
	struct run *last;
	const struct step *first, *behind;
	char *text; /* may be copied in blocks of ZEROS_BLOCK bytes */
	size_t length, count;
	struct zero { /* eight bytes, which may begin before the part; these are 0 */
		uint64_t mask;
		int offset;
	} zero[];
};
#define ZEROS_BLOCK 64

struct program {
	struct run *runs;
	/* No record has more bytes behind its envelope, but for the elements of lists. */
	size_t most;
	const struct sf_field **lists; /* NULL: it has none */
	size_t list_count;
};

struct sf_encoder {
	struct program program[SF_TABLE_COUNT][SF_CLASS_COUNT];
	uint32_t ext[SF_TABLE_COUNT];
	struct sf_arena *arena; /* owns everything */
	/* {"time":"...","type":"socket",...,"run":1,"seq": and what follows the number */
	char *head, *tail, *stamp;
	size_t head_length, tail_length, identity_length;
	const char *type;
	const char *identity; /* the constant middle of the head: host, labels, query */
	size_t most;
};

/* compile.c: all fields of a table's class. */
void sf_program_compile(struct program *, struct sf_arena *, const struct sf_fieldset *fields,
			enum sf_table table, enum sf_class class);

/* link.c: of these, in the order in which they are written. */
struct list {
	const struct sf_field *field[SF_FIELD_COUNT];
	unsigned rank[SF_FIELD_COUNT]; /* of each: sf_step_rank */
	size_t count;
	bool is_inet;
};

/* group.c: what stands side by side there. */
size_t sf_groups_count(const struct list *);
/*
 * The part without which nothing of the group that begins at `first` is there: its only one, the
 * nest, or the header, which always comes.
 */
unsigned sf_group_gate(const struct list *, size_t first);
/* Rare are fields that are nearly always 0. Behind those of one part, from `first` on; or it. */
size_t sf_rares_end(const struct list *, size_t first);
enum { RARES_LEAST = 3 }; /* for so many it is worth to ask once whether all are 0 */
size_t sf_rares_count(const struct list *); /* how often so many, or more, stand side by side */

void sf_program_link(struct program *, struct sf_arena *, const struct list *, enum sf_table table);

/*
 * fit.c: a part is as long as its kernel makes it, the same in every socket but for texts. From now
 * on the run is for parts of this length; false, nothing is changed: none of its steps is there.
 */
bool sf_run_fit(struct run *, uint16_t length);
bool sf_zeros_fit(struct run *, uint16_t length); /* the same of KIND_ZEROS */
/* For a run of KIND_ZEROS: of the runs behind it whose steps lie before its `behind`. */
struct zeros *sf_zeros_new(struct run *, struct sf_arena *);
