/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What it means when a dump fails.
 */
#pragma once

#include <sockfeed/kernel.h>

/* Asking again at once would change nothing. `code` is a negative errno. */
bool sf_refusal_final(int code);
