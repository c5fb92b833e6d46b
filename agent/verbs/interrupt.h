/* SPDX-License-Identifier: Apache-2.0 */
/*
 * For a verb that has no loop: SIGINT and SIGTERM end it in order, wherever it waits; a second one
 * at once.
 */
#pragma once

#include <sockfeed/base.h>

void sf_interrupt_setup(void);
bool sf_interrupted(void);
/* Sleeps until then, or until interrupted. */
void sf_interrupt_sleep(uint64_t mono_us);
/*
 * Writes all to stdout: 0 or -errno, without a sentence. Interrupted, it goes on as long as the
 * reader takes something every second; then -ECANCELED.
 */
int sf_interrupt_write(const char *bytes, size_t length);
