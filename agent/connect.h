/* SPDX-License-Identifier: Apache-2.0 */
/* `sockfeed check --connect`: every output is tried, and what is wrong is said, with what to do. */
#pragma once

#include <sockfeed/config.h>
#include <sockfeed/host.h>

/* 0, or SF_EXIT_FAILED when an output would not work. All that is found is said on stderr. */
int sf_connect(const struct sf_config *, const struct sf_host *);
