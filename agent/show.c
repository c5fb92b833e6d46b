/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows are gathered until there are a thousand or the walk ends, columns are made as wide as these
 * need and stay so. On a terminal columns that do not fit are left out and trouble is coloured (not
 * with NO_COLOR: no-color.org); a pipe gets all, plain.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cell.h"
#include "show.h"

enum { ROWS = 1000, COLUMNS = SF_FIELD_COUNT, GAP = 2 };

/* Most wanted first. */
static const enum sf_field_id usual_columns[] = {SF_FIELD_STATE,
						 SF_FIELD_RECV_Q,
						 SF_FIELD_SEND_Q,
						 SF_FIELD_LOCAL_ADDRESS,
						 SF_FIELD_PEER_ADDRESS,
						 SF_FIELD_TCP_RTT,
						 SF_FIELD_TCP_SND_CWND,
						 SF_FIELD_TCP_TOTAL_RETRANS,
						 SF_FIELD_UID,
						 SF_FIELD_TCP_CONGESTION_CONTROL,
						 SF_FIELD_TCP_DELIVERY_RATE,
						 SF_FIELD_TIMER_NAME,
						 SF_FIELD_INODE};

struct cell {
	char *text;
	bool trouble;
};

struct sf_show {
	struct sf_plan *plan;
	bool usual, terminal, colour, laid_out;
	size_t columns;
	unsigned column[COLUMNS];
	size_t width[COLUMNS];
	size_t rows;
	struct cell *cells; /* ROWS x columns */
	uint64_t matched, hidden;
	struct sf_filter *all; /* the filter in every state: what usual states hide; or NULL */
};

void sf_show_free(struct sf_show *show)
{
	if (!show)
		return;
	for (size_t i = 0; i < show->rows * show->columns; i++)
		free(show->cells[i].text);
	free(show->cells);
	sf_filter_free(show->all);
	free(show);
}

static size_t terminal_width(const struct sf_show *show)
{
	struct winsize size;

	if (!show->terminal)
		return SIZE_MAX;
	return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col ? size.ws_col : 80;
}

/*
 * Widths from the heading and the rows so far; on a terminal whole columns leave from the right
 * until a line fits.
 */
static void lay_out(struct sf_show *show)
{
	size_t most = terminal_width(show), sum = 0, fit = 0;

	for (size_t c = 0; c < show->columns; c++) {
		show->width[c] = strlen(sf_cell_heading(show->usual, show->column[c]));
		for (size_t r = 0; r < show->rows; r++) {
			size_t length = strlen(show->cells[r * show->columns + c].text);

			if (length > show->width[c])
				show->width[c] = length;
		}
	}
	while (fit < show->columns && sum + show->width[fit] <= most)
		sum += show->width[fit++] + GAP;
	for (size_t c = fit > 5 || fit == show->columns ? fit : 5; c < show->columns; c++)
		show->width[c] = 0;
	show->laid_out = true;
	for (size_t c = 0; c < show->columns; c++) {
		if (show->width[c])
			printf("%-*s", (int)(show->width[c] + GAP),
			       sf_cell_heading(show->usual, show->column[c]));
	}
	putchar('\n');
}

static void flush_rows(struct sf_show *show)
{
	if (!show->laid_out)
		lay_out(show);
	for (size_t i = 0; i < show->rows * show->columns; i++) {
		struct cell *cell = &show->cells[i];
		size_t c = i % show->columns;
		const char *colour = cell->trouble && show->colour ? "\033[31m" : "";

		if (show->width[c])
			printf("%s%-*s%s", colour, (int)show->width[c], cell->text,
			       *colour ? "\033[0m" : "");
		if (c + 1 == show->columns)
			putchar('\n');
		else if (show->width[c])
			printf("%*s", GAP, "");
		free(sf_take(cell->text));
	}
	show->rows = 0;
	fflush(stdout);
}

static int received(void *arg, uint64_t wall_us)
{
	(void)arg;
	(void)wall_us;
	return ferror(stdout) ? -ECANCELED : 0;
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
	for (size_t c = 0; c < show->columns; c++) {
		struct cell *cell = &show->cells[show->rows * show->columns + c];
		struct sf_buf text = {0};

		sf_cell_write(show->usual, show->column[c], view, &text);
		*cell = (struct cell){sf_buf_take(&text), sf_cell_trouble(show->column[c], view)};
	}
	if (++show->rows == ROWS)
		flush_rows(show);
}

/*
 * The filter with `state all` before it, when no state is named in it: what it holds for beyond the
 * usual states is hidden.
 */
static void watch_hidden(struct sf_show *show, const struct sf_text *filter)
{
	sf_cleanup(sf_complaints_free_p) struct sf_complaints *none = sf_complaints_new();
	sf_cleanup(sf_buf_finish) struct sf_buf text = {0};

	if (!show->terminal || !isatty(STDERR_FILENO) || !sf_filter_is_usual(show->plan->filter))
		return;
	sf_buf_format(&text, "state all %s", filter->text);
	sf_filter_read(
		&(struct sf_text){.name = "filter", .text = text.data, .length = text.length},
		1u << show->plan->ask.table, &show->all, none);
}

struct sf_show *sf_show_new(struct sf_plan *plan, const struct sf_text *filter, bool usual)
{
	struct sf_show *show = sf_new(struct sf_show);
	const char *no_colour = getenv("NO_COLOR");

	show->plan = plan;
	show->usual = usual;
	show->terminal = isatty(STDOUT_FILENO);
	show->colour = show->terminal && !(no_colour && *no_colour);
	for (size_t i = 0; usual && i < SF_COUNT(usual_columns); i++)
		show->column[show->columns++] = usual_columns[i];
	for (unsigned id = 0; !usual && id < SF_FIELD_COUNT; id++) {
		if (sf_fieldset_has(&plan->fields, id))
			show->column[show->columns++] = id;
	}
	show->cells = sf_alloc(ROWS * show->columns * sizeof(struct cell));
	watch_hidden(show, filter);
	return show;
}

void sf_show_run(struct sf_show *show, struct sf_walker *walker, struct sf_run *run)
{
	struct sf_ask ask = show->plan->ask;
	struct sf_needs needs;
	struct sf_walk walk;

	if (show->all) {
		sf_filter_needs(show->all, &needs);
		ask.states |= needs.states;
	}
	show->laid_out = false;
	show->matched = show->hidden = 0;
	sf_walker_walk(walker, &ask, &(struct sf_walk_calls){received, on_socket, show}, &walk);
	flush_rows(show);
	run->partial = walk.partial;
	run->failed = walk.errors != 0;
	if (walk.errors)
		snprintf(run->error, sizeof(run->error), "%s: %s", sf_table_name(ask.table),
			 walk.error[0].message);
	if (show->hidden)
		fprintf(stderr, "%llu hidden; add `state all`\n", (unsigned long long)show->hidden);
	if (show->plan->limit && show->matched > show->plan->limit)
		fprintf(stderr, "%llu more; raise --limit\n",
			(unsigned long long)(show->matched - show->plan->limit));
}
