/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `sockfeed 1 kernel=6.18.44 host=web-1 ...`: one table of words, written and read by it. What is
 * read was written by anybody: a value is taken whole or not at all.
 */
#include <string.h>

#include "note.h"

#define FORM "sockfeed "

static const struct {
	const char *name;
	size_t offset, size; /* of a text in the host */
} words[] = {
#define WORD(name, member)                                                                    \
	{                                                                                     \
		name, offsetof(struct sf_host, member), sizeof(((struct sf_host *)0)->member) \
	}
	WORD("kernel", kernel),
	WORD("host", name),
	WORD("id", id),
	WORD("boot_id", boot_id),
};

static const struct {
	const char *name;
	size_t offset; /* of a number in the note */
} numbers[] = {
	{"netns", offsetof(struct sf_note, netns)},
	{"namespaces", offsetof(struct sf_note, namespaces)},
};

static bool is_plain(unsigned char c)
{
	return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
	       c == '.' || c == '_' || c == '-';
}

static void write_value(const char *value, struct sf_buf *out)
{
	for (; *value; value++) {
		if (is_plain((unsigned char)*value))
			sf_buf_add(out, value, 1);
		else
			sf_buf_format(out, "%%%02X", (unsigned char)*value);
	}
}

void sf_note_write(const struct sf_note *note, struct sf_buf *out)
{
	sf_buf_text(out, FORM "1");
	for (size_t i = 0; i < SF_COUNT(words); i++) {
		const char *value = (const char *)&note->host + words[i].offset;

		if (!*value)
			continue;
		sf_buf_format(out, " %s=", words[i].name);
		write_value(value, out);
	}
	for (size_t i = 0; i < SF_COUNT(numbers); i++) {
		uint32_t number;

		memcpy(&number, (const char *)note + numbers[i].offset, sizeof(number));
		if (number)
			sf_buf_format(out, " %s=%u", numbers[i].name, number);
	}
}

static int digit_of(char c)
{
	const char *digits = "0123456789ABCDEF", *at = c ? strchr(digits, c) : NULL;

	return at ? (int)(at - digits) : -1;
}

/* False: it is not what sf_note_write writes, or does not fit. */
static bool read_value(const char *text, size_t length, char *out, size_t size)
{
	size_t filled = 0;

	for (size_t i = 0; i < length; i++) {
		char c = text[i];

		if (c == '%' && length - i > 2 && digit_of(text[i + 1]) >= 0 &&
		    digit_of(text[i + 2]) >= 0) {
			c = (char)(digit_of(text[i + 1]) << 4 | digit_of(text[i + 2]));
			i += 2;
		} else if (!is_plain((unsigned char)c)) {
			return false;
		}
		if (!c || filled + 1 >= size)
			return false;
		out[filled++] = c;
	}
	out[filled] = '\0';
	return true;
}

static uint32_t read_number(const char *text, size_t length)
{
	uint64_t number = 0;

	for (size_t i = 0; i < length; i++) {
		if (text[i] < '0' || text[i] > '9' || number > UINT32_MAX)
			return 0;
		number = number * 10 + (uint64_t)(text[i] - '0');
	}
	return number > UINT32_MAX ? 0 : (uint32_t)number;
}

static bool is(const char *name, const char *word, size_t length)
{
	return strlen(name) == length && !memcmp(name, word, length);
}

static void read_word(struct sf_note *note, const char *word, size_t length)
{
	const char *equals = memchr(word, '=', length);
	size_t name = equals ? (size_t)(equals - word) : length;
	char value[sizeof(struct sf_host)];

	if (!equals)
		return;
	length -= name + 1;
	for (size_t i = 0; i < SF_COUNT(numbers); i++) {
		uint32_t number = read_number(equals + 1, length);

		if (is(numbers[i].name, word, name))
			memcpy((char *)note + numbers[i].offset, &number, sizeof(number));
	}
	for (size_t i = 0; i < SF_COUNT(words); i++) {
		if (is(words[i].name, word, name) &&
		    read_value(equals + 1, length, value, words[i].size))
			strcpy((char *)&note->host + words[i].offset, value);
	}
}

int sf_note_read(struct sf_note *note, const char *text, size_t length, struct sf_err *err)
{
	const char *end = text + length, *space;
	size_t form = strlen(FORM);

	*note = (struct sf_note){0};
	if (length < form || memcmp(text, FORM, form))
		return -ENOENT;
	text += form;
	space = memchr(text, ' ', (size_t)(end - text)) ?: end;
	if (space - text != 1 || *text != '1')
		return sf_fail(err, -EPROTO,
			       "it was written by another version of sockfeed, in a form that this "
			       "one does not know");
	for (text = space; text < end; text = space) {
		text++;
		space = memchr(text, ' ', (size_t)(end - text)) ?: end;
		read_word(note, text, (size_t)(space - text));
	}
	note->host.release = sf_host_release(note->host.kernel);
	return 0;
}
