/* SPDX-License-Identifier: Apache-2.0 */
/*
 * disk.h for a whole program, loaded before it (LD_PRELOAD): what fails is told by a file that SICK_DISK names, which is
 * mapped here and written by the test (sick.py), and begins with two numbers for each call: errno, and how often.
 */
#include <sys/mman.h>

#define disk (*told)
#include "disk.h"
#undef disk

__attribute__((constructor)) static void listen_to_the_test(void)
{
	const char *path = getenv("SICK_DISK");
	int fd = path ? open(path, O_RDWR | O_CLOEXEC) : -1;

	told = fd < 0 ? MAP_FAILED
		      : mmap(NULL, sizeof(*told), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (told == MAP_FAILED) {
		perror("SICK_DISK");
		abort();
	}
	close(fd);
}
