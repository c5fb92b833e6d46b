/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The agent: outputs, the collector, jobs and signals on one loop, and the order in which they
 * begin and end.
 */
#pragma once

#include <sockfeed/config.h>
#include <sockfeed/host.h>

struct sf_agent_setup {
	const struct sf_config *config; /* without errors; borrowed while the agent runs */
	const struct sf_host *host;
	bool once;	/* every query once, now; then the end */
	bool to_stdout; /* records to stdout instead of the outputs */
	size_t wanted;	/* names of the queries to run; 0: all */
	const char *const *want;
};

/*
 * Until SIGTERM, SIGINT, the end of --once or of the only output's reader. The exit status: 0; 1
 * when something could not be opened, was not delivered or (once) not asked. Logs.
 */
int sf_agent_run(const struct sf_agent_setup *);
