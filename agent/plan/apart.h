/* SPDX-License-Identifier: Apache-2.0 */
/*
 * No two outputs write to one place, and no two settings of one output: files, spools and dead
 * letters stay apart, by whatever names they are called.
 */
#pragma once

#include <sockfeed/config.h>

/* Complains at the outputs that write to where another does, or keeps its files of the past. */
void sf_apart_check(const struct sf_config *, struct sf_complaints *);
