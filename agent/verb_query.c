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

/* ---- stdout ---- */

struct reader { /* of stdout */
	struct sf_pool *pool;
	bool gone; /* stdout does not take any more */
};

static int pause_run(void *arg, struct sf_run *run, uint64_t *waited)
{
	const struct reader *reader = arg;

	(void)run;
	*waited = 0;
	return reader->gone || ended ? -ECANCELED : 0;
}

static void write_text(void *arg, const char *text, size_t length)
{
	struct reader *reader = arg;

	while (length && !reader->gone) {
		ssize_t r = write(STDOUT_FILENO, text, length);

		if (r >= 0) {
			text += r;
			length -= (size_t)r;
		} else if (errno != EINTR || ended) {
			if (errno != EPIPE && errno != EINTR)
				sf_say("cannot write to stdout: %s", strerror(errno));
			reader->gone = true;
		}
	}
}

static void write_batch(void *arg, struct sf_run *run, struct sf_batch *batch)
{
	struct reader *reader = arg;

	(void)run;
	write_text(reader, batch->data, batch->length);
	sf_batch_drop(reader->pool, batch);
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

static int run_all(const struct sf_request *request, struct sf_walker *walker, struct sf_plan *plan)
{
	struct reader reader = {.pool = sf_pool_new()};
	struct sf_collect_calls calls = {pause_run, write_batch, &reader};
	struct sf_show_calls show_calls = {pause_run, write_text, &reader};
	struct sf_show *show = NULL;
	struct sf_run run = {.plan = plan};
	struct sf_grid grid;
	int status = 0;

	if (request->table)
		show = sf_show_new(plan, &request->conf.filter, request->usual, &show_calls);
	sf_grid_start(&grid, plan->interval ?: 1, 0, false, sf_clock_mono(), sf_clock_wall());
	for (uint64_t i = 0; (request->count == 0 || i < request->count) && !ended && !reader.gone;
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
			sf_collect(walker, reader.pool, &run, &calls);
		if (run.error[0] && !reader.gone && !ended)
			sf_say("%s", run.error);
		if (run.failed || run.partial || reader.gone)
			status = SF_EXIT_FAILED;
	}
	sf_show_free(show);
	sf_pool_free(reader.pool);
	return ended && !reader.gone && request->count != 1 ? SF_EXIT_OK : status;
}

static int run_query(const struct sf_request *request)
{
	sf_cleanup(sf_complaints_free_p) struct sf_complaints *complaints = sf_complaints_new();
	sf_cleanup(sf_plan_free_p) struct sf_plan *plan = NULL;
	sf_cleanup(sf_walker_free_p) struct sf_walker *walker = NULL;
	struct sf_host host;
	struct sf_err err;
	int r;

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
	return run_all(request, walker, plan);
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
