/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `sockfeed capture`: the tables are walked as for a query, and what passes between us and the
 * kernel goes to a file. A walk that fails is in the file too, refusal and all: it may be what
 * somebody wants to show.
 */
#include <string.h>
#include <unistd.h>

#include <sockfeed/capture.h>

#include "collect/collect.h"
#include "interrupt.h"
#include "request.h"
#include "verbs.h"

static int received(void *arg, uint64_t wall_us)
{
	(void)wall_us;
	return sf_interrupted() ? -ECANCELED : sf_capture_failed(arg);
}

static void on_socket(void *arg, const struct sf_view *view)
{
	(void)arg;
	(void)view;
}

/* A table that is lacking is an error where it was named itself. */
static int walk(struct sf_walker *walker, const struct sf_ask *ask, const struct sf_plan *plan,
		struct sf_capture *capture)
{
	const struct sf_walk_calls calls = {received, on_socket, capture};
	const char *table = sf_tables[ask->table].name;
	struct sf_walk walk;

	sf_walker_tap(walker, sf_capture_tap(capture));
	sf_walker_walk(walker, ask, &calls, &walk);
	sf_walker_tap(walker, NULL);
	if (sf_walk_lacks(&walk) && !(plan->named >> ask->table & 1))
		return SF_EXIT_OK;
	for (unsigned i = 0; i < walk.errors; i++)
		sf_say("%s: %s", table, walk.error[i].message);
	if (isatty(STDERR_FILENO))
		fprintf(stderr, "%s: %llu sockets\n", table, (unsigned long long)walk.seen);
	return walk.partial ? SF_EXIT_FAILED : SF_EXIT_OK;
}

/* The tables of the namespace that the walker is in. */
static int walk_tables(struct sf_walker *walker, struct sf_plan *plan,
		       struct sf_questions *questions, struct sf_capture *capture)
{
	struct sf_run run = {.plan = plan};
	int status = SF_EXIT_OK;

	for (unsigned table = 0; table < SF_TABLE_COUNT; table++) {
		const struct sf_ask *ask;

		if (!(plan->tables >> table & 1) || sf_interrupted())
			continue;
		ask = sf_questions_ask(questions, walker, table, &(struct sf_run *){&run}, 1, NULL);
		status = walk(walker, ask, plan, capture) ?: status;
	}
	return status;
}

/* What of the namespaces that were named is not there, or cannot be entered. */
static int say_elsewhere(const struct sf_walker *walker)
{
	struct sf_walk_error error[SF_WALK_ERRORS];
	unsigned errors = sf_walker_netns_errors(walker, 0, error);

	for (unsigned i = 0; i < errors; i++)
		sf_say("%s", error[i].message);
	return errors ? SF_EXIT_FAILED : SF_EXIT_OK;
}

static int walk_all(struct sf_walker *walker, size_t places, struct sf_plan *plan,
		    struct sf_capture *capture)
{
	struct sf_questions *questions = sf_questions_new();
	int status = SF_EXIT_OK;

	for (size_t at = 0; at < places; at++) {
		if (!sf_walker_chosen(walker, at, 0) || sf_walker_enter(walker, at) < 0)
			continue;
		sf_capture_netns(capture, sf_walker_netns(walker));
		status = walk_tables(walker, plan, questions, capture) ?: status;
		sf_walker_leave(walker);
		if (sf_interrupted() || sf_capture_failed(capture))
			break;
	}
	sf_questions_free(questions);
	if (sf_interrupted() || sf_capture_failed(capture))
		return SF_EXIT_FAILED;
	return say_elsewhere(walker) ?: status;
}

/* How many of them; 0 after a sentence. */
static size_t count_chosen(const struct sf_walker *walker, size_t places)
{
	size_t count = 0;

	for (size_t at = 0; at < places; at++)
		count += sf_walker_chosen(walker, at, 0);
	if (!count && say_elsewhere(walker) == SF_EXIT_OK)
		sf_say("there is no namespace of that name");
	return count;
}

/* One form of request for all: what reads captures knows it, of the older one not all do. */
static int capture_places(struct sf_walker *walker, size_t places, size_t chosen,
			  struct sf_plan *plan, const struct sf_host *host, const char *path)
{
	sf_cleanup(sf_capture_free_p) struct sf_capture *capture = NULL;
	struct sf_err err;
	int r, status = SF_EXIT_OK;

	sf_walker_avoid_legacy(walker);
	r = sf_capture_new(path, host, chosen, &capture, &err);
	if (r == 0) {
		status = walk_all(walker, places, plan, capture);
		r = sf_capture_end(capture, &err);
	}
	if (r < 0)
		sf_say("%s", err.text);
	return r < 0 ? SF_EXIT_FAILED : status;
}

static int capture_plan(struct sf_plan *plan, const struct sf_host *host, const char *path)
{
	sf_cleanup(sf_walker_free_p) struct sf_walker *walker = sf_walker_new(host->release);
	const struct sf_netns_choice *choice = plan->netns;
	size_t places = sf_walker_look(walker, &choice, 1), chosen = count_chosen(walker, places);

	return chosen ? capture_places(walker, places, chosen, plan, host, path) : SF_EXIT_FAILED;
}

static int run_capture(const struct sf_request *request, const char *path)
{
	sf_cleanup(sf_complaints_free_p) struct sf_complaints *complaints = sf_complaints_new();
	sf_cleanup(sf_plan_free_p) struct sf_plan *plan = NULL;
	struct sf_host host;
	struct sf_err err;
	int r;

	if (sf_host_read(&host, "", "", &err) < 0) {
		sf_say("%s", err.text);
		return SF_EXIT_FAILED;
	}
	r = sf_plan_new(&request->conf, &host, &(struct sf_list){0}, &plan, complaints);
	sf_complaints_print(complaints, stderr);
	return r < 0 ? SF_EXIT_USAGE : capture_plan(plan, &host, path);
}

int sf_verb_capture(const struct sf_arguments *arguments)
{
	const char *path = arguments->rests ? arguments->rest[0] : "";
	struct sf_request request;
	int status;

	if (arguments->rests != 1) {
		sf_say("capture writes one file: sockfeed capture sockets.pcap");
		return SF_EXIT_USAGE;
	}
	if (!strcmp(path, "-")) {
		path = "/dev/stdout";
		if (isatty(STDOUT_FILENO)) {
			sf_say("a capture is not for a terminal: sockfeed capture - | tshark -r -");
			return SF_EXIT_USAGE;
		}
	}
	status = sf_request_capture(&request, arguments);
	if (status == 0) {
		sf_interrupt_setup();
		status = run_capture(&request, path);
	}
	sf_request_finish(&request);
	return status;
}
