/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `sockfeed query`: one walk now, or one each interval; a table on a terminal, JSON lines
 * elsewhere. No loop and no threads: a full batch is written where it stands, and whoever reads
 * stdout slowly slows the walk.
 */
#include <string.h>

#include "answerer.h"
#include "collect/collect.h"
#include "interrupt.h"
#include "show/show.h"
#include "verbs.h"

/* ---- stdout ---- */

struct reader { /* of stdout */
	struct sf_pool *pool;
	bool gone; /* stdout does not take any more */
};

static int pause_walk(void *arg, uint64_t *waited)
{
	const struct reader *reader = arg;

	*waited = 0;
	return reader->gone || sf_interrupted() ? -ECANCELED : 0;
}

static void write_text(void *arg, const char *text, size_t length)
{
	struct reader *reader = arg;
	int r = reader->gone ? 0 : sf_interrupt_write(text, length);

	if (r == 0)
		return;
	if (r != -EPIPE && r != -ECANCELED)
		sf_say("cannot write to stdout: %s", strerror(-r));
	reader->gone = true;
}

static void write_batch(void *arg, struct sf_run *run, struct sf_batch *batch)
{
	struct reader *reader = arg;

	(void)run;
	write_text(reader, batch->data, batch->length);
	sf_batch_drop(reader->pool, batch);
}

static void run_ended(void *arg, struct sf_run *run)
{
	(void)arg;
	(void)run;
}

/* ---- runs ---- */

static int run_all(const struct sf_request *request, struct sf_walker *walker, struct sf_plan *plan)
{
	struct reader reader = {.pool = sf_pool_new()};
	struct sf_collect_calls calls = {pause_walk, write_batch, run_ended, NULL, &reader};
	struct sf_show_calls show_calls = {pause_walk, write_text, &reader};
	struct sf_questions *questions = sf_questions_new();
	struct sf_show *show = NULL;
	struct sf_run run = {.plan = plan};
	struct sf_grid grid;
	uint64_t runs = 0;
	bool failed = false;

	if (request->table)
		show = sf_show_new(plan, &request->conf.filter, request->usual, &show_calls);
	sf_grid_start(&grid, plan->interval ?: 1, 0, false, sf_clock_mono(), sf_clock_wall());
	while (!reader.gone && (request->count == 0 || runs < request->count)) {
		if (runs) {
			sf_walker_let_go(walker); /* it may be gone before the next one */
			sf_interrupt_sleep(grid.next);
			run.skipped = sf_grid_advance(&grid, sf_clock_mono(), sf_clock_wall());
		}
		if (sf_interrupted())
			break;
		run.first = runs++ == 0;
		run.previous_run = run.run;
		run.run = sf_run_number(run.previous_run);
		run.said.count = 0;
		if (show)
			sf_show_run(show, walker, questions, &run);
		else
			sf_collect(walker, questions, reader.pool, &(struct sf_run *){&run}, 1,
				   &calls);
		for (unsigned i = 0; i < run.said.count; i++)
			sf_say("%s", run.said.text[i]);
		/* Who asks without end wants to end it. */
		failed = failed || run.failed || (run.partial && request->count);
	}
	sf_show_free(show);
	sf_questions_free(questions);
	sf_pool_free(reader.pool);
	return failed || reader.gone || runs < request->count ? SF_EXIT_FAILED : SF_EXIT_OK;
}

static int run_query(const struct sf_request *request)
{
	sf_cleanup(sf_complaints_free_p) struct sf_complaints *complaints = sf_complaints_new();
	sf_cleanup(sf_plan_free_p) struct sf_plan *plan = NULL;
	sf_cleanup(sf_answerer_finish) struct sf_answerer answerer;
	int status = sf_answerer_open(&answerer, request), r;

	if (status)
		return status;
	r = sf_plan_new(&request->conf, &answerer.host, &(struct sf_list){0}, &plan, complaints);
	sf_complaints_print(complaints, stderr);
	return r < 0 ? SF_EXIT_USAGE : run_all(request, answerer.walker, plan);
}

int sf_verb_query(const struct sf_arguments *arguments)
{
	struct sf_request request;
	int status = sf_request_read(&request, arguments);

	if (status == 0) {
		sf_interrupt_setup();
		status = run_query(&request);
	}
	sf_request_finish(&request);
	return status;
}
