/* SPDX-License-Identifier: Apache-2.0 */
/* What is said of a damaged place, and of a spool as a whole: sentences with what it costs. */
#include "rows.h"
#include "spool_show.h"

void sf_place_text(const struct sf_look_place *place, struct sf_buf *out)
{
	sf_buf_format(out, "%s%s", place->file, *place->file ? ": " : "");
	if (*place->file && place->length)
		sf_buf_format(out, "byte %llu, %llu bytes: ", (unsigned long long)place->position,
			      (unsigned long long)place->length);
	sf_buf_text(out, place->what);
	if (place->normal) {
		sf_buf_text(out, " (normal)");
		return;
	}
	if (!place->cost.batches) {
		sf_buf_text(out, "; this costs nothing that waits");
		return;
	}
	sf_buf_text(out, "; this costs ");
	sf_amount_text(out, place->cost.lines, "line");
	sf_buf_text(out, " of ");
	sf_amount_text(out, place->cost.batches, "batch");
	sf_buf_text(out, ", ");
	sf_size_text(out, place->cost.bytes);
	if (place->query) {
		sf_buf_text(out, ", of query \"");
		sf_safe_text(out, place->query);
		sf_buf_format(out, "\", run %llu, seq %llu to %llu", (unsigned long long)place->run,
			      (unsigned long long)place->first_seq,
			      (unsigned long long)(place->first_seq + place->cost.lines - 1));
	} else {
		sf_buf_text(out, "; of which query is not known");
	}
}

void sf_verdict_text(const struct sf_look_facts *facts, const struct sf_spool_amount *cost,
		     struct sf_buf *out)
{
	if (facts->in_use)
		sf_buf_text(out, "in use by a running agent: what it wrote while this read is not "
				 "judged\n");
	if (facts->in_use && facts->unwritten)
		sf_buf_format(out, "%llu lines are in its memory, or came in the meantime\n",
			      (unsigned long long)facts->unwritten);
	if (facts->damaged) {
		sf_buf_text(out, "damaged: ");
		sf_amount_text(out, facts->damaged, "place");
		sf_buf_text(out, facts->damaged == 1 ? ", which costs " : ", which cost ");
		sf_amount_text(out, cost->lines, "line");
		sf_buf_text(out, "; whole are ");
	} else {
		sf_buf_text(out, "whole: ");
	}
	sf_amount_text(out, facts->whole.batches, "batch");
	sf_buf_text(out, ", ");
	sf_amount_text(out, facts->whole.lines, "line");
	sf_buf_text(out, ", ");
	sf_size_text(out, facts->whole.bytes);
	sf_buf_text(out, "; ");
	sf_amount_text(out, facts->waiting.lines, "line");
	sf_buf_text(out, facts->waiting.lines == 1 ? " waits\n" : " wait\n");
}
