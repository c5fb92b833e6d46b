/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The walker, for the files that ask by it.
 */
#pragma once

#include "link.h"

enum sf_legacy { SF_LEGACY_UNTRIED, SF_LEGACY_WORKS, SF_LEGACY_NEVER };

struct sf_walker {
	struct sf_link link;
	struct sf_window *window;
	uint32_t netns, release, sequence;
	uint32_t operations; /* 0: not known */
	enum sf_legacy legacy;
	struct sf_walker_source source; /* zero: the running kernel */
	size_t at;			/* in the source: the namespace */
	struct sf_netns_list *places;	/* other namespaces; NULL: nobody asked for one */
	struct sf_netns *away;		/* whose descriptor the link has; NULL: its own */
};

/* Asks for what nothing answers: does the kernel take the request? 0 or -errno. */
int sf_walker_try(struct sf_walker *, const struct sf_ask *ask);
void sf_netns_list_free(struct sf_netns_list *); /* accepts NULL */
