/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Slips of the hand that are known by what they were meant as: blanks inside a value, commas
 * without parentheses, `has` with a comparison. Each is said once, and passed over.
 */
#include "filter/parse.h"

/* `100 ms`: is the next word the unit of the number before it? */
static bool pass_unit(struct parser *p)
{
	static const enum sf_unit units[] = {SF_UNIT_US, SF_UNIT_BYTES, SF_UNIT_BPS, SF_UNIT_RATIO};
	const struct token *number = p->at - 1;
	const char *whole;

	if (p->at == p->begin || p->at->kind != TOKEN_WORD || number->kind != TOKEN_WORD)
		return false;
	whole = sf_arena_format(p->r->arena, "%s%s", number->text, p->at->text);
	for (size_t i = 0; i < SF_COUNT(units); i++) {
		size_t length = number->length + p->at->length;
		uint64_t value;
		double ratio;
		bool bare = true;

		if (sf_unit_read(whole, length, units[i], &value, &ratio, &bare, NULL) || bare)
			continue;
		sf_filter_wrong(p->r, sf_parse_span(number->place, p->at->place),
				sf_arena_format(p->r->arena, "write %s", whole),
				"a unit stands behind its number without a blank");
		p->at++;
		return true;
	}
	return false;
}

/* `8000 - 8999` and `8000 -8999`: words where one was meant; how many follow the first, or 0. */
static unsigned torn_range(const struct parser *p)
{
	if (p->at->kind != TOKEN_WORD || *p->at->text != '-' || p->at[-1].kind != TOKEN_WORD)
		return 0;
	if (p->at->length > 1)
		return 1;
	return p->at[1].kind == TOKEN_WORD ? 2 : 0;
}

/* Says so, and passes over the rest of them. */
void sf_parse_torn_value(struct parser *p)
{
	unsigned words = torn_range(p);
	const char *text = p->at[-1].text;

	if (!pass_unit(p) && words) {
		sf_filter_wrong(p->r, sf_parse_span(p->at[-1].place, p->at[words - 1].place),
				sf_arena_format(p->r->arena, "write %s-%s", text,
						p->at[words - 1].text + (words == 1)),
				"a range is written without blanks");
		p->at += words;
	}
}

/* `in 80, 443`, `in {80, 443}`, `in [80, 443]`; one line of it. */
const char *sf_parse_meant_list(struct parser *p, const struct node *leaf,
				const struct token *first)
{
	const char *name = p->r->text->text + leaf->name.offset, *text;
	const struct token *last = first;
	int length;

	while (sf_parse_is_value(last) && last[1].kind == TOKEN_COMMA &&
	       sf_parse_is_value(&last[2]))
		last += 2;
	if (!sf_parse_is_value(last))
		return NULL;
	text = p->r->text->text + first->place.offset;
	length = (int)sf_parse_span(first->place, last->place).length;
	if (*text == '{' || (*text == '[' && !memchr(first->text, ']', first->length))) {
		text++;
		length--;
		length -= length && (text[length - 1] == '}' || text[length - 1] == ']');
	}
	if (length <= 0 || length > 60 || memchr(text, '\n', (size_t)length))
		return NULL;
	if (!leaf->predicate->ops && leaf->predicate->read == sf_read_state) /* exclude a, b */
		return sf_arena_format(p->r->arena, "write not state in (%.*s)", length, text);
	return sf_arena_format(p->r->arena, "write %s%.*s in (%.*s)",
			       leaf->op == OP_NE ? "not " : "", (int)leaf->name.length, name,
			       length, text);
}

/* `dport = 80, 443` is a list without its parentheses, `dport = 80, sport = 1` meant as `and`. */
void sf_parse_commas(struct parser *p, const struct node *leaf)
{
	const struct sf_field *field;

	if (p->at[1].kind == TOKEN_WORD &&
	    sf_predicate_find(p->at[1].text, p->at[1].length, &field)) {
		sf_filter_wrong(p->r, p->at->place, "write `and`",
				"a comma stands in lists alone, it joins no predicates");
		p->at++;
		return;
	}
	sf_filter_wrong(p->r, p->at->place,
			sf_parse_meant_list(p, leaf, p->at - 1) ?: sf_parse_example(p, leaf),
			"several values stand in parentheses behind `in`");
	while (p->at->kind == TOKEN_COMMA) {
		p->at++;
		p->at += sf_parse_is_value(p->at);
	}
}

/* `has tcp.rtt_us > 5` */
void sf_parse_has_compared(struct parser *p, const struct node *leaf)
{
	sf_filter_wrong(p->r, p->at->place,
			sf_arena_format(p->r->arena, "write %s %s ... alone", leaf->word,
					sf_op_name(p->at->op)),
			"`has` compares nothing; a comparison with what is absent never holds");
	p->at++;
	p->at += sf_parse_is_value(p->at);
}
