/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A spool for people: what waits, which segments hold it, what is owed. Tables without rows are
 * left out.
 */
#include "rows.h"
#include "spool_show.h"

#define U(number) ((unsigned long long)(number))

#define TABLE(...)                                             \
	static const char *const headings[] = {__VA_ARGS__};   \
	struct sf_rows table = {headings, SF_COUNT(headings)}; \
	_Static_assert(SF_COUNT(headings) <= SF_ROWS_COLUMNS, "too many columns")

static void print_queues(const struct sf_look_facts *facts, uint64_t now, struct sf_buf *out)
{
	TABLE("<WAITING OF QUERY", "<TOPIC", "BATCHES", "LINES", "SIZE", "OLDEST");

	for (size_t i = 0; i < facts->queues; i++) {
		const struct sf_look_queue *queue = &facts->queue[i];
		struct sf_buf cell = {0};

		sf_rows_text(&table, queue->query);
		sf_rows_text(&table, queue->topic);
		sf_rows_number(&table, queue->waiting.batches);
		sf_rows_number(&table, queue->waiting.lines);
		sf_rows_size(&table, queue->waiting.bytes);
		sf_age_text(&cell, queue->oldest_us, now);
		sf_rows_put(&table, &cell);
	}
	sf_rows_print(&table, out);
}

static const char *state_of(const struct sf_look_file *file)
{
	if (file->damaged)
		return "damaged";
	if (!file->waiting.lines)
		return "done";
	return file->waiting.lines < file->whole.lines ? "waits in part" : "waits";
}

static void print_segments(const struct sf_look_facts *facts, struct sf_buf *out)
{
	TABLE("<SEGMENT", "FIRST BATCH", "FIRST LINE", "BATCHES", "LINES", "SIZE", "<STATE");

	for (size_t i = 0; i < facts->files; i++) {
		const struct sf_look_file *file = &facts->file[i];

		if (file->kind != SF_LOOK_SEGMENT)
			continue;
		sf_rows_text(&table, file->name);
		sf_rows_number(&table, file->first.offset);
		sf_rows_number(&table, file->first.line);
		sf_rows_number(&table, file->whole.batches);
		sf_rows_number(&table, file->whole.lines);
		sf_rows_size(&table, file->size);
		sf_rows_text(&table, state_of(file));
	}
	sf_rows_print(&table, out);
}

static void print_others(const struct sf_look_facts *facts, struct sf_buf *out)
{
	TABLE("<OTHER FILE", "SIZE", "<WHAT IT IS");

	for (size_t i = 0; i < facts->files; i++) {
		if (facts->file[i].kind == SF_LOOK_SEGMENT)
			continue;
		sf_rows_text(&table, facts->file[i].name);
		sf_rows_size(&table, facts->file[i].size);
		sf_rows_text(&table, sf_look_kind_name(facts->file[i].kind));
	}
	sf_rows_print(&table, out);
}

static void print_gaps(const struct sf_look_facts *facts, struct sf_buf *out)
{
	TABLE("<OWED GAP OF QUERY", "FIRST RUN/SEQ", "LAST RUN/SEQ", "LINES", "SIZE", "<REASON",
	      "<TOLD");

	for (size_t i = 0; i < facts->gaps; i++) {
		const struct sf_spool_gap *gap = &facts->gap[i];

		sf_rows_text(&table, gap->query);
		sf_rows_place(&table, gap->first.run, gap->first.seq);
		sf_rows_place(&table, gap->last.run, gap->last.seq);
		sf_rows_number(&table, gap->records);
		sf_rows_size(&table, gap->bytes);
		sf_rows_text(&table, sf_spool_loss_name(gap->reason));
		sf_rows_text(&table, gap->told == UINT64_MAX ? "not yet" : "waits");
	}
	sf_rows_print(&table, out);
}

static void print_runs(const struct sf_look_facts *facts, struct sf_buf *out)
{
	TABLE("<LAST RUN OF QUERY", "RUN", "<BOOT");

	for (size_t i = 0; i < facts->runs; i++) {
		sf_rows_text(&table, facts->run[i].query);
		sf_rows_number(&table, facts->run[i].run);
		sf_rows_text(&table, facts->run[i].boot_id);
	}
	sf_rows_print(&table, out);
}

static void print_head(const struct sf_look_facts *facts, uint64_t now, struct sf_buf *out)
{
	sf_buf_text(out, "spool    ");
	sf_safe_text(out, facts->path);
	sf_buf_format(out, "\nid       %s\n", *facts->id ? facts->id : "not known");
	sf_buf_format(out, "used     %s\n",
		      facts->in_use ? "in use by a running agent"
				    : "by no agent that can be seen from here");
	if (facts->state_known)
		sf_buf_format(out, "state    generation %llu, base %llu, end %llu\n",
			      U(facts->generation), U(facts->base.offset), U(facts->end.offset));
	else
		sf_buf_text(out,
			    "state    none that is whole: all that is here will be sent again\n");
	sf_buf_text(out, "waiting  ");
	sf_amount_text(out, facts->waiting.batches, "batch");
	sf_buf_text(out, ", ");
	sf_amount_text(out, facts->waiting.lines, "line");
	sf_buf_text(out, ", ");
	sf_size_text(out, facts->waiting.bytes);
	if (facts->queues) {
		sf_buf_text(out, ", the oldest for ");
		sf_age_text(out, facts->oldest_us, now);
	}
	sf_buf_text(out, "\n");
	if (facts->unwritten)
		sf_buf_format(out, "         and %llu lines that are in no file%s\n",
			      U(facts->unwritten), facts->in_use ? " yet" : ": they are lost");
	if (facts->damaged)
		sf_buf_format(out, "damaged  in %llu places: `sockfeed spool verify` says where\n",
			      U(facts->damaged));
}

void sf_spool_tables(const struct sf_look_facts *facts, uint64_t now, struct sf_buf *out)
{
	print_head(facts, now, out);
	print_queues(facts, now, out);
	print_segments(facts, out);
	print_gaps(facts, out);
	print_runs(facts, out);
	print_others(facts, out);
}
