/* SPDX-License-Identifier: Apache-2.0 */
/* The end of a file of lines: nothing torn stays there. */
#pragma once

#include <sockfeed/base.h>

/*
 * A kill or a full disk may have left half a line of ours at the end: it is cut off, it was never
 * counted as delivered. What somebody else left without a newline gets one, and so does ours in a
 * file that may only grow. *size is the file's.
 */
int sf_mend_tail(const char *path, int fd, uint64_t *size, struct sf_err *err);

/* Back to `to` bytes; false: it cannot be, or somebody else has written behind `end` meanwhile. */
bool sf_cut_tail(int fd, uint64_t end, uint64_t to);
