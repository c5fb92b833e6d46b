/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `sockfeed query`: one walk now, or one each interval; a table on a terminal, JSON lines
 * elsewhere. No loop and no threads: a full batch is written where it stands, and whoever reads
 * stdout slowly slows the walk.
 */
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include "collect.h"
#include "show.h"
#include "verbs.h"

enum { QUERY_SOCKETS, QUERY_FIELDS, QUERY_LIMIT, QUERY_INTERVAL, QUERY_COUNT, QUERY_FORMAT };
const struct sf_option sf_query_options[] = {
	[QUERY_SOCKETS] = {"sockets", 0, SF_OPTION_TEXT, "LIST",
			   "the tables to ask (default: tcp)"},
	[QUERY_FIELDS] = {"fields", 0, SF_OPTION_TEXT, "LIST",
			  "groups, names and globs, comma-separated; -NAME removes (default: all)"},
	[QUERY_LIMIT] = {"limit", 0, SF_OPTION_TEXT, "N", "records a run; 0: all (default)"},
	[QUERY_INTERVAL] = {"interval", 0, SF_OPTION_TEXT, "DURATION",
			    "ask again each 100ms, 5s, 1m ... until the end or --count"},
	[QUERY_COUNT] = {"count", 0, SF_OPTION_TEXT, "N",
			 "so many runs (default: 1; with --interval: no end)"},
	[QUERY_FORMAT] = {"format", 0, SF_OPTION_TEXT, "table|json",
			  "default: table on a terminal, json elsewhere"},
	{0},
};

struct request { /* what the command line asks for */
	struct sf_query_conf conf;
	struct sf_arena *arena;
	bool table, usual; /* as a table, with its usual columns: no --fields */
	uint64_t count;	   /* 0: no end */
};

static volatile sig_atomic_t ended;

static void on_signal(int number)
{
	(void)number;
	ended = 1;
}

static int read_number(const struct sf_arguments *arguments, int option, uint64_t *ret)
{
	const char *text = arguments->text[option];
	struct sf_err err;
	bool bare;

	if (!text || sf_unit_read(text, strlen(text), SF_UNIT_NONE, ret, NULL, &bare, &err) == 0)
		return 0;
	sf_say("--%s %s: %s", sf_query_options[option].name, text, err.text);
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
		sf_say("--interval %s: %s", text, err.text);
	else if (bare)
		sf_say("--interval %s: a duration needs its unit: %ss", text, text);
	else if (*ret < least || *ret > most)
		sf_say("--interval %s: it is 100ms to 7d", text);
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

static int read_request(const struct sf_arguments *arguments, struct request *request)
{
	const char *format = arguments->text[QUERY_FORMAT],
		   *interval = arguments->text[QUERY_INTERVAL];
	struct sf_query_conf *conf = &request->conf;
	int status;

	conf->name = "query";
	conf->sockets =
		sf_split(request->arena, "--sockets", arguments->text[QUERY_SOCKETS] ?: "tcp");
	conf->fields = sf_split(request->arena, "--fields", arguments->text[QUERY_FIELDS] ?: "all");
	conf->filter = join_filter(request->arena, arguments);
	request->count = interval && !arguments->text[QUERY_COUNT] ? 0 : 1;
	status = read_number(arguments, QUERY_LIMIT, &conf->limit);
	status = status ?: read_number(arguments, QUERY_COUNT, &request->count);
	status = status ?: read_interval(interval, &conf->interval);
	if (status == 0 && request->count > 1 && !interval)
		conf->interval = 1000 * 1000;
	if (!conf->fields.count || !conf->sockets.count) {
		sf_say("--%s needs at least one name", conf->fields.count ? "sockets" : "fields");
		return SF_EXIT_USAGE;
	}
	if (format && strcmp(format, "table") && strcmp(format, "json")) {
		sf_say("--format %s: it is table or json", format);
		return SF_EXIT_USAGE;
	}
	request->usual = !arguments->text[QUERY_FIELDS];
	request->table = format ? !strcmp(format, "table") : isatty(STDOUT_FILENO);
	return status;
}

/* ---- JSON lines ---- */

struct json_run {
	struct sf_pool *pool;
	bool broken; /* stdout does not take any more */
};

static int pause_json(void *arg, struct sf_run *run, uint64_t *waited)
{
	const struct json_run *json = arg;

	(void)run;
	*waited = 0;
	return json->broken || ended ? -ECANCELED : 0;
}

static void write_batch(void *arg, struct sf_run *run, struct sf_batch *batch)
{
	struct json_run *json = arg;
	size_t done = 0;

	(void)run;
	while (done < batch->length && !json->broken) {
		ssize_t r = write(STDOUT_FILENO, batch->data + done, batch->length - done);

		if (r >= 0) {
			done += (size_t)r;
		} else if (errno != EINTR) {
			if (errno != EPIPE)
				sf_say("cannot write to stdout: %s", strerror(errno));
			json->broken = true;
		}
	}
	sf_batch_drop(json->pool, batch);
}

/* ---- runs ---- */

/*
 * Until the next tick of a schedule without a phase; a tick that has passed is left out and
 * counted.
 */
static void wait_for_tick(struct sf_grid *grid)
{
	uint64_t now = sf_clock_mono();

	while (now < grid->next && !ended) {
		usleep((useconds_t)(grid->next - now < 500000 ? grid->next - now : 500000));
		now = sf_clock_mono();
	}
}

static int run_all(const struct request *request, struct sf_walker *walker, struct sf_plan *plan,
		   struct sf_show *show)
{
	struct json_run json = {.pool = sf_pool_new()};
	struct sf_collect_calls calls = {pause_json, write_batch, &json};
	struct sf_run run = {.plan = plan};
	struct sf_grid grid;
	int status = 0;

	sf_grid_start(&grid, plan->interval ?: 1, 0, false, sf_clock_mono(), sf_clock_wall());
	for (uint64_t i = 0; (request->count == 0 || i < request->count) && !ended && !json.broken;
	     i++) {
		if (i) {
			wait_for_tick(&grid);
			if (ended)
				break;
			run.skipped = sf_grid_advance(&grid, sf_clock_mono(), sf_clock_wall());
		}
		run.first = i == 0;
		run.previous_run = run.run;
		run.run = sf_run_number(run.previous_run);
		run.error[0] = '\0';
		if (show)
			sf_show_run(show, walker, &run);
		else
			sf_collect(walker, json.pool, &run, &calls);
		if (run.error[0] && !json.broken && !ended)
			sf_say("%s", run.error);
		if (run.failed || run.partial || json.broken)
			status = SF_EXIT_FAILED;
	}
	sf_pool_free(json.pool);
	return ended && !json.broken ? SF_EXIT_OK : status;
}

static int run_query(const struct request *request)
{
	sf_cleanup(sf_complaints_free_p) struct sf_complaints *complaints = sf_complaints_new();
	sf_cleanup(sf_plan_free_p) struct sf_plan *plan = NULL;
	sf_cleanup(sf_walker_free_p) struct sf_walker *walker = NULL;
	struct sf_show *show = NULL;
	struct sf_host host;
	struct sf_err err;
	int r, status;

	if (sf_host_read(&host, "", "", &err) < 0) {
		sf_say("%s", err.text);
		return SF_EXIT_FAILED;
	}
	r = sf_plan_new(&request->conf, &host, &(struct sf_list){0}, &plan, complaints);
	sf_complaints_print(complaints, stderr);
	if (r < 0)
		return SF_EXIT_USAGE;
	if (sf_walker_new(host.release, &walker, &err) < 0) {
		sf_say("%s", err.text);
		return SF_EXIT_FAILED;
	}
	if (request->table)
		show = sf_show_new(plan, &request->conf.filter, request->usual);
	status = run_all(request, walker, plan, show);
	sf_show_free(show);
	return status;
}

int sf_verb_query(const struct sf_arguments *arguments)
{
	struct sigaction action = {.sa_handler = on_signal};
	struct request request = {.arena = sf_arena_new()};
	int status = read_request(arguments, &request);

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	if (status == 0)
		status = run_query(&request);
	sf_arena_free(request.arena);
	return status;
}
