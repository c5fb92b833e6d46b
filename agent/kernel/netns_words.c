/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `namespaces:` of a query: words in, what they mean out, with complaints at their places.
 */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "netns.h"

static const char hint[] =
	"write self, all, pid:812, a name of `ip netns`, or a glob such as \"web-*\"";

static bool read_pid(const char *text, int *pid)
{
	long number = strspn(text, "0123456789") == strlen(text) ? strtol(text, NULL, 10) : 0;

	*pid = (int)number;
	return number > 0 && number <= INT_MAX;
}

static bool is_name(const struct sf_text *word)
{
	return word->length && word->length <= NAME_MAX && strlen(word->text) == word->length &&
	       !strchr(word->text, '/') && strcmp(word->text, ".") && strcmp(word->text, "..");
}

static bool read_word(const struct sf_text *text, struct sf_netns_word *word,
		      struct sf_complaints *complaints)
{
	static const char pid[] = "pid:";

	word->text = sf_strdup(text->text);
	if (!strcmp(text->text, "self")) {
		word->kind = SF_NETNS_SELF;
	} else if (!strcmp(text->text, "all")) {
		word->kind = SF_NETNS_ALL;
	} else if (!strncmp(text->text, pid, sizeof(pid) - 1)) {
		word->kind = SF_NETNS_PID;
		if (!read_pid(text->text + sizeof(pid) - 1, &word->pid)) {
			sf_complain(complaints, text, 0, text->length, "write pid:812",
				    "\"%s\" names no process", text->text);
			return false;
		}
	} else if (is_name(text)) {
		word->kind = strpbrk(text->text, "*?[") ? SF_NETNS_GLOB : SF_NETNS_NAME;
	} else {
		sf_complain(complaints, text, 0, text->length, hint,
			    "\"%s\" is no name of a namespace", text->text);
		return false;
	}
	return true;
}

int sf_netns_choice_read(const struct sf_list *words, struct sf_netns_choice **ret,
			 struct sf_complaints *complaints)
{
	struct sf_netns_choice *choice =
		sf_alloc(sizeof(*choice) + words->count * sizeof(choice->word[0]));
	bool right = true;

	choice->count = words->count;
	for (size_t i = 0; i < words->count; i++)
		right &= read_word(&words->items[i], &choice->word[i], complaints);
	if (!right) {
		sf_netns_choice_free(choice);
		return -EINVAL;
	}
	*ret = choice;
	return 0;
}

void sf_netns_choice_free(struct sf_netns_choice *choice)
{
	for (size_t i = 0; choice && i < choice->count; i++)
		free(choice->word[i].text);
	free(choice);
}

bool sf_netns_choice_self(const struct sf_netns_choice *choice)
{
	for (size_t i = 0; choice && i < choice->count; i++) {
		if (choice->word[i].kind != SF_NETNS_SELF)
			return false;
	}
	return true;
}

bool sf_netns_choice_all(const struct sf_netns_choice *choice)
{
	for (size_t i = 0; choice && i < choice->count; i++) {
		if (choice->word[i].kind == SF_NETNS_ALL)
			return true;
	}
	return false;
}

bool sf_netns_choice_same(const struct sf_netns_choice *a, const struct sf_netns_choice *b)
{
	if (sf_netns_choice_self(a) || sf_netns_choice_self(b))
		return sf_netns_choice_self(a) && sf_netns_choice_self(b);
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++) {
		if (strcmp(a->word[i].text, b->word[i].text))
			return false;
	}
	return true;
}

void sf_netns_choice_print(const struct sf_netns_choice *choice, struct sf_buf *out)
{
	if (!choice || !choice->count)
		sf_buf_text(out, "self");
	for (size_t i = 0; choice && i < choice->count; i++)
		sf_buf_format(out, "%s%s", i ? " " : "", choice->word[i].text);
}
