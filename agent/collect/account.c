/* SPDX-License-Identifier: Apache-2.0 */
/*
 * How a run went: what its walks came to, one after another, and at the end the run record that
 * says so. Walks of a table that the same runs share in several namespaces count as one.
 */
#include <string.h>

#include "share.h"

uint64_t sf_run_number(uint64_t last)
{
	uint64_t now = sf_clock_boot();

	return now > last ? now : last + 1;
}

bool sf_said_has(const struct sf_said *said, const char *text)
{
	for (unsigned i = 0; i < said->count; i++) {
		if (!strcmp(said->text[i], text))
			return true;
	}
	return false;
}

void sf_run_say(struct sf_run *run, const char *table, const struct sf_walk_error *error)
{
	struct sf_said *said = &run->said;
	char text[sizeof(said->text[0])];

	snprintf(text, sizeof(text), "%s%s%s", table ?: "", table ? ": " : "", error->message);
	if (said->count < SF_RUN_ERRORS && !sf_said_has(said, text))
		memcpy(said->text[said->count++], text, sizeof(text));
}

static bool is_told(const struct sf_share *share, const char *table,
		    const struct sf_walk_error *error)
{
	for (unsigned i = 0; i < share->errors; i++) {
		const struct sf_share_error *told = &share->error[i];

		if (told->table == table && !strcmp(told->said.message, error->message))
			return true;
	}
	return share->errors == SF_RUN_ERRORS;
}

/* What a namespace says all may say: once. */
static void add_error(struct sf_share *share, const char *table, const struct sf_walk_error *error)
{
	if (!is_told(share, table, error))
		share->error[share->errors++] = (struct sf_share_error){table, *error};
}

/* The last one takes what has no room. */
static struct sf_run_walk *pass_of(struct sf_share *share, uint64_t id)
{
	struct sf_run_walk *pass = share->pass;

	while (pass < share->pass + share->passes && pass->id != id)
		pass++;
	if (pass == share->pass + SF_PASSES)
		return pass - 1;
	if (pass == share->pass + share->passes) {
		share->passes++;
		*pass = (struct sf_run_walk){id, sf_tables[share->shared->table].name, 0};
	}
	return pass;
}

static void add_errors(struct sf_share *share, enum sf_table table, const struct sf_walk *walk)
{
	share->partial |= walk->partial;
	share->failed |= walk->errors != 0;
	for (unsigned i = 0; i < walk->errors; i++)
		add_error(share, sf_tables[table].name, &walk->error[i]);
}

/* Who named a table wants it; a group is what this kernel has of it. */
void sf_share_answered(struct sf_share *share, enum sf_table table, const struct sf_walk *walk)
{
	if (sf_walk_lacks(walk) && !(share->run->plan->named >> table & 1))
		share->absent |= 1u << table;
	else
		add_errors(share, table, walk);
}

void sf_share_walked(struct sf_share *share)
{
	const struct sf_walk *walk = &share->shared->walk;
	enum sf_table table = share->shared->table;

	share->seen += walk->seen;
	share->duplicates += walk->duplicates;
	share->here = false;
	if (!walk->id) { /* a watch is no walk, and what it lacks no table */
		add_errors(share, table, walk);
		return;
	}
	pass_of(share, share->shared->pass[table] ?: walk->id)->dumps += walk->dumps;
	sf_share_answered(share, table, walk);
}

/* ---- the end ---- */

/* It is said of the table that it was in, or would have read next. */
static void add_cut(struct sf_share *share, int cut)
{
	uint32_t left = share->run->plan->tables >> share->shared->table;
	unsigned table = share->shared->table + (left ? (unsigned)__builtin_ctz(left) : 0);
	struct sf_walk_error error = {.code = -cut};

	snprintf(error.message, sizeof(error.message), "%s",
		 cut == -ETIME ? "the timeout was reached before the kernel had told all: raise "
				 "timeout or interval"
			       : "the agent was told to end");
	add_error(share, sf_tables[table].name, &error);
}

static void add_refused(struct sf_share *share)
{
	struct sf_walk_error error[SF_WALK_ERRORS];
	unsigned count = sf_walker_netns_errors(share->shared->walker, share->number, error);

	share->failed |= count != 0;
	share->partial |= count != 0;
	for (unsigned i = 0; i < count; i++)
		add_error(share, NULL, &error[i]);
}

static size_t list_absent(const struct sf_share *share, const char *absent[SF_TABLE_COUNT])
{
	size_t count = 0;

	for (unsigned i = 0; i < SF_TABLE_COUNT; i++) {
		if (share->absent >> i & 1)
			absent[count++] = sf_tables[i].name;
	}
	return count;
}

static void write_account(struct sf_share *share)
{
	sf_cleanup(sf_buf_finish) struct sf_buf line = {0};
	const struct sf_run *run = share->run;
	struct sf_run_error errors[SF_RUN_ERRORS];
	const char *absent[SF_TABLE_COUNT];
	uint64_t now = sf_clock_wall();

	for (size_t i = 0; i < share->errors; i++)
		errors[i] = (struct sf_run_error){share->error[i].table,
						  sf_errno_name(share->error[i].said.code),
						  share->error[i].said.message};
	sf_encode_run(run->plan->encoder,
		      &(struct sf_run_facts){
			      .wall_us = now,
			      .run = run->run,
			      .previous_run = run->previous_run,
			      .first = run->first,
			      .seq = share->seq,
			      .interval_ms = run->plan->interval / 1000,
			      .skipped = run->skipped,
			      .records = share->seq,
			      .seen = share->seen,
			      .matched = run->plan->limit ? share->matched : share->seq,
			      .duplicates = share->duplicates,
			      .duration_us = sf_clock_mono() - share->shared->start,
			      .partial = run->partial,
			      .ended = run->plan->mode == SF_CLOSED,
			      .lost = share->shared->walk.lost,
			      .walks = share->passes,
			      .walk = share->pass,
			      .absents = list_absent(share, absent),
			      .absent = absent,
			      .errors = share->errors,
			      .error = errors,
		      },
		      &line);
	sf_share_close(share, line.data, line.length, now);
}

/* Who told it to end knows. */
static void say_errors(const struct sf_share *share)
{
	for (unsigned i = 0; i < share->errors; i++) {
		const struct sf_share_error *error = &share->error[i];

		if (error->said.code != ECANCELED)
			sf_run_say(share->run, error->table, &error->said);
	}
}

void sf_share_end(struct sf_share *share, int cut)
{
	const struct sf_shared *shared = share->shared;
	struct sf_run *run = share->run;

	if (share->here)
		sf_share_walked(share);
	add_refused(share);
	if (cut)
		add_cut(share, cut);
	run->records = share->seq;
	run->partial = share->partial || cut;
	run->failed = share->failed;
	say_errors(share);
	if (sf_netns_choice_self(run->plan->netns))
		share->netns = shared->home;
	sf_encoder_run(run->plan->encoder, run->run, share->netns);
	write_account(share);
	share->ended = true;
	shared->calls->ended(shared->calls->arg, run);
}
