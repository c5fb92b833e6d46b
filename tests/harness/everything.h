/* SPDX-License-Identifier: Apache-2.0 */
/* All fields that there are, and an encoder that writes them of the sockets of all tables. */
#pragma once

#include <sockfeed/record.h>

static inline struct sf_fieldset everything(void)
{
	struct sf_fieldset fields = {0};

	for (unsigned id = 0; id < SF_FIELD_COUNT; id++)
		sf_fieldset_add(&fields, id);
	return fields;
}

static inline struct sf_encoder *encoder_of_everything(const char *host_name)
{
	const struct sf_envelope envelope = {.host_name = host_name, .host_id = "i", .boot_id = "b", .query = "q"};
	const struct sf_fieldset fields = everything();

	return sf_encoder_new(&envelope, &fields, SF_TABLES_ALL);
}
