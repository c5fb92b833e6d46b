/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The verbs, a table. argv in, an exit status out.
 */
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "verbs/verbs.h"

const struct sf_verb sf_verbs[] = {
	{.name = "run",
	 .usage = "[-c FILE] [--once] [--query NAME]... [--stdout]",
	 .help = "Run the queries of a configuration on their schedules",
	 .more = "The log goes to stderr. SIGTERM and SIGINT end in order, SIGHUP reopens files, "
		 "SIGUSR1\n"
		 "runs every query now, SIGUSR2 writes the counts of all outputs to the log.\n",
	 .options = sf_run_options,
	 .run = sf_verb_run},
	{.name = "check",
	 .usage = "[-c FILE] [--print] [--connect]",
	 .help = "Say everything that is wrong with a configuration",
	 .more = "",
	 .options = sf_check_options,
	 .run = sf_verb_check},
	{.name = "query",
	 .usage = "[OPTIONS] [FILTER...]",
	 .help = "Ask once, now, as ss would: a table on a terminal, JSON lines elsewhere",
	 .more = "The filter is what ss takes, and any field of `sockfeed fields` may be "
		 "compared, with units:\n\n"
		 "  sockfeed query state established '( dport = :443 or sport = :443 )'\n"
		 "  sockfeed query state all dst 10.0.0.0/8\n"
		 "  sockfeed query 'tcp.rtt_us > 100ms and tcp.total_retrans > 0'\n"
		 "  sockfeed query state listening 'listen.backlog > 0'\n\n"
		 "Without a state in it: all but listening, bound-inactive, time-wait and "
		 "syn-recv, as ss.\n",
	 .options = sf_query_options,
	 .rest = true,
	 .speaks_ss = true,
	 .run = sf_verb_query},
	{.name = "explain",
	 .usage = "[OPTIONS] [FILTER...] | -c FILE [QUERY...]",
	 .help = "Say what would be asked of the kernel, what is judged here, and why",
	 .more = "Options and filter are those of `sockfeed query`; no socket is asked for. With "
		 "-c also which\n"
		 "queries share a walk, and when.\n",
	 .options = sf_explain_options,
	 .rest = true,
	 .speaks_ss = true,
	 .run = sf_verb_explain},
	{.name = "capture",
	 .usage = "[OPTIONS] FILE",
	 .help = "Write the kernel's answers to a pcap file, for --from and Wireshark",
	 .more = "All states and attributes are asked for, unless -F or --fields says otherwise. "
		 "The file is its\n"
		 "owner's alone (0600), - is standard output; TCP-MD5 keys in it are zeros. What "
		 "is in it:\n\n"
		 "  sockfeed query --from FILE state listening\n",
	 .options = sf_capture_options,
	 .rest = true,
	 .run = sf_verb_capture},
	{.name = "fields",
	 .usage = "[OPTIONS] [NAME...]",
	 .help = "List every field: name, type, unit, source, since which kernel, when it means "
		 "something",
	 .more = "NAME is a field, a group (tcp) or a glob (tcp.last_*). json and markdown also "
		 "say what null means.\n",
	 .options = sf_fields_options,
	 .rest = true,
	 .run = sf_verb_fields},
	{.name = "spool",
	 .usage = "inspect|verify|export [OPTIONS] DIR",
	 .help = "Look into a spool: what waits in it, whether it is whole, its lines",
	 .more = "DIR is the `path` of an output's spool. No agent is needed; one that runs is not "
		 "disturbed: nothing\n"
		 "is changed, nothing locked. A damaged spool is read as far as it goes.\n\n"
		 "  inspect  what waits of which query, the segments, the gaps that are owed\n"
		 "  verify   reads every byte and says each damaged place and what it costs; exit "
		 "status 1 if\n"
		 "           there is any. What a crash leaves behind is normal, and said to be.\n"
		 "  export   the lines that are not acknowledged, oldest first, on stdout; damage "
		 "is said on\n"
		 "           stderr and passed over; exit status 1 if lines are missing for it\n\n"
		 "What a running agent has acknowledged within the last moments may still be shown "
		 "as waiting.\n",
	 .options = sf_spool_options,
	 .rest = true,
	 .run = sf_verb_spool},
	{.name = "help",
	 .usage = "[VERB]",
	 .help = "Say what a verb does and takes",
	 .more = "",
	 .options = sf_help_options,
	 .rest = true,
	 .run = sf_verb_help},
	{0},
};

static const char *verb_at(const void *arg, size_t i)
{
	(void)arg;
	return sf_verbs[i].name;
}

static const struct sf_verb *find_verb(const char *name)
{
	const char *near;
	size_t i = 0;

	while (sf_verbs[i].name && strcmp(sf_verbs[i].name, name))
		i++;
	if (sf_verbs[i].name)
		return &sf_verbs[i];
	near = sf_nearest(name, strlen(name), i, verb_at, NULL);
	if (near)
		sf_say("there is no verb \"%s\"; did you mean \"%s\"?", name, near);
	else if (*name == '-')
		sf_say("the verb comes before %s: sockfeed run -c FILE; `sockfeed help` lists them",
		       name);
	else
		sf_say("there is no verb \"%s\"; `sockfeed help` lists them", name);
	return NULL;
}

int sf_verb_help(const struct sf_arguments *arguments)
{
	const struct sf_verb *verb = arguments->rests ? find_verb(arguments->rest[0]) : NULL;

	if (arguments->rests && !verb)
		return SF_EXIT_USAGE;
	if (arguments->rests > 1) {
		sf_say("help takes one verb; `sockfeed help` lists them");
		return SF_EXIT_USAGE;
	}
	sf_help_print(verb, stdout);
	return fflush(stdout) == 0 ? 0 : SF_EXIT_FAILED;
}

/*
 * A descriptor that was closed for us would be taken by the next file that we open. Standard output
 * becomes one that cannot be written: records that go nowhere must not count as delivered.
 */
static void fill_descriptors(void)
{
	int fd;

	do
		fd = open("/dev/null", O_RDONLY);
	while (fd >= 0 && fd <= STDERR_FILENO);
	if (fd > STDERR_FILENO)
		close(fd);
}

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "help";
	const struct sf_verb *verb;
	struct sf_arguments arguments;
	int status;

	/*
	 * Memory stays small and constant: one arena, and large blocks go back to the system when
	 * they are freed.
	 */
	mallopt(M_ARENA_MAX, 1);
	mallopt(M_MMAP_THRESHOLD, 128 << 10);
	signal(SIGPIPE, SIG_IGN);
	fill_descriptors();

	if (argc < 2) {
		sf_help_print(NULL, stderr);
		return SF_EXIT_USAGE;
	}
	if (!strcmp(name, "--version") || !strcmp(name, "-V"))
		return puts("sockfeed " SF_VERSION) < 0 || fflush(stdout) != 0 ? SF_EXIT_FAILED
									       : SF_EXIT_OK;
	if (!strcmp(name, "--help") || !strcmp(name, "-h"))
		name = "help";
	verb = find_verb(name);
	if (!verb)
		return SF_EXIT_USAGE;
	status = sf_arguments_read(verb, argc - 2, argv + 2, &arguments);
	if (status == 0)
		status = verb->run(&arguments);
	else if (status < 0) {
		sf_help_print(verb, stdout);
		status = fflush(stdout) == 0 ? SF_EXIT_OK : SF_EXIT_FAILED;
	}
	sf_arguments_finish(&arguments);
	return status;
}
