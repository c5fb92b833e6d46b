/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Sockets that a run's judge has chosen become lines at the end of its batch. Nothing here
 * allocates, waits or makes a system call for a socket.
 */
#include <string.h>

#include "share.h"

enum { FILLED = 4 << 20, LEAST = 32 << 10 };

size_t sf_collect_batch(size_t runs)
{
	size_t share = FILLED / runs;

	return share < LEAST ? LEAST : share < SF_BATCH_SIZE ? share : SF_BATCH_SIZE;
}

void sf_share_begin(struct sf_share *share, struct sf_run *run, const struct sf_shared *shared)
{
	const struct sf_plan *plan = run->plan;

	*share = (struct sf_share){.run = run,
				   .shared = shared,
				   .deadline = plan->timeout ? shared->start + plan->timeout
							     : UINT64_MAX};
}

void sf_share_enter(struct sf_share *share)
{
	share->netns = share->netnses++ ? 0 : sf_walker_netns(share->shared->walker);
	sf_encoder_run(share->run->plan->encoder, share->run->run,
		       sf_walker_netns(share->shared->walker));
}

static void end_batch(struct sf_share *share)
{
	const struct sf_collect_calls *calls = share->shared->calls;

	calls->batch(calls->arg, share->run, sf_take(share->batch));
}

void sf_share_flush(struct sf_share *share)
{
	if (share->batch)
		end_batch(share);
}

/* Room for so many bytes more, in the batch at hand or in the next one. */
static struct sf_batch *make_room(struct sf_share *share, size_t need)
{
	struct sf_batch *batch = share->batch;

	if (batch && batch->length + need <= share->shared->full)
		return batch;
	if (batch)
		end_batch(share);
	batch = sf_pool_get(share->shared->pool);
	batch->query = share->run->plan->query;
	batch->run = share->run->run;
	batch->first_seq = share->seq;
	share->batch = batch;
	return batch;
}

/* The socket's fields are written once for all queries that want the same ones. */
static char *put_fields(const struct sf_share *share, const struct sf_view *view, char *out)
{
	struct sf_written *written = share->written;
	char *end;

	if (written->length)
		return mempcpy(out, written->fields, written->length);
	end = sf_encode_fields(share->run->plan->encoder, view, out);
	*written = (struct sf_written){out, (size_t)(end - out)};
	return end;
}

static void add_keys(const struct sf_plan *plan, struct sf_batch *batch, const struct sf_view *view)
{
	char key[SF_KEY_ROOM], *end;

	if (plan->keys & 1u << SF_BY_SOCKET) {
		end = sf_key_socket(key, plan->boot_id, strlen(plan->boot_id), view);
		sf_batch_key(batch, SF_BY_SOCKET, key, (size_t)(end - key));
	}
	if (plan->keys & 1u << SF_BY_FLOW) {
		end = sf_key_flow(key, view);
		sf_batch_key(batch, SF_BY_FLOW, key, (size_t)(end - key));
	}
}

void sf_share_add(struct sf_share *share, const struct sf_view *view)
{
	const struct sf_plan *plan = share->run->plan;
	struct sf_batch *batch;
	char *out;

	if (plan->limit && share->matched++ >= plan->limit)
		return;
	batch = make_room(share, sf_encoder_room(plan->encoder, view));
	out = sf_encode_envelope(plan->encoder, share->seq, batch->data + batch->length);
	out = put_fields(share, view, out);
	sf_batch_line(batch, (size_t)(out - batch->data) - batch->length, plan->line,
		      share->shared->wall_us);
	if (plan->keys)
		add_keys(plan, batch, view);
	share->seq++;
}

void sf_share_close(struct sf_share *share, const char *line, size_t length, uint64_t wall_us)
{
	struct sf_batch *batch;

	if (share->batch && share->run->plan->apart)
		end_batch(share);
	batch = make_room(share, length);
	memcpy(batch->data + batch->length, line, length);
	sf_batch_line(batch, length, SF_LINE_RUN, wall_us);
	end_batch(share);
}
