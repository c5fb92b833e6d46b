/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Memory of the control plane, and the cleanup attributes of descriptors and memory.
 * Promise: an allocation succeeds or the process ends with a sentence; no caller checks for NULL.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <sockfeed/base.h>

static void *sure(void *memory, size_t size)
{
	if (!memory) {
		fprintf(stderr, "sockfeed: there is no memory for %zu bytes\n", size);
		abort();
	}
	return memory;
}

void *sf_alloc(size_t size)
{
	return sure(calloc(1, size ?: 1), size);
}

void *sf_realloc(void *old, size_t size)
{
	return sure(realloc(old, size ?: 1), size);
}

char *sf_strdup(const char *text)
{
	return sure(strdup(text), strlen(text) + 1);
}

/* Pages of its own: advice is about whole ones, and no other memory comes to lie there after it. */
void *sf_secret_alloc(size_t size)
{
	void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	sure(memory == MAP_FAILED ? NULL : memory, size);
	madvise(memory, size, MADV_DONTDUMP);
	return memory;
}

void sf_secret_free(void *memory, size_t size)
{
	if (memory)
		munmap(memory, size);
}

void sf_free_p(void *pointer_to_pointer)
{
	void *memory;

	memcpy(&memory, pointer_to_pointer, sizeof(memory));
	free(memory);
}

void sf_close_p(int *fd)
{
	int saved = errno;

	if (*fd >= 0)
		close(*fd);
	*fd = -1;
	errno = saved;
}
