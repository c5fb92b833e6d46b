/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `sockfeed run` and `sockfeed check`: both read a configuration; one lives by it, one says what is
 * wrong with it.
 */
#include <signal.h>
#include <string.h>

#include "agent.h"
#include "connect.h"
#include "plan/load.h"
#include "verbs.h"

enum { RUN_CONFIG, RUN_ONCE, RUN_QUERY, RUN_STDOUT };
const struct sf_option sf_run_options[] = {
	[RUN_CONFIG] = {"config", 'c', SF_OPTION_TEXT, "FILE",
			"the configuration (default: " SF_CONFIG_PATH ")"},
	[RUN_ONCE] = {"once", 0, SF_OPTION_FLAG, NULL,
		      "every query once, now; exit 0 only if all was delivered"},
	[RUN_QUERY] = {"query", 0, SF_OPTION_TEXTS, "NAME",
		       "this query alone; may be given several times"},
	[RUN_STDOUT] = {"stdout", 0, SF_OPTION_FLAG, NULL,
			"records to stdout instead of the outputs"},
	{0},
};

enum { CHECK_CONFIG, CHECK_PRINT, CHECK_CONNECT };
const struct sf_option sf_check_options[] = {
	[CHECK_CONFIG] = {"config", 'c', SF_OPTION_TEXT, "FILE",
			  "the configuration (default: " SF_CONFIG_PATH ")"},
	[CHECK_PRINT] = {"print", 0, SF_OPTION_FLAG, NULL,
			 "its normal form with all defaults, on stdout"},
	[CHECK_CONNECT] = {"connect", 0, SF_OPTION_FLAG, NULL,
			   "also try the outputs, for seconds; no message is written"},
	{0},
};

/* What comes before the loop listens waits for it, and does not kill who is just beginning. */
static void hold_signals(void)
{
	static const int numbers[] = {SIGHUP, SIGUSR1, SIGUSR2};
	sigset_t set;

	sigemptyset(&set);
	for (size_t i = 0; i < SF_COUNT(numbers); i++)
		sigaddset(&set, numbers[i]);
	sigprocmask(SIG_BLOCK, &set, NULL);
}

int sf_verb_run(const struct sf_arguments *arguments)
{
	sf_cleanup(sf_config_free_p) struct sf_config *config = NULL;
	struct sf_host host;
	int status;

	hold_signals();
	status = sf_load(arguments->text[RUN_CONFIG], &config);
	if (status == 0)
		status = sf_load_names(config, arguments->repeat, arguments->repeats);
	if (status != 0)
		return status;
	sf_log_setup((enum sf_log_level)config->log.level, config->log.json);
	status = sf_load_host(config, &host);
	if (status != 0)
		return status;
	return sf_agent_run(&(struct sf_agent_setup){.config = config,
						     .host = &host,
						     .once = arguments->text[RUN_ONCE],
						     .to_stdout = arguments->text[RUN_STDOUT],
						     .wanted = arguments->repeats,
						     .want = arguments->repeat});
}

static int connect_outputs(const struct sf_config *config)
{
	struct sf_host host;

	return sf_load_host(config, &host) ?: sf_connect(config, &host);
}

int sf_verb_check(const struct sf_arguments *arguments)
{
	sf_cleanup(sf_config_free_p) struct sf_config *config = NULL;
	sf_cleanup(sf_buf_finish) struct sf_buf text = {0};
	int status = sf_load(arguments->text[CHECK_CONFIG], &config);

	if (status != 0)
		return status;
	if (!arguments->text[CHECK_CONNECT])
		sf_load_outputs(config);
	if (!arguments->text[CHECK_PRINT])
		fprintf(stderr, "%s: no errors (%zu %s, %zu %s)\n", config->path, config->queries,
			config->queries == 1 ? "query" : "queries", config->outputs,
			config->outputs == 1 ? "output" : "outputs");
	if (arguments->text[CHECK_CONNECT])
		status = connect_outputs(config);
	if (!arguments->text[CHECK_PRINT])
		return status;
	sf_config_print(config, &text);
	fwrite(text.data, 1, text.length, stdout);
	return fflush(stdout) == 0 ? status : SF_EXIT_FAILED;
}
