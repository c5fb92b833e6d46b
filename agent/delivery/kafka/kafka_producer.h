/* SPDX-License-Identifier: Apache-2.0 */
/* A producer of the library, from its making to its end, which may take long and blocks nobody. */
#pragma once

#include <sockfeed/loop.h>

#include "kafka_library.h"

struct sf_producer;
/* Takes the settings over. `call` comes in the loop when there may be something to poll. */
int sf_producer_new(rd_kafka_conf_t *, struct sf_loop *, void (*call)(void *arg), void *arg,
		    struct sf_producer **ret, struct sf_err *err);
rd_kafka_t *sf_producer_handle(struct sf_producer *);
/* Reports, errors, the library's log; NULL: no more now. To be destroyed. */
rd_kafka_event_t *sf_producer_poll(struct sf_producer *, int wait_ms);
/* `call` comes once more. */
void sf_producer_wake(struct sf_producer *);
/*
 * Begins its end, in a thread of its own: handles of topics must be gone, nothing is polled any
 * more. `call` comes when it has ended.
 */
int sf_producer_end(struct sf_producer *, struct sf_err *err);
bool sf_producer_has_ended(struct sf_producer *);
/* Ends it and waits, until that time; what has not ended then is the library's. Accepts NULL. */
void sf_producer_free(struct sf_producer *, uint64_t until_mono);
