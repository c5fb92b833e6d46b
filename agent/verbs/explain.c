/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `sockfeed explain`: the plan of one query of the command line, or of the queries of a
 * configuration and what they share. The kernel is asked which operations its filter takes, and for
 * no socket.
 */
#include <string.h>

#include "answerer.h"
#include "plan/explain.h"
#include "plan/load.h"
#include "request.h"
#include "verbs.h"

static uint32_t operations(void)
{
	sf_cleanup(sf_walker_free_p) struct sf_walker *walker = sf_walker_new(0);

	return sf_walker_operations(walker);
}

static int put(const struct sf_buf *text)
{
	if (fwrite(text->data, 1, text->length, stdout) == text->length && fflush(stdout) == 0)
		return 0;
	if (errno != EPIPE)
		sf_say("cannot write to stdout: %s", strerror(errno));
	return SF_EXIT_FAILED;
}

/* Who the host is has no part in what is asked. */
static int make_plan(const struct sf_query_conf *conf, struct sf_plan **ret,
		     struct sf_complaints *complaints)
{
	static const struct sf_host host;
	static const struct sf_list none;

	return sf_plan_new(conf, &host, &none, ret, complaints);
}

/* ---- one query ---- */

static void print_from(const struct sf_request *request, const struct sf_answerer *answerer,
		       struct sf_buf *out)
{
	sf_buf_format(out, "from: %s, ", request->from);
	if (answerer->host.kernel[0])
		sf_buf_format(out, "answers of kernel %s\n", answerer->host.kernel);
	else if (request->release)
		sf_buf_format(out, "answers of kernel %u.%u\n", request->release >> 16,
			      request->release >> 8 & 0xff);
	else
		sf_buf_text(out, "answers of a kernel that it does not name: --kernel may\n");
	sf_buf_text(out,
		    "  nothing is asked, so no kernel leaves out anything; what is not in it is "
		    "absent\n");
}

static int explain_request(const struct sf_request *request)
{
	sf_cleanup(sf_complaints_free_p) struct sf_complaints *complaints = sf_complaints_new();
	sf_cleanup(sf_plan_free_p) struct sf_plan *plan = NULL;
	sf_cleanup(sf_answerer_finish) struct sf_answerer answerer = {0};
	sf_cleanup(sf_buf_finish) struct sf_buf text = {0};
	int status = request->from ? sf_answerer_open(&answerer, request) : 0;
	int r = status ? 0 : make_plan(&request->conf, &plan, complaints);

	sf_complaints_print(complaints, stderr);
	if (status || r < 0)
		return status ?: SF_EXIT_USAGE;
	if (request->from)
		print_from(request, &answerer, &text);
	sf_explain_plan(plan, request->from ? 0 : operations(), &text);
	return put(&text);
}

/* ---- a configuration ---- */

static bool is_wanted(const struct sf_arguments *arguments, const char *name)
{
	size_t i = 0;

	while (i < arguments->rests && strcmp(arguments->rest[i], name))
		i++;
	return !arguments->rests || i < arguments->rests;
}

static void print_wanted(const struct sf_arguments *arguments, struct sf_plan *const *plans,
			 size_t count, struct sf_buf *out)
{
	uint32_t taken = operations();

	for (size_t i = 0; i < count; i++) {
		if (!is_wanted(arguments, plans[i]->query))
			continue;
		sf_buf_format(out, "%squery: %s\n", out->length ? "\n" : "", plans[i]->query);
		sf_explain_plan(plans[i], taken, out);
		sf_explain_shares(plans, count, i, taken, out);
	}
}

static int explain_config(const struct sf_config *config, const struct sf_arguments *arguments)
{
	sf_cleanup(sf_complaints_free_p) struct sf_complaints *said = sf_complaints_new();
	sf_cleanup(sf_free_p) struct sf_plan **plans = sf_alloc(config->queries * sizeof(*plans));
	sf_cleanup(sf_buf_finish) struct sf_buf text = {0};
	size_t count = 0;
	int status;

	/* The loading has found no error in any of them, and has said the warnings. */
	while (count < config->queries &&
	       make_plan(&config->query[count], &plans[count], said) == 0)
		count++;
	print_wanted(arguments, plans, count, &text);
	status = count < config->queries ? SF_EXIT_CONFIG : put(&text);
	while (count--)
		sf_plan_free(plans[count]);
	return status;
}

int sf_verb_explain(const struct sf_arguments *arguments)
{
	sf_cleanup(sf_config_free_p) struct sf_config *config = NULL;
	struct sf_request request;
	const char *path;
	int status = sf_request_config(arguments, &path);

	if (status == 0 && path) {
		status = sf_load(path, &config);
		status = status ?: sf_load_names(config, arguments->rest, arguments->rests);
		return status ?: explain_config(config, arguments);
	}
	if (status != 0)
		return status;
	status = sf_request_read(&request, arguments);
	if (status == 0)
		status = explain_request(&request);
	sf_request_finish(&request);
	return status;
}
