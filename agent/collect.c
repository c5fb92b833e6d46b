/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The path of every socket: a view comes from the walk, the judge decides, the encoder writes the
 * line at the end of the batch. Nothing here allocates, waits or makes a system call for a socket.
 */
#include <string.h>

#include "collect.h"

struct collection {
	struct sf_pool *pool;
	struct sf_run *run;
	const struct sf_collect_calls *calls;
	struct sf_batch *batch;
	size_t most;			 /* room that a line of a socket needs */
	uint64_t seq, matched, deadline; /* deadline: mono, UINT64_MAX for none */
};

uint64_t sf_run_number(uint64_t last)
{
	uint64_t now = sf_clock_boot();

	return now > last ? now : last + 1;
}

static void begin_batch(struct collection *c)
{
	c->batch = sf_pool_get(c->pool);
	c->batch->query = c->run->plan->query;
	c->batch->run = c->run->run;
	c->batch->first_seq = c->seq;
}

static void end_batch(struct collection *c)
{
	c->calls->batch(c->calls->arg, c->run, sf_take(c->batch));
}

static int received(void *arg, uint64_t wall_us)
{
	struct collection *c = arg;
	uint64_t waited = 0;
	int r = c->calls->pause(c->calls->arg, c->run, &waited);

	if (r < 0)
		return r;
	if (c->deadline != UINT64_MAX) {
		c->deadline += waited;
		if (sf_clock_mono() >= c->deadline)
			return -ETIME;
	}
	sf_encoder_time(c->run->plan->encoder, wall_us);
	return 0;
}

static void on_socket(void *arg, const struct sf_view *view)
{
	struct collection *c = arg;
	struct sf_plan *plan = c->run->plan;
	struct sf_batch *batch = c->batch;
	char *end;

	if (!sf_filter_judge(plan->filter, view))
		return;
	if (plan->limit && c->matched++ >= plan->limit)
		return;
	if (batch->capacity - batch->length < c->most) {
		end_batch(c);
		begin_batch(c);
		batch = c->batch;
	}
	end = sf_encode_socket(plan->encoder, view, c->seq, batch->data + batch->length);
	batch->length = (size_t)(end - batch->data);
	batch->lines++;
	c->seq++;
}

/*
 * The run's record goes behind its sockets, or into the next batch, where it always fits: labels
 * and errors are bounded.
 */
static void write_run_record(struct collection *c, const struct sf_run_facts *facts)
{
	sf_cleanup(sf_buf_finish) struct sf_buf line = {0};

	sf_encode_run(c->run->plan->encoder, facts, &line);
	if (c->batch->capacity - c->batch->length < line.length) {
		end_batch(c);
		begin_batch(c);
	}
	memcpy(c->batch->data + c->batch->length, line.data, line.length);
	c->batch->length += line.length;
	c->batch->lines++;
	end_batch(c);
}

static void say_end(struct sf_run *run, int result, const struct sf_walk *walk,
		    struct sf_run_error *errors, size_t *count)
{
	const char *table = sf_table_name(run->plan->ask.table);

	for (unsigned i = 0; i < walk->errors; i++)
		errors[(*count)++] = (struct sf_run_error){
			table, sf_errno_name(walk->error[i].code), walk->error[i].message};
	if (result == -ETIME)
		errors[(*count)++] =
			(struct sf_run_error){table, "ETIME",
					      "the timeout was reached before the kernel had told "
					      "all: raise timeout or interval"};
	if (result == -ECANCELED)
		errors[(*count)++] =
			(struct sf_run_error){table, "ECANCELED", "the agent was told to end"};
	if (*count)
		snprintf(run->error, sizeof(run->error), "%s: %s", table, errors[0].message);
}

void sf_collect(struct sf_walker *walker, struct sf_pool *pool, struct sf_run *run,
		const struct sf_collect_calls *calls)
{
	struct sf_plan *plan = run->plan;
	struct collection c = {
		.pool = pool, .run = run, .calls = calls, .most = sf_encoder_most(plan->encoder)};
	struct sf_run_error errors[SF_WALK_ERRORS + 1];
	size_t error_count = 0;
	uint64_t start = sf_clock_mono();
	struct sf_walk walk;
	int r;

	c.deadline = plan->timeout ? start + plan->timeout : UINT64_MAX;
	sf_encoder_run(plan->encoder, run->run, sf_walker_netns(walker));
	begin_batch(&c);
	r = sf_walker_walk(walker, &plan->ask, &(struct sf_walk_calls){received, on_socket, &c},
			   &walk);
	run->records = c.seq;
	run->partial = walk.partial;
	run->failed = walk.errors != 0;
	say_end(run, r, &walk, errors, &error_count);

	write_run_record(
		&c, &(struct sf_run_facts){
			    .wall_us = sf_clock_wall(),
			    .run = run->run,
			    .previous_run = run->previous_run,
			    .first = run->first,
			    .seq = c.seq,
			    .interval_ms = plan->interval / 1000,
			    .skipped = run->skipped,
			    .records = c.seq,
			    .seen = walk.seen,
			    .matched = plan->limit ? c.matched : c.seq,
			    .duplicates = walk.duplicates,
			    .duration_us = sf_clock_mono() - start,
			    .partial = walk.partial,
			    .walks = 1,
			    .walk = &(struct sf_run_walk){walk.id, sf_table_name(plan->ask.table),
							  walk.dumps},
			    .errors = error_count,
			    .error = errors,
		    });
}
