/* SPDX-License-Identifier: Apache-2.0 */
/*
 * {"time":...,"level":"info","message":"counts","outputs":{NAME:{"accepted":...}},
 *  "queries":{NAME:{"runs":...}},"loop_longest_us":...}
 * At every moment accepted = delivered + dead_letters + lost + waiting; the names are those of the
 * metrics.
 */
#include <inttypes.h>
#include <string.h>

#include "counts.h"

static void number(struct sf_buf *line, const char *name, uint64_t value)
{
	sf_buf_format(line, "%s\"%s\":%" PRIu64, line->data[line->length - 1] == '{' ? "" : ",",
		      name, value);
}

static void name(struct sf_buf *line, const char *text)
{
	if (line->data[line->length - 1] != '{')
		sf_buf_text(line, ",");
	sf_json_string(line, text, strlen(text));
	sf_buf_text(line, ":{");
}

static void add_output(struct sf_buf *line, const struct sf_output *output)
{
	struct sf_counts counts;
	uint64_t lost = 0;

	sf_output_counts(output, &counts);
	for (size_t i = 0; i < SF_LOSS_COUNT; i++)
		lost += counts.lost[i];
	name(line, sf_output_name(output));
	number(line, "accepted", counts.accepted);
	number(line, "delivered", counts.delivered);
	number(line, "dead_letters", counts.dead_letters);
	number(line, "lost", lost);
	number(line, "waiting", counts.waiting);
	number(line, "waiting_bytes", counts.waiting_bytes);
	name(line, "lost_reasons");
	for (size_t i = 0; i < SF_LOSS_COUNT; i++)
		number(line, sf_loss_name((enum sf_loss)i), counts.lost[i]);
	sf_buf_text(line, "}}");
}

static void add_job(struct sf_buf *line, const struct sf_job *job)
{
	struct sf_job_counts counts;

	sf_job_counts(job, &counts);
	name(line, sf_job_plan(job)->query);
	number(line, "runs", counts.runs);
	number(line, "skipped", counts.skipped);
	number(line, "errors", counts.errors);
	number(line, "records", counts.records);
	sf_buf_text(line, "}");
}

void sf_counts_log(const struct sf_loop *loop, struct sf_job *const *jobs, size_t job_count,
		   struct sf_output *const *outputs, size_t output_count)
{
	sf_cleanup(sf_buf_finish) struct sf_buf line = {0};
	char stamp[SF_STAMP_SIZE];

	sf_clock_stamp(stamp, sf_clock_wall());
	sf_buf_format(&line,
		      "{\"time\":\"%.*s\",\"level\":\"info\",\"message\":\"counts\",\"outputs\":{",
		      SF_STAMP_SIZE, stamp);
	for (size_t i = 0; i < output_count; i++)
		add_output(&line, outputs[i]);
	sf_buf_text(&line, "},\"queries\":{");
	for (size_t i = 0; i < job_count; i++)
		add_job(&line, jobs[i]);
	sf_buf_text(&line, "}");
	number(&line, "loop_longest_us", sf_loop_longest(loop));
	sf_buf_text(&line, "}\n");
	sf_log_line(line.data, line.length);
}
