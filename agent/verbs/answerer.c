/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A capture says itself whose sockets it shows and which kernel answered, or the command line says
 * the latter: nothing of this host comes into it.
 */
#include <string.h>

#include "answerer.h"

static int open_capture(struct sf_answerer *answerer, const struct sf_request *request)
{
	struct sf_err err;

	if (sf_replay_new(request->from, &answerer->replay, &err) < 0) {
		sf_say("%s", err.text);
		return SF_EXIT_FAILED;
	}
	answerer->host = *sf_replay_host(answerer->replay);
	if (request->release && answerer->host.release &&
	    request->release != answerer->host.release) {
		sf_say("%s says itself which kernel answered: %s; leave out --kernel",
		       request->from, answerer->host.kernel);
		return SF_EXIT_USAGE;
	}
	answerer->walker =
		sf_replay_walker(answerer->replay, answerer->host.release ?: request->release);
	return 0;
}

int sf_answerer_open(struct sf_answerer *answerer, const struct sf_request *request)
{
	struct sf_err err;

	*answerer = (struct sf_answerer){0};
	if (request->from)
		return open_capture(answerer, request);
	if (sf_host_read(&answerer->host, "", "", &err) < 0) {
		sf_say("%s", err.text);
		return SF_EXIT_FAILED;
	}
	answerer->walker = sf_walker_new(answerer->host.release);
	return 0;
}

void sf_answerer_finish(struct sf_answerer *answerer)
{
	sf_walker_free(answerer->walker);
	sf_replay_free(answerer->replay);
}
