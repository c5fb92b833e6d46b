/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One cell of the table of `sockfeed query`. Usual columns join address and port, and listeners
 * show their backlog where others show their queues, as ss does; columns that were asked for by
 * name show the field and nothing else.
 */
#include <string.h>

#include "cell.h"

const char *sf_cell_heading(bool usual, unsigned id)
{
	const char *name = sf_fields[id].name, *dot = strchr(name, '.');

	if (usual && (id == SF_FIELD_LOCAL_ADDRESS || id == SF_FIELD_PEER_ADDRESS))
		return id == SF_FIELD_LOCAL_ADDRESS ? "local" : "peer";
	return usual && dot ? dot + 1 : name;
}

/* address:port in one column, IPv6 in brackets; an unset one is *. */
static void add_end(struct sf_buf *text, const struct sf_view *view, enum sf_field_id address,
		    enum sf_field_id port)
{
	struct sf_value value;

	if (sf_field_read(&sf_fields[address], view, &value) != SF_PRESENT) {
		sf_buf_text(text, "*");
		return;
	}
	if (value.length == 16)
		sf_buf_text(text, "[");
	sf_write_value(&sf_fields[address], &value, text);
	sf_buf_text(text, value.length == 16 ? "]:" : ":");
	if (sf_field_read(&sf_fields[port], view, &value) == SF_PRESENT)
		sf_write_value(&sf_fields[port], &value, text);
}

static void add_field(struct sf_buf *text, const struct sf_view *view, const struct sf_field *field)
{
	struct sf_value value;

	switch (sf_field_read(field, view, &value)) {
	case SF_PRESENT:
		sf_write_value(field, &value, text);
		break;
	case SF_NULL:
		sf_buf_text(text, "null");
		break;
	case SF_ABSENT:
		sf_buf_text(text, "-");
		break;
	}
}

void sf_cell_write(bool usual, unsigned id, const struct sf_view *view, struct sf_buf *text)
{
	if (usual && id == SF_FIELD_LOCAL_ADDRESS)
		add_end(text, view, SF_FIELD_LOCAL_ADDRESS, SF_FIELD_LOCAL_PORT);
	else if (usual && id == SF_FIELD_PEER_ADDRESS)
		add_end(text, view, SF_FIELD_PEER_ADDRESS, SF_FIELD_PEER_PORT);
	else if (usual && view->class == SF_CLASS_LISTENER && id == SF_FIELD_RECV_Q)
		add_field(text, view, &sf_fields[SF_FIELD_BACKLOG]);
	else if (usual && view->class == SF_CLASS_LISTENER && id == SF_FIELD_SEND_Q)
		add_field(text, view, &sf_fields[SF_FIELD_BACKLOG_LIMIT]);
	else
		add_field(text, view, &sf_fields[id]);
}

bool sf_cell_trouble(unsigned id, const struct sf_view *view)
{
	struct sf_value value;

	if (id == SF_FIELD_STATE)
		return 1u << sf_view_state(view) & (1u << SF_SYN_SENT | 1u << SF_CLOSE_WAIT |
						    1u << SF_LAST_ACK | 1u << SF_CLOSING);
	return id == SF_FIELD_TCP_TOTAL_RETRANS &&
	       sf_field_read(&sf_fields[id], view, &value) == SF_PRESENT && value.number > 0;
}
