/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the agent tells of an output itself, outside of any run: that it begins to write there, and
 * what it had to leave out. Seldom, so it may allocate.
 */
#include "record/step.h"

/* What follows the number of a run begins with a comma. */
static void add_last(struct sf_buf *out, const struct sf_start_last *last, const char *comma)
{
	sf_buf_text(out, comma);
	sf_json_string(out, last->query, strlen(last->query));
	sf_number_add(out, ":{\"run\":", last->run);
	sf_text_add(out, "boot_id", last->boot_id);
	sf_buf_text(out, "}");
}

void sf_encode_start(const struct sf_envelope *envelope, const struct sf_start_facts *facts,
		     struct sf_buf *out)
{
	sf_opening_add(out, facts->wall_us, "start");
	sf_identity_add(out, envelope);
	sf_text_add(out, "version", facts->version);
	sf_text_add(out, "kernel", facts->kernel);
	sf_text_add(out, "config_hash", facts->config_hash);
	sf_text_add(out, "output", facts->output);
	sf_buf_text(out, ",\"last\":{");
	for (size_t i = 0; i < facts->lasts; i++)
		add_last(out, &facts->last[i], i ? "," : "");
	sf_buf_text(out, "}}\n");
}

static void add_place(struct sf_buf *out, const char *key, uint64_t run, uint64_t seq)
{
	sf_buf_text(out, key);
	sf_number_add(out, ":{\"run\":", run);
	sf_number_add(out, ",\"seq\":", seq);
	sf_buf_text(out, "}");
}

void sf_encode_gap(const struct sf_envelope *envelope, const struct sf_gap_facts *facts,
		   struct sf_buf *out)
{
	sf_opening_add(out, facts->wall_us, "gap");
	sf_identity_add(out, envelope);
	sf_text_add(out, "output", facts->output);
	add_place(out, ",\"first\"", facts->first_run, facts->first_seq);
	add_place(out, ",\"last\"", facts->last_run, facts->last_seq);
	sf_number_add(out, ",\"records\":", facts->records);
	sf_number_add(out, ",\"bytes\":", facts->bytes);
	sf_text_add(out, "reason", facts->reason);
	sf_buf_text(out, "}\n");
}
