/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the files of the filter call of one another, in the order of the stages. sf_read_X reads a
 * leaf's value into its test, or says what is wrong; sf_print_X writes it for the normal form.
 */
#pragma once

#include "filter/tree.h"

/* predicates.c */
const struct predicate *sf_predicate_find(const char *name, size_t length,
					  const struct sf_field **field);
const char *sf_predicate_near(const char *name, size_t length); /* the nearest known name or NULL */
unsigned sf_predicate_ops(const struct predicate *, const struct sf_field *);
/* An example of a value; "duration", "size" ... */
const char *sf_predicate_example(const struct predicate *, const struct sf_field *);
const char *sf_unit_kind(enum sf_unit);
/* OP_NONE: it is no operator. Of symbols the longest that stands here. */
enum op sf_op_word(const char *word, size_t length);
enum op sf_op_symbol(const char *text, size_t left, size_t *length);
const char *sf_op_name(enum op);
void sf_ops_list(struct sf_buf *, unsigned ops); /* "= != < <= > >=" */

/* lex.c: a list that ends with TOKEN_END */
struct token *sf_filter_lex(struct reading *);
bool sf_filter_is_bare(const char *text, size_t length); /* a value that needs no quotes */
/* The length of the comment that begins here, outside of quotes; 0: none does. */
size_t sf_filter_comment(const char *begin, const char *at, const char *end);
/* parse.c: NULL for an empty text */
struct node *sf_filter_parse(struct reading *, const struct token *);
/* mixed.c: `and` beside `or`: both readings of a chain of operands */
void sf_filter_mixed(struct reading *, const struct node *first, const struct node *last);

/* check.c */
void sf_filter_check(struct reading *, struct node *, struct checked *);
/* An error at a place: counts it. */
void sf_filter_wrong(struct reading *, struct place, const char *hint, const char *message, ...)
	SF_PRINTF(4, 5);
/* The place of some bytes of a leaf's value. */
struct place sf_filter_within(const struct node *leaf, const char *at, size_t length);
/* The leaf's op and a number become a range within least and most. */
void sf_filter_range(struct node *, uint64_t number, uint64_t least, uint64_t most);

/* states.c */
#define SF_TABLES_ENDED (1u << 31) /* beside the tables: of sockets that have ended */
uint32_t sf_states_known(uint32_t tables);
uint32_t sf_states_usual(uint32_t tables);
uint32_t sf_states_of(const struct sf_view *); /* the one bit of a reply */
uint32_t sf_states_gather(const struct node *clauses, uint32_t known);
/* The names one after another, of states and groups, to a NULL; canonical ones first. */
const char *sf_states_at(size_t i, uint32_t *set);
/* states_print.c: as leading clauses; `known` are the states of the tables that are asked. */
void sf_states_print(struct sf_buf *, uint32_t set, uint32_t known);
/* "established, time-wait" */
void sf_states_list(struct sf_buf *, uint32_t set, uint32_t known);
const char *sf_states_name(uint32_t set, uint32_t known); /* of a state or group, or NULL */
const char *sf_state_begins(const char *word, size_t length, uint32_t known); /* or NULL */
void sf_read_state(struct reading *, struct node *);
void sf_print_state(const struct node *, struct sf_buf *);

/* set.c: the values behind `in` */
void sf_read_set(struct reading *, struct node *);
bool sf_is_bare_range(struct reading *, const struct node *);
bool sf_set_has(const struct test *, uint64_t number);
/* Is the number what the test compares with? Of SHAPE_ONE a range, of SHAPE_RANGES a set. */
static inline bool sf_test_has(const struct test *test, uint64_t number)
{
	if (test->shape == SHAPE_ONE)
		return test->range.low <= number && number <= test->range.high;
	return sf_set_has(test, number);
}

/* compare.c: the number, by the leaf's operator */
void sf_test_equal(struct node *, uint64_t number);
/* word.c */
void sf_read_word(struct reading *, struct node *);
void sf_read_words(struct reading *, struct node *);
void sf_print_number_word(const struct node *, struct sf_buf *);
/* element.c */
void sf_read_hex(struct reading *, struct node *);
void sf_print_hex(const struct node *, struct sf_buf *);
void sf_test_list(struct node *);

static inline bool sf_test_bytes(const struct test *test, const struct sf_value *value)
{
	return value->length == test->text.length &&
	       !memcmp(value->bytes, test->text.bytes, value->length);
}
static inline bool sf_field_is_text(const struct sf_field *field)
{
	return field->type == SF_TYPE_TEXT || field->type == SF_TYPE_BYTES;
}

/* narrow.c: where a comparison may hold */
void sf_never_narrow(struct node *leaf, uint32_t tables); /* its states */
uint32_t sf_never_tables(const struct node *leaf);	  /* a mask, also of tables not asked */
bool sf_never_zero(const struct node *leaf); /* it wants the 0 that stands for an absent field */
/* contrary.c: of its next siblings in an `and` one that excludes it, or NULL */
const struct node *sf_never_contrary(struct reading *, struct node *);
/* never.c: what can never hold */
/* Then the chain says who clashes. */
bool sf_never_and(struct reading *, struct node *chain, uint32_t usual);
/* why.c */
const char *sf_never_why(struct reading *, const struct node *); /* a hint or NULL */
const char *sf_never_why_table(struct reading *,
			       const struct node *);		/* of no table that is asked */
void sf_never_usual(struct reading *, const struct node *tree); /* warns: no usual state has it */

/* name.c: a pattern of the names of unix sockets */
void sf_read_name(struct reading *, struct node *, const char *pattern);

/* local.c: an end of what is no inet socket; false: it is one of an inet socket */
bool sf_read_local(struct reading *, struct node *);
/* Are tables asked that are of another shape? */
bool sf_tables_beside(uint32_t tables, enum sf_shape);

/* port.c */
size_t sf_port_dash(struct reading *, const char *text,
		    size_t length); /* of http-https; 0: one name */
int sf_filter_port(struct reading *, struct place, const char *text, size_t length);
void sf_test_port(struct test *, bool peer); /* the range is the caller's */
void sf_read_port(struct reading *, struct node *);
void sf_print_port(const struct node *, struct sf_buf *);

/* address.c */
bool sf_filter_address(struct reading *, const struct node *, const char *text, size_t length,
		       struct prefix *);
bool sf_prefix_match(const struct prefix *, const uint8_t *address, bool v4);
void sf_prefix_print(const struct prefix *, struct sf_buf *, bool brackets);
/* host.c */
void sf_read_host(struct reading *, struct node *);
void sf_print_host(const struct node *, struct sf_buf *);

/* here.c: what is looked up on this host, once, while the filter is read */
void sf_read_dev(struct reading *, struct node *);
void sf_read_cgroup(struct reading *, struct node *);
void sf_read_autobound(struct reading *, struct node *);
void sf_read_mark(struct reading *, struct node *);
void sf_print_mark(const struct node *, struct sf_buf *);
void sf_print_word(const struct node *, struct sf_buf *);

/* compare.c: comparisons with fields; number.c: those that are numbers */
void sf_test_number(struct test *, const struct sf_field *); /* the range is the caller's */
int sf_filter_number(const char *text, size_t length, uint64_t *ret); /* or 0x1f */
void sf_read_field(struct reading *, struct node *);
void sf_print_field(const struct node *, struct sf_buf *);
void sf_read_number(struct reading *, struct node *);
void sf_print_number(const struct node *, struct sf_buf *);
void sf_read_share(struct reading *, struct node *);
void sf_print_share(const struct node *, struct sf_buf *);

/* fields.c: `has`, and one field with another */
void sf_read_has(struct reading *, struct node *);
void sf_print_has(const struct node *, struct sf_buf *);
const struct sf_field *sf_other_field(const struct node *); /* that the value names, or NULL */
void sf_read_other(struct reading *, struct node *);

/* text.c, pattern.c */
void sf_read_text(struct reading *, struct node *);
void sf_print_text(const struct node *, struct sf_buf *);
enum match { MATCH_NO, MATCH_YES, MATCH_GAVE_UP };
const struct pattern *sf_pattern_compile(struct reading *, const struct node *);
void sf_matcher_free(struct matcher *); /* its room; the rest is in the arena */
enum match sf_pattern_match(const struct pattern *, const uint8_t *bytes, size_t length);

/* judge.c */
struct step *sf_filter_compile(struct sf_arena *, const struct node *tree, unsigned *count);

/* print.c */
void sf_print_leaf(struct sf_buf *, const struct node *leaf); /* as in the normal form */

/* quote.c */
/* The length of the escape that begins here, and the byte that it stands for; 0: none does. */
size_t sf_filter_escape(const char *at, size_t left, char *byte);
void sf_filter_quote_byte(struct sf_buf *, char byte); /* as it stands in quotes */
void sf_filter_quote(struct sf_buf *, const char *bytes, size_t length);

/* left.c: what the kernel cannot leave out, and why, as lines of `explain` */
void sf_filter_left(const struct sf_filter *, uint32_t operations, struct sf_buf *);
