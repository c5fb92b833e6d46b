/* SPDX-License-Identifier: Apache-2.0 */
/* A configuration file, read and checked by every room that has a part in it. */
#pragma once

#include <sockfeed/config.h>
#include <sockfeed/host.h>

#define SF_CONFIG_PATH "/etc/sockfeed/sockfeed.yaml"

/*
 * Reads `path` (NULL: the usual place), compiles every query once to find what is wrong, and prints
 * all complaints on stderr. 0, or SF_EXIT_CONFIG. `*ret` is set on success alone.
 */
int sf_load(const char *path, struct sf_config **ret);

/* Warns on stderr of outputs that could not be opened here and now. */
void sf_load_outputs(const struct sf_config *);

/* All names are those of queries: 0, or SF_EXIT_USAGE after a sentence for each that is not. */
int sf_load_names(const struct sf_config *, const char *const *names, size_t count);

/*
 * Who this host is by the configuration; warns when the id changes with every boot. 0 or
 * SF_EXIT_FAILED after a sentence.
 */
int sf_load_host(const struct sf_config *, struct sf_host *);
