/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Small pieces of memory that live and die together, cut from blocks. Zeroed and aligned for any
 * type.
 */
#include <stdlib.h>
#include <string.h>

#include <sockfeed/base.h>

enum { BLOCK_SIZE = 4096 };

struct block {
	struct block *older;
	_Alignas(max_align_t) char bytes[];
};

struct sf_arena {
	struct block *newest;
	size_t left; /* of the newest block; what is left is its end */
	char *next;
};

struct sf_arena *sf_arena_new(void)
{
	return sf_new(struct sf_arena);
}

void sf_arena_free(struct sf_arena *arena)
{
	struct block *block = arena ? arena->newest : NULL;

	while (block) {
		struct block *older = block->older;

		free(block);
		block = older;
	}
	free(arena);
}

void *sf_arena_alloc(struct sf_arena *arena, size_t size)
{
	void *memory;

	if (size > SIZE_MAX / 2)
		return sf_alloc(
			size); /* there is no such memory: ends the process with a sentence */
	size += !size; /* what has no bytes has an address all the same */
	size = (size + _Alignof(max_align_t) - 1) / _Alignof(max_align_t) * _Alignof(max_align_t);
	if (size > arena->left) {
		size_t bytes = size > BLOCK_SIZE ? size : BLOCK_SIZE;
		struct block *block = sf_alloc(sizeof(*block) + bytes);

		block->older = arena->newest;
		arena->newest = block;
		arena->next = block->bytes;
		arena->left = bytes;
	}
	memory = arena->next;
	arena->next += size;
	arena->left -= size;
	return memory;
}

char *sf_arena_copy(struct sf_arena *arena, const char *bytes, size_t length)
{
	char *copy = sf_arena_alloc(arena, length + 1);

	if (length)
		memcpy(copy, bytes, length);
	return copy;
}

char *sf_arena_format(struct sf_arena *arena, const char *format, ...)
{
	sf_cleanup(sf_buf_finish) struct sf_buf text = {0};
	va_list args;

	va_start(args, format);
	sf_buf_vformat(&text, format, args);
	va_end(args);
	return sf_arena_copy(arena, text.data, text.length);
}
