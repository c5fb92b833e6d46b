/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the stages of the filter hand on: tokens, then a tree whose nodes keep their place in the
 * text, then the same tree checked. The order of the stages: lex.c -> parse.c -> check.c (with the
 * files of the single predicates) -> judge.c, print.c.
 *
 * A predicate is a row of the table in predicates.c: how it is written, by what it may be
 * compared, who reads its value, what it costs. Reading a value fills a test: the function that
 * answers for one view, and what that function compares with.
 */
#pragma once

#include <sockfeed/filter.h>

#define SF_FILTER_DEPTH	 64
#define SF_FILTER_LENGTH 65536
#define SF_FILTER_ERRORS 100 /* that are told of one text */

struct place { /* bytes of the text */
	uint32_t offset, length;
};

/* What every stage needs to know of one reading. */
struct reading {
	const struct sf_text *text;
	struct sf_complaints *complaints;
	struct sf_arena *arena;
	uint32_t tables;
	bool elsewhere; /* of another host: this one's names mean nothing */
	unsigned errors;
	struct matcher *matcher;  /* of the regular expressions; NULL: there are none yet */
	const char *cgroups;	  /* where they are mounted; NULL: not looked up yet */
	struct service *services; /* that were looked up, the latest first */
};

/* ---- tokens ---- */

enum op {
	OP_EQ,
	OP_NE,
	OP_LT,
	OP_LE,
	OP_GT,
	OP_GE,
	OP_IN,
	OP_MATCH,
	OP_UNMATCH,
	OP_COUNT,
	OP_NONE = OP_COUNT
};
#define OPS_EQUAL   (1u << OP_EQ | 1u << OP_NE | 1u << OP_IN)
#define OPS_TEXT    (OPS_EQUAL | 1u << OP_MATCH | 1u << OP_UNMATCH)
#define OPS_ORDERED (OPS_EQUAL | 1u << OP_LT | 1u << OP_LE | 1u << OP_GT | 1u << OP_GE)

enum token_kind {
	TOKEN_END,
	TOKEN_WORD,
	TOKEN_STRING,
	TOKEN_OP,
	TOKEN_OPEN,
	TOKEN_CLOSE,
	TOKEN_AND,
	TOKEN_OR,
	TOKEN_NOT,
	TOKEN_COMMA,
	TOKEN_OTHER /* a character that begins nothing */
};

struct token {
	enum token_kind kind;
	enum op op; /* also of a word that is one: eq, ne ... */
	struct place place;
	const char *text; /* with a NUL behind; of a string, what the quotes hold */
	uint32_t length;
};

/* ---- tests: one question about one reply ---- */

struct prefix { /* 4 bytes and a v4 family match v4-mapped addresses too; family 0 matches all */
	uint8_t family; /* AF_INET, AF_INET6 or 0 */
	uint8_t bits;
	uint8_t bytes[16];
};

struct range {
	uint64_t low, high; /* both included */
};

/* What of a socket a test compares, where the kernel's bytecode can compare it too. */
enum operand {
	OPERAND_NONE, /* the kernel cannot */
	OPERAND_SPORT,
	OPERAND_DPORT,
	OPERAND_SRC, /* test.host: prefix and port */
	OPERAND_DST,
	OPERAND_DEV,
	OPERAND_MARK, /* test.mark */
	OPERAND_CGROUP,
	OPERAND_FAMILY
};

/* What a test compares with: which member of its union counts. */
enum shape {
	SHAPE_ONE,    /* the operand's own: range, host, mark ... */
	SHAPE_RANGES, /* set: any of several ranges, sorted, none next to another */
	SHAPE_TESTS   /* any: one of several tests holds; none of them is negated */
};

struct test {
	bool (*holds)(const struct test *, const struct sf_view *);
	const struct sf_field *field; /* that it reads; NULL: the header alone */
	bool negate;		      /* of what holds() compares; an absent value never holds */
	bool same;		      /* the kernel would answer as holds() for every socket */
	uint8_t operand, shape;	      /* enum operand, enum shape */
	uint8_t cost;		      /* cheap ones are judged first; of a chain: the dearest */
	uint8_t part, size;	      /* plain numbers: where they lie ... */
	uint16_t offset;
	uint64_t sign; /* ... and what is flipped so that they order as unsigned */
	union {
		struct range range; /* low > high: never */
		struct {
			const struct range *range;
			unsigned count; /* 0: never */
		} set;
		struct {
			const struct test *test;
			unsigned count;
		} any;
		struct {
			double low, high;
		} share;
		struct {
			struct prefix prefix;
			int32_t port; /* -1: any */
		} host;
		struct {
			uint32_t value, mask;
		} mark;
		struct {
			const char *bytes;
			size_t length;
		} text;
		struct {
			const struct sf_field *field;
			enum op op;
		} other; /* the right side of a comparison between two fields */
		const struct pattern *pattern;
		const struct both *both; /* local.c */
		uint32_t states;
	};
};

/* ---- the tree ---- */

enum node_kind {
	NODE_AND,
	NODE_OR,
	NODE_NOT,
	NODE_LEAF,
	NODE_GATHER, /* of the clauses that are its children; gone after the check */
	NODE_WRONG   /* an error stands in its place */
};

struct element { /* of the list behind `in` */
	struct element *next;
	struct place place;
	uint32_t length;
	bool quoted;
	const char *word;
	uint64_t number; /* the value as it was meant, once read */
};

struct node {
	enum node_kind kind;
	enum token_kind join;	   /* how it hangs on its left neighbour: TOKEN_AND or TOKEN_OR */
	struct place place;	   /* parentheses included */
	struct node *child, *next; /* first child; next sibling */

	/* of a leaf, as written */
	const struct predicate *predicate;
	const struct sf_field *field; /* of predicates that are comparisons with a field */
	enum op op;		      /* OP_NONE: none was written */
	struct place name, value;
	const char *word; /* the value, NUL behind */
	uint32_t length;
	bool quoted;
	struct element *elements;     /* of `in`; then there is no word */
	const struct sf_field *other; /* once checked: the value is this field */

	/* once checked */
	struct test test;
	uint64_t number; /* the value as it was meant, for the normal form */
	double ratio;
	uint32_t known;		     /* the states of the tables that are asked */
	uint32_t states;	     /* where it may hold: 1 << SF_ESTABLISHED ... */
	bool exact;		     /* it holds there and nowhere else */
	const struct node *clash[2]; /* where it never holds: what excludes one another */
	const char *form;	     /* a leaf's, as in the normal form; NULL: not needed yet */
	bool has_state;		     /* a state is named in it */
	bool ranged;		     /* test.range or test.set is all that it compares with */
};

struct predicate {
	const char *name;    /* NULL: the comparison with a field */
	unsigned ops;	     /* mask of 1 << enum op; fields: by their type */
	bool valued;	     /* false: it stands alone */
	bool op_needed;	     /* `state X`, `dev X`: no; tcp.rtt_us = X: yes */
	bool peer;	     /* of two ends the other one: dport, dst */
	uint8_t cost;	     /* of its test, below SF_COST_MOST */
	const char *example; /* of a value, for errors */
	void (*read)(struct reading *, struct node *);	     /* the value becomes the test */
	void (*print)(const struct node *, struct sf_buf *); /* the value, as it is read again */
};
#define SF_COST_MOST 5

/* ---- what comes out ---- */

struct checked {
	struct node *tree; /* what is judged beyond the states, or NULL */
	uint32_t clause;   /* the states clause of the normal form */
	uint32_t states;   /* to be asked for */
	uint32_t known;	   /* of the tables that are asked */
	bool usual;	   /* no state was named */
	bool ended;	   /* it is of sockets that have ended */
};

struct step { /* goes to yes or no: the number of a later step, or one of the two ends */
	struct test test;
	const struct node *leaf; /* that it was made of: sf_print_leaf */
	uint16_t yes, no;
};
enum { STEP_HOLDS = UINT16_MAX, STEP_FAILS = UINT16_MAX - 1 };

struct sf_filter {
	struct sf_arena *arena; /* owns all of it, this too, but for the matcher's room */
	struct matcher *matcher;
	struct checked checked;
	struct sf_needs needs[SF_TABLE_COUNT];
	const struct step *steps;
	unsigned count;
};
