/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The options of `sockfeed query`, `explain` and `capture`, read into what a configuration would
 * say of a query: the same rooms read its texts.
 */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sockfeed/host.h>

#include "request.h"
#include "verbs.h"

enum { FILTER_MOST = 64 << 10 }; /* bytes of a filter */

enum {
	QUERY_SOCKETS,
	QUERY_NAMESPACES,
	QUERY_FIELDS,
	QUERY_FILE,
	CAPTURE_OPTIONS,
	QUERY_LIMIT = CAPTURE_OPTIONS,
	QUERY_INTERVAL,
	QUERY_COUNT,
	QUERY_FORMAT,
	QUERY_FROM,
	QUERY_KERNEL,
	QUERY_OPTIONS
};
/* clang-format off */
#define ASKED                                                                                      \
	[QUERY_SOCKETS] = {"sockets", 0, SF_OPTION_TEXT, "LIST",                                   \
			   "the tables to ask: tcp (default), udp, inet, all ..."},                \
	[QUERY_NAMESPACES] = {"namespaces", 0, SF_OPTION_TEXT, "LIST",                             \
			      "self (default), all, pid:N, names and globs of `ip netns`"},        \
	[QUERY_FIELDS] = {"fields", 0, SF_OPTION_TEXT, "LIST",                                     \
			  "groups, names, globs, with commas; -NAME removes (default: all)"},      \
	[QUERY_FILE] = {"filter-file", 'F', SF_OPTION_TEXT, "FILE",                                \
			"the filter from a file, or - for standard input"}
#define OPTIONS                                                                                    \
	ASKED,                                                                                     \
	[QUERY_LIMIT] = {"limit", 0, SF_OPTION_TEXT, "N",                                          \
			 "at most so many records a run, 0: all (default)"},                       \
	[QUERY_INTERVAL] = {"interval", 0, SF_OPTION_TEXT, "DURATION",                             \
			    "ask again and again, every 100ms, 5s ... (with --count alone: 1s)"},  \
	[QUERY_COUNT] = {"count", 0, SF_OPTION_TEXT, "N",                                          \
			 "so many runs, 0: no end (default: 1; 0 with --interval)"},               \
	[QUERY_FORMAT] = {"format", 0, SF_OPTION_TEXT, "table|json",                               \
			  "how to print (default: table on a terminal, else json)"},               \
	[QUERY_FROM] = {"from", 0, SF_OPTION_TEXT, "FILE",                                         \
			"not the kernel: a file of capture, of tcpdump on nlmon, of ss -D"},       \
	[QUERY_KERNEL] = {"kernel", 0, SF_OPTION_TEXT, "RELEASE",                                  \
			  "of the kernel in that file, where it does not say: 6.1"}
/* clang-format on */
const struct sf_option sf_query_options[] = {OPTIONS, {0}};
const struct sf_option sf_explain_options[] = {
	OPTIONS,
	[QUERY_OPTIONS] = {"config", 'c', SF_OPTION_TEXT, "FILE",
			   "the queries of a configuration instead; then QUERY are their names"},
	{0},
};
const struct sf_option sf_capture_options[] = {ASKED, {0}};

static int read_number(const struct sf_arguments *arguments, int option, uint64_t *ret)
{
	const char *text = arguments->text[option];
	struct sf_err err;
	bool bare;

	if (!text || sf_unit_read(text, strlen(text), SF_UNIT_NONE, ret, NULL, &bare, &err) == 0)
		return 0;
	sf_say("--%s: %s", sf_query_options[option].name, err.text);
	return SF_EXIT_USAGE;
}

static int read_interval(const char *text, uint64_t *ret)
{
	const uint64_t least = 100 * 1000, most = 7ull * 24 * 3600 * 1000 * 1000;
	struct sf_err err;
	bool bare = false;

	if (!text)
		return 0;
	if (sf_unit_read(text, strlen(text), SF_UNIT_US, ret, NULL, &bare, &err) < 0)
		sf_say("--interval: %s", err.text);
	else if (bare)
		sf_say("--interval: a duration needs its unit: %ss", text);
	else if (*ret < least || *ret > most)
		sf_say("--interval: %s is not between 100ms and 7d", text);
	else
		return 0;
	return SF_EXIT_USAGE;
}

static struct sf_text join_filter(struct sf_arena *arena, const struct sf_arguments *arguments)
{
	sf_cleanup(sf_buf_finish) struct sf_buf text = {0};

	for (size_t i = 0; i < arguments->rests; i++)
		sf_buf_format(&text, "%s%s", i ? " " : "", arguments->rest[i]);
	return (struct sf_text){.name = "filter",
				.text = sf_arena_copy(arena, text.data ?: "", text.length),
				.length = text.length};
}

static int read_file(struct sf_arena *arena, const char *path, struct sf_text *filter)
{
	FILE *file = strcmp(path, "-") ? fopen(path, "re") : stdin;
	char *text = sf_arena_alloc(arena, FILTER_MOST + 1);
	int code;

	if (!file) {
		sf_say("-F %s: %s", path, strerror(errno));
		return SF_EXIT_USAGE;
	}
	/* One byte more than the language takes: it says that the text is too long. */
	filter->length = fread(text, 1, FILTER_MOST + 1, file);
	filter->name = strcmp(path, "-") ? path : "standard input";
	filter->text = text;
	code = ferror(file) ? errno : 0;
	if (file != stdin)
		fclose(file);
	if (code)
		sf_say("-F %s: %s", path, strerror(code));
	return code ? SF_EXIT_USAGE : 0;
}

static int read_filter(struct sf_arena *arena, const struct sf_arguments *arguments,
		       struct sf_text *filter)
{
	const char *path = arguments->text[QUERY_FILE];

	*filter = join_filter(arena, arguments);
	if (path && arguments->rests) {
		sf_say("the filter comes from -F or from arguments, not from both");
		return SF_EXIT_USAGE;
	}
	return path ? read_file(arena, path, filter) : 0;
}

int sf_request_config(const struct sf_arguments *arguments, const char **path)
{
	*path = arguments->text[QUERY_OPTIONS];
	for (size_t i = 0; *path && i < QUERY_OPTIONS; i++) {
		if (!arguments->text[i])
			continue;
		sf_say("with -c the configuration says what --%s would",
		       sf_explain_options[i].name);
		return SF_EXIT_USAGE;
	}
	return 0;
}

static int read_source(struct sf_request *request, const struct sf_arguments *arguments)
{
	static const int alone[] = {QUERY_INTERVAL, QUERY_COUNT};
	const char *kernel = arguments->text[QUERY_KERNEL];

	request->from = arguments->text[QUERY_FROM];
	request->conf.elsewhere = request->from;
	request->release = kernel ? sf_host_release(kernel) : 0;
	if (kernel && !request->from)
		sf_say("--kernel is said of a capture: --from FILE is missing");
	else if (kernel && !request->release)
		sf_say("--kernel: \"%s\" is no release such as 6.1", kernel);
	else
		kernel = NULL;
	if (kernel)
		return SF_EXIT_USAGE;
	if (request->from && arguments->text[QUERY_NAMESPACES]) {
		sf_say("a capture has the namespaces that it has: leave out --namespaces");
		return SF_EXIT_USAGE;
	}
	for (size_t i = 0; request->from && i < SF_COUNT(alone); i++) {
		if (!arguments->text[alone[i]])
			continue;
		sf_say("a capture is read once: --%s asks the kernel again and again",
		       sf_query_options[alone[i]].name);
		return SF_EXIT_USAGE;
	}
	return 0;
}

/* What is asked for, but for the filter. */
static int read_asked(struct sf_request *request, const struct sf_arguments *arguments)
{
	struct sf_query_conf *conf = &request->conf;

	*request = (struct sf_request){.arena = sf_arena_new()};
	conf->name = "query";
	conf->sockets =
		sf_split(request->arena, "--sockets", arguments->text[QUERY_SOCKETS] ?: "tcp");
	conf->namespaces = sf_split(request->arena, "--namespaces",
				    arguments->text[QUERY_NAMESPACES] ?: "self");
	conf->fields = sf_split(request->arena, "--fields", arguments->text[QUERY_FIELDS] ?: "all");
	if (conf->fields.count && conf->sockets.count && conf->namespaces.count)
		return 0;
	sf_say("--%s needs at least one name", !conf->fields.count    ? "fields"
					       : !conf->sockets.count ? "sockets"
								      : "namespaces");
	return SF_EXIT_USAGE;
}

int sf_request_capture(struct sf_request *request, const struct sf_arguments *arguments)
{
	static const char all[] = "state all";
	const char *path = arguments->text[QUERY_FILE];
	int status = read_asked(request, arguments);

	request->conf.filter =
		(struct sf_text){.name = "filter", .text = all, .length = strlen(all)};
	if (status == 0 && path)
		status = read_file(request->arena, path, &request->conf.filter);
	return status;
}

int sf_request_read(struct sf_request *request, const struct sf_arguments *arguments)
{
	const char *format = arguments->text[QUERY_FORMAT],
		   *interval = arguments->text[QUERY_INTERVAL];
	struct sf_query_conf *conf = &request->conf;
	int status = read_asked(request, arguments);

	request->count = interval && !arguments->text[QUERY_COUNT] ? 0 : 1;
	status = status ?: read_filter(request->arena, arguments, &conf->filter);
	status = status ?: read_number(arguments, QUERY_LIMIT, &conf->limit);
	status = status ?: read_number(arguments, QUERY_COUNT, &request->count);
	status = status ?: read_interval(interval, &conf->interval);
	status = status ?: read_source(request, arguments);
	if (status == 0 && request->count != 1 && !interval)
		conf->interval = 1000 * 1000;
	if (format && strcmp(format, "table") && strcmp(format, "json")) {
		sf_say("no format is named \"%s\": table or json", format);
		return SF_EXIT_USAGE;
	}
	request->usual = !arguments->text[QUERY_FIELDS];
	request->table = format ? !strcmp(format, "table") : isatty(STDOUT_FILENO);
	return status;
}

void sf_request_finish(struct sf_request *request)
{
	sf_arena_free(request->arena);
}
