/* SPDX-License-Identifier: Apache-2.0 */
/*
 * argv in, the values of a verb's options out. Fingers used to ss get the translation of what they
 * typed.
 */
#include <stdlib.h>
#include <string.h>

#include "options.h"

#define TCP_ALONE "this version knows `--sockets tcp` alone"

/* ss(8): what to write instead. */
static const struct {
	char letter; /* or 0 */
	const char *name, *instead;
} of_ss[] = {
	/* clang-format off */
	{'a', "all", "add `state all` to the filter"},
	{'l', "listening", "write `state listening`"},
	{'B', "bound-inactive", "write `state bound-inactive`"},
	{'4', "ipv4", "write `family = inet`"},
	{'6', "ipv6", "write `family = inet6`"},
	{'f', "family", "write `family = inet` or `family = inet6`"},
	{'t', "tcp", "leave it out; tcp is asked unless `--sockets` says otherwise"},
	{'n', "numeric", "leave it out; numbers stay numbers"},
	{'r', "resolve", "leave it out; names are never resolved"},
	{'i', "info", "leave it out; tcp_info is in the record, `--fields tcp` shows it alone"},
	{'m', "memory", "leave it out; it is in the record, `--fields skmem` shows it alone"},
	{'o', "options", "leave it out; it is in the record, `--fields timer` shows it alone"},
	{'e', "extended", "leave it out; uid, inode, cookie and cgroup are in the record"},
	{0, "tos", "leave it out; tos, tclass and class_id are in the record"},
	{0, "cgroup", "leave it out; cgroup.id is in the record"},
	{0, "inet-sockopt", "leave it out; sockopt is in the record"},
	{'O', "oneline", "leave it out; every record is one line"},
	{'H', "no-header", "write `--format json`, which has no header"},
	{'s', "summary", "read `sockets_seen` in the run record that ends the answer"},
	{'A', "query", TCP_ALONE},
	{0, "socket", TCP_ALONE},
	{'u', "udp", TCP_ALONE},
	{'w', "raw", TCP_ALONE},
	{'x', "unix", TCP_ALONE},
	{'S', "sctp", TCP_ALONE},
	{'0', "packet", TCP_ALONE},
	{'M', "mptcp", TCP_ALONE},
	{'d', "dccp", TCP_ALONE},
	{0, "tipc", TCP_ALONE},
	{0, "vsock", TCP_ALONE},
	{0, "xdp", TCP_ALONE},
	{'p', "processes", "this version looks for no process; `inode` is in /proc/PID/fd"},
	{'T', "threads", "this version looks for no process; `inode` is in /proc/PID/fd"},
	{'N', "net", "enter the namespace first: ip netns exec NAME sockfeed query"},
	{'E', "events", "this version does not watch; `--interval 1s` asks each second"},
	{'F', "filter", "write `--filter-file FILE`"},
	/* clang-format on */
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

static int unknown(const struct sf_verb *verb, const char *word, int length)
{
	const char *near = NULL;

	if (word[1] == '-')
		near = sf_nearest(word + 2, (size_t)length - 2, option_count(verb->options),
				  option_at, verb->options);
	if (near)
		sf_say("%s has no option %.*s; did you mean --%s?", verb->name, length, word, near);
	else
		sf_say("%s has no option %.*s; `sockfeed help %s` lists them", verb->name, length,
		       word, verb->name);
	return SF_EXIT_USAGE;
}

/* --listening, --family=inet */
static int translate_name(const struct sf_verb *verb, const char *word)
{
	size_t length = strcspn(word, "=");

	for (size_t i = 0; verb->speaks_ss && i < SF_COUNT(of_ss); i++) {
		if (strlen(of_ss[i].name) != length - 2 ||
		    strncmp(of_ss[i].name, word + 2, length - 2))
			continue;
		sf_say("%.*s of ss: %s", (int)length, word, of_ss[i].instead);
		return SF_EXIT_USAGE;
	}
	return unknown(verb, word, (int)length);
}

/* -tln: each letter on a line of its own. */
static int translate_letters(const struct sf_verb *verb, const char *word)
{
	for (const char *letter = word + 1; *letter; letter++) {
		const char option[] = {'-', *letter, '\0'};
		size_t i = 0;

		while (i < SF_COUNT(of_ss) && of_ss[i].letter != *letter)
			i++;
		if (i < SF_COUNT(of_ss))
			sf_say("%s of ss: %s", option, of_ss[i].instead);
		else
			unknown(verb, option, 2);
	}
	return SF_EXIT_USAGE;
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
	if (!option && word[1] == '-')
		return translate_name(verb, word);
	if (!option)
		return verb->speaks_ss ? translate_letters(verb, word)
				       : unknown(verb, word, (int)strlen(word));
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
		if (!options || argv[at][0] != '-' || !argv[at][1] || is_compared(arguments)) {
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
