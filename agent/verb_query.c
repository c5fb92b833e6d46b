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
#include "request.h"
#include "show.h"
#include "verbs.h"

static volatile sig_atomic_t ended;

static void on_signal(int number)
{
	(void)number;
	ended = 1;
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
		} else if (errno != EINTR || ended) {
			if (errno != EPIPE && errno != EINTR)
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

static int run_all(const struct sf_request *request, struct sf_walker *walker, struct sf_plan *plan,
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

static int run_query(const struct sf_request *request)
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
	struct sf_request request;
	int status = sf_request_read(&request, arguments);

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	if (status == 0)
		status = run_query(&request);
	sf_request_finish(&request);
	return status;
}
