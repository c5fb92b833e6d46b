/* SPDX-License-Identifier: Apache-2.0 */
/*
 * argv in, the values of a verb's options out: `--name value`, `--name=value`, `-n value`,
 * `-nvalue`; behind `--` and elsewhere, what is no option.
 */
#include <stdlib.h>
#include <string.h>

#include "options.h"

void sf_say(const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	fputs("sockfeed: ", stderr);
	vfprintf(stderr, format, arguments);
	fputc('\n', stderr);
	va_end(arguments);
}

/* *value: what stands behind the name in the same word, or NULL: --name=value, -nvalue. */
static const struct sf_option *find(const struct sf_verb *verb, const char *word,
				    const char **value)
{
	size_t length = strcspn(word + 2, "=");
	bool name = word[1] == '-';

	for (const struct sf_option *o = verb->options; o->name; o++) {
		if (name ? strlen(o->name) != length || strncmp(o->name, word + 2, length)
			 : o->letter != word[1] || (o->kind == SF_OPTION_FLAG && word[2]))
			continue;
		if (name)
			*value = word[2 + length] ? word + 2 + length + 1 : NULL;
		else
			*value = word[2] ? word + 2 : NULL;
		return o;
	}
	return NULL;
}

/* One word that begins with a dash; *at moves on when the value is the next word. */
static int take_option(const struct sf_verb *verb, int argc, char **argv, int *at,
		       struct sf_arguments *arguments)
{
	const char *word = argv[*at], *value;
	const struct sf_option *option = find(verb, word, &value);

	if (!strcmp(word, "--help") || !strcmp(word, "-h"))
		return -1;
	if (!option)
		return sf_option_unknown(verb, word);
	if (option->kind == SF_OPTION_FLAG) {
		if (value) {
			sf_say("--%s takes no value", option->name);
			return SF_EXIT_USAGE;
		}
		arguments->text[option - verb->options] = "";
		return 0;
	}
	if (!value && *at + 1 == argc) {
		sf_say("%s needs a value: %s %s", word, word, option->value);
		return SF_EXIT_USAGE;
	}
	if (!value)
		value = argv[++*at];
	arguments->text[option - verb->options] = value;
	if (option->kind == SF_OPTION_TEXTS)
		arguments->repeat[arguments->repeats++] = value;
	return 0;
}

/* `skmem.fwd_alloc_bytes < -4096`: a number is expected there, no option. */
static bool is_compared(const struct sf_arguments *arguments)
{
	const char *last = arguments->rests ? arguments->rest[arguments->rests - 1] : "";

	return *last && strchr("=<>", last[strlen(last) - 1]);
}

int sf_arguments_read(const struct sf_verb *verb, int argc, char **argv,
		      struct sf_arguments *arguments)
{
	bool options = true;

	*arguments = (struct sf_arguments){
		.text = sf_alloc((sf_option_count(verb->options) + 1) * sizeof(char *)),
		.rest = sf_alloc(((size_t)argc + 1) * sizeof(char *)),
		.repeat = sf_alloc(((size_t)argc + 1) * sizeof(char *)),
	};
	for (int at = 0; at < argc; at++) {
		int r;

		if (options && !strcmp(argv[at], "--")) {
			options = false;
			continue;
		}
		if (!options || argv[at][0] != '-' || !argv[at][1] || is_compared(arguments)) {
			arguments->rest[arguments->rests++] = argv[at];
			continue;
		}
		r = take_option(verb, argc, argv, &at, arguments);
		if (r != 0)
			return r;
	}
	if (arguments->rests && !verb->rest) {
		const char *value;

		sf_say("%s takes no argument \"%s\"; %s`sockfeed help %s` shows what it takes",
		       verb->name, arguments->rest[0],
		       find(verb, "-c", &value) ? "a configuration is named behind -c; " : "",
		       verb->name);
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
