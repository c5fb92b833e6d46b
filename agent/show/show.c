/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A run for people: the sockets of its walks that the filter holds for go into a table; what the
 * usual states hide, which tables this kernel lacks, what a limit cut and what did not fit is
 * counted and said on stderr, where both ends are a terminal.
 */
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "rows.h"
#include "sheet.h"
#include "show.h"

struct sf_show {
	struct sf_plan *plan;
	struct sf_show_calls calls;
	struct sf_sheet *sheet;
	struct sf_run *run;
	struct sf_walker *walker;
	size_t at, places; /* the namespace that it is in, of so many */
	bool began;	   /* a socket of it is shown */
	bool shown;	   /* a socket of any */
	bool tell;
	uint64_t matched, hidden;
	uint32_t absent;       /* tables of a group that this kernel lacks */
	struct sf_filter *all; /* the filter in every state: what usual states hide; or NULL */
};

void sf_show_free(struct sf_show *show)
{
	if (!show)
		return;
	sf_sheet_free(show->sheet);
	sf_filter_free(show->all);
	free(show);
}

/*
 * The filter with `state all` before it, when no state is named in it: what it holds for beyond the
 * usual states is hidden.
 */
static void watch_hidden(struct sf_show *show, const struct sf_text *filter)
{
	sf_cleanup(sf_complaints_free_p) struct sf_complaints *none = sf_complaints_new();
	sf_cleanup(sf_buf_finish) struct sf_buf text = {0};

	if (!show->tell || !sf_filter_is_usual(show->plan->filter))
		return;
	sf_buf_format(&text, "state all %s", filter->text);
	(show->plan->elsewhere ? sf_filter_read_elsewhere : sf_filter_read)(
		&(struct sf_text){.name = "filter", .text = text.data, .length = text.length},
		show->plan->tables, &show->all, none);
}

struct sf_show *sf_show_new(struct sf_plan *plan, const struct sf_text *filter, bool usual,
			    const struct sf_show_calls *calls)
{
	struct sf_show *show = sf_new(struct sf_show);
	bool terminal = isatty(STDOUT_FILENO);

	show->plan = plan;
	show->calls = *calls;
	show->sheet = sf_sheet_new(usual ? NULL : &plan->fields, plan->tables, terminal,
				   calls->text, calls->arg);
	show->tell = terminal && isatty(STDERR_FILENO);
	watch_hidden(show, filter);
	return show;
}

static int received(void *arg, uint64_t wall_us)
{
	struct sf_show *show = arg;
	uint64_t waited;

	(void)wall_us;
	return show->calls.pause(show->calls.arg, &waited);
}

/* Of one run of several: when it was. */
static void put_time(const struct sf_show *show, struct sf_buf *title)
{
	uint64_t now = sf_clock_wall();
	time_t seconds = (time_t)(now / 1000000);
	char text[32];
	struct tm tm;

	if (!show->plan->interval || !gmtime_r(&seconds, &tm))
		return;
	strftime(text, sizeof(text), "%FT%T", &tm);
	sf_buf_format(title, "%s.%03uZ", text, (unsigned)(now / 1000 % 1000));
}

/* Which namespace it is, where there may be sockets of others. */
static void put_namespace(const struct sf_show *show, struct sf_buf *title)
{
	sf_cleanup(sf_buf_finish) struct sf_buf name = {0};

	if (sf_netns_choice_self(show->plan->netns) && show->places == 1)
		return;
	sf_walker_netns_name(show->walker, show->at, &name);
	sf_buf_text(title, title->length ? " namespace " : "namespace ");
	sf_safe_text(title, name.data);
	sf_buf_format(title, " (inode %u)", sf_walker_netns(show->walker));
}

static void begin(struct sf_show *show)
{
	sf_cleanup(sf_buf_finish) struct sf_buf title = {0};

	show->began = show->shown = true;
	put_time(show, &title);
	put_namespace(show, &title);
	sf_sheet_begin(show->sheet, title.length ? title.data : NULL);
}

static void show_nothing(struct sf_show *show)
{
	sf_cleanup(sf_buf_finish) struct sf_buf title = {0};

	put_time(show, &title);
	sf_sheet_begin(show->sheet, title.length ? title.data : NULL);
	sf_sheet_end(show->sheet);
}

static void on_socket(void *arg, const struct sf_view *view)
{
	struct sf_show *show = arg;

	if (!sf_filter_judge(show->plan->filter, view)) {
		show->hidden += show->all && sf_filter_judge(show->all, view);
		return;
	}
	if (show->plan->limit && show->matched++ >= show->plan->limit)
		return;
	if (!show->began)
		begin(show);
	sf_sheet_add(show->sheet, view);
}

static void tell_absent(uint32_t tables)
{
	sf_cleanup(sf_buf_finish) struct sf_buf names = {0};

	sf_tables_text(tables, &names);
	fprintf(stderr, "this kernel lacks: %s\n", names.data);
}

static void tell(const struct sf_show *show)
{
	size_t unfit = sf_sheet_unfit(show->sheet);

	if (show->absent && show->run->first)
		tell_absent(show->absent);
	if (show->hidden && show->run->first)
		fprintf(stderr, "%llu hidden; add `state all`\n", (unsigned long long)show->hidden);
	if (unfit && show->run->first)
		fprintf(stderr, "%zu column%s not fit; try --format table | less -S\n", unfit,
			unfit == 1 ? " does" : "s do");
	if (show->plan->limit && show->matched > show->plan->limit)
		fprintf(stderr, "%llu more; raise --limit\n",
			(unsigned long long)(show->matched - show->plan->limit));
}

/* ---- from namespace to namespace ---- */

/* What a walk comes to: as in a run record (account.c). */
static void account(struct sf_show *show, enum sf_table table, const struct sf_walk *walk)
{
	struct sf_run *run = show->run;

	if (sf_walk_lacks(walk) && !(show->plan->named >> table & 1)) {
		show->absent |= 1u << table;
		return;
	}
	run->partial |= walk->partial;
	run->failed |= walk->errors != 0;
	for (unsigned i = 0; i < walk->errors; i++)
		sf_run_say(run, sf_tables[table].name, &walk->error[i]);
}

/* Its tables, one after another. */
static int walk(struct sf_show *show, struct sf_questions *questions)
{
	const struct sf_filter *all = show->run->first ? show->all : NULL;
	const struct sf_walk_calls calls = {received, on_socket, show};
	int r = 0;

	show->began = false;
	for (unsigned table = 0; table < SF_TABLE_COUNT && r != -ECANCELED; table++) {
		const struct sf_ask *ask;
		struct sf_walk walk;

		if (!(show->plan->tables >> table & 1))
			continue;
		ask = sf_questions_ask(questions, show->walker, table, &show->run, 1, all);
		r = sf_walker_walk(show->walker, ask, &calls, &walk);
		account(show, table, &walk);
	}
	if (show->began)
		sf_sheet_end(show->sheet);
	return r;
}

static void say_refused(struct sf_show *show)
{
	struct sf_walk_error error[SF_WALK_ERRORS];
	unsigned count = sf_walker_netns_errors(show->walker, 0, error);
	struct sf_run *run = show->run;

	if (!count)
		return;
	run->partial = run->failed = true;
	for (unsigned i = 0; i < count; i++)
		sf_run_say(run, NULL, &error[i]);
}

void sf_show_run(struct sf_show *show, struct sf_walker *walker, struct sf_questions *questions,
		 struct sf_run *run)
{
	const struct sf_netns_choice *choice = show->plan->netns;
	int r = 0;

	show->places = sf_walker_look(walker, &choice, 1);
	show->run = run;
	show->walker = walker;
	show->matched = show->hidden = 0;
	show->shown = false;
	show->absent = 0;
	run->partial = run->failed = false;
	for (show->at = 0; show->at < show->places && r != -ECANCELED; show->at++) {
		if (!sf_walker_chosen(walker, show->at, 0) || sf_walker_enter(walker, show->at) < 0)
			continue;
		r = walk(show, questions);
		sf_walker_leave(walker);
	}
	if (!show->shown)
		show_nothing(show);
	say_refused(show);
	if (show->tell)
		tell(show);
}
