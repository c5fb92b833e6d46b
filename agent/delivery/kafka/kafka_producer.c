/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The library's handle, its queue of events, which wakes the loop, and the thread that destroys it:
 * that waits for the library's threads, which may be looking up a name.
 */
#include <stdatomic.h>
#include <stdlib.h>

#include "kafka_producer.h"

struct sf_producer {
	rd_kafka_t *handle;
	rd_kafka_queue_t *queue;
	struct sf_source *wake;
	struct sf_thread *thread;
	struct sf_bell *bell; /* rung when it has ended */
	_Atomic enum { LIVES, HAS_ENDED, LEFT_ALONE } state;
};

/* From a thread of the library. */
static void on_event(rd_kafka_t *handle, void *arg)
{
	(void)handle;
	sf_wake(arg);
}

int sf_producer_new(rd_kafka_conf_t *conf, struct sf_loop *loop, void (*call)(void *arg), void *arg,
		    struct sf_producer **ret, struct sf_err *err)
{
	struct sf_producer *producer = sf_new(struct sf_producer);
	char why[512];
	int r = sf_loop_wake(loop, call, arg, &producer->wake, err);

	if (r == 0) {
		sf_rd.conf_set_events(conf, RD_KAFKA_EVENT_DR | RD_KAFKA_EVENT_ERROR |
						    RD_KAFKA_EVENT_LOG);
		producer->handle = sf_rd.new(RD_KAFKA_PRODUCER, conf, why, sizeof(why));
		if (!producer->handle)
			r = sf_fail(err, -EINVAL, "librdkafka cannot work by these settings: %s",
				    why);
	}
	if (r < 0) {
		sf_rd.conf_destroy(conf);
		sf_source_remove(producer->wake);
		free(producer);
		return r;
	}
	producer->bell = sf_bell_new();
	sf_rd.set_log_queue(producer->handle, NULL);
	producer->queue = sf_rd.queue_get_main(producer->handle);
	sf_rd.queue_cb_event_enable(producer->queue, on_event, producer->wake);
	sf_wake(producer->wake); /* there may be something already: it calls when that begins */
	*ret = producer;
	return 0;
}

rd_kafka_t *sf_producer_handle(struct sf_producer *producer)
{
	return producer->handle;
}

rd_kafka_event_t *sf_producer_poll(struct sf_producer *producer, int wait_ms)
{
	return sf_rd.queue_poll(producer->queue, wait_ms);
}

void sf_producer_wake(struct sf_producer *producer)
{
	sf_wake(producer->wake);
}

static void destroy(void *arg)
{
	struct sf_producer *producer = arg;

	sf_rd.destroy(producer->handle);
	if (atomic_exchange(&producer->state, HAS_ENDED) == LEFT_ALONE)
		return;
	sf_wake(producer->wake);
	sf_bell_ring(producer->bell);
}

int sf_producer_end(struct sf_producer *producer, struct sf_err *err)
{
	if (producer->thread)
		return 0;
	if (producer->queue) {
		sf_rd.queue_cb_event_enable(producer->queue, NULL, NULL);
		sf_rd.queue_destroy(sf_take(producer->queue));
	}
	return sf_thread_start("kafka-end", destroy, producer, &producer->thread, err);
}

bool sf_producer_has_ended(struct sf_producer *producer)
{
	return atomic_load(&producer->state) == HAS_ENDED;
}

void sf_producer_free(struct sf_producer *producer, uint64_t until)
{
	uint64_t rings;

	if (!producer)
		return;
	rings = sf_bell_rings(producer->bell);
	if (sf_producer_end(producer, NULL) < 0)
		return; /* no thread is to be had: the program ends */
	while (!sf_producer_has_ended(producer) && sf_bell_wait(producer->bell, rings, until))
		rings = sf_bell_rings(producer->bell);
	if (atomic_exchange(&producer->state, LEFT_ALONE) != HAS_ENDED) {
		sf_source_remove(producer->wake);
		return;
	}
	sf_thread_join(producer->thread);
	sf_source_remove(producer->wake);
	sf_bell_free(producer->bell);
	free(producer);
}
