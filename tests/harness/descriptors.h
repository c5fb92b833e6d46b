/* SPDX-License-Identifier: Apache-2.0 */
/* How many descriptors this process has open. */
#pragma once

#include <dirent.h>

static inline unsigned open_descriptors(void)
{
	DIR *directory = opendir("/proc/self/fd");
	unsigned count = 0;

	while (readdir(directory))
		count++;
	closedir(directory);
	return count;
}
