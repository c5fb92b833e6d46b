/* SPDX-License-Identifier: Apache-2.0 */
/*
 * host: who this host is.
 */
#pragma once

#include <sockfeed/base.h>

struct sf_host {
	char name[256];   /* gethostname(2), or the configuration's; bytes, not always UTF-8 */
	char id[65];      /* /etc/machine-id (32 hex digits), or the configuration's, or without both the boot id */
	char boot_id[37]; /* /proc/sys/kernel/random/boot_id, with its dashes */
	char kernel[65];  /* "6.18.44-fc" */
	uint32_t release; /* of the running kernel, 0x061200 for 6.18; 0: not understood */
	bool id_is_boot;  /* no machine id: the id changes with every boot; the caller warns */
};

/* `name` and `id` from the configuration, "" for the host's own. -ENAMETOOLONG for an id of more than 64 bytes. */
int sf_host_read(struct sf_host *host, const char *name, const char *id, struct sf_err *err);
/* "6.18.44-fc" -> 0x061200: major, minor; the patch level is left out. 0: no number. */
uint32_t sf_host_release(const char *release);
