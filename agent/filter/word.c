/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Comparisons with words: the names that numbers and bits of the kernel have. A number without a
 * name is written as a record has it, unknown-7.
 */
#include "filter/stages.h"

static const char *word_at(const void *words, size_t i)
{
	return ((const struct sf_words *)words)->names[i];
}

static const char unknown[] = "unknown-";

static const char *near_word(const struct sf_words *words, const struct node *node)
{
	const char *near = NULL;

	for (; words && !near; words = words->more)
		near = sf_nearest(node->word, node->length, words->count, word_at, words);
	return near;
}

/* The number of a word, of unknown-7 too; -1 after an error. Of a list a bit's. */
static int64_t word_number(struct reading *r, const struct node *node)
{
	const struct sf_words *words = node->field->words;
	unsigned size = node->field->size ? node->field->size : 1;
	uint64_t number, most = (1ull << size * 8) - 1;
	int found = sf_word_find(words, node->word, node->length);
	sf_cleanup(sf_buf_finish) struct sf_buf hint = {0};
	const char *near;

	if (found >= 0)
		return found;
	if (words->more)
		most = SF_WORDS_SPACE - 1;
	else if (node->field->type == SF_TYPE_WORDS)
		most = size * 8 - 1;
	if (!strncmp(node->word, unknown, strlen(unknown)) &&
	    !sf_filter_number(node->word + strlen(unknown), node->length - strlen(unknown),
			      &number) &&
	    number <= most) {
		if (!sf_word(words, number))
			return (int64_t)number;
		near = sf_word(words, number);
	} else {
		near = near_word(words, node);
	}
	if (near)
		sf_buf_format(&hint, "did you mean \"%s\"?", near);
	for (unsigned i = 0; !near && i < words->count; i++) {
		if (words->names[i])
			sf_buf_format(&hint, "%s %s", hint.length ? "" : "one of", words->names[i]);
	}
	sf_filter_wrong(r, node->value, hint.data, "%s is never \"%s\"", node->field->name,
			node->word);
	return -1;
}

/* Has each word one number? */
static bool is_exact(const struct sf_words *words)
{
	if (words->more)
		return false;
	for (unsigned i = 0; i < words->count; i++) {
		const char *word = words->names[i];

		if (word && sf_word_find(words, word, strlen(word)) != (int)(words->first + i))
			return false;
	}
	return true;
}

void sf_print_number_word(const struct node *node, struct sf_buf *buf)
{
	const char *word = sf_word(node->field->words, node->number);

	if (!is_exact(node->field->words))
		sf_buf_text(buf, node->word);
	else if (word)
		sf_buf_text(buf, word);
	else
		sf_buf_format(buf, "unknown-%llu", (unsigned long long)node->number);
}

/*
 * Where several numbers may have one word (ip: of raw sockets, and an EtherType), the words are
 * compared; of what has none the number that `unknown-7` says.
 */
static bool holds_named(const struct test *test, const struct sf_view *view)
{
	const struct sf_words *words = test->field->words;
	struct sf_value value;
	const char *word;

	if (sf_field_read(test->field, view, &value) != SF_PRESENT)
		return false;
	word = sf_word(words, value.number);
	if (test->text.bytes)
		return (word && !strcmp(word, test->text.bytes)) != test->negate;
	return (!word && sf_word_unknown(words, value.number) == test->text.length) != test->negate;
}

static void set_named(struct node *node, uint64_t number)
{
	node->number = number;
	node->test.field = node->field;
	node->test.holds = holds_named;
	node->test.negate = node->op == OP_NE;
	node->test.text.bytes = strncmp(node->word, unknown, strlen(unknown)) ? node->word : NULL;
	node->test.text.length = number;
}

void sf_read_word(struct reading *r, struct node *node)
{
	int64_t number = word_number(r, node);

	if (number < 0)
		return;
	if (!is_exact(node->field->words))
		set_named(node, (uint64_t)number);
	else
		sf_test_equal(node, (uint64_t)number);
}

static bool holds_words(const struct test *test, const struct sf_view *view)
{
	struct sf_value value;

	return sf_field_read(test->field, view, &value) == SF_PRESENT &&
	       (value.number >> test->range.low & 1) != test->negate;
}

void sf_read_words(struct reading *r, struct node *node)
{
	int64_t bit = word_number(r, node);

	if (bit < 0)
		return;
	node->number = node->test.range.low = (uint64_t)bit;
	node->test.negate = node->op == OP_NE;
	node->test.field = node->field;
	node->test.holds = holds_words;
}
