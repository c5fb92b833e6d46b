/* SPDX-License-Identifier: Apache-2.0 */
/* The kinds of outputs: a table, from which configuration, check and help come. */
#include <string.h>

#include "file.h"
#include "sink.h"

const struct sf_sink_kind sf_sinks[] = {
	{.name = "stdout",
	 .help = "lines to standard output",
	 .keys = sf_stdout_keys,
	 .size = 0,
	 .blocks = true,
	 .ops = &sf_stdout_ops},
	{.name = "file",
	 .help = "lines to a file, rotated by size",
	 .keys = sf_file_keys,
	 .size = sizeof(struct sf_file_conf),
	 .ops = &sf_file_ops},
	{0},
};

const struct sf_sink_kind *sf_sink_find(const char *name)
{
	for (const struct sf_sink_kind *kind = sf_sinks; kind->name; kind++) {
		if (!strcmp(kind->name, name))
			return kind;
	}
	return NULL;
}
