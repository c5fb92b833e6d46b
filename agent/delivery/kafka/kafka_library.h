/* SPDX-License-Identifier: Apache-2.0 */
/*
 * librdkafka, opened when a configuration has the first output to Kafka: with TLS, SASL and the
 * codecs it brings nine libraries, which cost 1.5 ms and 0.6 MiB where nothing goes to Kafka.
 * sf_rd.conf_new() is its rd_kafka_conf_new().
 */
#pragma once

#include <librdkafka/rdkafka.h>

#include <sockfeed/base.h>

struct sf_rd {
#define FUNCTION(name) __typeof__(rd_kafka_##name) *name;
#include "kafka_library.def"
};

extern struct sf_rd sf_rd; /* all NULL until it is open */

/* Opens it, once for good. -ENOENT: it is not there, or too old. From the loop's thread alone. */
int sf_rd_open(struct sf_err *);
