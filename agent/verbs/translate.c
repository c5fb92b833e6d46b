/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An option that a verb does not have: the nearest that it has, or, for fingers used to ss, what to
 * write instead.
 */
#include <string.h>

#include "options.h"

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
	{'f', "family", "write `family = inet` or `family = inet6`, or `--sockets unix`"},
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
	{'A', "query", "write `--sockets LIST`: tcp,udp,unix ..., inet or all"},
	{0, "socket", "write `--sockets LIST`: tcp,udp,unix ..., inet or all"},
	{'u', "udp", "write `--sockets udp`"},
	{'w', "raw", "write `--sockets raw`"},
	{'x', "unix", "write `--sockets unix`"},
	{'S', "sctp", "write `--sockets sctp`"},
	{'0', "packet", "write `--sockets packet`"},
	{'M', "mptcp", "write `--sockets mptcp`"},
	{'d', "dccp", "sockfeed asks no such table; kernels from 6.16 on have none"},
	{0, "tipc", "write `--sockets tipc`"},
	{0, "vsock", "write `--sockets vsock`"},
	{0, "xdp", "write `--sockets xdp`"},
	{'p', "processes", "this version looks for no process; `inode` is in /proc/PID/fd"},
	{'T', "threads", "this version looks for no process; `inode` is in /proc/PID/fd"},
	{'N', "net", "write `--namespaces NAME`"},
	{'E', "events", "this version does not watch; `--interval 1s` asks each second"},
	{'F', "filter", "write `--filter-file FILE`"},
	{'K', "kill", "sockfeed reads alone, it closes no socket"},
	{'Z', "context", "sockfeed reads no security context"},
	{'z', "contexts", "sockfeed reads no security context"},
	{'b', "bpf", "leave it out; packet.filter_length says whether there is a filter"},
	{'Q', "no-queues", "name the fields: `--fields state,local,peer`"},
	{'D', "diag", "`sockfeed capture FILE` keeps the kernel's answers"},
	/* clang-format on */
};

static const char *option_at(const void *arg, size_t i)
{
	return ((const struct sf_option *)arg)[i].name;
}

size_t sf_option_count(const struct sf_option *options)
{
	size_t count = 0;

	while (options[count].name)
		count++;
	return count;
}

static void say_unknown(const struct sf_verb *verb, const char *word, size_t length)
{
	const char *near = NULL;

	if (word[1] == '-')
		near = sf_nearest(word + 2, length - 2, sf_option_count(verb->options), option_at,
				  verb->options);
	if (near)
		sf_say("%s has no option %.*s; did you mean --%s?", verb->name, (int)length, word,
		       near);
	else
		sf_say("%s has no option %.*s; `sockfeed help %s` lists them", verb->name,
		       (int)length, word, verb->name);
}

static bool is(const char *name, const char *text, size_t length)
{
	return strlen(name) == length && !strncmp(name, text, length);
}

/* --listening, --family=inet */
static bool translate_name(const char *word, size_t length)
{
	for (size_t i = 0; i < SF_COUNT(of_ss); i++) {
		if (!is(of_ss[i].name, word + 2, length - 2))
			continue;
		sf_say("%.*s of ss: %s", (int)length, word, of_ss[i].instead);
		return true;
	}
	return false;
}

/* -tln: each letter on a line of its own. */
static void translate_letters(const struct sf_verb *verb, const char *word)
{
	for (const char *letter = word + 1; *letter; letter++) {
		const char option[] = {'-', *letter, '\0'};
		size_t i = 0;

		while (i < SF_COUNT(of_ss) && of_ss[i].letter != *letter)
			i++;
		if (i < SF_COUNT(of_ss))
			sf_say("%s of ss: %s", option, of_ss[i].instead);
		else
			say_unknown(verb, option, 2);
	}
}

/* -limit: the name of an option behind one dash. */
static bool lacks_dash(const struct sf_verb *verb, const char *word, size_t length)
{
	const struct sf_option *option = verb->options;

	while (option->name && !is(option->name, word + 1, length - 1))
		option++;
	if (!option->name && !is("help", word + 1, length - 1))
		return false;
	sf_say("%s has no option %.*s; did you mean -%.*s?", verb->name, (int)length, word,
	       (int)length, word);
	return true;
}

int sf_option_unknown(const struct sf_verb *verb, const char *word)
{
	size_t length = strcspn(word, "=");
	bool name = word[1] == '-';

	if (name && verb->speaks_ss && translate_name(word, length))
		return SF_EXIT_USAGE;
	if (!name && lacks_dash(verb, word, length))
		return SF_EXIT_USAGE;
	if (name || !verb->speaks_ss)
		say_unknown(verb, word, name ? length : strlen(word));
	else
		translate_letters(verb, word);
	return SF_EXIT_USAGE;
}
