/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The agent's state, for the files that are its life: begin.c (what is opened), agent.c (what
 * happens), end.c (the order of the end).
 */
#pragma once

#include "agent.h"
#include "collect/job.h"

enum sf_phase { SF_RUNNING, SF_COLLECTING_LAST, SF_DRAINING, SF_ENDED };

struct sf_agent {
	const struct sf_agent_setup *setup;
	struct sf_loop *loop;
	struct sf_pool *pool;
	struct sf_collector *collector;
	struct sf_watcher *watcher; /* NULL: no query is closed */
	struct sf_sweeps *sweeps;
	size_t jobs, outputs;
	struct sf_job **job;
	struct sf_output **output;
	struct sf_site site;
	struct sf_source *end_timer;
	enum sf_phase phase;
	uint64_t asked;		 /* mono, when a signal first asked for the end; 0: none did */
	uint64_t deadline;	 /* mono, of the draining; 0: none */
	uint64_t last_delivered; /* of all outputs, when we looked last */
	uint64_t last_progress;	 /* mono, when that was more than before */
	bool told;		 /* that outputs are waited for */
	size_t closed, undrained;
	const struct sf_output *failed; /* the last that an error closed */
	int status;
};

/* Opens the outputs and makes the jobs of the queries that are wanted; -errno with a sentence. */
int sf_agent_open(struct sf_agent *, const struct sf_output_events *, struct sf_err *err);

/* One watcher for all closed queries, when there is one. */
int sf_agent_watch(struct sf_agent *, const struct sf_collector_events *, struct sf_err *err);

/* No more ticks; runs under way are cut short; then outputs drain. */
void sf_agent_end(struct sf_agent *);
/* The loop stops; what still waits will be lost. */
void sf_agent_end_now(struct sf_agent *);
/*
 * When the last run has come back, outputs drain: for ever, or (bounded) as long as they make
 * progress.
 */
void sf_agent_drain_if_idle(struct sf_agent *, bool bounded);
bool sf_agent_busy(const struct sf_agent *);
/* A timer's callback: is the draining still getting anywhere? */
void sf_agent_look_at_drain(void *agent);
