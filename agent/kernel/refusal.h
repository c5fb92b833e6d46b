/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What it means when a dump fails.
 */
#pragma once

#include <sockfeed/kernel.h>

/* Asking again at once would change nothing. `code` is a negative errno. */
bool sf_refusal_final(int code);
/* In words; `err` may have a sentence already. */
void sf_refusal_say(struct sf_walk_error *error, enum sf_table table, int code,
		    const struct sf_err *err);
