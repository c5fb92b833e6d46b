/* SPDX-License-Identifier: Apache-2.0 */
/*
 * argv in, the values of a verb's options out. Fingers used to ss get the translation of what they
 * typed.
 */
#include <stdlib.h>
#include <string.h>

#include "options.h"

/* ss(8), letter by letter: what to write instead. */
static const struct {
	char letter;
	const char *instead;
} ss_letters[] = {
	{'a', "add `state all` to the filter"},
	{'l', "write `state listening`"},
	{'B', "write `state bound-inactive`"},
	{'4', "write `family = inet`"},
	{'6', "write `family = inet6`"},
	{'t', "leave it out: tcp is what is asked unless `--sockets` says otherwise"},
	{'n', "leave it out: names are never resolved"},
	{'i', "leave it out: every field of tcp_info is in the record; `--fields tcp` shows these "
	      "alone"},
	{'m', "leave it out: `--fields skmem` shows socket memory alone"},
	{'o', "leave it out: `--fields timer` shows the timer alone"},
	{'e', "leave it out: uid, inode, cookie and cgroup are in the record"},
	{'O', "leave it out: every record is one line"},
	{'H', "leave it out: records have no header; `--format json` where a terminal would get a "
	      "table"},
	{'s', "read `sockets_seen` in the run record"},
	{'u', "this version knows `--sockets tcp` alone"},
	{'w', "this version knows `--sockets tcp` alone"},
	{'x', "this version knows `--sockets tcp` alone"},
	{'S', "this version knows `--sockets tcp` alone"},
	{'0', "this version knows `--sockets tcp` alone"},
	{'M', "this version knows `--sockets tcp` alone"},
	{'p', "this version does not look for processes; `inode` is what /proc/PID/fd shows"},
	{'N', "enter the namespace first: ip netns exec NAME sockfeed query"},
};

void sf_say(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	fputs("sockfeed: ", stderr);
	vfprintf(stderr, format, arguments);
	fputc('\n', stderr);
	va_end(arguments);
}

static const char *option_at(const void *arg, size_t i)
{
	return ((const struct sf_option *)arg)[i].name;
}

static size_t option_count(const struct sf_option *options)
{
	size_t count = 0;

	while (options[count].name)
		count++;
	return count;
}

static int unknown(const struct sf_verb *verb, const char *word)
{
	size_t length = strcspn(word + 2, "=");
	const char *near = word[1] == '-'
				   ? sf_nearest(word + 2, length, option_count(verb->options),
						option_at, verb->options)
				   : NULL;

	if (near)
		sf_say("%s has no option \"%.*s\"; did you mean --%s?", verb->name, (int)length + 2,
		       word, near);
	else
		sf_say("%s has no option \"%s\"; `sockfeed help %s` lists them", verb->name, word,
		       verb->name);
	return SF_EXIT_USAGE;
}

static int translate(const struct sf_verb *verb, const char *word)
{
	for (const char *letter = word + 1; *letter; letter++) {
		size_t i = 0;

		while (i < SF_COUNT(ss_letters) && ss_letters[i].letter != *letter)
			i++;
		if (i < SF_COUNT(ss_letters))
			sf_say("-%c of ss: %s", *letter, ss_letters[i].instead);
		else
			sf_say("%s has no option -%c; `sockfeed help %s` lists them", verb->name,
			       *letter, verb->name);
	}
	return SF_EXIT_USAGE;
}

static const struct sf_option *find(const struct sf_verb *verb, const char *word)
{
	size_t length = strcspn(word + 2, "=");

	for (const struct sf_option *o = verb->options; o->name; o++) {
		if (word[1] == '-'
			    ? strlen(o->name) == length && !strncmp(o->name, word + 2, length)
			    : o->letter && word[1] == o->letter && !word[2])
			return o;
	}
	return NULL;
}

/* One word that begins with a dash; *at moves on when the value is the next word. */
static int take_option(const struct sf_verb *verb, int argc, char **argv, int *at,
		       struct sf_arguments *arguments)
{
	const char *word = argv[*at], *value = word[1] == '-' ? strchr(word, '=') : NULL;
	const struct sf_option *option = find(verb, word);

	if (!strcmp(word, "--help") || !strcmp(word, "-h"))
		return -1;
	if (!option)
		return word[1] == '-' || !verb->speaks_ss ? unknown(verb, word)
							  : translate(verb, word);
	if (option->kind == SF_OPTION_FLAG) {
		if (value) {
			sf_say("--%s takes no value", option->name);
			return SF_EXIT_USAGE;
		}
		arguments->text[option - verb->options] = "";
		return 0;
	}
	if (value)
		value++;
	else if (*at + 1 < argc)
		value = argv[++*at];
	else {
		sf_say("%s needs a value: %s %s", word, word, option->value);
		return SF_EXIT_USAGE;
	}
	arguments->text[option - verb->options] = value;
	if (option->kind == SF_OPTION_TEXTS)
		arguments->repeat[arguments->repeats++] = value;
	return 0;
}

int sf_arguments_read(const struct sf_verb *verb, int argc, char **argv,
		      struct sf_arguments *arguments)
{
	bool options = true;

	*arguments = (struct sf_arguments){
		.text = sf_alloc((option_count(verb->options) + 1) * sizeof(char *)),
		.rest = sf_alloc(((size_t)argc + 1) * sizeof(char *)),
		.repeat = sf_alloc(((size_t)argc + 1) * sizeof(char *)),
	};
	for (int at = 0; at < argc; at++) {
		int r;

		if (options && !strcmp(argv[at], "--")) {
			options = false;
			continue;
		}
		if (!options || argv[at][0] != '-' || !argv[at][1]) {
			arguments->rest[arguments->rests++] = argv[at];
			continue;
		}
		r = take_option(verb, argc, argv, &at, arguments);
		if (r != 0)
			return r;
	}
	if (arguments->rests && !verb->rest) {
		sf_say("%s takes no argument \"%s\"; `sockfeed help %s` shows what it takes",
		       verb->name, arguments->rest[0], verb->name);
		return SF_EXIT_USAGE;
	}
	return 0;
}

void sf_arguments_finish(struct sf_arguments *arguments)
{
	free(arguments->text);
	free(arguments->rest);
	free(arguments->repeat);
}
