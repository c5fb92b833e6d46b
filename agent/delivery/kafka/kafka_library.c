/* SPDX-License-Identifier: Apache-2.0 */
/* Where the functions of librdkafka are found. The library stays open until the program ends. */
#include "kafka_library.h"

#include <dlfcn.h>
#include <stddef.h>
#include <string.h>

#define SONAME "librdkafka.so.1" /* of 0.9 as of 2.11 */

struct sf_rd sf_rd;

static const struct function {
	const char *name;
	size_t offset; /* of its pointer in sf_rd */
} functions[] = {
#define FUNCTION(name) {"rd_kafka_" #name, offsetof(struct sf_rd, name)},
#include "kafka_library.def"
};

int sf_rd_open(struct sf_err *err)
{
	static void *library;

	if (library)
		return 0;
	library = dlopen(SONAME, RTLD_NOW | RTLD_LOCAL);
	if (!library)
		return sf_fail(err, -ENOENT, "there is no librdkafka to be had: %s", dlerror());
	for (size_t i = 0; i < SF_COUNT(functions); i++) {
		void *address = dlsym(library, functions[i].name);

		if (!address) {
			dlclose(sf_take(library));
			return sf_fail(err, -ENOENT, "this librdkafka is too old: it has no %s",
				       functions[i].name);
		}
		memcpy((char *)&sf_rd + functions[i].offset, &address, sizeof(address));
	}
	return 0;
}
