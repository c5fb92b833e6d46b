/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One character of a text in UTF-8 (RFC 3629: no surrogates, no overlong forms, nothing above
 * U+10FFFF).
 */
#pragma once

#include <stddef.h>

/*
 * Bytes of the character at `bytes` (1 to 4), 0 when what stands there is not UTF-8. `left` is at
 * least 1.
 */
size_t sf_utf8_length(const char *bytes, size_t left);
/*
 * As above, 1 where it is not UTF-8: a step to the next column. *shown becomes true where the
 * character may be shown as it is: no control character (C0, DEL, C1), and UTF-8.
 */
size_t sf_utf8_step(const char *bytes, size_t left, int *shown);
