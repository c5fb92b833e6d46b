/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sockets that a run's judge has chosen become lines at the end of its batch; at the end the run
 * says how it went. Nothing here allocates, waits or makes a system call for a socket.
 */
#include <string.h>

#include "share.h"

void sf_share_begin(struct sf_share *share, struct sf_run *run, const struct sf_shared *shared)
{
	const struct sf_plan *plan = run->plan;

	*share = (struct sf_share){.run = run,
				   .shared = shared,
				   .most = sf_encoder_most(plan->encoder),
				   .deadline = plan->timeout ? shared->start + plan->timeout
							     : UINT64_MAX};
}

void sf_share_enter(struct sf_share *share)
{
	share->netns = share->netnses++ ? 0 : sf_walker_netns(share->shared->walker);
	share->here = true;
	sf_encoder_run(share->run->plan->encoder, share->run->run,
		       sf_walker_netns(share->shared->walker));
}

static bool is_told(const struct sf_share *share, const struct sf_walk_error *error)
{
	for (unsigned i = 0; i < share->errors; i++) {
		if (!strcmp(share->error[i].message, error->message))
			return true;
	}
	return share->errors == SF_WALK_ERRORS;
}

/* What a namespace says all may say: once. */
static void add_error(struct sf_share *share, const struct sf_walk_error *error)
{
	share->failed = true;
	if (!is_told(share, error))
		share->error[share->errors++] = *error;
}

static struct sf_run_walk *pass_of(struct sf_share *share, uint64_t id)
{
	struct sf_run_walk *pass = share->pass;

	while (pass < share->pass + share->passes && pass->id != id)
		pass++;
	if (pass == share->pass + SF_PASSES)
		return pass - 1;
	if (pass == share->pass + share->passes) {
		share->passes++;
		*pass = (struct sf_run_walk){id, sf_table_name(share->run->plan->ask.table), 0};
	}
	return pass;
}

void sf_share_walked(struct sf_share *share)
{
	const struct sf_walk *walk = &share->shared->walk;

	if (walk->id) /* a watch is no walk */
		pass_of(share, share->shared->pass ?: walk->id)->dumps += walk->dumps;
	share->seen += walk->seen;
	share->duplicates += walk->duplicates;
	share->partial |= walk->partial;
	for (unsigned i = 0; i < walk->errors; i++)
		add_error(share, &walk->error[i]);
	share->here = false;
}

static void end_batch(struct sf_share *share)
{
	const struct sf_collect_calls *calls = share->shared->calls;

	calls->batch(calls->arg, share->run, sf_take(share->batch));
}

void sf_share_flush(struct sf_share *share)
{
	if (share->batch)
		end_batch(share);
}

/* Room for so many bytes more, in the batch at hand or in the next one. */
static struct sf_batch *make_room(struct sf_share *share, size_t need)
{
	struct sf_batch *batch = share->batch;

	if (batch && batch->length + need <= share->shared->full)
		return batch;
	if (batch)
		end_batch(share);
	batch = sf_pool_get(share->shared->pool);
	batch->query = share->run->plan->query;
	batch->run = share->run->run;
	batch->first_seq = share->seq;
	share->batch = batch;
	return batch;
}

/* The socket's fields are written once for all queries that want the same ones. */
static char *put_fields(const struct sf_share *share, const struct sf_view *view, char *out)
{
	struct sf_written *written = share->written;
	char *end;

	if (written->length)
		return mempcpy(out, written->fields, written->length);
	end = sf_encode_fields(share->run->plan->encoder, view, out);
	*written = (struct sf_written){out, (size_t)(end - out)};
	return end;
}

static void add_keys(const struct sf_plan *plan, struct sf_batch *batch, const struct sf_view *view)
{
	char key[SF_KEY_ROOM], *end;

	if (plan->keys & 1u << SF_BY_SOCKET) {
		end = sf_key_socket(key, plan->boot_id, strlen(plan->boot_id), view);
		sf_batch_key(batch, SF_BY_SOCKET, key, (size_t)(end - key));
	}
	if (plan->keys & 1u << SF_BY_FLOW) {
		end = sf_key_flow(key, view);
		sf_batch_key(batch, SF_BY_FLOW, key, (size_t)(end - key));
	}
}

void sf_share_add(struct sf_share *share, const struct sf_view *view)
{
	const struct sf_plan *plan = share->run->plan;
	struct sf_batch *batch;
	char *out;

	if (plan->limit && share->matched++ >= plan->limit)
		return;
	batch = make_room(share, share->most);
	out = sf_encode_envelope(plan->encoder, share->seq, batch->data + batch->length);
	out = put_fields(share, view, out);
	sf_batch_line(batch, (size_t)(out - batch->data) - batch->length, plan->line,
		      share->shared->wall_us);
	if (plan->keys)
		add_keys(plan, batch, view);
	share->seq++;
}

/* It always fits into a whole batch: labels and errors are bounded. */
static void write_run_record(struct sf_share *share, const struct sf_run_facts *facts)
{
	sf_cleanup(sf_buf_finish) struct sf_buf line = {0};
	struct sf_batch *batch;

	sf_encode_run(share->run->plan->encoder, facts, &line);
	if (share->batch && share->run->plan->apart)
		end_batch(share);
	batch = make_room(share, line.length);
	memcpy(batch->data + batch->length, line.data, line.length);
	sf_batch_line(batch, line.length, SF_LINE_RUN, facts->wall_us);
	end_batch(share);
}

enum { ERRORS = 2 * SF_WALK_ERRORS + 1 };

static void say_end(struct sf_run *run, int cut, struct sf_run_error *errors, size_t *count)
{
	const char *table = sf_table_name(run->plan->ask.table);

	if (cut == -ETIME)
		errors[(*count)++] =
			(struct sf_run_error){table, "ETIME",
					      "the timeout was reached before the kernel had told "
					      "all: raise timeout or interval"};
	if (cut == -ECANCELED)
		errors[(*count)++] =
			(struct sf_run_error){table, "ECANCELED", "the agent was told to end"};
	if (*count)
		snprintf(run->error, sizeof(run->error), "%s%s%s", errors[0].table ?: "",
			 errors[0].table ? ": " : "", errors[0].message);
}

static void say_errors(const struct sf_walk_error *from, unsigned from_count, const char *table,
		       struct sf_run_error *errors, size_t *count)
{
	for (unsigned i = 0; i < from_count; i++)
		errors[(*count)++] =
			(struct sf_run_error){table, sf_errno_name(from[i].code), from[i].message};
}

void sf_share_end(struct sf_share *share, int cut)
{
	const struct sf_shared *shared = share->shared;
	struct sf_run *run = share->run;
	const struct sf_plan *plan = run->plan;
	struct sf_walk_error elsewhere[SF_WALK_ERRORS];
	struct sf_run_error errors[ERRORS];
	size_t error_count = 0;
	unsigned refused = sf_walker_netns_errors(shared->walker, share->number, elsewhere);

	if (share->here)
		sf_share_walked(share);
	say_errors(share->error, share->errors, sf_table_name(plan->ask.table), errors,
		   &error_count);
	say_errors(elsewhere, refused, NULL, errors, &error_count);
	run->records = share->seq;
	run->partial = share->partial || cut || refused;
	run->failed = share->failed || refused;
	say_end(run, cut, errors, &error_count);
	if (sf_netns_choice_self(plan->netns))
		share->netns = shared->home;
	sf_encoder_run(plan->encoder, run->run, share->netns);

	write_run_record(share, &(struct sf_run_facts){
					.wall_us = sf_clock_wall(),
					.run = run->run,
					.previous_run = run->previous_run,
					.first = run->first,
					.seq = share->seq,
					.interval_ms = plan->interval / 1000,
					.skipped = run->skipped,
					.records = share->seq,
					.seen = share->seen,
					.matched = plan->limit ? share->matched : share->seq,
					.duplicates = share->duplicates,
					.duration_us = sf_clock_mono() - shared->start,
					.partial = run->partial,
					.ended = plan->mode == SF_CLOSED,
					.lost = shared->walk.lost,
					.walks = share->passes,
					.walk = share->pass,
					.errors = error_count,
					.error = errors,
				});
	share->ended = true;
	shared->calls->ended(shared->calls->arg, run);
}
