/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Adding, calling and removing a source. Removal ends its watch at once; its memory stays until no
 * turn is under way, because events that epoll has reported already may still point to it.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "loop/source.h"

int sf_source_add(struct sf_loop *loop, const struct sf_source *like, uint32_t events,
		  struct sf_source **ret, struct sf_err *err)
{
	sf_cleanup(sf_free_p) struct sf_source *source = sf_new(struct sf_source);
	struct epoll_event event = {.events = events, .data.ptr = source};

	*source = *like;
	source->loop = loop;
	if (source->fd >= 0 && epoll_ctl(loop->epoll, EPOLL_CTL_ADD, source->fd, &event) < 0) {
		int code = -errno;

		return sf_fail(err, code, "cannot watch descriptor %d: %s", source->fd,
			       strerror(-code));
	}
	source->next = loop->sources;
	if (source->next)
		source->next->previous = source;
	loop->sources = source;
	*ret = sf_take(source);
	return 0;
}

void sf_source_call(struct sf_source *source, uint32_t events)
{
	struct sf_loop *loop = source->loop;
	uint64_t start, took;

	if (source->dead || !(source->call || source->call_events))
		return;
	start = sf_clock_mono();
	if (source->call)
		source->call(source->arg);
	else
		source->call_events(source->arg, events);
	took = sf_clock_mono() - start;
	if (took > loop->longest)
		loop->longest = took;
	loop->calls++;
}

void sf_source_close(struct sf_source *source)
{
	sf_close_p(&source->fd);
}

void sf_source_remove(struct sf_source *source)
{
	struct sf_loop *loop;

	if (!source || source->dead)
		return;
	loop = source->loop;
	if (source->fd >= 0)
		epoll_ctl(loop->epoll, EPOLL_CTL_DEL, source->fd, NULL);
	if (source->finish)
		source->finish(source);
	if (source->previous)
		source->previous->next = source->next;
	else
		loop->sources = source->next;
	if (source->next)
		source->next->previous = source->previous;
	source->dead = true;
	if (!loop->depth) {
		free(source);
		return;
	}
	source->next = loop->dead;
	loop->dead = source;
}
