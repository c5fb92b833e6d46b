/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A run for people: the walk's sockets that the filter holds for go into a table; what the usual
 * states hide, what a limit cut and what did not fit is counted and said on stderr, where both ends
 * are a terminal.
 */
#include <stdlib.h>
#include <unistd.h>

#include "sheet.h"
#include "show.h"

struct sf_show {
	struct sf_plan *plan;
	struct sf_show_calls calls;
	struct sf_sheet *sheet;
	struct sf_run *run;
	bool tell;
	uint64_t matched, hidden;
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
		1u << show->plan->ask.table, &show->all, none);
}

struct sf_show *sf_show_new(struct sf_plan *plan, const struct sf_text *filter, bool usual,
			    const struct sf_show_calls *calls)
{
	struct sf_show *show = sf_new(struct sf_show);
	bool terminal = isatty(STDOUT_FILENO);

	show->plan = plan;
	show->calls = *calls;
	show->sheet = sf_sheet_new(usual ? NULL : &plan->fields, terminal, calls->text, calls->arg);
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

static void on_socket(void *arg, const struct sf_view *view)
{
	struct sf_show *show = arg;

	if (!sf_filter_judge(show->plan->filter, view)) {
		show->hidden += show->all && sf_filter_judge(show->all, view);
		return;
	}
	if (!show->plan->limit || show->matched++ < show->plan->limit)
		sf_sheet_add(show->sheet, view);
}

static void tell(const struct sf_show *show)
{
	size_t unfit = sf_sheet_unfit(show->sheet);

	if (show->hidden && show->run->first)
		fprintf(stderr, "%llu hidden; add `state all`\n", (unsigned long long)show->hidden);
	if (unfit && show->run->first)
		fprintf(stderr, "%zu columns do not fit; try --format table | less -S\n", unfit);
	if (show->plan->limit && show->matched > show->plan->limit)
		fprintf(stderr, "%llu more; raise --limit\n",
			(unsigned long long)(show->matched - show->plan->limit));
}

void sf_show_run(struct sf_show *show, struct sf_walker *walker, struct sf_questions *questions,
		 struct sf_run *run)
{
	const struct sf_ask *ask =
		sf_questions_ask(questions, walker, &run, 1, run->first ? show->all : NULL);
	struct sf_walk walk;

	show->run = run;
	show->matched = show->hidden = 0;
	sf_sheet_begin(show->sheet);
	sf_walker_walk(walker, ask, &(struct sf_walk_calls){received, on_socket, show}, &walk);
	sf_sheet_end(show->sheet);
	run->partial = walk.partial;
	run->failed = walk.errors != 0;
	if (walk.errors)
		snprintf(run->error, sizeof(run->error), "%s: %s", sf_table_name(ask->table),
			 walk.error[0].message);
	if (show->tell)
		tell(show);
}
