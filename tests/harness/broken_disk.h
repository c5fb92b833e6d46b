/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A tank whose disk can be made to fail, and what it says then: segments of 16 KiB, 256 KiB of memory.
 */
#pragma once

#include "disk.h"

#include "delivery/spool/spool_inner.h"
#include "spools.h"

enum { SEGMENT = 16 << 10 };

static inline int broken_setup(void **state)
{
	struct tank *t = sf_new(struct tank);

	memset(&disk, 0, sizeof(disk));
	tank_new(t);
	t->setup.segment_size = SEGMENT;
	t->setup.ring_size = 256 << 10;
	disk.directory = t->conf.path;
	tank_open(t);
	*state = t;
	return 0;
}

static inline int broken_teardown(void **state)
{
	memset(&disk, 0, sizeof(disk));
	return tank_teardown(state);
}

static inline void expect_trouble(const struct tank *t, const char *part)
{
	struct sf_spool_counts counts = tank_counts(t);

	if (!strstr(counts.trouble, part))
		fail_msg("\"%s\" does not say \"%s\"", counts.trouble, part);
}
