/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `sockfeed spool`: what is in a spool's directory, whether it is whole, and its lines, without the
 * agent and beside it. Nothing is changed.
 */
#include <string.h>
#include <unistd.h>

#include "interrupt.h"
#include "show/spool_show.h"
#include "verbs.h"

enum { SPOOL_FORMAT, SPOOL_ALL };
const struct sf_option sf_spool_options[] = {
	[SPOOL_FORMAT] = {"format", 0, SF_OPTION_TEXT, "table|json",
			  "inspect: how to print (default: table on a terminal, else json)"},
	[SPOOL_ALL] = {"all", 0, SF_OPTION_FLAG, NULL,
		       "export: what was acknowledged, too, as far as it is still there"},
	{0},
};

/* ---- inspect, verify ---- */

static int put(const struct sf_buf *text)
{
	int r = sf_interrupt_write(text->data, text->length);

	if (r < 0 && r != -EPIPE && r != -ECANCELED)
		sf_say("cannot write to stdout: %s", strerror(-r));
	return r < 0 ? SF_EXIT_FAILED : SF_EXIT_OK;
}

static int inspect(struct sf_look *look, const struct sf_arguments *arguments)
{
	const char *format = arguments->text[SPOOL_FORMAT];
	sf_cleanup(sf_buf_finish) struct sf_buf out = {0};
	struct sf_look_calls calls = {0};
	bool table = format ? !strcmp(format, "table") : isatty(STDOUT_FILENO);

	sf_look_walk(look, false, &calls);
	(table ? sf_spool_tables : sf_spool_json)(sf_look_facts(look), sf_clock_wall(), &out);
	return put(&out);
}

struct verifying {
	struct sf_spool_amount cost;
	int status; /* of stdout */
};

static bool verify_record(void *arg, const struct sf_look_record *record)
{
	const struct verifying *v = arg;

	(void)record;
	return !v->status && !sf_interrupted();
}

static void verify_place(void *arg, const struct sf_look_place *place)
{
	sf_cleanup(sf_buf_finish) struct sf_buf out = {0};
	struct verifying *v = arg;

	v->cost.batches += place->cost.batches;
	v->cost.lines += place->cost.lines;
	v->cost.bytes += place->cost.bytes;
	sf_place_text(place, &out);
	sf_buf_text(&out, "\n");
	v->status = v->status ?: put(&out);
}

static int verify(struct sf_look *look, const struct sf_arguments *arguments)
{
	sf_cleanup(sf_buf_finish) struct sf_buf out = {0};
	struct verifying v = {0};
	struct sf_look_calls calls = {verify_record, verify_place, &v};

	(void)arguments;
	if (sf_look_walk(look, true, &calls) < 0) {
		if (sf_interrupted())
			sf_say("interrupted");
		return SF_EXIT_FAILED;
	}
	sf_verdict_text(sf_look_facts(look), &v.cost, &out);
	return put(&out) || v.status || sf_look_facts(look)->damaged ? SF_EXIT_FAILED : SF_EXIT_OK;
}

/* ---- export ---- */

struct exporting {
	bool all;
	bool failed, lacks;
};

static bool export_record(void *arg, const struct sf_look_record *record)
{
	struct exporting *e = arg;

	if (sf_interrupted())
		return false;
	if (e->all || record->waits)
		e->failed = put(&(struct sf_buf){(char *)record->data, record->length, 0}) != 0;
	return !e->failed;
}

static void export_place(void *arg, const struct sf_look_place *place)
{
	sf_cleanup(sf_buf_finish) struct sf_buf out = {0};
	struct exporting *e = arg;

	if (place->normal)
		return;
	e->lacks = e->lacks || (e->all ? place->lost.lines : place->cost.lines);
	sf_place_text(place, &out);
	sf_say("%s", out.data);
}

static int export(struct sf_look *look, const struct sf_arguments *arguments)
{
	struct exporting e = {.all = arguments->text[SPOOL_ALL] != NULL};
	struct sf_look_calls calls = {export_record, export_place, &e};
	int r = sf_look_walk(look, true, &calls);

	if (sf_look_facts(look)->in_use && sf_look_facts(look)->unwritten)
		sf_say("in use by a running agent: %llu lines are in its memory, or came in the "
		       "meantime",
		       (unsigned long long)sf_look_facts(look)->unwritten);
	if (r < 0 && sf_interrupted())
		sf_say("interrupted");
	return r < 0 || e.lacks ? SF_EXIT_FAILED : SF_EXIT_OK;
}

/* ---- the verb ---- */

static const struct action {
	const char *name;
	int (*run)(struct sf_look *, const struct sf_arguments *);
	int option; /* the one that it takes; -1: none */
} actions[] = {
	{"inspect", inspect, SPOOL_FORMAT}, {"verify", verify, -1}, {"export", export, SPOOL_ALL}};

static const char *action_at(const void *arg, size_t i)
{
	(void)arg;
	return actions[i].name;
}

static const struct action *find_action(const char *name)
{
	const char *near;
	size_t i = 0;

	while (i < SF_COUNT(actions) && strcmp(actions[i].name, name))
		i++;
	if (i < SF_COUNT(actions))
		return &actions[i];
	near = sf_nearest(name, strlen(name), SF_COUNT(actions), action_at, NULL);
	if (near)
		sf_say("spool cannot \"%s\"; did you mean \"%s\"?", name, near);
	else
		sf_say("spool cannot \"%s\": inspect, verify or export, then a directory", name);
	return NULL;
}

/* 0, or SF_EXIT_USAGE after a sentence. */
static int check_usage(const struct action *action, const struct sf_arguments *arguments)
{
	const char *format = arguments->text[SPOOL_FORMAT];

	if (arguments->rests < 2)
		sf_say("spool %s needs a directory, the spool's `path` in the configuration: "
		       "sockfeed spool %s /var/lib/sockfeed/kafka",
		       action->name, action->name);
	else if (arguments->rests > 2)
		sf_say("spool %s takes one directory, not \"%s\" too", action->name,
		       arguments->rest[2]);
	else if (format && action->option != SPOOL_FORMAT)
		sf_say("--format is for spool inspect alone");
	else if (arguments->text[SPOOL_ALL] && action->option != SPOOL_ALL)
		sf_say("--all is for spool export alone");
	else if (format && strcmp(format, "table") && strcmp(format, "json"))
		sf_say("no format is named \"%s\": table or json", format);
	else
		return 0;
	return SF_EXIT_USAGE;
}

int sf_verb_spool(const struct sf_arguments *arguments)
{
	const struct action *action = NULL;
	struct sf_look *look;
	struct sf_err err;
	int status;

	if (arguments->rests)
		action = find_action(arguments->rest[0]);
	else
		sf_say("spool needs a word and a directory: sockfeed spool inspect DIR, or verify, "
		       "or export");
	if (!action)
		return SF_EXIT_USAGE;
	status = check_usage(action, arguments);
	if (status)
		return status;
	if (sf_look_open(arguments->rest[1], &look, &err) < 0) {
		sf_say("%s", err.text);
		return SF_EXIT_FAILED;
	}
	sf_interrupt_setup();
	status = action->run(look, arguments);
	sf_look_free(look);
	return status;
}
