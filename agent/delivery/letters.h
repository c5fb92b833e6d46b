/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Dead letters: lines that nobody will ever take, unchanged in PATH, and in PATH.reasons one JSON
 * line for each that says why.
 */
#pragma once

#include <sockfeed/base.h>

struct sf_letters_conf {   /* dead_letters, a part of a sink's settings */
	const char *path;  /* "": none */
	uint64_t max_size; /* bytes of PATH; a line that does not fit any more is lost */
};
