/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The spool's life: its directory is taken, what is there is recovered; at the end all that can
 * be is put on the disk. And what it counts.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "spool_inner.h"
#include "spool_state.h"

const char *sf_spool_step_name(enum sf_spool_step step)
{
	static const char *const names[SF_SPOOL_STEPS] = {
#define STEP(name, what, disk) #name,
#include "spool_steps.def"
#undef STEP
	};

	return names[step];
}

const char *sf_spool_loss_name(enum sf_spool_loss loss)
{
	static const char *const names[SF_SPOOL_LOSS_COUNT] = {
		[SF_SPOOL_LOSS_FULL] = "spool_full",
		[SF_SPOOL_LOSS_DISK] = "disk_full",
		[SF_SPOOL_LOSS_DAMAGED] = "damaged",
		[SF_SPOOL_LOSS_POWER] = "power_loss",
		[SF_SPOOL_LOSS_QUEUE] = "queue_full",
		[SF_SPOOL_LOSS_REJECTED] = "rejected",
		[SF_SPOOL_LOSS_LETTERS] = "dead_letters_full",
	};

	return names[loss];
}

static int take_directory(struct sf_spool *spool, struct sf_err *err)
{
	const char *path = spool->conf->path;

	if (mkdir(path, 0700) < 0 && errno != EEXIST && errno != EROFS)
		return sf_fail(err, -errno, "cannot make the directory %s: %s", path,
			       errno == ENOENT ? "the directory above it does not exist"
					       : strerror(errno));
	spool->directory = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (spool->directory < 0)
		return sf_fail(err, -errno, "cannot open the directory %s: %s", path,
			       strerror(errno));
	if (flock(spool->directory, LOCK_EX | LOCK_NB) == 0)
		return 0;
	if (errno == EWOULDBLOCK)
		return sf_fail(err, -EBUSY, "another agent uses the spool %s", path);
	return sf_fail(err, -errno, "cannot lock %s: %s", path, strerror(errno));
}

static void free_spool(struct sf_spool *spool)
{
	struct sf_held *held;

	while ((held = sf_hold_first(&spool->held) ?: sf_hold_first(&spool->ring))) {
		struct sf_batch *batch = held->batch;

		sf_hold_remove(sf_hold_first(&spool->held) ? &spool->held : &spool->ring, held);
		spool->released(spool->arg, batch);
	}
	sf_hold_finish(&spool->held);
	sf_hold_finish(&spool->ring);
	sf_close_p(&spool->active);
	sf_close_p(&spool->earlier);
	sf_close_p(&spool->reader->fd);
	sf_state_close(&spool->slots);
	sf_close_p(&spool->directory);
	sf_state_finish(&spool->state);
	sf_names_finish(&spool->names);
	free(spool->segment);
	free(spool->reader);
	free(spool);
}

static uint64_t segment_size(const struct sf_spool_setup *setup)
{
	uint64_t size = setup->conf->max_size / 8;

	if (setup->segment_size)
		return setup->segment_size;
	return size < SF_SEGMENT_SIZE ? size : SF_SEGMENT_SIZE;
}

int sf_spool_open(const struct sf_spool_setup *setup, uint64_t now, struct sf_spool **ret,
		  struct sf_err *err)
{
	struct sf_spool *spool = sf_new(struct sf_spool);
	int r;

	spool->conf = setup->conf;
	spool->ring_size = setup->ring_size;
	spool->segment_size = segment_size(setup);
	spool->released = setup->released;
	spool->step = setup->step;
	spool->arg = setup->arg;
	spool->boot_id = sf_names_keep(&spool->names, setup->boot_id);
	spool->directory = spool->active = spool->earlier = spool->spare = spool->slots.fd[0] =
		spool->slots.fd[1] = -1;
	spool->reader = sf_new(struct sf_walk);
	spool->reader->fd = -1;
	spool->state.gaps.lost_through = UINT64_MAX;
	spool->now = now;
	spool->sync_at = spool->publish_at = spool->retry_at = UINT64_MAX;
	r = take_directory(spool, err);
	if (r == 0) {
		sf_spool_step(spool, SF_SPOOL_OPENED);
		r = sf_spool_recover(spool, err);
	}
	if (r < 0) {
		free_spool(spool);
		return r;
	}
	sf_spool_measure(spool);
	*ret = spool;
	return 0;
}

void sf_spool_close(struct sf_spool *spool, uint64_t now)
{
	if (!spool)
		return;
	spool->now = now;
	sf_spool_flush(spool);
	sf_spool_drop_ring(spool);
	sf_spare_cut(spool);
	sf_spool_sync(spool);
	sf_spool_step(spool, SF_SPOOL_CLOSING);
	if (sf_spool_publish(spool) == 0)
		sf_spool_reap(spool);
	sf_spool_step(spool, SF_SPOOL_CLOSED);
	free_spool(spool);
}

/* ---- what is told ---- */

size_t sf_spool_runs(const struct sf_spool *spool, const struct sf_spool_run **ret)
{
	*ret = spool->state.runs.run;
	return spool->state.runs.count;
}

static struct sf_spool_amount waiting(const struct sf_state *state)
{
	struct sf_spool_amount all = {0}, done = {0};

	sf_amount_add(&all, &(struct sf_spool_span){state->base, state->end});
	for (size_t i = 0; i < state->done.count; i++)
		sf_amount_add(&done, &state->done.span[i]);
	return (struct sf_spool_amount){all.batches - done.batches, all.lines - done.lines,
					all.bytes - done.bytes};
}

void sf_spool_counts(const struct sf_spool *spool, struct sf_spool_counts *counts)
{
	*counts = spool->counts;
	counts->waiting = waiting(&spool->state);
	counts->in_memory = spool->ring.bytes;
	counts->held = spool->held.bytes;
	counts->limit = sf_spool_limit(spool);
	counts->segments = spool->segments;
	for (int i = SF_TROUBLES; i--;) {
		if (*spool->trouble[i])
			memcpy(counts->trouble, spool->trouble[i], sizeof(counts->trouble));
	}
}
