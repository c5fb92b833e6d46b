/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A sink that writes to a descriptor on a thread of its own: stdout and files are this with a
 * device.
 */
#pragma once

#include "delivery/sink.h"
#include "delivery/voice.h"
#include "device.h"

/* Takes the device: sf_writer_close frees it. */
struct sf_sink *sf_writer_new(struct sf_device *, const struct sf_sink_events *);
/* Opens the device and begins; after an error only sf_writer_close is left. */
int sf_writer_start(struct sf_sink *, struct sf_loop *, struct sf_err *err);

/* As in struct sf_sink_ops. */
int sf_writer_put(struct sf_sink *, struct sf_batch *, const char *topic);
void sf_writer_reopen(struct sf_sink *);
void sf_writer_close(struct sf_sink *);

/* For what devices have to say besides errors. Lives as long as the writer. */
struct sf_voice *sf_writer_voice(struct sf_sink *);
