/* SPDX-License-Identifier: Apache-2.0 */
/* Who answers a query of the command line: this host's kernel, or a capture of another's. */
#pragma once

#include <sockfeed/capture.h>

#include "request.h"

struct sf_answerer {
	struct sf_host host;	  /* whose sockets they are; empty where a capture does not say */
	struct sf_replay *replay; /* NULL: it is the kernel */
	struct sf_walker *walker;
};

/* 0, or the exit status after a sentence; sf_answerer_finish either way. */
int sf_answerer_open(struct sf_answerer *, const struct sf_request *);
void sf_answerer_finish(struct sf_answerer *);
